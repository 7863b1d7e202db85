"""主题的样式里去掉用不到的：选择器逐个看，媒体查询里的也看，留下的一字不差。"""

from __future__ import annotations

import pytest
from mianjing.theme_styles import UNUSED_CLASS, prune_styles


@pytest.mark.parametrize(
    ("css", "kept"),
    [
        (".a{color:red}", ".a{color:red}"),
        (".a,.md-version__link{color:red}", ".a{color:red}"),
        (".md-version{color:red}.b{top:0}", ".b{top:0}"),
        ("[dir=rtl] .a{left:0}[dir=ltr] .a{right:0}", "[dir=ltr] .a{right:0}"),
        (
            "[data-md-color-primary=teal]{--x:1}[data-md-color-primary=red]{--x:2}",
            "[data-md-color-primary=teal]{--x:1}",
        ),
        ("@media print{.md-post{top:0}}", ""),
        ("@media print{.md-post{top:0}.a{top:1px}}", "@media print{.a{top:1px}}"),
        (".a:is(.b,.c){top:0}", ".a:is(.b,.c){top:0}"),
        ("@keyframes x{to{top:0}}", "@keyframes x{to{top:0}}"),
        (
            ":root{--i:url(\"data:image/svg+xml,<svg a='}{'/>\")}",
            ":root{--i:url(\"data:image/svg+xml,<svg a='}{'/>\")}",
        ),
        (".monkeys,.keyset{top:0}", ".monkeys,.keyset{top:0}"),
        (
            ".t table:not([class]) td>:last-child,.t table:not([class]) td{top:0}",
            ".t table:not([class]) td{top:0}",
        ),
        (".no-js .t .tabbed-set>a~b>:first-child,.no-js .c{top:0}", ".no-js .c{top:0}"),
    ],
)
def test_only_the_unused_goes(css: str, kept: str) -> None:
    assert prune_styles(css) == kept


def test_what_is_broken_is_said() -> None:
    with pytest.raises(ValueError, match="第 2 行读不懂"):
        prune_styles(".a{top:0}\n.b")


def test_a_class_is_matched_whole() -> None:
    assert UNUSED_CLASS.fullmatch("md-post--excerpt")
    assert UNUSED_CLASS.fullmatch("md-posting") is None
