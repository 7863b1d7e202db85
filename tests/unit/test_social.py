"""分享卡片：每个字都在字体里，标题不溢出，一张的 SVG 与金样相同，画出来是 1200 × 630，不问网络。"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mianjing import social
from mianjing.social import KINDS, Card, SocialError, card_path, describe_card, draw_cards
from mianjing.social_fonts import MissingGlyphError, make_fonts, read_advances
from PIL import Image

from tests.library import Library
from tests.site_library import read_site_library
from tests.unit.test_design import read_tokens

ROOT = Path(__file__).resolve().parents[2]
NAME = "示例知识库"
EVEN = dict.fromkeys(map(chr, range(32, 0x3000)), 0.5) | dict.fromkeys(
    map(chr, range(0x3000, 0x10000)), 1.0
)
"""西文半个字宽、汉字一个字宽的假字体。"""


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cards")


def all_cards() -> dict[str, Card]:
    """真的资料库里每条记录、每一页的卡片。"""
    catalog, _ = read_site_library()
    groups = (
        catalog.experiences,
        catalog.topics,
        catalog.questions,
        catalog.exercises,
        catalog.derivations,
    )
    cards = {
        record.path: describe_card(record, catalog) for group in groups for record in group.values()
    }
    pages = {
        p.path: Card("page", p.title, note=p.description or "") for p in catalog.pages.values()
    }
    return cards | pages


def test_every_character_is_in_the_font_and_every_title_fits(cache: Path) -> None:
    cards = all_cards()
    used = {*NAME, *(c for card in cards.values() for c in card.characters)}
    fonts = make_fonts(ROOT, used, cache)
    light, bold = (read_advances(fonts[weight]) for weight in (400, 700))
    assert used - {" "} <= set(light) == set(bold)
    for path, card in cards.items():
        for line in social.lay_title(card.title, bold):
            width = sum(bold[c] for c in line.text) * line.size
            assert width <= 1040, f"{path}：{line.text}"


def test_a_character_the_fonts_lack_is_named(cache: Path) -> None:
    with pytest.raises(MissingGlyphError, match="「\U00012000」U\\+12000"):
        make_fonts(ROOT, "字\U00012000", cache)


def test_one_card(
    crowd: Library, cache: Path, check_golden: Callable[[str, str], None], tmp_path: Path
) -> None:
    catalog = crowd.catalog()
    card = describe_card(next(iter(catalog.experiences.values())), catalog)
    fonts = make_fonts(ROOT, {*NAME, *card.characters}, cache)
    advances = read_advances(fonts[400]), read_advances(fonts[700])
    svg = social.render_card(card, NAME, "<g/>", *advances)
    check_golden("social-card.txt", svg)
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")


def test_drawn_offline_once_and_kept(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """没有网络的环境里也画得出；第二次不再画；字换了才重画。"""
    cards = {"social/a.png": Card("question", "为什么 <script> & α", ("多头注意力",))}
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    first = draw_cards(ROOT, cards, NAME, cache)
    with Image.open(BytesIO(first["social/a.png"])) as image:
        assert (image.format, image.size) == ("PNG", (1200, 630))
        assert image.convert("RGB").getpixel((12, 300)) == (0x27, 0x43, 0xB0)
        title = image.convert("L").crop((80, 200, 1120, 480))
        assert min(title.tobytes()) < 40, "标题没有画上"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert draw_cards(ROOT, cards, NAME, cache) == first
    changed = {"social/a.png": Card("question", "为什么 <script> & α", ("多头",))}
    with pytest.raises(SocialError, match="找不到 node"):
        draw_cards(ROOT, changed, NAME, cache)
    assert {file.suffix for file in cache.rglob("*") if file.is_file()} == {".png", ".ttf"}


def test_nothing_in_the_drawing_reaches_for_the_network() -> None:
    script = (ROOT / "hooks/mianjing/social.mjs").read_text(encoding="utf-8")
    assert "loadSystemFonts: false" in script
    assert not any(word in script for word in ("fetch", "http", "net"))


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x9FFF), min_size=1, max_size=60))
def test_lines_lose_nothing_and_fit(title: str) -> None:
    lines = social.wrap_text(title, EVEN, 20)
    if lines is None:
        assert any(len(word) > 20 for word in title.split(" "))
        return
    assert "".join("".join(lines).split()) == "".join(title.split())
    assert all(sum(EVEN[c] for c in line) <= 20 for line in lines)


def test_punctuation_and_words_stay_together() -> None:
    assert social.wrap_text("前缀（FlashAttention）好。", EVEN, 10) == [
        "前缀",
        "（FlashAttention）",
        "好。",
    ]
    assert social.wrap_text("一二三四。五", EVEN, 4) == ["一二三", "四。五"]
    assert social.wrap_text("abcdefghij", EVEN, 4) is None


def test_a_title_too_long_is_refused_not_cut() -> None:
    assert social.lay_title("短", EVEN)[0].size == 76
    assert len(social.lay_title("字" * 85, EVEN)) == 4
    with pytest.raises(SocialError, match="把标题写短"):
        social.lay_title("字" * 200, EVEN)
    with pytest.raises(SocialError, match="把标题写短"):
        social.lay_title("x" * 60, EVEN)


def test_a_note_too_long_is_left_out_and_so_are_chips() -> None:
    assert social.lay_note("字" * 200, EVEN) == []
    chips = social.lay_chips(["多头注意力"] * 20, EVEN)
    assert 0 < len(chips) < 20
    assert chips[-1].x + chips[-1].width <= social.WIDTH - 80


def test_addresses_of_cards() -> None:
    assert card_path("") == "social/index.png"
    assert card_path("questions/why-scale/") == "social/questions/why-scale.png"


def test_colours_are_those_of_the_pages() -> None:
    tokens = read_tokens("default")
    for name, kind in KINDS.items():
        assert kind.color == tokens["topic" if name == "page" else name]
