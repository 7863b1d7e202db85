"""空着、在取、出错：每一处都说现在怎样、为什么、能做什么；能做的点了就成。"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.server import SiteServer

pytestmark = pytest.mark.browser

EXERCISE = "practice/scaled-dot-product-attention/"


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def type_query(page: Page, text: str) -> None:
    page.keyboard.press("/")
    page.get_by_label("搜索公司、考点、题目").fill(text)


@pytest.mark.parametrize(
    ("path", "file", "ready"),
    [
        ("review/", "**/review/cards.json", ".mj-face"),
        ("review/mock/", "**/review/cards.json", ".mj-mock form"),
        ("plan/", "**/plan/plan.json", ".mj-plan form"),
        ("atlas/compare/?with=moonshot-2023,minimax-2023", "**/compare.json", "article table"),
        ("experiences/?outcome=offer", "**/atlas.json", "form.mj-facets [type=reset]"),
    ],
)
def test_lost_data_says_why_and_is_fetched_again(
    page: Page, server: SiteServer, path: str, file: str, ready: str
) -> None:
    page.route(file, lambda route: route.abort())
    page.goto(server.url(path))
    fault = page.get_by_role("alert")
    expect(fault).to_contain_text("没有取到：网络不通")
    page.unroute(file)
    fault.get_by_role("button", name="再取一次").click()
    expect(page.locator(ready)).to_be_visible()
    expect(fault).to_have_count(0)


def test_an_empty_search_box_offers_examples(page: Page, server: SiteServer) -> None:
    page.goto(server.url(""))
    type_query(page, "")
    results = page.locator("#mj-results")
    results.get_by_role("button", name="手写 MHA").click()
    expect(results).to_have_attribute("data-query", "手写 MHA")
    expect(page.locator(".md-search-result__link").first).to_be_visible()


def test_nothing_found_says_what_else_to_try(page: Page, server: SiteServer) -> None:
    page.goto(server.url(""))
    type_query(page, "阿姆斯特丹郁金香")
    expect(page.locator(".md-search-result__meta")).to_have_text("没有找到「阿姆斯特丹郁金香」")
    results = page.locator("#mj-results")
    expect(results).to_contain_text("换短一点的词")
    results.get_by_role("link", name="题库").click()
    expect(page).to_have_url(server.url("questions/"))


def test_half_an_index_does_not_say_there_is_nothing(page: Page, server: SiteServer) -> None:
    """要用的那一片没有取到：不能说没有。先说在搜，再说缺了什么。"""
    held: list[Route] = []
    page.route("**/search/index.json", lambda route: held.append(route))
    page.route(re.compile(r"/search/[0-9a-f]+/t\d+\.json"), lambda route: route.abort())
    page.goto(server.url(""))
    with page.expect_request("**/search/index.json"):
        type_query(page, "mha")
    meta = page.locator(".md-search-result__meta")
    expect(meta).to_have_text("正在搜 …")
    held[0].continue_()
    expect(meta).to_contain_text("说不准有没有「mha」")
    expect(page.locator(".mj-search-fault")).to_contain_text("结果可能不全")
    expect(page.locator(".mj-search-fault").get_by_role("link", name="按标签找")).to_be_visible()


def test_no_cards_left_offers_more(page: Page, server: SiteServer) -> None:
    page.goto(server.url("review/?topic=cuda&company=minimax&level=L1"))
    empty = page.locator(".mj-empty")
    expect(empty).to_contain_text("这样筛选一张也没有")
    empty.get_by_role("button", name="不筛选").click()
    expect(page.locator(".mj-face")).to_be_visible()
    assert "?" not in page.url
    limit = page.get_by_label("每天新卡")
    limit.fill("0")
    limit.blur()
    expect(empty).to_contain_text("没学过")
    empty.get_by_role("button", name="每天新卡改成 10 张").click()
    expect(page.locator(".mj-face__title")).to_be_focused()
    expect(limit).to_have_value("10")


def test_one_company_is_not_yet_a_comparison(page: Page, server: SiteServer) -> None:
    page.goto(server.url("atlas/compare/?with=moonshot-2023"))
    expect(page.locator(".mj-compare-status")).to_have_text("选了月之暗面")
    expect(page.locator(".mj-compare-table")).to_have_text("再选一家，就在这里并排列出。")


def test_python_on_its_way_shows_how_far_and_a_loss_shows_as_one(
    page: Page, server: SiteServer
) -> None:
    held: list[Route] = []
    page.route("**/numpy-*.whl", lambda route: held.append(route))
    page.goto(server.url(EXERCISE))
    with page.expect_request("**/numpy-*.whl"):
        page.get_by_role("button", name="提交").click()
    bar = page.get_by_role("progressbar", name="取 Python 的进度")
    expect(bar).to_be_visible()
    held[0].abort()
    line = page.locator(".mj-run [role=status]")
    expect(line).to_contain_text("没有取到：网络不通。写过的都在")
    expect(line).to_have_attribute("data-state", "fault")
    expect(bar).to_be_hidden()


def test_a_missing_page_leads_on(page: Page, server: SiteServer) -> None:
    page.goto(server.url("nothing/here/"))
    page.get_by_role("button", name="搜公司、考点、题目").click()
    expect(page.get_by_label("搜索公司、考点、题目")).to_be_focused()
