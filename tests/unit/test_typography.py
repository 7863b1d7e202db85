"""排版：该改的报出并改好，代码、公式、链接、字段的键一个字不动；全站没有要改的。"""

from __future__ import annotations

from pathlib import Path

import pytest
from mianjing.typography import (
    find_all_changes,
    find_changes,
    load_corrector,
    write_changes,
)

from tests.library import EXPERIENCE, Library

ROOT = Path(__file__).resolve().parents[2]


def fixed(body: str, title: str = "页") -> str:
    text = f"---\ntitle: {title}\n---\n{body}\n"
    lines = text.split("\n")
    for change in find_changes("x.md", text, load_corrector()):
        lines[change.line - 1] = change.new
    return "\n".join(lines[3:-1]) if title == "页" else lines[1]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("用PyTorch写了80GB", "用 PyTorch 写了 80GB"),
        ("他说:好的", "他说：好的"),
        ("中文,中文", "中文，中文"),
        ("中文 ，中文", "中文，中文"),
        ("公式$x$在这里", "公式 $x$ 在这里"),
        ("第3节", "第 3 节"),
    ],
)
def test_spaces_and_punctuation_are_corrected(old: str, new: str) -> None:
    assert fixed(old) == new
    assert fixed(new) == new


@pytest.mark.parametrize(
    "body",
    [
        "```python\nx = '中文,English中文'  # 注释,注释\n```",
        "见[归一化](normalization.md)，`[(字符串, 概率)]`，$a,b$",
        "V3：256 个专家；比例 3：1",
        "100%、3～4 轮、「引号」、A/B 测试、GPT-4",
        "段。\n{ #round-1 }",
        "| 甲 | 乙 |\n|:-|-:|\n| 1 | 2 |",
    ],
)
def test_code_formulas_links_and_our_own_style_stay(body: str) -> None:
    assert fixed(body) == body


@pytest.mark.parametrize("line", ["`aa` 文", "$aa$ 文", "[文](aa.md)", "文 https://aa.example"])
def test_a_line_whose_code_or_link_would_change_is_left_alone(line: str) -> None:
    """AutoCorrect 日后若动了它们，这一行就不改：宁可不改，不可改坏。"""

    def careless(text: str) -> str:
        return text.replace("aa", "bb")

    assert list(find_changes("x.md", f"---\ntitle: 页\n---\n{line}\n", careless)) == []
    assert len(list(find_changes("x.md", "---\ntitle: 页\n---\naa 文\n", careless))) == 1


def test_the_text_of_the_fields_is_corrected_and_the_rest_is_not(library: Library) -> None:
    library.change(EXPERIENCE, "reason: 虚构的原因", "reason: 虚构的MHA原因")
    library.change(EXPERIENCE, "title: 示例公司面经（2026）", "title: 示例Corp面经（2026）")
    changes = find_all_changes(library.root)
    assert [(c.path, c.new) for c in changes] == [
        (EXPERIENCE, "title: 示例 Corp 面经（2026）"),
        (EXPERIENCE, "reason: 虚构的 MHA 原因"),
    ]
    assert str(changes[1].problem()).startswith(f"{EXPERIENCE}:32: E611 排版：「")
    write_changes(library.root, changes)
    assert find_all_changes(library.root) == []
    assert library.messages() == []


def test_the_whole_site_is_clean() -> None:
    assert [str(change.problem()) for change in find_all_changes(ROOT)] == []
