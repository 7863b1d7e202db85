"""带走的东西，在构建好的站上看：PDF 的页数，打印的样式，牌组里的公式与链接，订阅与数据。"""

from __future__ import annotations

import json
import sqlite3
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from unicodedata import normalize

import pytest
from bs4 import BeautifulSoup
from mianjing.catalog import group_companies
from mianjing.export import anki
from mianjing.feeds import FEEDS
from mianjing.model import Catalog
from mianjing.pdf import print_pages
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pypdf import PdfReader

from tests.server import SiteServer
from tests.site_library import read_site_library

pytestmark = pytest.mark.site
ROOT = Path(__file__).resolve().parents[2]
A4 = (595, 842)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """站上真正的资料库。"""
    return read_site_library()[0]


@pytest.mark.browser
def test_every_brief_fits_two_sides_of_a4(
    server: SiteServer, browser: Browser, catalog: Catalog, tmp_path: Path
) -> None:
    """每家公司、每个考点各一份；不多于两面，没有空白的一面，字嵌得进去、取得出来。"""
    files = print_pages(browser, server.site, tmp_path)
    names = {*group_companies(catalog), *catalog.topics}
    assert {file.stem for file in files} == names
    for file in files:
        assert file == tmp_path / "brief" / file.stem / f"{file.stem}.pdf"
        pages = PdfReader(file).pages
        texts = read_texts(file)
        assert len(pages) <= 2, f"{file.stem} 有 {len(pages)} 面：减 briefs.py 里的题数"
        assert all(texts), f"{file.stem} 有一面是空的"
        assert "面试前30分钟" in texts[0]
        assert "http" not in "".join(texts), f"{file.stem} 印出了链接的地址"
        for page in pages:
            assert (round(page.mediabox.width), round(page.mediabox.height)) == A4


@pytest.mark.browser
def test_printing_twice_gives_the_same_pages(
    server: SiteServer, browser: Browser, tmp_path: Path
) -> None:
    """PDF 里有打印的时刻，逐字节不会相同：比面数与每面的字。"""
    site = tmp_path / "site"
    (site / "brief").mkdir(parents=True)
    for entry in server.site.iterdir():
        if entry.name != "brief":
            (site / entry.name).symlink_to(entry)
    for name in ("moonshot", "multi-head-attention"):
        (site / "brief" / name).symlink_to(server.site / "brief" / name)
    first, second = (
        [read_texts(file) for file in print_pages(browser, site, tmp_path / turn)]
        for turn in ("first", "second")
    )
    assert len(first) == 2
    assert first == second


def read_texts(file: Path) -> list[str]:
    """PDF 每一面的字，没有空白；字形相同的部首与汉字在 PDF 里不分（⾯与面），按兼容等价归一。"""
    pages = PdfReader(file).pages
    return ["".join(normalize("NFKC", page.extract_text()).split()) for page in pages]


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_any_page_prints_as_black_on_white(
    browser: Browser, server: SiteServer, scheme: str
) -> None:
    """没有页眉、导航、页脚；折着的都打开；公式还在；深色模式也是白纸黑字。"""
    with browser.new_context(color_scheme=scheme) as context:  # type: ignore[arg-type]
        page = context.new_page()
        for path in ("questions/kv-cache/", "topics/kv-cache/", "experiences/moonshot-2023/"):
            page.goto(server.url(path))
            page.emulate_media(media="print", color_scheme=scheme)  # type: ignore[arg-type]
            for hidden in (".md-header", ".md-tabs", ".md-footer", ".md-sidebar", ".md-top"):
                for element in page.locator(hidden).all():
                    expect(element).to_be_hidden()
            assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == BLACK
            assert page.evaluate("getComputedStyle(document.body).backgroundColor") == WHITE
        page.goto(server.url("questions/kv-cache/"))
        assert_folds_are_open(page)
        assert page.locator(".md-content .katex").first.bounding_box()
        assert page.locator(".md-content a.mj-claim:visible").count() == 0


BLACK, WHITE = "rgb(0, 0, 0)", "rgb(255, 255, 255)"


def assert_folds_are_open(page: Page) -> None:
    folds = page.locator("details.mj-fold")
    assert folds.count() == 5
    for fold in folds.all():
        assert fold.get_attribute("open") is None  # 屏幕上还是折着的
        box = fold.bounding_box()
        summary = fold.locator("summary").bounding_box()
        assert box and summary and box["height"] > summary["height"] + 20


@pytest.mark.browser
def test_a_page_without_pdf_has_no_link_to_it(context: BrowserContext, server: SiteServer) -> None:
    """这次构建没有打印，页面就不提 PDF；从面经页点得到。"""
    page = context.new_page()
    page.goto(server.url("experiences/moonshot-2023/"))
    page.get_by_role("link", name="面试前 30 分钟：月之暗面").click()
    expect(page).to_have_url(server.url("brief/moonshot/"))
    expect(page.locator("h1")).to_contain_text("面试前 30 分钟：月之暗面")
    assert page.locator('a[href$=".pdf"]').count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def notes(server: SiteServer) -> Iterator[tuple[str, list[str]]]:
    with zipfile.ZipFile(server.site / anki.PATH) as archive:
        content = archive.read("collection.anki2")
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(content)
        for guid, fields in database.execute("SELECT guid, flds FROM notes"):
            yield guid, fields.split("\x1f")


def test_the_deck(server: SiteServer, catalog: Catalog) -> None:
    """一题一条；公式都成了 Anki 的写法，链接都是绝对的，代码没有着色。"""
    found = dict(notes(server))
    assert found.keys() == {anki.make_guid(key) for key in catalog.questions}
    formulas = 0
    for fields in found.values():
        assert len(fields) == len(anki.FIELDS)
        for text in fields[1:6]:
            soup = BeautifulSoup(text, "lxml")
            for span in soup.select(".arithmatex"):
                formulas += 1
                ends = ("\\(", "\\)") if span.name == "span" else ("\\[", "\\]")
                assert span.text.startswith(ends[0]) and span.text.endswith(ends[1])
            assert not soup.select(".katex, .headerlink, .highlight, pre span")
            for link in soup.select("a"):
                assert str(link["href"]).startswith(("http://", "https://")), link
            for code in soup.select("code, .arithmatex"):
                code.decompose()
            assert "$" not in soup.text
    assert formulas > 2000


def test_feeds_are_announced_and_exist(server: SiteServer) -> None:
    """每一页的 head 里有三份订阅，地址打得开，条目的链接是这个站的。"""
    for path in ("index.html", "topics/kv-cache/index.html", "404.html"):
        soup = BeautifulSoup((server.site / path).read_text(encoding="utf-8"), "lxml")
        links = soup.select('head link[rel~="alternate"][type="application/rss+xml"]')
        assert [str(a["href"]).removeprefix(server.mount).lstrip("./") for a in links] == [
            feed.path for feed in FEEDS
        ]
        assert all(link["title"] for link in links)
    for feed in FEEDS:
        root = ET.parse(server.site / feed.path).getroot()
        for link in root.iterfind("channel/item/link"):
            path = (link.text or "").removeprefix(server.url("")).partition("#")[0]
            assert (server.site / path / "index.html").is_file(), link.text


def test_the_data_of_the_site(server: SiteServer) -> None:
    """记录里的地址就是这个站的页面。"""
    for kind in ("experiences", "questions", "topics", "exercises"):
        content = json.loads((server.site / "data" / f"{kind}.json").read_text(encoding="utf-8"))
        assert content["site"] == server.url("")
        for record in content[kind]:
            path = record["url"].removeprefix(server.url(""))
            assert (server.site / path / "index.html").is_file()
