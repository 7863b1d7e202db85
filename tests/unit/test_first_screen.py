"""等到哪里才画：第一屏之后的第一个标题，短的页面等到页脚之后。"""

from __future__ import annotations

from mianjing.first_screen import SCREEN, WHOLE, find_end, wait_for_screen

LINK = '<link rel="expect" href="#__config" blocking="render">'


def page(*sections: str) -> str:
    body = "".join(f'<h2 id="节{number}">题</h2>{text}' for number, text in enumerate(sections))
    return f'<head>{LINK}</head><h2 id="外">{"外" * SCREEN}</h2><article>{body}</article>'


def test_a_long_page_waits_for_the_heading_after_the_screen() -> None:
    long = page("字" * (SCREEN // 2), "字" * SCREEN, "尾", "尾")
    assert find_end(long) == "节2"
    assert '<link rel="expect" href="#节2" blocking="render">' in wait_for_screen(long)


def test_a_short_page_waits_for_its_footer() -> None:
    short = page("字" * (SCREEN - 10), "尾" * SCREEN)
    assert find_end(short) == WHOLE
    assert wait_for_screen(short) == short


def test_only_what_is_seen_counts() -> None:
    """标签、空白、折着的、公式给读屏的那一份不占地方。"""
    hidden = f'<span class="katex-mathml"><math>{"x" * SCREEN}</math></span>'
    padding = f'<span title="{"长" * SCREEN}">{" " * SCREEN}</span>'
    inner = f"<details><summary>题</summary>{'叠' * SCREEN}</details>"
    folded = f'<details class="note"><h3 id="里">题</h3>{inner}{"叠" * SCREEN}</details>'
    assert find_end(page(hidden + padding + folded, folded, "尾")) == WHOLE


def test_a_page_without_an_article_is_left_alone() -> None:
    assert wait_for_screen(LINK) == LINK
