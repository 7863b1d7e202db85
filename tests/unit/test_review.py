"""审阅的一屏：分道不漏一个文件，差异逐字段，贡献者的文字只是文字。"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from mianjing.difference import compare_catalogs, escape, render_difference
from mianjing.problem import Problem
from mianjing.review import find_lane, group_problems, render_review

from tests.library import EXPERIENCE, QUESTION, Library, write_library


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Library, Library]:
    """两份一样的检出：改之前与改之后。"""
    return write_library(tmp_path / "base"), write_library(tmp_path / "head")


def difference(pair: tuple[Library, Library]) -> str:
    base, head = pair
    return render_difference(base.root, head.root, base.read()[0], head.read()[0])


@pytest.mark.parametrize(
    "path",
    [
        "docs/experiences/moonshot-2026.md",
        "docs/experiences/companies.yml",
        "docs/experiences/sources.yml",
        "docs/assets/images/round-1.png",
        "docs/assets/images/2026/round-1.webp",
    ],
)
def test_the_content_lane(path: str) -> None:
    assert find_lane([path]).name == "内容道"


@pytest.mark.parametrize(
    "path",
    [
        "docs/experiences/index.md",
        "docs/experiences/x.html",
        "docs/experiences/deep/x.md",
        "docs/experiences/../../hooks/main.md",
        "docs/experiences/x.md\nhooks/main.py",
        "docs/assets/images/x.svg",
        "docs/assets/javascripts/site.js",
        "docs/topics/data.md",
        "hooks/main.py",
        "mkdocs.yml",
        ".github/workflows/ci.yml",
        "requirements.txt",
        "notebooks/attention.py",
        "overrides/main.html",
        "Makefile",
    ],
)
def test_one_other_file_is_the_code_lane(path: str) -> None:
    lane = find_lane(["docs/experiences/moonshot-2026.md", path])
    assert lane.name == "代码道"
    assert lane.code == (path,)


def test_an_empty_change_is_the_code_lane() -> None:
    assert find_lane([]).name == find_lane([""]).name == "代码道"


def test_no_change_is_said_so(pair: tuple[Library, Library]) -> None:
    assert "目录没有变化。" in difference(pair)


def test_a_new_experience_shows_every_field_and_the_body(
    pair: tuple[Library, Library], check_golden: Callable[[str, str], None]
) -> None:
    base, _ = pair
    (base.root / EXPERIENCE).unlink()
    check_golden("difference-new.txt", difference(pair))


def test_a_changed_experience_shows_what_changed_only(pair: tuple[Library, Library]) -> None:
    _, head = pair
    head.change(EXPERIENCE, "outcome: rejected", "outcome: offer")
    head.change(EXPERIENCE, "一面手写注意力，写到一半。", "一面手写注意力，写完了。")
    text = difference(pair)
    assert "### 改了：example-2026" in text
    assert "| outcome | 未通过 | offer |" in text
    assert "- 一面手写注意力，写到一半。" in text
    assert "+ 一面手写注意力，写完了。" in text
    assert "role" not in text


def test_removed_and_withdrawn_are_told_apart(pair: tuple[Library, Library]) -> None:
    _, head = pair
    head.write(EXPERIENCE, "---\nwithdrawn: {date: 2026-05-01}\n---\n")
    assert "### 撤下：example-2026" in difference(pair)
    assert "没有了的地址" not in difference(pair)
    (head.root / EXPERIENCE).unlink()
    assert "### 删了：example-2026" in difference(pair)
    assert "- experiences/example-2026/" in difference(pair)


def test_other_records_are_listed(pair: tuple[Library, Library]) -> None:
    base, head = pair
    head.change(QUESTION, "略。\n\n## 追问", "另一种说法。\n\n## 追问")
    head.write(
        "docs/topics/new.md", "---\ntitle: 新\naliases: []\nprerequisites: []\nsources: []\n---\n"
    )
    found = [(c.kind, c.key, c.what) for c in compare_catalogs(base.read()[0], head.read()[0])]
    assert found == [("考点", "new", "added"), ("题目", "why-scale", "changed")]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "![x](https://example.com/x.png)",
        "[x](javascript:alert(1))",
        "a | b\n| c",
        "@someone #1 `x` **粗**",
        "\\| \\`",
    ],
)
def test_the_words_of_a_contributor_are_only_words(text: str) -> None:
    shown = escape(text)
    assert not set(shown) & set("<>|`*[]@!\n\\")


def test_a_fence_in_the_body_cannot_break_out(pair: tuple[Library, Library]) -> None:
    _, head = pair
    text = (head.root / EXPERIENCE).read_text(encoding="utf-8")
    head.write(EXPERIENCE, text + "\n````text\n```\n<img src=x>\n````\n")
    assert "\n`````diff\n" in difference(pair)


def test_problems_are_grouped() -> None:
    problems = [Problem("x", 1, code, "", "") for code in ("E104", "E411", "E601", "E612", "E521")]
    assert {k: len(v) for k, v in group_problems(problems).items()} == {
        "HTML 策略": 1,
        "隐私": 1,
        "排版与形近字": 1,
        "文件与地址": 1,
        "数据": 1,
    }


def test_the_whole_screen(pair: tuple[Library, Library]) -> None:
    base, head = pair
    head.change(EXPERIENCE, "reason: 虚构的原因", "reason: 电话 13800138000")
    text, count = render_review(base.root, head.root, [EXPERIENCE])
    assert count == 1
    assert text.startswith("# 内容道\n")
    assert "| 隐私 | 1 |" in text
    assert "| HTML 策略 | 没有 |" in text
    assert "E601" in text
    assert "## 合并之后公开什么" in text
    assert f"| {EXPERIENCE} |" in text
    text, _ = render_review(base.root, head.root, [EXPERIENCE, "hooks/main.py"])
    assert text.startswith("# 代码道\n")
    assert "- hooks/main.py" in text
