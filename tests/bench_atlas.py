"""图谱的基准：面经多到 1,000、10,000 篇时，页面的字节、数据的字节、第一次筛选的毫秒。"""

from __future__ import annotations

import gzip
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from mianjing.atlas.facets import dump_facets
from mianjing.blocks import BLOCKS
from mianjing.model import Catalog
from playwright.sync_api import Route, sync_playwright

from tests.chromium import launch_chromium
from tests.server import serve_site
from tests.site_library import read_site_library

ROOT = Path(__file__).resolve().parents[1]
FIRST_FILTER = """async () => {
    const form = document.querySelector(".mj-facets");
    const status = form.querySelector("[role=status]");
    const box = form.querySelector("input");
    box.checked = true;
    const painted = new Promise((done) =>
        new MutationObserver(() => requestAnimationFrame(() => setTimeout(done)))
            .observe(status, { childList: true, characterData: true, subtree: true }));
    const start = performance.now();
    form.dispatchEvent(new Event("change"));
    await painted;
    return performance.now() - start;
}"""


def multiply(catalog: Catalog, count: int) -> Catalog:
    """同一批面经重复到 count 篇，键各不相同。"""
    originals = list(catalog.experiences.values())
    many = [
        replace(originals[n % len(originals)], key=f"{originals[n % len(originals)].key}-{n}")
        for n in range(count)
    ]
    return replace(catalog, experiences={e.key: e for e in many})


def render_index(catalog: Catalog) -> str:
    """面经页里随篇数变的部分：筛选与表。"""

    def href(target: str, anchor: str) -> str:
        return f"../{target.removesuffix('.md')}/" + (f"#{anchor}" if anchor else "")

    return "".join(
        BLOCKS[name](catalog, href) for name in ("experience-facets", "experience-table")
    )


def measure(site: Path) -> None:
    """打印各种篇数下的数字；site 是构建好的站。"""
    real = read_site_library()[0]
    print("图谱：篇数、面经页随篇数变的 HTML、筛选数据（gzip）、每篇的构建、取到数据后第一次筛选：")
    with serve_site(site) as server, sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        for count in (len(real.experiences), 1_000, 10_000):
            catalog = multiply(real, count)
            start = time.perf_counter()
            html = render_index(catalog)
            data = dump_facets(catalog, lambda key: f"{key}/")
            spent = (time.perf_counter() - start) / count
            page = browser.new_page()
            page.route("**/atlas.json", partial(_answer, data))
            page.goto(server.url("experiences/?stage=offer"))
            page.wait_for_selector(".mj-facets [type=reset]:not([hidden])")
            waited = page.evaluate(FIRST_FILTER)
            page.close()
            print(
                f"  {count:6} 篇：{_gzip(html):6.1f} kB，{_gzip(data):6.1f} kB，"
                f"{1e3 * spent:.3f} ms/篇，{waited:.0f} ms"
            )
        browser.close()


def _answer(body: str, route: Route) -> None:
    route.fulfill(body=body)


def _gzip(text: str) -> float:
    return len(gzip.compress(text.encode(), mtime=0)) / 1000
