"""主题的毛病：栏目的导航有名字，没有类名的表各有一个父元素，别的一字不动。"""

from __future__ import annotations

from mianjing.theme_faults import mend_theme

SECTION = """<nav class="md-nav" data-md-level="1" aria-labelledby="__nav_3_label" \
aria-expanded="true">
  <label class="md-nav__title" for="__nav_3">
    <span class="md-nav__icon md-icon"></span>
    考点 &amp; 其他
  </label>
</nav>"""


def test_a_section_is_named() -> None:
    named = mend_theme(SECTION)
    assert '<nav class="md-nav" data-md-level="1" aria-label="考点 &amp; 其他"' in named
    assert "aria-labelledby" not in named
    assert named.count("考点") == 2


def test_a_label_of_another_section_is_not_taken() -> None:
    other = SECTION.replace('for="__nav_3"', 'for="__nav_4"')
    assert mend_theme(other) == other


def test_each_plain_table_has_a_parent_of_its_own() -> None:
    one, two = "<table>\n<tr><td>一</td></tr>\n</table>", "<table><tr><td>二</td></tr></table>"
    wrapped = '<div class="mj-table">{}</div>'
    assert mend_theme(f"<p>前</p>{one}<p>中</p>{two}") == (
        f"<p>前</p>{wrapped.format(one)}<p>中</p>{wrapped.format(two)}"
    )


def test_other_html_is_left_alone() -> None:
    html = (
        '<nav class="md-nav" data-md-level="0" aria-label="导航栏"><p>__nav_1_label</p></nav>'
        '<table class="mj-cards"><tr><td>&lt;table&gt;</td></tr></table>'
    )
    assert mend_theme(html) == html
