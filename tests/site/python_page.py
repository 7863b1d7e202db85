"""有网页里的 Python 的两种页面（推导、手写题）共用的测试工具。"""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Locator, Page, Route

LOADING = 120_000
"""第一次取 Python 与启动，慢机器上也等得到（毫秒）。"""


def status(page: Page) -> Locator:
    """运行条里的状态行。"""
    return page.locator(".mj-run [role=status]")


def change_html(context: BrowserContext, pattern: str, old: str, new: str) -> None:
    """让这个上下文里打开的、地址合 pattern 的页面，HTML 里的 old 换成 new。"""

    def serve(route: Route) -> None:
        response = route.fetch()
        body = response.text()
        assert old in body
        route.fulfill(response=response, body=body.replace(old, new))

    context.route(pattern, serve)
