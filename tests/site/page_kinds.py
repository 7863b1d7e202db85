"""每一种页面一行：地址，以及把它的部件都打开的一步；无障碍的测试照着走。"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, Page, expect

from tests.server import SiteServer

_SWITCH = """(scheme) => {
  if (document.body.dataset.mdColorScheme !== scheme)
    document.querySelector(".mj-scheme").click();
}"""


def switch_scheme(page: Page, scheme: str) -> None:
    """像读者那样换成这个颜色（default 或 slate）；已经是了就不动。"""
    expect(page.locator(".mj-scheme")).to_be_visible()
    page.evaluate(_SWITCH, scheme)
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", scheme)


@dataclass(frozen=True)
class PageKind:
    """一种页面。"""

    name: str
    path: str
    """站内地址，不带项目路径。"""
    prepare: Callable[[Page], object]
    """等脚本到齐，把折着的、要点开的都打开。"""
    status: int = 200


def _wait(selector: str) -> Callable[[Page], object]:
    """只等一样东西看得见。"""
    return lambda page: expect(page.locator(selector).first).to_be_visible()


def _open_facets(page: Page) -> None:
    page.locator(".mj-facet summary").first.click()
    page.get_by_role("group", name="公司类型").get_by_role("checkbox").first.check()
    expect(page.get_by_role("button", name="清除")).to_be_visible()
    _open_all(page)


def _open_all(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")


def _open_answers(page: Page) -> None:
    page.get_by_role("button", name="展开全部答案").click()
    _open_all(page)


def _edit_cell(page: Page) -> None:
    expect(page.locator(".mj-cell-bar").first).to_be_attached()
    _open_all(page)
    page.get_by_role("button", name="编辑第 1 格").click()
    expect(page.locator(".cm-content")).to_be_focused()


def _start_writing(page: Page) -> None:
    page.get_by_role("button", name="开始写").click()
    expect(page.locator(".cm-content")).to_be_focused()
    page.get_by_role("button", name="计时").click()
    page.keyboard.press("Control+f")
    _open_all(page)


def _compare(page: Page) -> None:
    expect(page.locator(".mj-compare-table table")).to_be_visible()


def _miscalculate(page: Page) -> None:
    """第一个计算器里填错一格。"""
    field = page.locator("form[data-calculator] input").first
    field.fill("-1")
    expect(field).to_have_attribute("aria-invalid", "true")


def _fill_form(page: Page) -> None:
    """加一轮、一项问到的，再看错在哪里。"""
    page.get_by_role("button", name="加一轮").click()
    page.get_by_role("button", name="加一项问到的").click()
    page.get_by_label("从哪个月").fill("三月")
    page.get_by_role("button", name="检查并提交").click()
    expect(page.locator("[data-form-summary]")).to_be_focused()
    _open_all(page)
    expect(page.locator(".mj-form-page h1")).not_to_be_empty()


def _plan(page: Page) -> None:
    expect(page.locator(".mj-plan__items input").first).to_be_visible()
    _open_all(page)


def _reveal(page: Page) -> None:
    page.get_by_role("button", name="答过了").click()
    expect(page.locator("[data-rating='3']")).to_be_visible()
    expect(page.locator(".mj-face__answer")).to_contain_text("整页")


def _start_mock(page: Page) -> None:
    page.get_by_role("button", name="开始").click()
    page.get_by_role("button", name="说完了").click()
    expect(page.locator(".mj-face__answer")).to_contain_text("整页")


def _search(page: Page) -> None:
    page.keyboard.press("/")
    box = page.get_by_label("搜索公司、考点、题目")
    box.fill("mha")
    expect(page.locator("#mj-results")).to_have_attribute("data-query", "mha")
    expect(page.locator(".md-search-result__link").first).to_be_visible()


def _open_menu(page: Page) -> None:
    page.locator("label.md-header__button[for='__drawer']").click()
    expect(page.locator("[data-md-toggle='drawer']")).to_be_checked()


PAGE_KINDS = (
    PageKind("首页", "", _wait("article h1")),
    PageKind("菜单", "about/", _wait("article h1")),
    PageKind("搜索", "", _search),
    PageKind("面经表", "experiences/", _open_facets),
    PageKind("面经", "experiences/moonshot-2023/", _wait(".mj-rounds")),
    PageKind("考点表", "topics/", _wait("article h1")),
    PageKind("考点", "topics/moe/", _wait("article h1")),
    PageKind("题库", "questions/", _open_all),
    PageKind("题目", "questions/lstm/", _open_answers),
    PageKind("推导", "notebooks/collectives/", _edit_cell),
    PageKind("手写表", "practice/", _wait(".mj-progress button")),
    PageKind("手写", "practice/scaled-dot-product-attention/", _start_writing),
    PageKind("图谱", "atlas/", _wait(".mj-matrix")),
    PageKind("并排", "atlas/compare/?with=moonshot-2023,minimax-2023", _compare),
    PageKind("账本的目录", "claims/", _wait(".mj-counts")),
    PageKind("账本", "claims/attention/", _wait(".mj-claims")),
    PageKind("计算器", "calculators/", _miscalculate),
    PageKind("贡献", "contribute/", _wait("article h1")),
    PageKind("面经表单", "contribute/experience/", _fill_form),
    PageKind("计划", "plan/?c=moonshot&d=3", _plan),
    PageKind("复习", "review/?topic=cuda", _reveal),
    PageKind("模拟面试", "review/mock/", _start_mock),
    PageKind("30 分钟", "brief/moonshot/", _wait(".mj-brief")),
    PageKind("数据", "data/", _wait("article table")),
    PageKind("离线", "about/offline/", _wait(".mj-offline")),
    PageKind("关于", "about/", _wait("article h1")),
    PageKind("标签", "tags/", _wait("article h1")),
    PageKind("没有的页", "nothing-here/", _wait("article h1"), status=404),
    PageKind("断网", "503.html", _wait("article h1")),
)
"""全部种类；换一种就从头打开，互不影响。"""


@contextmanager
def open_kind(browser: Browser, server: SiteServer, kind: PageKind) -> Iterator[Page]:
    """一台新的手机打开它，部件都打开；读者要少动。"""
    with browser.new_context(
        viewport={"width": 390, "height": 844},
        color_scheme="light",
        reduced_motion="reduce",
        locale="zh-CN",
    ) as context:
        page = context.new_page()
        answer = page.goto(server.url(kind.path))
        assert answer is not None
        assert answer.status == kind.status
        kind.prepare(page)
        yield page
