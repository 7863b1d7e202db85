"""公式用到的字体：从样式表算出，每份只有用它写的字；样式表坏了说得出。"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mianjing.math_fonts import (
    LATER,
    MathStyles,
    face_of,
    find_text,
    merge_text,
    read_styles,
    read_text,
    render_styles,
)


def face(family: str, file: str, weight: str = "400", style: str = "normal") -> str:
    source = f'src:url("./fonts/{file}.woff2") format("woff2"),url() format("woff")'
    return (
        f"@font-face{{font-family:{family};{source};font-weight:{weight};font-style:{style};"
        "font-display:block}"
    )


CSS = (
    face("KaTeX_Main", "Main-Regular")
    + face("KaTeX_Main", "Main-Bold", "700")
    + face("KaTeX_Math", "Math-Italic", style="italic")
    + face("KaTeX_Size1", "Size1-Regular")
    + ".katex{font:1.21em KaTeX_Main,math,serif}"
    ".katex .mathnormal{font-family:KaTeX_Math;font-style:italic}"
    ".katex .mathbf{font-family:KaTeX_Main;font-weight:700}"
    ".katex .mathrm{font-style:normal}"
    ".katex .delimsizing.mult .delim-size1>span{font-family:KaTeX_Size1}"
)


@pytest.fixture
def styles() -> MathStyles:
    return read_styles(CSS)


MATHML = '<span class="katex-mathml"><math><mi>不算</mi></math></span>'
DELIMITER = (
    '<span class="delimsizing mult"><span class="vlist">'
    '<span class="delim-size1 x"><span>(</span></span></span></span>'
)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (f'<span class="katex">{MATHML}1</span>', {"Main-Regular": {"1"}}),
        ('<span class="mord mathnormal">x</span>', {"Math-Italic": {"x"}}),
        (
            '<span class="mathbf"><span>W</span></span>2',
            {"Main-Bold": {"W"}, "Main-Regular": {"2"}},
        ),
        ('<span class="mathnormal" style="top:1em">&lt;</span>', {"Math-Italic": {"<"}}),
        (DELIMITER, {"Size1-Regular": {"("}}),
        ('<span class="delim-size1"><span>(</span></span>', {"Main-Regular": {"("}}),
        ('<span class="mathbf"><svg><path d="M0"/></svg>a</span>', {"Main-Bold": {"a"}}),
        ('<span class="mathbf mathnormal">没有这样的字体</span>', {}),
        ("", {}),
    ],
)
def test_text_of_each_font(styles: MathStyles, html: str, text: dict[str, set[str]]) -> None:
    assert find_text(html, styles) == {f"{name}.woff2": found for name, found in text.items()}


def test_results_are_kept_and_a_broken_cache_is_replaced(
    styles: MathStyles, tmp_path: Path
) -> None:
    html = '<span class="mathbf">ba</span>'
    expected = {html: {"Main-Bold.woff2": "ab"}}
    kept = tmp_path / "math-text.json"
    assert read_text([html], styles, kept) == expected
    before = kept.read_text(encoding="utf-8")
    kept.write_text("{", encoding="utf-8")
    assert read_text([html], styles, kept) == expected
    assert kept.read_text(encoding="utf-8") == before
    assert merge_text([expected[html], {"Main-Bold.woff2": "c"}]) == {"Main-Bold.woff2": set("abc")}


def test_styles_carry_the_font_and_the_rest_does_not(styles: MathStyles) -> None:
    written = render_styles(styles, {"Main-Bold.woff2": {"a"}}, {"Main-Bold.woff2": b"font"})
    assert set(written) == {"katex.css", LATER, face_of("Main-Bold.woff2")}
    own = written[face_of("Main-Bold.woff2")].decode()
    assert f"url(data:font/woff2;base64,{base64.b64encode(b'font').decode()})" in own
    assert "font-weight:700" in own
    assert "url()" not in own
    assert b"@font-face" not in written["katex.css"]
    assert b'url("Main-Bold.woff2")' in written[LATER]


@pytest.mark.parametrize("css", ["", ".katex{color:red}", "@font-face{font-family:KaTeX_Main}"])
def test_stylesheet_without_fonts_is_refused(css: str) -> None:
    with pytest.raises(ValueError, match="@font-face"):
        read_styles(css)


KEEP = """
import sys
from pathlib import Path
from mianjing import math_fonts
math_fonts.find_text = lambda html, styles: sys.exit("又算了一遍")
styles = math_fonts.read_styles(Path(sys.argv[1]).read_text(encoding="utf-8"))
print(math_fonts.read_text([sys.argv[2]], styles, Path(sys.argv[3])))
"""


def test_what_one_build_kept_the_next_one_uses(styles: MathStyles, tmp_path: Path) -> None:
    html, css, kept = '<span class="mathbf">ba</span>', tmp_path / "katex.css", tmp_path / "k.json"
    css.write_text(CSS, encoding="utf-8")
    expected = read_text([html], styles, kept)
    for seed in ("1", "2"):  # 集合的次序随它变，键不能跟着变
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", KEEP, str(css), html, str(kept)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.stdout == f"{expected}\n", done.stderr
