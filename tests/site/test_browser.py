"""真实的 Chromium 里，读者的路走得通：手机与桌面、浅色与深色、`/` 与 `/kb/`。"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.server import MOUNTS, SiteServer
from tests.site.page_kinds import switch_scheme

pytestmark = pytest.mark.browser

SIZES = {"phone": (390, 844), "desktop": (1440, 900)}
SCHEMES = {"light": "default", "dark": "slate"}


@dataclass
class Reader:
    """一个读者：一页浏览器，记下控制台的错误与去过的主机。"""

    page: Page
    base: str
    phone: bool
    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def open(self, path: str) -> None:
        self.page.goto(self.base + path)

    def open_search(self) -> None:
        if self.phone:
            self.page.locator("label.md-header__button[for='__search']").click()
        else:
            self.page.keyboard.press("/")

    def search(self, query: str) -> None:
        self.open_search()
        box = self.page.locator("[data-md-component='search-query']")
        expect(box).to_be_focused()
        box.fill(query)
        expect(self.page.locator("#mj-results")).to_have_attribute("data-query", query)


@pytest.fixture(params=MOUNTS)
def base(request: pytest.FixtureRequest, open_site: Callable[[str], SiteServer]) -> str:
    return open_site(request.param).url("")


@contextmanager
def open_reader(browser: Browser, base: str, size: str, scheme: str) -> Iterator[Reader]:
    """一个新的读者；走完之后，控制台没有错误，没有去过别的主机。"""
    width, height = SIZES[size]
    with browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="zh-CN",
        has_touch=size == "phone",
    ) as context:
        page = context.new_page()
        one = Reader(page, base, size == "phone")
        page.on("console", lambda m: one.errors.extend([m.text] if m.type == "error" else []))
        page.on("pageerror", lambda error: one.errors.append(str(error)))
        page.on("request", lambda r: one.hosts.add(urlsplit(r.url).hostname or ""))
        yield one
        assert one.errors == []
        assert one.hosts <= {"127.0.0.1", ""}


@pytest.fixture(params=[(size, scheme) for size in SIZES for scheme in SCHEMES], ids="-".join)
def reader(request: pytest.FixtureRequest, browser: Browser, base: str) -> Iterator[Reader]:
    with open_reader(browser, base, *request.param) as one:
        yield one


def test_from_home_to_derivation_and_back(reader: Reader, request: pytest.FixtureRequest) -> None:
    """首页 → 搜索 → 公司 → 考点 → 推导，再退回来；颜色随系统，首页的按钮也打开搜索。"""
    page = reader.page
    reader.open("")
    scheme = "slate" if "dark" in request.node.callspec.id else "default"
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", scheme)
    expect(page.locator(".md-content article h1")).to_contain_text("大模型面试知识库")
    reader.search("月之暗面")
    page.locator(".md-search-result__link").first.click()
    expect(page).to_have_url(re.compile(r"/experiences/moonshot-2023/"))
    expect(page.locator(".md-content article h1")).to_contain_text("月之暗面")
    page.locator(".mj-rounds").get_by_role("link", name="集合通信").first.click()
    expect(page).to_have_url(re.compile(r"/topics/collectives/"))
    page.locator(".mj-asked").get_by_role("link", name=re.compile("ring-reduce")).click()
    expect(page).to_have_url(re.compile(r"/experiences/moonshot-2023/#ring"))
    expect(page.locator("#ring")).to_be_in_viewport()
    reader.open("topics/multi-head-attention/")
    page.locator("article").get_by_role("link", name=re.compile("注意力：")).first.click()
    expect(page).to_have_url(re.compile(r"/notebooks/attention/"))
    expect(page.locator(".mj-output").first).to_be_visible()
    page.go_back()
    expect(page).to_have_url(re.compile(r"/topics/multi-head-attention/"))
    reader.open("")
    page.locator("[data-mj-search]").click()
    expect(page.locator("[data-md-component='search-query']")).to_be_focused()


@pytest.mark.parametrize(("mount", "size"), [*zip(MOUNTS, SIZES, strict=True)])
def test_no_page_is_wider_than_the_screen(
    open_site: Callable[[str], SiteServer], browser: Browser, mount: str, size: str
) -> None:
    """每类页面一张：宽表与长公式在自己的容器里滚动，不撑破页面。

    两种宽、两种颜色在同一次打开里看；触屏（没有悬停）看一个站点路径，鼠标看另一个。
    """
    with open_reader(browser, open_site(mount).url(""), size, "light") as reader:
        for path in (
            "",
            "experiences/",
            "experiences/alibaba-quark-2023/",
            "topics/",
            "topics/multi-head-attention/",
            "topics/frameworks/",
            "questions/",
            "questions/lstm/",
            "notebooks/attention/",
            "notebooks/normalization/",
            "about/summary/",
            "contribute/",
            "tags/",
        ):
            reader.open(path)
            for (width, height), scheme in product(SIZES.values(), SCHEMES.values()):
                reader.page.set_viewport_size({"width": width, "height": height})
                switch_scheme(reader.page, scheme)
                overflow = reader.page.evaluate(
                    "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                )
                assert overflow <= 0, f"{width} px {scheme}：{path} 比屏幕宽 {overflow} px"


def test_sections_menus_and_tags(reader: Reader) -> None:
    """从首页点进面经表，不整页刷新；桌面上点表头能排序，读屏能知道方向。

    菜单与栏目打得开，标签页到得了，整个过程不找外面的主机。
    """
    page = reader.page
    reader.open("")
    page.evaluate("window.stayed = true")
    page.locator("article").get_by_role("link", name="面经", exact=True).click()
    expect(page).to_have_url(re.compile(r"/experiences/$"))
    expect(page.locator("table[data-sorted]")).to_have_count(1)
    assert page.evaluate("window.stayed") is True
    if reader.phone:
        expect(page.locator("table.mj-cards thead")).to_be_hidden()
    else:
        _sort(page)
    reader.open("experiences/")
    if reader.phone:
        page.locator("label.md-header__button[for='__drawer']").click()
        expect(page.locator(".md-nav--primary")).to_be_in_viewport()
        page.locator("label.md-overlay").click(position={"x": 380, "y": 400})
    else:
        page.locator(".md-tabs").get_by_role("link", name="考点").click()
        expect(page).to_have_url(re.compile(r"/topics/$"))
    reader.open("tags/")
    page.locator("article").get_by_role("link", name=re.compile("商汤")).first.click()
    expect(page).to_have_url(re.compile(r"/experiences/sensetime-2023/"))


def _sort(page: Page) -> None:
    """用键盘按「结果」排序，再倒过来。"""
    header = page.locator("table.mj-cards thead th", has_text="结果")
    header.focus()
    page.keyboard.press("Enter")
    expect(header).to_have_attribute("aria-sort", re.compile("ascending|descending"))
    first = page.locator("table.mj-cards tbody tr").first.inner_text()
    page.keyboard.press("Enter")
    expect(page.locator("table.mj-cards tbody tr").first).not_to_have_text(first)


def test_experiences_page_reads_without_javascript(server: SiteServer, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(server.url("experiences/"))
        expect(page.locator("table.mj-cards tbody tr")).to_have_count(24)
        page.get_by_role("link", name="月之暗面", exact=True).first.click()
        expect(page.locator(".md-content article h1")).to_contain_text("月之暗面")
        page.goto(server.url("topics/multi-head-attention/"))
        expect(page.locator(".katex").first).to_be_visible()


def test_missing_page_is_helpful(server: SiteServer, browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        answer = page.goto(server.url("experiences/nobody-1999/"))
        assert answer is not None
        assert answer.status == 404
        page.get_by_role("link", name="全部面经").click()
        expect(page).to_have_url(server.url("experiences/"))
