"""计划页：与 Python 排的逐项相同，理由点得到原句，分享的网址不盖掉自己的。"""

from __future__ import annotations

import json
import random

import pytest
from mianjing import plan
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.server import SiteServer
from tests.site_library import read_site_library

pytestmark = pytest.mark.browser

CATALOG, _ = read_site_library()
ITEMS = plan.list_items(CATALOG)
RECORDS = plan.weigh_records(CATALOG, ITEMS)
READ = """() => [...document.querySelectorAll(".mj-plan__items li")].map((item) => [
  item.dataset.item,
  [...item.querySelectorAll(".mj-note a")].map((link) => [link.textContent, link.href]),
  item.querySelector(".mj-note").textContent,
])"""


def expected(
    server: SiteServer, companies: list[str], kinds: list[str], days: int
) -> list[list[object]]:
    made = plan.make_plan(CATALOG, ITEMS, RECORDS, companies, kinds, days)

    def link(reason: plan.Reason) -> list[str]:
        return [reason.text, server.url(reason.address)]

    return [
        [
            entry.item.id,
            [link(reason) for reason in entry.reasons if reason.target],
            "；".join(reason.text for reason in entry.reasons),
        ]
        for day in made.days
        for entry in day
    ]


def read_plan(page: Page) -> list[list[object]]:
    found: list[list[object]] = page.evaluate(
        f"() => ({READ})().map(([id, links, text]) =>"
        " [id, links.map(([text, href]) => [text, decodeURI(href)]), text])"
    )
    return found


def test_the_plan_is_that_of_python(server: SiteServer, context: BrowserContext) -> None:
    """没有选的、几家公司的、按类型的、随机的：次序、理由、去处逐项相同。"""
    companies, _ = plan.list_choices(CATALOG)
    dice = random.Random(7)
    choices: list[tuple[list[str], list[str], int]] = [
        ([], [], 7),
        (["minimax", "moonshot"], [], 3),
        (["tencent"], [], 1),
        ([], ["institute"], 10),
        *(
            (sorted(dice.sample(companies, 3), key=companies.index), [], dice.randint(1, 30))
            for _ in range(4)
        ),
    ]
    page = context.new_page()
    for chosen, of_kinds, days in choices:
        query = [f"c={','.join(chosen)}"] * bool(chosen) + [f"k={','.join(of_kinds)}"] * bool(
            of_kinds
        )
        page.goto(server.url("plan/?" + "&".join([*query, f"d={days}"])))
        expect(page.locator(".mj-plan__items input").first).to_be_visible()
        assert read_plan(page) == expected(server, chosen, of_kinds, days)
    page.goto(server.url("plan/?c=tencent&d=1"))
    expect(page.locator(".mj-plan__basis")).to_contain_text("腾讯的记录没有写明问过什么")
    page.goto(server.url("plan/?c=moonshot&d=2"))
    expect(page.locator(".mj-plan__basis")).to_contain_text(
        "依据 1 篇写明了问题的记录（月之暗面 1 篇）"
    )
    page.locator(".mj-plan__items .mj-note a", has_text="月之暗面").first.click()
    expect(page.locator("p:target")).to_be_visible()


def test_a_shared_address_does_not_destroy_the_own_plan(
    server: SiteServer, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(server.url("plan/"))
    page.get_by_label("MiniMax").check()
    expect(page).to_have_url(server.url("plan/?c=minimax&d=7"))
    first = page.locator(".mj-plan__items input").first
    first.check()
    expect(page.locator("main")).to_contain_text("做完 1 /")
    kept = page.evaluate("localStorage.getItem('mianjing.plan')")
    page.goto(server.url("plan/?c=moonshot,nobody&k=x&d=99"))
    notes = page.locator(".mj-plan")
    for text in ("公司「nobody」不认识", "公司类型「x」不认识", "天数「99」应是 1 到 30 的整数"):
        expect(notes).to_contain_text(text)
    offer = page.get_by_role("region", name="两份计划")
    expect(offer).to_contain_text("网址里的：月之暗面，7 天")
    expect(offer).to_contain_text("你自己的：MiniMax，7 天")
    assert page.evaluate("localStorage.getItem('mianjing.plan')") == kept
    offer.get_by_role("button", name="保留我的").click()
    expect(page).to_have_url(server.url("plan/?c=minimax&d=7"))
    expect(page.get_by_label("MiniMax")).to_be_checked()
    assert page.evaluate("localStorage.getItem('mianjing.plan')") == kept
    page.goto(server.url("plan/?c=moonshot&d=4"))
    offer.get_by_role("button", name="采用网址里的").click()
    page.goto(server.url("plan/"))
    expect(page.get_by_label("月之暗面")).to_be_checked()
    assert json.loads(page.evaluate("localStorage.getItem('mianjing.plan')"))["choice"] == {
        "companies": ["moonshot"],
        "kinds": [],
        "days": 4,
    }
    page.get_by_label("还有几天").fill("31")
    page.get_by_label("还有几天").press("Enter")
    expect(page.locator(".mj-plan")).to_contain_text("天数应是 1 到 30 的整数")


def test_a_wrong_plan_is_set_aside(server: SiteServer, context: BrowserContext) -> None:
    context.add_init_script(
        "if (!localStorage.getItem('mianjing.plan.broken'))"
        " localStorage.setItem('mianjing.plan', '{\"version\": 0}')"
    )
    page = context.new_page()
    page.goto(server.url("plan/"))
    expect(page.locator("main")).to_contain_text("本机存的「plan」读不懂（版本是 0，只认识 1）")
    assert page.evaluate("localStorage.getItem('mianjing.plan.broken')") == '{"version": 0}'


def test_without_javascript_the_default_plan_is_there(server: SiteServer, browser: Browser) -> None:
    made = plan.make_plan(CATALOG, ITEMS, RECORDS)
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(server.url("plan/"))
        ids = page.locator(".mj-plan__items li").evaluate_all(
            "all => all.map(li => li.dataset.item)"
        )
        assert ids == [entry.item.id for day in made.days for entry in day]
