"""离线包：从 `file://` 打开，读、搜、链接都在；要 http 的说清楚，用 http.server 发出就能运行。"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from mianjing.archive import build_pages
from mianjing.audit import audit_site
from playwright.sync_api import Browser, Page, expect

from tests.server import serve_site
from tests.site.conftest import ROOT
from tests.site.python_page import LOADING, status

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """解压出来的离线包。"""
    site = tmp_path_factory.mktemp("file") / "面试 知识库"
    assert build_pages(ROOT, site) == 0
    return site


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """桌面上的一页；控制台不许有错误，不许向别处要东西。"""
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        errors: list[str] = []
        page.on("console", lambda m: errors.extend([m.text] if m.type == "error" else []))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("requestfailed", lambda request: errors.append(request.url))
        yield page
        assert errors == []


def test_no_link_is_broken_and_nothing_needs_a_server(folder: Path) -> None:
    assert audit_site(folder, opens_folders=False) == []
    for file in folder.rglob("*.html"):
        html = file.read_text(encoding="utf-8")
        assert 'type="module"' not in html, file
        assert 'rel="manifest"' not in html, file
    assert not (folder / "sw.js").exists()
    assert not (folder / "404.html").exists()


def test_reading_and_searching_from_the_file_system(folder: Path, page: Page) -> None:
    """首页 → 栏目 → 面经 → 搜索 → 结果，改变页面的脚本都在。"""
    page.goto((folder / "index.html").as_uri())
    page.locator("article").get_by_role("link", name="面经", exact=True).click()
    expect(page).to_have_url(re.compile(r"/experiences/index\.html$"))
    expect(page.locator("table[data-sorted]")).to_have_count(1)
    page.keyboard.press("/")
    box = page.locator("[data-md-component='search-query']")
    for query, wanted in (("kimi", "月之暗面"), ("環形 all-reduce", "集合通信")):
        box.fill(query)
        expect(page.locator("#mj-results")).to_have_attribute("data-query", query)
        expect(page.locator("#mj-results a").first).to_contain_text(wanted)
    box.fill("月之暗面")
    expect(page.locator("#mj-results")).to_have_attribute("data-query", "月之暗面")
    page.locator("#mj-results a").first.click()
    expect(page).to_have_url(re.compile(r"/experiences/moonshot-2023\.html"))
    expect(page.locator("mark.mj-hit").first).to_be_visible()
    page.locator(".mj-rounds").get_by_role("link", name="集合通信").first.click()
    expect(page.locator(".md-content h1")).to_contain_text("集合通信")
    page.goto((folder / "questions" / "lstm.html").as_uri())
    page.get_by_role("button", name="展开全部答案").click()
    expect(page.locator("details.mj-fold[open]").first).to_be_visible()


@pytest.mark.parametrize(
    "path", ["notebooks/attention.html", "practice/index.html", "practice/auc/index.html"]
)
def test_what_needs_http_says_so(folder: Path, page: Page, path: str) -> None:
    page.goto((folder / path).as_uri())
    expect(page.locator(".mj-needs-http")).to_contain_text("python -m http.server")
    expect(page.get_by_role("button", name="运行")).to_have_count(0)


@pytest.mark.parametrize(
    ("path", "ready"),
    [
        ("experiences/index.html?outcome=offer", "table.mj-cards tbody tr:not([hidden])"),
        ("atlas/compare.html?with=moonshot-2023,sensetime-2023", ".mj-compare-table table"),
        ("contribute/experience.html", "form[data-experience-form]"),
        ("plan/index.html", "[data-item] a"),
        ("review/index.html", ".mj-review button"),
    ],
)
def test_pages_read_their_data_without_http(
    folder: Path, page: Page, path: str, ready: str
) -> None:
    """要数据的页面照样能用，脚本写出的链接也指到文件。"""
    file, _, query = path.partition("?")
    page.goto(f"{(folder / file).as_uri()}?{query}")
    expect(page.locator(ready).first).to_be_visible()
    links: list[str] = page.locator("article a").evaluate_all("links => links.map((a) => a.href)")
    for link in links:
        parts = urlsplit(link)
        if parts.scheme == "file":
            assert Path(unquote(parts.path)).is_file(), link


def test_the_offline_page_knows_where_it_is(folder: Path, page: Page) -> None:
    page.goto((folder / "about" / "offline.html").as_uri())
    expect(page.locator(".mj-offline")).to_contain_text("你读的就是离线包")


def test_served_by_http_the_code_runs(folder: Path, page: Page) -> None:
    with serve_site(folder) as server:
        page.goto(server.url("notebooks/attention.html"))
        page.get_by_role("button", name=re.compile(r"^运行第 \d+ 格$")).locator(
            "visible=true"
        ).first.click()
        expect(status(page)).to_contain_text("断言全部通过", timeout=LOADING)
