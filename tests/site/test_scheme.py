"""深浅：没有选过就跟着系统，选过的记着；一打开就是对的，整页的样式只算一遍。"""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.server import SiteServer

pytestmark = pytest.mark.browser
HEAVY = "topics/multi-head-attention/"
"""公式最多的一类：八千多个元素。"""


def expect_scheme(page: Page, *, dark: bool) -> None:
    expect(page.locator("body")).to_have_attribute(
        "data-md-color-scheme", "slate" if dark else "default"
    )
    button = page.get_by_role("button", name="深色")
    expect(button).to_have_attribute("aria-pressed", str(dark).lower())
    expect(button.locator("svg:visible")).to_have_count(1)
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == (
        "dark" if dark else "light"
    )


def test_the_system_is_followed_until_one_is_chosen(page: Page, server: SiteServer) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(server.url("topics/"))
    expect_scheme(page, dark=True)
    page.emulate_media(color_scheme="light")
    expect_scheme(page, dark=False)
    page.get_by_role("button", name="深色").click()
    expect_scheme(page, dark=True)
    page.emulate_media(color_scheme="dark")
    page.emulate_media(color_scheme="light")
    expect_scheme(page, dark=True)
    page.reload()
    expect_scheme(page, dark=True)
    page.get_by_role("button", name="深色").click()
    page.goto(server.url("questions/"))
    expect_scheme(page, dark=False)


def test_the_right_one_is_there_before_the_scripts(page: Page, server: SiteServer) -> None:
    """脚本没有到：颜色已经是系统的，还不能用的按钮不露面。"""
    page.route("**/*.js", lambda route: route.abort())
    page.emulate_media(color_scheme="dark")
    page.goto(server.url(""))
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")
    expect(page.locator(".mj-scheme")).to_be_hidden()


def test_what_the_theme_kept_still_counts(page: Page, server: SiteServer) -> None:
    """换成自己的按钮之前，主题记的是它的写法。"""
    page.goto(server.url(""))
    old = {"index": 1, "color": {"media": "(prefers-color-scheme: dark)", "scheme": "slate"}}
    page.evaluate("text => __md_set('__palette', JSON.parse(text))", json.dumps(old))
    page.reload()
    expect_scheme(page, dark=True)


def test_styles_are_worked_out_once(
    browser: Browser, context: BrowserContext, server: SiteServer
) -> None:
    """打开公式多的一页，到脚本都跑完：算过的样式不到元素数的两倍。"""
    page = context.new_page()
    browser.start_tracing(page=page, categories=["devtools.timeline"])
    page.goto(server.url(HEAVY))
    expect(page.get_by_role("button", name="深色")).to_be_visible()
    page.wait_for_load_state("networkidle")
    elements = page.locator("*").count()
    events = json.loads(browser.stop_tracing())["traceEvents"]
    styled = [
        event["args"]["elementCount"]
        for event in events
        if event["name"] == "UpdateLayoutTree" and "elementCount" in event.get("args", {})
    ]
    assert elements > 5_000
    assert elements * 0.9 < sum(styled) < 2 * elements, sorted(styled)[-8:]


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
