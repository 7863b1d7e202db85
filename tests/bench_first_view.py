"""第一眼的基准：慢网络、慢处理器、手机的屏；旁边是原样的 Material。"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ViewportSize, sync_playwright

from tests.bench_server import LATENCY, RATE, serve_compressed
from tests.budgets import KINDS, MANY_REQUESTS, MISSED, find_file
from tests.chromium import launch_chromium

SLOWER = 4
PHONE: ViewportSize = {"width": 390, "height": 844}
WATCH = """
window.seen = { paint: 0, largest: 0, blocked: 0, shift: 0 };
const watch = (type, act) =>
  new PerformanceObserver((list) => list.getEntries().forEach(act))
    .observe({ type, buffered: true });
watch("paint", ({ name, startTime }) => {
  if (name === "first-contentful-paint") seen.paint = startTime;
});
watch("largest-contentful-paint", ({ startTime }) => (seen.largest = startTime));
watch("longtask", ({ startTime, duration }) => {
  if (seen.paint && startTime + duration > seen.paint) seen.blocked += Math.max(0, duration - 50);
});
watch("layout-shift", ({ value }) => (seen.shift += value));
"""


def measure(site: Path, plain: Path) -> None:
    """打印每类的几页：字节、请求、第一次画、最大的一块、阻塞、挪动；没有到预算的另列。"""
    network = f"{RATE // 1000} kB/s、{LATENCY * 1000:.0f} ms"
    print(f"第一眼（{network}、处理器慢 {SLOWER} 倍；后一组是原样的）：")
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        for kind in KINDS:
            allowed = "" if kind.requests is None else f"、{kind.requests} 个请求"
            print(f"  {kind.name}（≤ {kind.bytes:,} B{allowed}）")
            for path in kind.examples:
                line = f"    /{path}\t{_open(browser, site, path)}"
                if find_file(plain, path).is_file():
                    line += f"\t|\t{_open(browser, plain, path)}"
                print(line, flush=True)
        browser.close()
    for path, reason in MISSED.items():
        print(f"  没有到预算：/{path}，{reason}")
    for path, reason in MANY_REQUESTS.items():
        print(f"  请求太多：/{path}，{reason}")


def _open(browser: Browser, site: Path, path: str) -> str:
    """冷开一页，返回一行字。"""
    with serve_compressed(site) as (url, traffic), browser.new_context(viewport=PHONE) as context:
        page = context.new_page()
        page.add_init_script(WATCH)
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": LATENCY * 1000,
                "downloadThroughput": RATE,
                "uploadThroughput": RATE,
            },
        )
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        page.goto(url + path)
        page.wait_for_load_state("networkidle")
        seen: dict[str, Any] = page.evaluate("seen")
    return (
        f"{traffic.total():,} B，{len(traffic.sent)} 个；画 {seen['paint']:.0f} ms，"
        f"最大 {seen['largest']:.0f} ms，阻塞 {seen['blocked']:.0f} ms，挪动 {seen['shift']:.4f}"
    )
