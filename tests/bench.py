"""`make bench`：构建时间、页数、每类页面的字节与请求数，旁边是同一批 Markdown 的原样 Material。

数字只打印，不断言；时间与同一次运行里的原样 Material 比，看比值。
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

from mianjing.frontmatter import Scalar, read_document
from playwright.sync_api import Page, Request, sync_playwright

from tests import bench_atlas, bench_build, bench_first_view, bench_lighthouse, bench_python
from tests.chromium import launch_chromium
from tests.server import serve_site

ROOT = Path(__file__).resolve().parents[1]
KINDS = {
    "首页": "index.html",
    "面经表": "experiences/index.html",
    "面经": "experiences/*/index.html",
    "考点": "topics/*/index.html",
    "题目": "questions/*/index.html",
    "手写": "practice/*/index.html",
    "推导": "notebooks/*/index.html",
}
PLAIN = """\
site_name: 原样的 Material
docs_dir: docs
theme: {name: material, language: zh, font: false, features: [navigation.instant]}
plugins: [search]
markdown_extensions:
  [abbr, admonition, attr_list, footnotes, tables, pymdownx.arithmatex, pymdownx.details,
   pymdownx.highlight, pymdownx.inlinehilite, pymdownx.superfences, pymdownx.tabbed]
"""


def build(root: Path, site: Path) -> float:
    """构建一次，返回秒数；失败时打印 mkdocs 的输出并退出。"""
    start = time.perf_counter()
    process = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(site)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        sys.exit(process.stdout + process.stderr)
    return time.perf_counter() - start


def write_plain(folder: Path) -> None:
    """同一批 Markdown 与推导的正文，配上最少的设置。"""
    from mianjing.notebook import read_notebook, render_notebook

    for file in sorted((ROOT / "docs").rglob("*.md")):
        relative = file.relative_to(ROOT)
        if "decisions" in relative.parts:
            continue
        document, _ = read_document(relative.as_posix(), file.read_bytes())
        target = folder / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        assert document is not None, relative
        title = document.fields.entries["title"]
        assert isinstance(title, Scalar)
        target.write_text(f"# {title.text}\n\n{document.body}", encoding="utf-8")
    for file in sorted((ROOT / "notebooks").glob("*.ipynb")):
        pages = render_notebook(file.stem, read_notebook(file)).pages
        target = folder / "docs" / "notebooks" / f"{file.stem}.md"
        target.write_text("\n".join(pages), encoding="utf-8")
    (folder / "mkdocs.yml").write_text(PLAIN, encoding="utf-8")


def sizes(site: Path) -> dict[str, list[tuple[int, int]]]:
    """每类页面的（原始字节，gzip 字节）。"""
    result: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for kind, pattern in KINDS.items():
        for file in sorted(site.glob(pattern)):
            raw = file.read_bytes()
            result[kind].append((len(raw), len(gzip.compress(raw, mtime=0))))
    return result


def record_requests(page: Page) -> list[str]:
    """从现在起这一页发出的请求。"""
    urls: list[str] = []

    def record(request: Request) -> None:
        urls.append(request.url)

    page.on("request", record)
    return urls


def requests_per_kind(site: Path) -> dict[str, int]:
    """冷缓存打开每类的第一页，数一数发了几个请求。"""
    counts: dict[str, int] = {}
    with serve_site(site) as server, sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        for kind, pattern in KINDS.items():
            file = next(iter(sorted(site.glob(pattern))), None)
            if file is None:
                continue
            page = browser.new_context().new_page()
            seen = record_requests(page)
            folder = file.parent.relative_to(site).as_posix()
            page.goto(server.url("" if folder == "." else f"{folder}/"))
            page.wait_for_load_state("networkidle")
            counts[kind] = len(seen)
        browser.close()
    return counts


def main() -> None:
    """先冷后热各构建一遍，打印一张表。"""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_plain(folder / "plain")
        shutil.rmtree(ROOT / ".cache", ignore_errors=True)
        print("构建：本站（冷、热）与原样的 Material，三轮取中位数 …", flush=True)
        cold = build(ROOT, folder / "site")
        warm, plain = [], []
        for _ in range(3):
            warm.append(build(ROOT, folder / "site"))
            plain.append(build(folder / "plain", folder / "plain-site"))
        ours_s, plain_s = median(warm), median(plain)
        print(
            f"  冷 {cold:.2f} s，热 {ours_s:.2f} s，原样 {plain_s:.2f} s，"
            f"热 ÷ 原样 {ours_s / plain_s:.2f}"
        )
        ours, theirs = sizes(folder / "site"), sizes(folder / "plain-site")
        count = sum(1 for _ in (folder / "site").rglob("*.html"))
        print(f"  页数 {count}，原样 {sum(1 for _ in (folder / 'plain-site').rglob('*.html'))}")
        asked, plainly = (
            requests_per_kind(folder / "site"),
            requests_per_kind(folder / "plain-site"),
        )
        print("每类页面的中位字节（原始 / gzip）与首开请求数，后一组是原样的 Material：")
        for kind, pairs in ours.items():
            other = theirs[kind]
            print(
                f"  {kind}\t{len(pairs)} 页\t"
                f"{median(p[0] for p in pairs):,.0f} / {median(p[1] for p in pairs):,.0f} B\t"
                f"{asked[kind]} 个请求\t|\t"
                f"{median(p[0] for p in other):,.0f} / {median(p[1] for p in other):,.0f} B\t"
                f"{plainly[kind]} 个请求"
            )
        bench_first_view.measure(folder / "site", folder / "plain-site")
        bench_lighthouse.measure(folder / "site")
        bench_atlas.measure(folder / "site")
        bench_python.measure(folder / "site")
    bench_build.measure()


if __name__ == "__main__":
    main()
