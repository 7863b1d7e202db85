"""页面重量：每一页都在预算里；打开时只从本站取，版面不挪动，字体再慢也一样。"""

from __future__ import annotations

from threading import Event

import pytest
from playwright.sync_api import Browser, Route, ViewportSize

from tests.budgets import (
    KINDS,
    MANY_REQUESTS,
    MISSED,
    NOTEBOOK,
    NOTEBOOK_HTML,
    Kind,
    find_file,
    find_pages,
    kind_of,
    list_loads,
    packed_size,
)
from tests.first_view import WATCH, open_cold
from tests.server import SiteServer, serve_site

PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
# 写成函数：表达式每问一次都要 eval，策略到了就不许
STYLED = """() =>
  performance.getEntriesByType("resource").some(({ name }) => name.endsWith("site.css"))"""
PAINTED = """() => performance.getEntriesByType("paint").length > 0"""
CASES = [(kind, path) for kind in KINDS for path in kind.examples]


@pytest.mark.site
def test_every_page_is_within_its_budget(server: SiteServer) -> None:
    """不运行脚本就会取的；没有到预算的要列在 MISSED 里，到了就要划掉。"""
    over = {}
    for path, file in find_pages(server.site):
        html = file.read_text(encoding="utf-8")
        kind = kind_of(path, html)
        loads = list_loads(server.site, file, html, server.mount)
        size = sum(map(packed_size, loads))
        if size > kind.bytes:
            over[path] = f"{kind.name}：{size:,} B，预算 {kind.bytes:,} B"
        if kind is NOTEBOOK:
            assert packed_size(file) <= NOTEBOOK_HTML, path
    assert over.keys() == MISSED.keys(), over


@pytest.mark.browser
@pytest.mark.parametrize(("kind", "path"), CASES, ids=[path or "home" for _, path in CASES])
def test_first_view(server: SiteServer, browser: Browser, kind: Kind, path: str) -> None:
    """第一次来的人：装得上 service worker，它预取的不算；字节、请求、外站、挪动。"""
    with browser.new_context(viewport=PHONE, service_workers="allow") as context:
        page, seen = open_cold(context, server.url(path))
        assert kind_of(path, page.content()) is kind
        origin = server.url("")
        foreign = [url for url in seen.urls + seen.precached if not url.startswith(origin)]
        assert foreign == []
        assert seen.shifts == []
        files = {find_file(server.site, url.removeprefix(origin)) for url in seen.urls}
        sizes = {file.name: packed_size(file) for file in files}
        assert path in MISSED or sum(sizes.values()) <= kind.bytes, sizes
        if kind.requests is not None:
            assert (len(seen.urls) > kind.requests) == (path in MANY_REQUESTS), seen.urls
    with browser.new_context(viewport=DESKTOP) as context:
        _, seen = open_cold(context, server.url(path))
        assert seen.shifts == []


@pytest.mark.browser
@pytest.mark.parametrize(
    ("path", "long"), [("claims/", False), ("topics/multi-head-attention/", True)]
)
def test_half_a_screen_is_not_painted(
    server: SiteServer, browser: Browser, path: str, long: bool
) -> None:
    """收到一半：短页等着，不然页脚、表、公式会挪；长页的第一屏已经齐了，先画。"""
    with (
        serve_site(server.site, server.mount) as host,  # 别的进程开的服务器，弄不坏它
        browser.new_context(viewport=DESKTOP) as context,
    ):
        host.faults.held[path] = Event()
        context.add_init_script(WATCH)
        page = context.new_page()
        page.goto(host.url(path), wait_until="commit")
        page.wait_for_function(STYLED, polling=50)
        if long:
            page.wait_for_function(PAINTED, polling=50)
        else:
            page.evaluate("async () => { for (const _ of Array(30)) await fetch(location.origin) }")
        host.faults.held.pop(path).set()
        page.wait_for_load_state("networkidle")
        assert page.evaluate("shifts") == []
        paint, whole = page.evaluate(
            """["paint", "navigation"].map((type) => {
              const [{ startTime, responseEnd }] = performance.getEntriesByType(type);
              return responseEnd ?? startTime;
            })"""
        )
        assert (paint < whole) == long


@pytest.mark.browser
def test_slow_fonts_move_nothing(server: SiteServer, browser: Browser) -> None:
    """公式的字体在样式里：它没有到就什么也不画，到了再画，没有先后两种宽。"""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    with browser.new_context(viewport=PHONE) as context:
        context.add_init_script(WATCH)
        page = context.new_page()
        page.route("**/fonts/KaTeX_Main-Regular.css", hold)
        with page.expect_request("**/fonts/KaTeX_Main-Regular.css"):
            page.goto(server.url("practice/softmax-cross-entropy/"), wait_until="commit")
        # 什么也没画的时候没有动画帧：隔一会儿问一次
        page.wait_for_function(STYLED, polling=50)
        assert page.evaluate("performance.getEntriesByType('paint').length") == 0
        held[0].continue_()
        page.wait_for_load_state("networkidle")
        assert page.evaluate("shifts") == []
        names = page.evaluate("performance.getEntriesByType('resource').map(({name}) => name)")
        assert not [name for name in names if name.endswith(".woff2")]
