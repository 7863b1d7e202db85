"""脚本、页面比读者的手慢：已经选的算数，还不能用的看得出来，点的地方走得到。"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import BrowserContext, Dialog, Page, Route, expect

from tests.server import SiteServer

pytestmark = pytest.mark.browser


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@contextmanager
def hold(page: Page, script: str, url: str) -> Iterator[None]:
    """打开一页，扣住一项能力的脚本，离开时才放行。"""
    held: list[Route] = []
    page.route(f"**/bundle/{script}-*.js", lambda route: held.append(route))
    with page.expect_request(f"**/bundle/{script}-*.js"):
        page.goto(url, wait_until="domcontentloaded")
    yield
    held[0].continue_()


def test_a_facet_already_chosen_counts(page: Page, server: SiteServer) -> None:
    with hold(page, "atlas", server.url("experiences/")):
        page.locator(".mj-facet summary").first.click()
        page.get_by_role("checkbox").first.check()
    expect(page.locator(".mj-facets [role=status]")).to_contain_text("篇里的")


def test_companies_already_chosen_are_compared(page: Page, server: SiteServer) -> None:
    with hold(page, "compare", server.url("atlas/compare/")):
        selects = page.locator(".mj-compare select")
        selects.nth(0).select_option(index=1)
        selects.nth(1).select_option(index=2)
    expect(page.locator(".mj-compare-table table")).to_be_visible()


def test_a_number_already_typed_is_computed(page: Page, server: SiteServer) -> None:
    with hold(page, "calculators", server.url("calculators/")):
        form = page.locator("form[data-calculator]").first
        form.locator("input").first.fill("不是数")
    expect(form.locator("output strong").first).to_have_text("—")


def test_an_anchor_is_reached_after_a_scroll(page: Page, server: SiteServer) -> None:
    """刚滚动过就点，页面又来得慢：主题把滚动的位置记到了新的一页上，锚点照样走到。"""
    held: list[Route] = []
    page.route("**/experiences/moonshot-2023/", lambda route: held.append(route))
    page.goto(server.url("plan/?c=moonshot&d=2"))
    page.wait_for_load_state("networkidle")
    page.locator(".mj-plan__items .mj-note a", has_text="月之暗面").first.click()
    page.wait_for_function(
        "() => location.pathname.endsWith('/moonshot-2023/') && history.state !== null"
    )
    held[0].continue_()
    expect(page.locator("p:target")).to_be_in_viewport()


def test_the_button_for_all_answers_waits(page: Page, server: SiteServer) -> None:
    button = page.get_by_role("button", name="展开全部答案")
    with hold(page, "answers", server.url("questions/attention-scale-sqrt-d/")):
        expect(button).to_be_disabled()
    button.click()
    expect(page.locator("details.mj-fold:not([open])")).to_have_count(0)


def test_a_form_already_filled_counts(page: Page, server: SiteServer) -> None:
    """检查还没有取到：填的留着、进草稿，按的接着做；「清空」等着，清到的是空白的表单。"""
    held: list[Route] = []
    page.route("**/bundle/panel-*.js", lambda route: held.append(route))
    page.goto(server.url("contribute/experience/"))
    company = page.get_by_label("公司（必填）")
    outcome = page.locator("select[data-field=outcome]")
    with page.expect_request("**/bundle/panel-*.js"):
        company.fill("kimi")
    page.get_by_label("从哪个月").fill("三月")
    outcome.select_option("offer")
    clear = page.get_by_role("button", name="清空，重新填")
    expect(clear).to_be_disabled()
    for _ in range(2):
        page.get_by_role("button", name="加一轮").click()
    expect(page.locator("[data-form-status]")).to_contain_text("正在取")
    page.get_by_label("到哪个月").press("Enter")
    held[0].continue_()
    summary = page.locator("[data-form-summary]")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("「三月」不是月份")
    assert page.locator("ol[data-list=rounds] > li").count() == 1
    text = page.locator("[data-form-text]")
    for line in ("company: moonshot", "outcome: offer", "  - index: 1"):
        assert line in text.input_value()
    page.unroute("**/bundle/panel-*.js")
    page.reload()
    expect(page.locator("[data-form-status]")).to_have_text("接着上次没有写完的")
    expect(company).to_have_value("kimi")
    clear.click()
    expect(company).to_have_value("")
    expect(outcome).to_have_value("unknown")


def test_leaving_a_form_that_could_not_be_kept_is_asked(page: Page, server: SiteServer) -> None:
    page.route("**/rules.json", lambda route: route.abort())
    page.goto(server.url("contribute/experience/"))
    page.get_by_label("岗位").fill("基座算法")
    expect(page.get_by_role("alert")).to_contain_text("离开这一页就没有了")
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    page.reload()
    assert asked == ["beforeunload"]
