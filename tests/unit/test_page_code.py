"""页面里的 Python 真的在跑：考点与题目的每一段代码都执行，手写代码里有断言。"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.page_code import Block, Page, find_blocks, run_page

ROOT = Path(__file__).resolve().parents[2]
TOPICS = sorted(f for f in (ROOT / "docs/topics").glob("*.md") if f.name != "index.md")
QUESTIONS = sorted(f for f in (ROOT / "docs/questions").glob("*.md") if f.name != "index.md")

_PYTHON_FENCE = re.compile(r"^[ \t>]*(?:`{3,}|~{3,})[ \t]*\{?[ \t]*\.?py(?:thon3?|con)?\b", re.M)

PAGE = """\
---
title: 甲
---

文字 `python`。

```python
x = 1

assert x == 1
```

```text
y = 2
```

``` { .python .annotate }
z = 3
```

```python title="乙.py"
assert x == 2, "第二段看得见第一段的名字"
```
"""


def test_blocks_are_found_with_their_lines() -> None:
    assert find_blocks(PAGE) == [
        Block("x = 1\n\nassert x == 1\n", 8),
        Block('assert x == 2, "第二段看得见第一段的名字"\n', 22),
    ]


def test_a_page_without_code() -> None:
    assert find_blocks("") == []
    assert find_blocks("```text\nx\n```\n") == []


def test_an_empty_block() -> None:
    assert find_blocks("```python\n```\n") == [Block("", 2)]


def test_a_page_runs_in_one_namespace(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(PAGE.replace("x == 2", "x == 1"), encoding="utf-8")
    assert run_page(file) == 2
    assert run_page(file) == 2


def test_pages_do_not_share_names(tmp_path: Path) -> None:
    one, two = tmp_path / "one.md", tmp_path / "two.md"
    one.write_text("```python\nx = 1\n```\n", encoding="utf-8")
    two.write_text("```python\nx\n```\n", encoding="utf-8")
    run_page(one)
    with pytest.raises(NameError):
        run_page(two)


def test_an_error_points_into_the_page(tmp_path: Path) -> None:
    """异常的文件与行号是 Markdown 里的。"""
    file = tmp_path / "page.md"
    file.write_text(PAGE, encoding="utf-8")
    with pytest.raises(AssertionError, match="第二段看得见第一段的名字") as raised:
        run_page(file)
    last = raised.traceback[-1]
    assert (str(last.path), last.lineno + 1) == (str(file), 22)


def test_a_syntax_error_points_into_the_page(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text("字\n\n```python\nx = 1\nx =\n```\n", encoding="utf-8")
    with pytest.raises(SyntaxError) as raised:
        run_page(file)
    assert (raised.value.filename, raised.value.lineno) == (str(file), 5)


def test_a_page_gives_its_definitions_without_its_checks(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(
        "```python\nfrom math import pi\n\nSIZE, x = 2, 3\nA = B = 4\nhalf = lambda v: v / SIDE\n"
        "raise SystemError\n```\n\n```python\nSIDE = 2\n\n\ndef area(r):\n    return pi * r * r\n"
        "\n\ndef later(n=x):\n    return n\n\n\nclass Shape:\n    pass\n\n\nassert False\n```\n",
        encoding="utf-8",
    )
    page = Page(file)
    assert page.area(1) == page.pi and page.half(3) == 1.5 and page.A == page.B == 4
    assert isinstance(page.Shape, type)
    for name in ("SIZE", "x", "later", "nothing"):
        with pytest.raises(LookupError, match=rf"page\.md 的代码里没有 {name}；有的是 Shape、area"):
            getattr(page, name)
    with pytest.raises(LookupError, match=r"没有页面 .*missing\.md"):
        Page(tmp_path / "missing.md")


def sections(text: str) -> dict[str, str]:
    """二级标题 → 那一节的文字。"""
    parts = re.split(r"^## (.+)\n", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def asserts_something(text: str) -> bool:
    return any(
        re.search(r"^\s*assert\b|\.assert_(close|allclose|array_equal)\(", block.code, re.M)
        for block in find_blocks(text)
    )


def test_the_pages_are_there() -> None:
    assert TOPICS, "docs/topics/ 里还没有考点"
    assert QUESTIONS, "docs/questions/ 里还没有题目"


@pytest.mark.parametrize("file", TOPICS, ids=lambda file: file.stem)
def test_the_code_of_a_topic_runs(file: Path) -> None:
    assert run_page(file) >= 1


@pytest.mark.parametrize("file", QUESTIONS, ids=lambda file: file.stem)
def test_the_code_of_a_question_runs(file: Path) -> None:
    run_page(file)


@pytest.mark.parametrize("file", TOPICS, ids=lambda file: file.stem)
def test_handwritten_code_checks_itself(file: Path) -> None:
    """每个考点的「手写代码」一节至少有一句断言。"""
    section = sections(file.read_text(encoding="utf-8")).get("手写代码", "")
    assert asserts_something(section), f"{file.name} 的「手写代码」里没有断言"


@pytest.mark.parametrize("file", [*TOPICS, *QUESTIONS], ids=lambda file: file.stem)
def test_no_python_is_shown_without_being_run(file: Path) -> None:
    """缩进的、用别的写法标成 Python 的围栏不会执行：一段也不许有。"""
    text = file.read_text(encoding="utf-8")
    shown = [text.count("\n", 0, match.start()) + 1 for match in _PYTHON_FENCE.finditer(text)]
    run = [block.line - 1 for block in find_blocks(text)]
    assert shown == run, f"{file.name} 第 {sorted(set(shown) - set(run))} 行的代码没有执行"


@pytest.mark.parametrize(
    ("fence", "seen"),
    [
        ("```python", True),
        ("```py", True),
        ("``` { .python }", True),
        ("    ```python", True),
        ("> ```python", True),
        ("~~~python", True),
        ("````python", True),
        ("```pycon", True),
        ("```text", False),
        ("```pytorch-like", False),
        ("`python`", False),
    ],
)
def test_every_spelling_of_a_python_fence_is_seen(fence: str, seen: bool) -> None:
    assert bool(_PYTHON_FENCE.search(f"字\n\n{fence}\nx\n")) == seen


@pytest.mark.parametrize(
    ("code", "checks"),
    [
        ("assert x", True),
        ("for i in y:\n    assert i", True),
        ("np.testing.assert_allclose(a, b)", True),
        ("torch.testing.assert_close(a, b)", True),
        ("print('assert x')", False),
        ("# assert x", False),
        ("assertion = 1", False),
    ],
)
def test_what_counts_as_an_assertion(code: str, checks: bool) -> None:
    assert asserts_something(f"```python\n{code}\n```\n") == checks
    assert not asserts_something(f"```text\n{code}\n```\n")
