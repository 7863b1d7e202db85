"""图谱在真的浏览器里：筛选的数与目录里数的一样，地址带着选择，矩阵与比较点得回原文。"""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from mianjing.atlas.facets import SHOWN, dump_facets, group_facets, select
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.server import SiteServer
from tests.site_library import read_site_library

ROOT = Path(__file__).resolve().parents[2]
CATALOG = read_site_library()[0]
TOTAL = len(CATALOG.experiences)

pytestmark = [pytest.mark.site, pytest.mark.browser]


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def status(page: Page) -> str:
    return page.locator(".mj-facets [role=status]").inner_text()


def names(page: Page) -> list[str]:
    return page.locator("table.mj-experiences tbody tr:not([hidden]) th").all_inner_texts()


def test_every_combination_gives_what_the_catalog_counts(page: Page, server: SiteServer) -> None:
    """在一页里换许多种选择：篇数、看得见的行、各选项旁边的数，都与 Python 数的一样。"""
    page.goto(server.url("experiences/?year=2023"))
    expect(page.locator(".mj-facets [role=status]")).to_contain_text("篇里的")
    dice = random.Random(7)
    facets = group_facets(CATALOG)
    for _ in range(40):
        state = {
            facet.key: {dice.choice(facet.options).value for _ in range(dice.choice([1, 1, 2, 3]))}
            for facet in dice.sample(facets, dice.choice([1, 1, 2, 2, 3]))
        }
        chosen = page.evaluate(
            """(state) => {
                const form = document.querySelector(".mj-facets");
                for (const box of form.querySelectorAll("input")) {
                    box.checked = (state[box.name] ?? []).includes(box.value);
                }
                form.dispatchEvent(new Event("change"));
                return new Promise((done) => setTimeout(() => {
                    const counts = {};
                    for (const label of form.querySelectorAll("label")) {
                        const box = label.querySelector("input");
                        counts[`${box.name}=${box.value}`] =
                            Number(label.querySelector(".mj-facet-count").textContent);
                    }
                    done({ counts, query: location.search });
                }));
            }""",
            {key: sorted(values) for key, values in state.items()},
        )
        wanted = select(CATALOG, state)
        assert status(page) == f"{TOTAL} 篇里的 {len(wanted)} 篇"
        assert names(page) == [CATALOG.companies[e.company].name for e in wanted]
        for facet in facets:
            others = {key: values for key, values in state.items() if key != facet.key}
            for option in facet.options:
                count = len(select(CATALOG, others | {facet.key: {option.value}}))
                assert chosen["counts"][f"{facet.key}={option.value}"] == count
        assert all(f"{key}=" in chosen["query"] for key in state)


def test_the_address_carries_the_choice_and_survives_back(page: Page, server: SiteServer) -> None:
    page.goto(server.url("experiences/?form=handwriting&kind=nowhere&colour=red"))
    expect(page.locator(".mj-facet-notes")).to_contain_text("kind=nowhere、colour=red 不认识")
    wanted = select(CATALOG, {"form": {"handwriting"}})
    expect(page.locator(".mj-facets [role=status]")).to_have_text(
        f"{TOTAL} 篇里的 {len(wanted)} 篇"
    )
    page.locator("table.mj-experiences tbody tr:not([hidden]) th a").first.click()
    page.wait_for_url("**/experiences/*-2023/")
    page.go_back()
    expect(page.locator(".mj-facets [role=status]")).to_have_text(
        f"{TOTAL} 篇里的 {len(wanted)} 篇"
    )
    page.get_by_role("button", name="清除").click()
    expect(page.locator(".mj-facets [role=status]")).to_have_text(f"共 {TOTAL} 篇")
    assert "?" not in page.url


def test_nothing_found_says_what_to_loosen(page: Page, server: SiteServer) -> None:
    page.goto(server.url("experiences/?form=handwriting&outcome=resume-rejected"))
    notes = page.locator(".mj-facet-notes")
    expect(notes).to_contain_text("没有同时符合的")
    count = len(select(CATALOG, {"form": {"handwriting"}}))
    page.get_by_role("button", name=f"不限结果（{count} 篇）").click()
    expect(page.locator(".mj-facets [role=status]")).to_have_text(f"{TOTAL} 篇里的 {count} 篇")


def test_the_keyboard_is_enough(page: Page, server: SiteServer) -> None:
    page.goto(server.url("experiences/"))
    page.locator(".mj-facet summary").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator(".mj-facets [role=status]")).to_contain_text("篇里的")
    expect(page.get_by_role("group", name="公司类型").get_by_role("checkbox").first).to_be_checked()


def test_lost_data_is_said_and_tried_again(page: Page, server: SiteServer) -> None:
    page.route("**/experiences/atlas.json", lambda route: route.abort())
    page.goto(server.url("experiences/"))
    page.locator(".mj-facet summary").first.click()
    box = page.get_by_role("checkbox").first
    box.check()
    fault = page.get_by_role("alert")
    expect(fault).to_contain_text("没有取到：网络不通")
    assert len(names(page)) == TOTAL
    page.unroute("**/experiences/atlas.json")
    page.get_by_role("button", name="再取一次").click()
    expect(fault).to_have_count(0)
    expect(box).to_be_checked()
    expect(page.locator(".mj-facets [role=status]")).to_contain_text("篇里的")


def test_more_than_a_page_is_drawn_from_the_data(page: Page, server: SiteServer) -> None:
    """数据里的篇数比页面里的多：从数据里画，一次一段。"""
    data = json.loads(dump_facets(CATALOG, lambda key: f"{key}/"))
    times = 50
    data["values"] = {key: values * times for key, values in data["values"].items()}
    for column in ("name", "url", "period"):
        data[column] = data[column] * times
    page.route("**/experiences/atlas.json", lambda route: route.fulfill(json=data))
    page.goto(server.url("experiences/?stage=technical"))
    count = len(select(CATALOG, {"stage": {"technical"}})) * times
    expect(page.locator(".mj-facets [role=status]")).to_have_text(
        f"{TOTAL * times} 篇里的 {count} 篇"
    )
    assert len(names(page)) == SHOWN
    page.get_by_role("button", name="再看").click()
    assert len(names(page)) == min(count, 2 * SHOWN)


def test_cells_of_the_matrix_open_the_sentence(page: Page, server: SiteServer) -> None:
    page.goto(server.url("atlas/"))
    cell = page.get_by_role("link", name="月之暗面，集合通信：问过")
    assert cell.count() == 1
    cell.click()
    expect(page).to_have_url(server.url("experiences/moonshot-2023/#frameworks"))
    expect(page.locator("#frameworks")).to_be_in_viewport()


def test_companies_stand_side_by_side(page: Page, server: SiteServer) -> None:
    page.goto(server.url("atlas/compare/?with=moonshot-2023,nobody,sensetime-2023"))
    table = page.locator(".mj-compare-table table")
    expect(table.locator("thead th")).to_have_text(["项目", "月之暗面", "商汤"])
    expect(page.locator(".mj-compare-status")).to_contain_text("nobody 不认识")
    page.get_by_label("第三家").select_option("minimax-2023")
    expect(table.locator("thead th")).to_have_count(4)
    assert page.url.endswith("?with=moonshot-2023,sensetime-2023,minimax-2023")
    link = table.locator("tbody a[href*='#']").first
    link.click()
    page.wait_for_url("**/experiences/*/#*")


def test_without_javascript_the_tables_are_there(server: SiteServer, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(server.url("experiences/"))
        expect(page.locator(".mj-facets")).to_be_hidden()
        assert len(names(page)) == TOTAL
        page.goto(server.url("atlas/compare/"))
        expect(page.locator("article noscript p")).to_contain_text("矩阵")
