"""第一屏到哪里为止：之后的第一个标题，短的页面没有。"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from mianjing.first_screen import SCREEN, find_heading, split_screen

LINK = '<link rel="expect" href="#__config" blocking="render">'
LONG = "字" * (SCREEN + 1)


def page(*sections: str) -> str:
    body = "".join(f'<h2 id="节{number}">题</h2>{text}' for number, text in enumerate(sections))
    return (
        f'<head>{LINK}</head><h2 id="外">{"外" * SCREEN}</h2>'
        f'<article class="正文">{body}</article><footer>尾</footer>'
    )


def find_end(html: str) -> str | None:
    start = html.index(">", html.index("<article")) + 1
    heading = find_heading(html, start, html.index("</article>"))
    return heading and heading["id"]


def test_a_long_page_is_split_at_the_heading_after_the_screen() -> None:
    long = page("字" * (SCREEN // 2), "字" * SCREEN, "尾", "尾")
    assert find_end(long) == "节2"
    before, after = long.replace("#__config", "#节2").split('<h2 id="节2">')
    assert split_screen(long) == before + ('<h2 id="节2">' + after).replace("<h2", "<h2 data-later")


def test_the_blocks_after_it_are_marked() -> None:
    """标最外面的；里面的、行内的不标。"""
    blocks = (
        '<p id="段">字<em class="强">字</em></p>',
        '<div class="框"><p>里</p><div>里</div></div>',
        "<details><summary>题</summary><ul><li><p>里</p></li></ul></details>",
        '<pre><code><span class="k">def</span></code></pre>',
        "<h3>题</h3><ol><li>一</li></ol>",
    )
    article = split_screen(page(LONG, "".join(blocks))).partition("<article")[2]
    assert article.partition('<h2 data-later id="节1">题</h2>')[2] == (
        '<p data-later id="段">字<em class="强">字</em></p>'
        '<div data-later class="框"><p>里</p><div>里</div></div>'
        "<details data-later><summary>题</summary><ul><li><p>里</p></li></ul></details>"
        '<pre data-later><code><span class="k">def</span></code></pre>'
        "<h3 data-later>题</h3><ol data-later><li>一</li></ol>"
        "</article><footer>尾</footer>"
    )


def test_a_short_page_is_whole() -> None:
    short = page("字" * (SCREEN - 10), "尾" * SCREEN)
    assert find_end(short) is None
    assert split_screen(short) == short


def test_only_what_is_seen_counts() -> None:
    """标签、空白、折着的、公式给读屏的那一份不占地方。"""
    hidden = f'<span class="katex-mathml"><math>{LONG}</math></span>'
    padding = f'<span title="{LONG}">{" " * SCREEN}</span>'
    inner = f"<details><summary>题</summary>{LONG}</details>"
    folded = f'<details class="note" open><h3 id="里">题</h3>{inner}{LONG}</details>'
    assert find_end(page(hidden + padding + folded, folded, "尾")) is None


def test_a_heading_inside_a_block_does_not_split_it() -> None:
    """从块的中间套起，标签就交错了。"""
    for block in ("div", "section", "blockquote", "ul"):
        inside = f'<{block} class="块"><h3 id="里">题</h3>字</{block}>'
        assert find_end(page(LONG + inside, "尾")) == "节1", block
    assert find_end(page(LONG + '<pre><a name="__codelineno-0-1"></a></pre>', "尾")) == "节1"


def test_a_page_without_an_article_is_left_alone() -> None:
    assert split_screen(LINK) == LINK


@given(st.text(st.sampled_from('<>/=" \n\tah2pidl字-')))
def test_any_text_is_kept(text: str) -> None:
    """再乱的正文，也只多出那一个属性。"""
    html = page(LONG + text, text, "尾")
    assert (
        split_screen(html).replace(" data-later", "").partition("<article")[2]
        == (html.partition("<article")[2])
    )
