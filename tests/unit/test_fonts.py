"""公式的字体取子集：要的字都在，别的不在，字形不变，逐字节可重复。"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from fontTools.pens.recordingPen import RecordingPen
from fontTools.ttLib import TTFont
from mianjing.fonts import subset_font, subset_fonts

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
    first = subset_fonts(fonts, {MAIN.name: {"b", "a"}}, tmp_path / "cache")
    (kept,) = (tmp_path / "cache").iterdir()
    assert (
        first == {MAIN.name: subset_font(MAIN.read_bytes(), "ab")} == {MAIN.name: kept.read_bytes()}
    )
    assert subset_fonts(fonts, {MAIN.name: {"a", "b"}}, tmp_path / "cache") == first
    subset_fonts(fonts, {MAIN.name: {"a"}}, tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == 2, "用到的字变了，另算一份"


def test_unused_font_keeps_no_character(tmp_path: Path) -> None:
    (tmp_path / MAIN.name).write_bytes(MAIN.read_bytes())
    (font,) = subset_fonts(tmp_path, {}, tmp_path / "cache").values()
    assert characters_of(TTFont(BytesIO(font))) == {}
