"""敌意与写坏的贡献，一份一条：合格的资料库改一处，该拒的都拒，说得出代码、位置与改法。

语料在 tests/hostile/*.yml，一条一种改法：

- `body`：接在面经正文之后；`page`：接在首页正文之后
- `field`：面经的一行字段，换掉同名的那一行
- `cell`、`output`：推导的一个文字格、一个结果
- `path` 与 `content`、`hex`（可带 `repeat`）或 `link`：另放一个文件或符号链接

`expected` 是问题的开头（代码与说明），`line` 是问题所在那一行里的字。
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.library import EXPERIENCE, NOTEBOOK, PAGE, Library

HOSTILE = Path(__file__).resolve().parents[1] / "hostile"
CASES: list[tuple[str, dict[str, Any]]] = [
    (f"{file.stem}: {case['name']}", case)
    for file in sorted(HOSTILE.glob("*.yml"))
    if file.stem != "odd"
    for case in yaml.safe_load(file.read_text(encoding="utf-8"))
]


def apply(library: Library, case: dict[str, Any]) -> str:
    """在资料库里放进一条，返回问题该在的文件。"""
    if "body" in case or "page" in case:
        path = EXPERIENCE if "body" in case else PAGE
        text = (library.root / path).read_text(encoding="utf-8")
        library.write(path, f"{text}\n{case.get('body') or case['page']}")
        return path
    if "field" in case:
        key = case["field"].partition(":")[0].strip('"')
        text = (library.root / EXPERIENCE).read_text(encoding="utf-8")
        lines = text.split("\n")
        places = [i for i, line in enumerate(lines) if line.startswith(f"{key}:")]
        start = places[0] if places else 1
        lines[start : start + len(places)] = case["field"].rstrip("\n").split("\n")
        library.write(EXPERIENCE, "\n".join(lines))
        return EXPERIENCE
    if "cell" in case or "output" in case:
        cell: dict[str, Any]
        notebook = json.loads((library.root / NOTEBOOK).read_text(encoding="utf-8"))
        if "cell" in case:
            cell = {"cell_type": "markdown", "metadata": {}, "source": [case["cell"]]}
        else:
            output = {"output_type": "display_data", "data": case["output"], "metadata": {}}
            cell = {"cell_type": "code", "metadata": {}, "source": [], "outputs": [output]}
        notebook["cells"].append(cell)
        library.write(NOTEBOOK, json.dumps(notebook))
        return NOTEBOOK
    path = str(case["path"])
    if "link" in case:
        (library.root / path).parent.mkdir(parents=True, exist_ok=True)
        (library.root / path).symlink_to(case["link"])
    elif "hex" in case:
        library.write(path, bytes.fromhex(case["hex"]) * int(case.get("repeat", 1)))
    else:
        library.write(path, str(case["content"]))
    return path


@pytest.mark.parametrize("case", [case for _, case in CASES], ids=[name for name, _ in CASES])
def test_it_is_refused_with_place_code_and_fix(library: Library, case: dict[str, Any]) -> None:
    path = apply(library, case)
    problems = library.read()[1]
    found = [problem for problem in problems if problem.path == path]
    messages = [
        f"{p.code} {p.field}：{p.message}" if p.field else f"{p.code} {p.message}" for p in found
    ]
    assert any(message.startswith(case["expected"]) for message in messages), messages
    if "line" in case:
        lines = (library.root / path).read_text(encoding="utf-8").split("\n")
        chosen = [p for p, m in zip(found, messages, strict=True) if m.startswith(case["expected"])]
        assert case["line"] in lines[chosen[0].line - 1]


def test_the_corpus_is_large_and_has_no_doubles() -> None:
    assert len(CASES) >= 80
    names = Counter(name for name, _ in CASES)
    assert [name for name, count in names.items() if count > 1] == []


ODD = yaml.safe_load((HOSTILE / "odd.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", ODD, ids=[case["name"] for case in ODD])
def test_the_odd_but_valid_is_accepted_unchanged(library: Library, case: dict[str, Any]) -> None:
    apply(library, case)
    value: Any = library.catalog().experiences["example-2026"]
    for name in case["key"].split("."):
        value = getattr(value, name)
    assert value == case["value"]


def test_there_are_enough_odd_ones() -> None:
    assert len(ODD) >= 20
