"""公式的字体取子集：要的字都在，别的不在，字形不变，逐字节可重复。"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from fontTools.pens.recordingPen import RecordingPen
from fontTools.ttLib import TTFont
from mianjing.fonts import subset_font, subset_fonts
from mianjing.formulas import Rendered, find_characters

FONTS = Path(__file__).resolve().parents[2] / "node_modules" / "katex" / "dist" / "fonts"
MAIN = FONTS / "KaTeX_Main-Regular.woff2"


def characters_of(font: TTFont) -> dict[int, str]:
    return font.getBestCmap() or {}


def outline(font: TTFont, character: str) -> list[object]:
    pen = RecordingPen()
    font.getGlyphSet()[characters_of(font)[ord(character)]].draw(pen)
    return pen.value


def test_only_the_wanted_characters_stay() -> None:
    whole = TTFont(MAIN)
    part = TTFont(BytesIO(subset_font(MAIN.read_bytes(), "x×(汉")))
    wanted = {ord(one) for one in "x×("}
    assert set(characters_of(part)) == wanted, "字体里没有的字（汉）不算错"
    for one in "x×(":
        assert outline(part, one) == outline(whole, one)
    assert part["hhea"].ascent == whole["hhea"].ascent, "行高不能变"


def test_same_input_gives_the_same_bytes_and_is_kept(tmp_path: Path) -> None:
    fonts = tmp_path / "fonts"
    fonts.mkdir()
    (fonts / MAIN.name).write_bytes(MAIN.read_bytes())
    first = subset_fonts(fonts, {"b", "a"}, tmp_path / "cache")
    (kept,) = (tmp_path / "cache").iterdir()
    assert (
        first == {MAIN.name: subset_font(MAIN.read_bytes(), "ab")} == {MAIN.name: kept.read_bytes()}
    )
    assert subset_fonts(fonts, {"a", "b"}, tmp_path / "cache") == first
    subset_fonts(fonts, {"a"}, tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == 2, "用到的字变了，另算一份"


@pytest.mark.parametrize(
    ("html", "characters"),
    [("<span class='a'>x</span>", {"x"}), ("<b>&lt;</b>&#x3b1;", {"<", "α"}), ("", set())],
)
def test_characters_of_the_formulas(html: str, characters: set[str]) -> None:
    assert find_characters([Rendered(html, "")]) == characters
