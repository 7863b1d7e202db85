"""手机上第一屏以下的先不排版：随后一段段排完，要走到哪里，位置都是准的。"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.first_view import LAID
from tests.server import SiteServer

pytestmark = pytest.mark.browser
LONG = "topics/multi-head-attention/"
WHOLE = "html.mj-whole"
SKIPPED = """() => [...document.querySelectorAll("article > *")]
  .filter((one) => getComputedStyle(one).contentVisibility === "auto").length"""
HEIGHT = "document.documentElement.scrollHeight"
HOLD_FRAMES = "window.requestAnimationFrame = () => 0"
"""不再有下一帧：停在第一段。"""


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def is_reached(page: Page) -> bool:
    """锚点到了该到的地方：视口顶下面，或者页面已经到底。"""
    reached: bool = page.locator(":target").evaluate(
        """(one) => {
          const margin = parseFloat(getComputedStyle(one).scrollMarginTop);
          const end = document.documentElement.scrollHeight - innerHeight;
          return Math.abs(one.getBoundingClientRect().top - margin) < 1 || scrollY >= end - 1;
        }"""
    )
    return reached


def test_everything_is_laid_out_in_the_end(page: Page, server: SiteServer) -> None:
    """排完之后与一次排好的一样高；看得见的只有第一屏的时候，多数还没有排。"""
    page.route("**/bundle/site.js", lambda route: route.abort())
    page.goto(server.url(LONG))
    assert page.evaluate(SKIPPED) > 50
    page.unroute("**/bundle/site.js")
    page.goto(server.url(""))
    page.goto(server.url(LONG))
    page.wait_for_function(LAID)
    assert page.evaluate(SKIPPED) == 0
    height = page.evaluate(HEIGHT)
    page.goto(server.url(f"{LONG}?x"))
    page.wait_for_function(LAID)
    assert page.evaluate(HEIGHT) == height


def test_one_piece_at_a_time(page: Page, server: SiteServer) -> None:
    """第一段排了几块，其余的等下一帧。"""
    waiting = page.locator("[data-later]")
    page.route("**/bundle/site.js", lambda route: route.abort())
    page.goto(server.url(LONG))
    whole = waiting.count()
    page.unroute("**/bundle/site.js")
    page.add_init_script(HOLD_FRAMES)
    page.goto(server.url(""))
    page.goto(server.url(LONG))
    expect(page.locator(".mj-scheme")).to_be_visible()
    assert 0 < waiting.count() < whole


def test_a_link_within_the_page_lands_right(page: Page, server: SiteServer) -> None:
    """还没有排完就点目录：先排好再走。"""
    page.add_init_script(HOLD_FRAMES)
    page.goto(server.url(LONG))
    expect(page.locator(".mj-scheme")).to_be_visible()
    expect(page.locator(WHOLE)).to_have_count(0)
    page.locator(".md-nav--secondary a").last.dispatch_event("click")
    expect(page.locator(WHOLE)).to_have_count(1)
    assert is_reached(page)


@pytest.mark.parametrize("arrival", ["anchor", "reload"])
def test_who_goes_to_a_place_gets_a_whole_page(
    page: Page, server: SiteServer, arrival: str
) -> None:
    """锚点、刷新与后退：脚本没有到也已经全部排好。"""
    page.route("**/bundle/site.js", lambda route: route.abort())
    page.goto(server.url(LONG))
    if arrival == "reload":
        page.reload()
    else:
        name = page.locator("article > h2").last.get_attribute("id")
        page.goto(server.url(""))
        page.goto(server.url(f"{LONG}#{name}"))
        assert is_reached(page)
    assert page.evaluate(SKIPPED) == 0


def test_a_page_changed_in_place_is_whole(page: Page, server: SiteServer) -> None:
    """即时导航换来的页面一次排好：后退要回到原来的位置。"""
    page.goto(server.url("topics/"))
    expect(page.locator(".mj-scheme")).to_be_visible()
    page.evaluate(HOLD_FRAMES)
    page.locator(f'article a[href$="{LONG.split("/")[1]}/"]').first.click()
    expect(page.locator("article > h2").last).to_be_attached()
    assert page.evaluate(SKIPPED) == 0


def test_a_wide_screen_waits_for_nothing(browser: Browser, server: SiteServer) -> None:
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        page.route("**/bundle/site.js", lambda route: route.abort())
        page.goto(server.url(LONG))
        assert page.evaluate(SKIPPED) == 0
