"""一项能力的脚本比读者的手慢：已经选的算数，还不能用的看得出来。"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

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


def test_the_button_for_all_answers_waits(page: Page, server: SiteServer) -> None:
    button = page.get_by_role("button", name="展开全部答案")
    with hold(page, "answers", server.url("questions/attention-scale-sqrt-d/")):
        expect(button).to_be_disabled()
    button.click()
    expect(page.locator("details.mj-fold:not([open])")).to_have_count(0)
