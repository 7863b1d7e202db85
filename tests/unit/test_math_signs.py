"""公式里的小于号不当作标签：后面直接写的 HTML 照样认得。"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown import Markdown
from mianjing.math_signs import MathSigns
from mianjing.rendered import EXTENSIONS

BLOCK = '<div class="块">里</div>'


def convert(text: str, *, mended: bool = True) -> str:
    extensions = [*EXTENSIONS, *([MathSigns()] if mended else [])]
    html: str = Markdown(extensions=extensions, extension_configs=EXTENSIONS).convert(text)
    return html


@pytest.mark.parametrize(
    "math",
    [
        "$m<p$",
        "$\\sum_{i<n}x_i$ 与 $a<b$",
        "$$\nq<n\n$$",
        "| 甲 |\n|---|\n| $j<p$ |",
        "- $S<N$：空的",
    ],
)
def test_the_block_after_it_is_a_block(math: str) -> None:
    text = f"{math}\n\n## 题\n\n{BLOCK}\n\n尾"
    assert f"<p>{BLOCK}" in convert(text, mended=False), "这个毛病还在，扩展才有用"
    html = convert(text)
    assert BLOCK in html
    assert "<p><div" not in html


def test_the_formula_only_gains_a_space() -> None:
    assert "\\(m&lt; p\\)" in convert("$m<p$")
    assert "\\(a &lt; b&lt;1\\)" in convert("$a < b<1$")


@pytest.mark.parametrize(
    "text",
    [
        "`$a<b$` 与 ``x ` $a<b$``",
        "```\n$a<b$\n```",
        '<p class="价">一个 $5</p><p>两个$9</p>',
        "一个 $5\n\n<b>粗</b>\n\n两个$9",
        "一个 $5，a<b\n\n两个$9",
        "`a<b` 与 $c$ 与 `d<e`",
        "\\$a <b>粗</b>$",
    ],
)
def test_code_html_and_prices_are_left_alone(text: str) -> None:
    assert convert(text) == convert(text, mended=False)


@given(st.text(st.sampled_from("$`<>\\ ab/\n汉")))
def test_only_spaces_are_added(text: str) -> None:
    lines = Markdown(extensions=[MathSigns()]).preprocessors["mianjing_math_signs"].run([text])
    assert "\n".join(lines).replace("< ", "<") == text.replace("< ", "<")
