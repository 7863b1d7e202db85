"""页面的 HTML → 各节的文字。"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mianjing.search.sections import Section, read_sections, tex_text

PAGE = """
<h1 id="示例">示例<a class="headerlink" href="#示例">&para;</a></h1>
<dl><div><dt>结果</dt><dd>未通过</dd></div><div><dt>轮数</dt><dd>2 轮。</dd></div></dl>
<p data-search-exclude>搜索别名：<em>甲</em></p>
<h2 id="推导">推 <em>导</em><a class="headerlink" href="#推导">&para;</a></h2>
<p>方差是 <span class="arithmatex">\\(\\frac{1}{\\sqrt{d}}\\)</span>，见下。</p>
<div class="arithmatex">\\[
O=\\mathrm{softmax}(QK^\\top)V
\\]</div>
<ul><li>一</li><li>二</li></ul>
<pre><code>x = 1
y = 2</code></pre>
<script>alert(1)</script><svg><text>图</text></svg>
<h3>没有锚点的标题</h3><p>仍在上一节</p>
<h3 id="空">空</h3>
"""


def test_sections_of_a_page() -> None:
    assert read_sections(PAGE) == [
        Section("", "", "结果：未通过；轮数：2 轮。"),
        Section(
            "推导",
            "推 导",
            "方差是 1/√d ，见下。O=softmax(QK^⊤)V 一；二；x = 1 y = 2 没有锚点的标题 仍在上一节",
        ),
        Section("空", "空", ""),
    ]


def test_signs_in_formulas_and_code_stay() -> None:
    html = (
        '<p><span class="arithmatex">\\(a &lt; b &amp; c\\)</span></p>'
        '<pre><code><span class="k">if</span> x &lt; <span>1</span></code></pre>'
    )
    assert [section.text for section in read_sections(html)] == ["a < b c if x < 1"]


def test_an_empty_page() -> None:
    assert read_sections("") == []
    assert read_sections("<h1 id='a'>标题</h1>") == []


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\frac{QK^\top}{\sqrt{d}}", "QK^⊤/√d"),
        (r"\mathrm{softmax}\left(x\right)", "softmax(x)"),
        (r"x_{ij}\in\mathbb{R}^{b\times s}", "x_ij∈R^b×s"),
        (r"\dfrac{\frac{a}{b}}{c}", "a/b/c"),
        (r"\{a\} \\ b", "a b"),
        (r"\unknowncommand x", "x"),
        ("", ""),
        (r"\frac{a", "a"),
        ("}{", ""),
    ],
)
def test_tex_is_read_aloud(tex: str, text: str) -> None:
    assert tex_text(tex) == text


@given(st.text())
def test_any_text_is_read(html: str) -> None:
    for section in read_sections(html):
        assert section.text or section.heading


@given(st.text(st.sampled_from("\\frac{}sqrt^_ ab$&")))
def test_any_tex_is_read(tex: str) -> None:
    assert "\\" not in tex_text(tex)


@given(
    st.lists(
        st.sampled_from(
            ["<li>", "</li>", "<p>", "</div>", "<h2 id='a'>", "</h2>", "字", "<nav>", "</nav>"]
        )
    )
)
def test_tag_soup_is_read(parts: list[str]) -> None:
    read_sections("".join(parts))
