"""`make bench-search`：60、1,000、10,000 页时的字节、质量、快慢，与 Material 自带的搜索并排。

字节与结果的质量在前两档是门槛，不到就以 1 退出；快慢、内存、构建时间只打印。
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from mianjing.search.documents import Document, make_documents, read_synonyms
from mianjing.search.index import build_index
from mkdocs.commands.build import build as build_mkdocs
from mkdocs.config import load_config
from playwright.sync_api import Browser, Page, sync_playwright

from tests.bench import ROOT, write_plain
from tests.bench_server import serve_compressed
from tests.chromium import launch_chromium
from tests.crowd_pages import make_crowd, write_markdown
from tests.search_engine import ask_engine, urls_of
from tests.site.test_search import Query, read_queries
from tests.site_library import read_site_library

SIZES = (60, 1_000, 10_000)
"""第一档就是现在的站，有多少页算多少页。"""
TARGET_BYTES = {60: 60_000, 1_000: 90_000}
TARGET_QUALITY = {60: (0.90, 0.97, 0.94), 1_000: (0.85, 0.95, 0.0), 10_000: (0.80, 0.92, 0.0)}
COLD_QUERIES = ("月之暗面", "手写MHA", "KV cache 显存", "loss spike", "归一化反向推导",
                "LayerNorm 和 BatchNorm 有什么区别", "deepseed", "哪些公司考手写 MHA")  # fmt: skip
_TIMER = """
window.paints = []; window.tasks = [];
new PerformanceObserver(l => l.getEntries().forEach(e => tasks.push(e.duration)))
  .observe({type: 'longtask', buffered: false});
let began = 0;
document.addEventListener('input', () => began ||= performance.now(), true);
const done = () => requestAnimationFrame(() => setTimeout(() => {
  if (began) { paints.push(performance.now() - began); began = 0; } }, 0));
new MutationObserver(done).observe(document.querySelector('.md-search-result'),
  {subtree: true, childList: true, attributes: true, characterData: true});
"""


@dataclass(frozen=True)
class Engine:
    """一个搜索引擎在页面上的样子。"""

    name: str
    cleared: str
    """JavaScript：上一句的结果不在页面上了。"""
    answered: str
    """JavaScript：这一句 q 的结果在页面上了。"""


OURS = Engine(
    "本站",
    "() => !document.querySelector('#mj-results').dataset.query",
    "q => document.querySelector('#mj-results').dataset.query === q",
)
MATERIAL = Engine(
    "Material",
    "() => document.querySelector('.md-search-result__meta').innerText === '键入以开始搜索'",
    "q => /结果/.test(document.querySelector('.md-search-result__meta').innerText)",
)


def ask(page: Page, engine: Engine, query: str) -> None:
    """清空，打字，等结果；Material 听的是 keyup。"""
    page.locator(".md-search__input").fill("")
    page.keyboard.press("End")
    page.wait_for_function(engine.cleared, timeout=120_000)
    page.keyboard.type(query)
    page.keyboard.press("End")
    page.wait_for_function(engine.answered, arg=query, timeout=120_000)


def first_result(
    browser: Browser, site: Path, engine: Engine, query: str, slow: bool
) -> tuple[int, int, float]:
    """冷缓存，到第一条结果：聚焦之前的索引字节、连程序在内的压缩字节、从聚焦起的毫秒。

    慢网络上不等页面安静就聚焦：主题自带的搜索在打开页面时就开始取索引，时间从那时算起才公平。
    """
    with serve_compressed(site, slow) as (url, traffic):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.goto(url, wait_until="domcontentloaded" if slow else "networkidle")
        before = sum(size for path, size in traffic.sent if "/search_index" in path)
        own = sum(size for path, size in traffic.sent if path.endswith("/site.js"))
        mark = len(traffic.sent)
        start = time.perf_counter()
        page.keyboard.press("/")
        page.locator(".md-search__input").fill(query)
        page.keyboard.press("End")
        page.wait_for_function(engine.answered, arg=query, timeout=300_000)
        spent = 1_000 * (time.perf_counter() - start)
        got = before + own + sum(size for _, size in traffic.sent[mark:])
        context.close()
    return before, got, spent


def type_slowly(browser: Browser, site: Path, engine: Engine) -> dict[str, float]:
    """热的：逐字打 24 条查询，按键到画出来的毫秒、最长任务、内存。"""
    with serve_compressed(site) as (url, _):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.goto(url)
        page.keyboard.press("/")
        for query in COLD_QUERIES:
            ask(page, engine, query)
        page.evaluate(_TIMER)
        for query in COLD_QUERIES * 3:
            page.locator(".md-search__input").fill("")
            page.keyboard.press("End")
            for char in query:
                page.keyboard.type(char)
                page.keyboard.press("End")
                page.wait_for_timeout(60)
        paints = page.evaluate("paints")
        longest = page.evaluate("Math.max(0, ...tasks)")
        heap = _renderer_memory()
        context.close()
    cuts = quantiles(paints, n=20)
    return {"p50": median(paints), "p95": cuts[18], "longest": longest, "memory": heap}


def _renderer_memory() -> float:
    """最大的渲染进程的常驻内存，MB。"""
    sizes = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if b"--type=renderer" in (folder / "cmdline").read_bytes():
                pages = int((folder / "statm").read_text().split()[1])
                sizes.append(pages * 4096 / 1e6)
        except (FileNotFoundError, ProcessLookupError):
            continue  # 进程刚结束
    return max(sizes, default=0.0)


def score(ranks: list[int | None]) -> tuple[float, float, float]:
    """h@1、h@3、MRR。"""
    count = len(ranks)
    return (
        sum(r == 1 for r in ranks) / count,
        sum(r is not None and r <= 3 for r in ranks) / count,
        sum(1 / r for r in ranks if r) / count,
    )


def rank_of(urls: list[str], query: Query) -> int | None:
    return next((i for i, url in enumerate(urls, 1) if url in query.expect), None)


def quality_ours(site: Path, queries: list[Query]) -> tuple[float, float, float]:
    answers = ask_engine(site, [query.text for query in queries])
    return score([rank_of(urls_of(a), q) for a, q in zip(answers, queries, strict=True)])


def quality_material(
    browser: Browser, site: Path, queries: list[Query]
) -> tuple[float, float, float]:
    ranks = []
    with serve_compressed(site) as (url, _):
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.goto(url)
        page.keyboard.press("/")
        for query in queries:
            ask(page, MATERIAL, query.text)
            hrefs = page.locator(".md-search-result__item > a").evaluate_all(
                "nodes => nodes.map(node => new URL(node.href).pathname.slice(1))"
            )
            ranks.append(rank_of(list(dict.fromkeys(hrefs)), query))
    return score(ranks)


def build_real(folder: Path) -> tuple[Path, list[Document]]:
    """构建现在的站，连同它的文档。"""
    config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder / "site"))
    build_mkdocs(config)
    hooks: Any = config.hooks
    pages = hooks["hooks/main.py"]._site
    return folder / "site", make_documents(pages.catalog, pages.sections)


def build_material(folder: Path, crowd: list[Document]) -> tuple[Path, float]:
    """同一批 Markdown 交给 Material 自带的搜索，返回站与构建的秒数。"""
    write_plain(folder)
    for document in crowd:
        file = folder / "docs" / f"{document.url.rstrip('/')}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(write_markdown(document), encoding="utf-8")
    settings = (folder / "mkdocs.yml").read_text(encoding="utf-8")
    settings = settings.replace("plugins: [search]", "plugins: [{search: {lang: [zh, en]}}]")
    settings += "nav: [index.md]\nnot_in_nav: '*'\n"
    (folder / "mkdocs.yml").write_text(settings, encoding="utf-8")
    start = time.perf_counter()
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--quiet",
        "--site-dir",
        str(folder / "out"),
    ]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "out", time.perf_counter() - start


def describe(site: Path) -> str:
    """索引的大小：片数、压缩字节的合计、中位与最大。"""
    parts = []
    for name, pattern in (("词", "t*.json"), ("文字", "s*.json")):
        sizes = [
            len(gzip.compress(f.read_bytes(), mtime=0)) for f in site.glob(f"search/*/{pattern}")
        ]
        parts.append(
            f"{name} {len(sizes)} 片共 {sum(sizes) / 1e3:,.0f} kB（中位 {median(sizes):,.0f} B，"
            f"最大 {max(sizes):,} B）"
        )
    index = len(gzip.compress((site / "search/index.json").read_bytes(), mtime=0))
    return f"index.json {index:,} B；" + "；".join(parts)


def measure(browser: Browser, site: Path, engine: Engine, size: int) -> list[int]:
    """打印冷的字节与慢网络、热的按键；返回各查询的字节。"""
    cold = [first_result(browser, site, engine, query, slow=False) for query in COLD_QUERIES]
    slow = [first_result(browser, site, engine, query, slow=True)[2] for query in COLD_QUERIES[:4]]
    warm = type_slowly(browser, site, engine)
    sizes = [got for _, got, _ in cold]
    print(
        f"  {engine.name}：聚焦前的索引 {max(b for b, _, _ in cold):,} B；到第一条结果 "
        f"中位 {median(sizes):,.0f} B、最大 {max(sizes):,} B、"
        f"{median(t for _, _, t in cold):.0f} ms；慢网络 {median(slow) / 1e3:.2f} s；"
        f"按键到画出 p50 {warm['p50']:.0f} / p95 {warm['p95']:.0f} ms；"
        f"最长任务 {warm['longest']:.0f} ms；渲染进程 {warm['memory']:.0f} MB",
        flush=True,
    )
    return sizes


def main() -> int:
    """三档依次测，打印一张表；门槛没到时返回 1。"""
    failures: list[str] = []
    catalog, _ = read_site_library()
    names = ("queries.json", "golden.json", "held_out.json")
    queries = [q for name in names for q in read_queries(name, catalog) if q.expect]
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        folder = Path(name)
        site, documents = build_real(folder)
        real = sum(document.kind != "标签" for document in documents)
        for size in SIZES:
            crowd = list(make_crowd(documents, max(0, size - real)))
            start = time.perf_counter()
            files = build_index(documents + crowd, read_synonyms())
            spent = time.perf_counter() - start
            shutil.rmtree(site / "search")
            for path, content in files.items():
                target = site / "search" / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            scores = quality_ours(site, queries)
            print(f"\n{real + len(crowd):,} 页（{size:,} 一档）")
            print(f"  索引：{spent:.2f} s；{describe(site)}")
            print(f"  质量（{len(queries)} 条）：本站 " + " / ".join(f"{s:.3f}" for s in scores))
            sizes = measure(browser, site, OURS, size)
            if size in TARGET_BYTES:
                goals = zip(("h@1", "h@3", "MRR"), scores, TARGET_QUALITY[size], strict=True)
                failures += [f"{size} 页：{k} {v:.3f} < {goal}" for k, v, goal in goals if v < goal]
                if median(sizes) > TARGET_BYTES[size]:
                    failures.append(f"{size} 页：{median(sizes):,.0f} B > {TARGET_BYTES[size]:,} B")
                plain, took = build_material(folder / f"plain{size}", crowd)
                print(f"  Material 构建 {took:.1f} s", flush=True)
                theirs = quality_material(browser, plain, queries)
                print("  质量：Material " + " / ".join(f"{s:.3f}" for s in theirs), flush=True)
                measure(browser, plain, MATERIAL, size)
        browser.close()
    print("\n" + ("\n".join(failures) if failures else "门槛都到了"))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
