"""在真的 Chromium 里冷开一页，记下第一眼：谁发了哪些请求，版面挪动了多少。"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import BrowserContext, Page, Request

WATCH = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const parts = entry.sources.map(({ node, previousRect, currentRect }) => {
      const name = node ? node.className || node.nodeName : "";
      return `${name} ${previousRect.y}→${currentRect.y}`;
    });
    window.shifts.push(`${entry.value.toFixed(5)} ${parts.join("，")}`);
  }
}).observe({ type: "layout-shift", buffered: true });
"""
LAID = "() => document.documentElement.classList.contains('mj-whole')"
"""第一屏以下的也都排完了。"""
SETTLED = """async () => {
  await document.fonts.ready;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return window.shifts;
}"""


@dataclass
class FirstView:
    """打开一页之后。"""

    urls: list[str] = field(default_factory=list)
    """页面发出的请求。"""
    precached: list[str] = field(default_factory=list)
    """service worker 发出的，读者不在等它们。"""
    shifts: list[str] = field(default_factory=list)
    """每次版面挪动：多少，谁从哪里到哪里。"""


def open_cold(context: BrowserContext, url: str) -> tuple[Page, FirstView]:
    """在新的 context 里打开 url，等网络安静、字体都到、全页排完。"""
    seen = FirstView()

    def record(request: Request) -> None:
        (seen.precached if request.service_worker else seen.urls).append(request.url)

    context.on("request", record)
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto(url)
    page.wait_for_load_state("networkidle")
    page.wait_for_function(LAID)
    shifts: Any = page.evaluate(SETTLED)
    seen.shifts = list(shifts)
    return page, seen
