"""只用键盘：从页首到搜索、菜单、筛选、编辑器、打分、计划都走得通，看得见走到了哪里。"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.server import SiteServer

pytestmark = pytest.mark.browser

OUTLINE = """(one) => {
  const shown = one.matches(".md-option") ? one.nextElementSibling : one;
  const { outlineStyle, outlineWidth } = getComputedStyle(shown);
  const box = shown.getBoundingClientRect();
  return outlineStyle !== "none" && parseFloat(outlineWidth) > 0 && box.width > 0;
}"""


def tab_to(page: Page, target: Locator, most: int = 60) -> None:
    """按 Tab 走到 target；路上每一站都看得见。"""
    for _ in range(most):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if focused.count():
            assert focused.evaluate(OUTLINE), focused.evaluate("one => one.outerHTML.slice(0, 200)")
        if target.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"按了 {most} 下 Tab 还没有走到 {target}")


@pytest.mark.parametrize("width", [390, 1440])
def test_header_search_result_by_keyboard(
    server: SiteServer, context: BrowserContext, width: int
) -> None:
    """页首：跳到正文；换颜色；开搜索，打字，走到结果，进去。"""
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(server.url(""))
    expect(page.locator(".mj-toggle")).to_have_count(2)
    page.keyboard.press("Tab")
    expect(page.locator(".md-skip")).to_be_focused()
    tab_to(page, page.get_by_role("button", name="深色"))
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")
    query = page.get_by_label("搜索公司、考点、题目")
    if width == 390:
        tab_to(page, page.get_by_role("button", name="搜索", exact=True))
        page.keyboard.press("Enter")
        expect(query).to_be_focused()
    else:
        tab_to(page, query)
    page.keyboard.type("mha")
    expect(page.locator("#mj-results")).to_have_attribute("data-query", "mha")
    tab_to(page, page.locator(".md-search-result__link").first)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/topics/multi-head-attention/"))
    expect(page.locator("[data-md-toggle='search']")).not_to_be_checked()


def test_menu_by_keyboard(server: SiteServer, context: BrowserContext) -> None:
    """手机上（或放大到 400% 的桌面上）：菜单关着时 Tab 不进去，开了能走到，Esc 关上。"""
    page = context.new_page()
    page.goto(server.url("experiences/moonshot-2023/"))
    menu = page.get_by_role("button", name="菜单")
    link = page.locator(".md-sidebar--primary").get_by_role("link", name="考点", exact=True)
    expect(link).to_have_count(0)
    tab_to(page, menu)
    expect(menu).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    expect(menu).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    expect(menu).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Space")
    drawer = page.locator(".md-sidebar--primary a[href]:visible")
    expect(drawer.first).to_be_visible()
    tab_to(page, drawer.last)
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(re.compile("moonshot"))


def test_the_editor_lets_go(server: SiteServer, context: BrowserContext) -> None:
    """编辑器里 Tab 是缩进；先 Esc 再 Tab 就离开，页面上写着。"""
    page = context.new_page()
    page.goto(server.url("practice/scaled-dot-product-attention/"))
    tab_to(page, page.get_by_role("button", name="开始写"), most=200)
    page.keyboard.press("Enter")
    editor = page.locator(".cm-content")
    expect(editor).to_be_focused()
    page.keyboard.press("Tab")
    expect(editor).to_be_focused()
    expect(page.get_by_text("先按 Esc 再按 Tab 离开")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(editor).not_to_be_focused()
    tab_to(page, page.get_by_role("button", name="提交"))


def test_the_plan_by_keyboard(server: SiteServer, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(server.url("plan/?c=moonshot&d=3"))
    days = page.get_by_label("还有几天")
    expect(days).to_be_visible()
    tab_to(page, days, most=200)
    page.keyboard.press("Control+A")
    page.keyboard.type("2")
    page.keyboard.press("Tab")
    expect(page).to_have_url(re.compile(r"d=2\b"))
    first = page.locator(".mj-plan__items input").first
    tab_to(page, first, most=200)
    page.keyboard.press("Space")
    expect(first).to_be_checked()
    expect(page.locator("main")).to_contain_text("做完 1 /")


def test_grading_by_keyboard(server: SiteServer, context: BrowserContext) -> None:
    """不用快捷键也行：Tab 到按钮，回车翻面，Tab 到「良好」，空格打分。"""
    page = context.new_page()
    page.goto(server.url("review/?topic=cuda"))
    show = page.get_by_role("button", name="答过了")
    expect(show).to_be_visible()
    tab_to(page, show, most=200)
    page.keyboard.press("Enter")
    expect(page.locator(".mj-face__answer")).to_be_focused()
    tab_to(page, page.locator("[data-rating='3']"))
    page.keyboard.press("Space")
    expect(page.locator(".mj-review__status")).to_contain_text("记为良好")
    expect(page.locator(".mj-face__title")).to_be_focused()


def test_facets_by_keyboard(server: SiteServer, context: BrowserContext) -> None:
    """走到第一个分面，展开，选一个，走到「清除」，清掉。"""
    page = context.new_page()
    page.goto(server.url("experiences/"))
    facet = page.locator(".mj-facet summary").first
    tab_to(page, facet, most=200)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    status = page.locator(".mj-facets [role=status]")
    expect(status).to_contain_text("篇里的")
    tab_to(page, page.get_by_role("button", name="清除"))
    page.keyboard.press("Enter")
    expect(status).to_contain_text("共 ")


def test_a_wide_table_is_reached_and_named(server: SiteServer, context: BrowserContext) -> None:
    """放不下的表键盘到得了、横着滚；放得下之后不再停。"""
    page = context.new_page()
    page.set_viewport_size({"width": 200, "height": 844})
    page.goto(server.url("topics/frameworks/"))
    region = page.get_by_role("group", name="表，可以横向滚动").first
    expect(region).to_be_visible()
    region.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("one => one.scrollLeft > 0", arg=region.element_handle())
    page.set_viewport_size({"width": 2400, "height": 900})
    expect(page.get_by_role("group", name="表，可以横向滚动")).to_have_count(0)
