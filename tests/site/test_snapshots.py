"""各种页面的样子：第一屏与 tests/golden/snapshots 里的比，手机与桌面，浅色与深色。

看过新的样子、认可了，用 `pytest tests/site/test_snapshots.py --update` 改写。
"""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Literal

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page

from tests.pictured import PICTURED, PicturedPage
from tests.server import SiteServer
from tests.snapshot_font import read_fonts, serve_snapshot_font, use_snapshot_font

FOLDER = Path(__file__).resolve().parents[1] / "golden" / "snapshots"
SIZES = {390: 844, 1440: 900}
"""宽与高，CSS 像素；存的是一半大小。"""
COLORS = 96
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
COARSE = 4
"""缩到存着的几分之一再比的倍数（对 CSS 像素）：字的边缘各台机器略有不同。"""
LEAST_STEP = 24
"""一个点差这么多（0–255）才算不同。"""
MOST_SHARE = 0.02
"""不同的点最多占多少：改一个数、多一行字在里面，换了字号、间距、底色在外面。"""
TOTAL_BYTES = 2_000_000


def take_snapshot(page: Page) -> Image.Image:
    """第一屏，缩到一半，颜色减到 COLORS 种。"""
    raw = page.screenshot(animations="disabled")
    with Image.open(BytesIO(raw)) as whole:
        half = whole.convert("RGB").reduce(2)
    return half.quantize(COLORS, dither=Image.Dither.NONE)


def share_of_difference(one: Image.Image, other: Image.Image) -> float:
    """缩小之后有多少点不同，0–1；大小不同算全不同。"""
    if one.size != other.size:
        return 1.0
    small = [image.convert("RGB").reduce(COARSE // 2) for image in (one, other)]
    parts = ImageChops.difference(*small).split()
    step = ImageChops.lighter(ImageChops.lighter(*parts[:2]), parts[2])
    counts = step.histogram()
    return sum(counts[LEAST_STEP:]) / sum(counts)


def save_picture(image: Image.Image, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    image.save(file, "PNG", optimize=True)


@pytest.mark.parametrize("kind", PICTURED, ids=lambda kind: kind.name)
def test_the_first_screen_looks_as_agreed(
    kind: PicturedPage,
    server: SiteServer,
    browser: Browser,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    problems = []
    for scheme, (width, height) in product(SCHEMES, SIZES.items()):
        with browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            locale="zh-CN",
            reduced_motion="reduce",
            bypass_csp=True,
        ) as context:
            page = context.new_page()
            page.clock.set_fixed_time(datetime(2026, 1, 1, tzinfo=UTC))
            serve_snapshot_font(page)
            page.goto(server.url(kind.path))
            use_snapshot_font(page)
            page.locator(kind.ready).first.wait_for(state="attached")
            page.wait_for_load_state("networkidle")
            page.evaluate("document.fonts.ready")
            shot = take_snapshot(page)
            name = f"{kind.name}-{width}-{scheme}.png"
            if request.config.getoption("--update"):
                save_picture(shot, FOLDER / name)
            with Image.open(FOLDER / name) as agreed:
                share = share_of_difference(shot, agreed)
            if share > MOST_SHARE:
                save_picture(shot, tmp_path / name)
                problems.append(
                    f"{name}：{share:.1%} 的点变了（最多 {MOST_SHARE:.0%}），"
                    f"现在的样子在 {tmp_path / name}，字体是 {read_fonts(page)}"
                )
    assert not problems, "\n".join([*problems, "看过、认可了，用 --update 改写"])


def test_the_agreed_pictures_are_small_and_all_used() -> None:
    files = {file.name: file.stat().st_size for file in FOLDER.iterdir()}
    wanted = {
        f"{kind.name}-{width}-{scheme}.png"
        for kind in PICTURED
        for width in SIZES
        for scheme in SCHEMES
    }
    assert files.keys() == wanted
    assert sum(files.values()) < TOTAL_BYTES


def test_a_moved_block_is_seen_and_a_changed_word_is_not() -> None:
    page = Image.new("RGB", (720, 450), "white")
    page.paste("black", (40, 40, 400, 60))
    moved = Image.new("RGB", (720, 450), "white")
    moved.paste("black", (40, 60, 400, 80))
    word = page.copy()
    word.paste("gray", (40, 100, 80, 110))
    assert share_of_difference(page, page) == 0
    assert share_of_difference(page, word) <= MOST_SHARE < share_of_difference(page, moved)
    assert share_of_difference(page, page.resize((720, 460))) == 1
