"""题目页的答案先折着：逐层展开、全部展开、记住选择、跳来就打开、没有 JavaScript 也行。"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.server import SiteServer

pytestmark = pytest.mark.browser

QUESTION = "questions/attention-scale-sqrt-d/"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        yield context.new_page()


def test_answers_wait_until_asked_for(page: Page, server: SiteServer) -> None:
    page.goto(server.url(QUESTION))
    folds = page.locator("details.mj-fold")
    expect(folds).to_have_count(5)
    expect(page.locator("article h2", has_text="常见错误")).to_be_visible()
    first = folds.first.locator("p").first
    expect(first).to_be_hidden()
    folds.first.locator("summary").press("Enter")
    expect(first).to_be_visible()
    expect(folds.nth(1).locator("li").first).to_be_hidden()


def test_one_button_opens_all_and_is_remembered(page: Page, server: SiteServer) -> None:
    page.goto(server.url(QUESTION))
    page.get_by_role("button", name="展开全部答案").click()
    expect(page.locator("details.mj-fold:not([open])")).to_have_count(0)
    page.goto(server.url("questions/qk-norm/"))
    expect(page.locator("details.mj-fold:not([open])")).to_have_count(0)
    page.get_by_role("button", name="收起全部答案").click()
    page.reload()
    expect(page.locator("details.mj-fold[open]")).to_have_count(0)


def test_a_link_to_a_layer_opens_it(page: Page, server: SiteServer) -> None:
    page.goto(server.url(QUESTION + "#追问"))
    expect(page.locator("details.mj-fold[open]")).to_have_count(1)
    expect(page.locator("details.mj-fold[open] summary")).to_have_text("展开：追问")
    page.evaluate("location.hash = '#常见错误'")
    expect(page.locator("details.mj-fold[open]")).to_have_count(2)
    expect(page.locator("details.mj-fold[open] summary").last).to_have_text("展开：常见错误")


def test_a_broken_address_does_no_harm(page: Page, server: SiteServer) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(server.url(QUESTION + "#%E0%A4%A"))
    expect(page.get_by_role("button", name="展开全部答案")).to_be_visible()
    assert errors == []


def test_without_storage_the_button_still_works(server: SiteServer, browser: Browser) -> None:
    with browser.new_context() as context:
        context.add_init_script(
            "Object.defineProperty(window, 'localStorage', {get() { throw new Error('no'); }})"
        )
        page = context.new_page()
        page.goto(server.url(QUESTION))
        page.get_by_role("button", name="展开全部答案").click()
        expect(page.locator("details.mj-fold:not([open])")).to_have_count(0)
        expect(page.get_by_role("button", name=re.compile("不让记住"))).to_be_visible()


def test_without_javascript_each_layer_opens(server: SiteServer, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(server.url(QUESTION))
        page.locator("details.mj-fold summary").first.click()
        expect(page.locator("details.mj-fold").first.locator("p").first).to_be_visible()
