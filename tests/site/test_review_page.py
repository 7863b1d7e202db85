"""复习、模拟面试与备份：真的浏览器，表由测试拨，不等。"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.server import SiteServer
from tests.site_library import read_site_library

pytestmark = pytest.mark.browser

MORNING = datetime(2026, 3, 2, 9, tzinfo=UTC)
CATALOG, _ = read_site_library()
CUDA = [key for key, question in CATALOG.questions.items() if question.topic == "cuda"]
CARD = {
    "due": 1_760_000_000_000,
    "stability": 2.3,
    "difficulty": 5.0,
    "reps": 1,
    "lapses": 0,
    "state": 2,
    "steps": 0,
    "days": 2,
    "last": 1_759_000_000_000,
    "first": 1_759_000_000_000,
}


def open_page(server: SiteServer, context: BrowserContext, path: str) -> Page:
    page = context.new_page()
    page.clock.install(time=MORNING)
    page.goto(server.url(path))
    return page


def stored(page: Page) -> dict[str, str]:
    found: dict[str, str] = page.evaluate(
        "Object.fromEntries(Object.entries(localStorage).filter(([key]) => /^mianjing/.test(key)))"
    )
    return found


def counts(page: Page, due: int, fresh: int, unseen: int, seen: int) -> None:
    text = f"到期 {due} · 今天还可学新卡 {fresh} · 没学过 {unseen} · 学过 {seen}"
    expect(page.locator(".mj-review__counts")).to_have_text(text)


def put(context: BrowserContext, items: dict[str, str]) -> None:
    """页面打开之前，本机就存着这些。"""
    context.add_init_script(
        f"for (const [key, text] of Object.entries({json.dumps(items)}))"
        " if (localStorage.getItem('mianjing.' + key) === null)"
        " localStorage.setItem('mianjing.' + key, text);"
    )


def test_a_session_by_the_keyboard(server: SiteServer, context: BrowserContext) -> None:
    n = len(CUDA)
    page = open_page(server, context, "review/?topic=cuda&level=L9")
    expect(page.locator(".mj-review__notes")).to_contain_text("网址里的难度「L9」不认识")
    counts(page, 0, n, n, 0)
    answer = page.locator(".mj-face__answer")
    expect(answer).to_be_hidden()
    page.keyboard.press("3")  # 没有看答案，打不了分
    counts(page, 0, n, n, 0)
    page.keyboard.press(" ")
    expect(answer).to_be_focused()
    expect(answer).to_contain_text("整页：2 分钟版")
    expect(page.locator("[data-rating='3']")).to_contain_text("10 分钟后")
    page.keyboard.press("3")
    counts(page, 0, n - 1, n - 1, 1)
    expect(page.locator(".mj-review__status")).to_contain_text("记为良好，10 分钟后再见")
    expect(page.locator(".mj-face__title")).to_be_focused()
    page.keyboard.press("u")
    counts(page, 0, n, n, 0)
    assert not [key for key in stored(page) if "card." in key]
    page.keyboard.press(" ")
    page.keyboard.press("4")  # 容易：直接按天，8 天后
    counts(page, 0, n - 1, n - 1, 1)
    page.keyboard.press(" ")
    page.keyboard.press("1")
    counts(page, 0, n - 2, n - 2, 2)
    page.clock.fast_forward("02:00")
    counts(page, 1, n - 2, n - 2, 2)
    page.clock.fast_forward(8 * 24 * 3_600_000)
    counts(page, 2, n - 2, n - 2, 2)
    page.reload()
    counts(page, 2, n - 2, n - 2, 2)
    page.get_by_label("每天新卡").fill("1")
    page.get_by_label("每天新卡").press("Enter")
    counts(page, 2, 1, n - 2, 2)
    page.get_by_label("每天新卡").fill("-3")
    page.get_by_label("每天新卡").press("Enter")
    expect(page.locator(".mj-review__status")).to_contain_text("0 到 200 的整数，还是 1")


def test_formulas_are_rendered_and_links_lead_on(
    server: SiteServer, context: BrowserContext
) -> None:
    page = open_page(server, context, "review/?company=luchen")
    expect(page.locator(".mj-face")).to_contain_text("潞晨科技问过")
    page.get_by_role("button", name="答过了").click()
    expect(page.locator(".mj-face__answer")).not_to_contain_text("正在取答案")
    for link in page.locator(".mj-face__answer a").all():
        url = str(link.evaluate("link => link.href"))
        assert page.request.get(url).ok
    shards = server.site / "review" / "answers"
    for file in shards.glob("*/*.json"):
        text = file.read_text(encoding="utf-8")
        assert "arithmatex" not in text
    for length in ("30s", "2min"):
        file = shards / length / "multi-head-attention.json"
        answers = json.loads(file.read_text(encoding="utf-8"))
        assert 'class="katex"' in "".join(answers.values())
    assert "katex.css" in page.content()


def test_wrong_and_old_cards_are_set_aside(server: SiteServer, context: BrowserContext) -> None:
    """读不懂的另存，能下载；题库里没有了的留着；都说。"""
    good, gone = json.dumps(CARD), "no-such-question"
    put(context, {f"card.{CUDA[0]}": good, f"card.{CUDA[1]}": "{坏", f"card.{gone}": good})
    page = open_page(server, context, "review/?topic=cuda")
    notes = page.locator(".mj-review__notes")
    expect(notes).to_contain_text(f"题库里已经没有 {gone} 这 1 道题")
    counts(page, 1, len(CUDA) - 1, len(CUDA) - 1, 1)
    kept = stored(page)
    assert kept[f"mianjing.card.{CUDA[1]}.broken"] == "{坏"
    assert kept[f"mianjing.card.{gone}"] == good
    aside = page.get_by_role("region", name="另存的")
    expect(aside).to_contain_text("有 1 份读不懂的原样另存着")
    with page.expect_download() as download:
        aside.get_by_role("button", name="下载").click()
    assert download.value.path().read_text(encoding="utf-8") == "{坏"
    aside.get_by_role("button", name="删掉").click()
    expect(aside).to_have_count(0)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            "Storage.prototype.setItem = () =>"
            " { throw new DOMException('', 'QuotaExceededError'); }",
            "本机的存储满了",
        ),
        (
            "Object.defineProperty(window, 'localStorage',"
            " { get() { throw new DOMException('', 'SecurityError'); } })",
            "浏览器不让",
        ),
    ],
    ids=["full", "forbidden"],
)
def test_full_or_forbidden_storage_is_said(
    server: SiteServer, context: BrowserContext, script: str, message: str
) -> None:
    context.add_init_script(script)
    page = open_page(server, context, "review/?topic=cuda")
    expect(page.locator(".mj-face")).to_be_visible()
    page.keyboard.press(" ")
    page.keyboard.press("4")
    expect(page.locator(".mj-review__status")).to_contain_text(message)
    counts(page, 0, len(CUDA) - 1, len(CUDA) - 1, 1)
    page.goto(server.url("plan/"))
    page.locator(".mj-plan__items input").first.check()
    expect(page.locator(".mj-plan [role=status]").last).to_contain_text(message)


def test_progress_goes_out_and_comes_back(
    server: SiteServer, context: BrowserContext, tmp_path: Path
) -> None:
    page = open_page(server, context, "review/?topic=cuda")
    expect(page.locator(".mj-face")).to_be_visible()
    page.keyboard.press(" ")
    page.keyboard.press("4")
    expect(page.locator(".mj-review__status")).to_contain_text("记为容易")
    page.goto(server.url("plan/?c=moonshot&d=3"))
    page.get_by_label("MiniMax").check()
    page.locator(".mj-plan__items input").first.check()
    before = stored(page)
    assert {"mianjing.plan", f"mianjing.card.{CUDA[0]}"} & before.keys()
    with page.expect_download() as download:
        page.get_by_role("button", name="导出进度").click()
    saved = tmp_path / "progress.json"
    download.value.save_as(saved)
    assert json.loads(saved.read_text(encoding="utf-8"))["version"] == 1
    page.evaluate("localStorage.clear()")
    page.goto(server.url("plan/"))
    for name, text, reason in WRONG:
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        page.locator("input[type=file]").set_input_files(file)
        expect(page.locator(".mj-progress [role=status]")).to_contain_text(f"没有导入：{reason}")
        assert not [key for key in stored(page) if "card." in key]
    page.locator("input[type=file]").set_input_files(saved)
    status = page.locator(".mj-progress [role=status]").first
    expect(status).to_contain_text("导入了：复习卡片 1 张、计划 1 份")
    assert {key: json.loads(text) for key, text in stored(page).items()} == {
        key: json.loads(text) for key, text in before.items()
    }
    expect(page.locator(".mj-plan__items input").first).to_be_checked()
    expect(page.get_by_label("MiniMax")).to_be_checked()
    page.locator("input[type=file]").set_input_files(saved)
    expect(status).to_contain_text("没有要导入的新东西；2 项本机的一样新或更新")


WRONG = [
    ("a.json", "{", "不是 JSON 文件"),
    ("b.json", '{"kind": "x"}', "不是从这里导出的进度文件"),
    ("c.json", '{"kind": "mianjing-progress", "version": 7}', "版本 7 不认识"),
    (
        "d.json",
        json.dumps({"kind": "mianjing-progress", "version": 1, "items": {"card.x": {"due": 1}}}),
        "「card.x」的内容不对",
    ),
]


def test_a_mock_interview_with_the_clock_moved(server: SiteServer, context: BrowserContext) -> None:
    page = open_page(server, context, "review/mock/?company=moonshot")
    expect(page.locator("select[name=company]")).to_have_value("moonshot")
    expect(page.locator(".mj-mock")).to_contain_text("依据 1 篇写明了问题的记录")
    page.get_by_label("几道").select_option("3")
    page.get_by_role("button", name="开始").click()
    clock, answer = page.get_by_role("timer"), page.locator(".mj-face__answer")
    expect(clock).to_have_text("0:30")
    page.keyboard.press("p")
    expect(page.locator(".mj-mock")).to_contain_text("表停着")
    page.clock.fast_forward("01:00")
    expect(answer).to_be_hidden()
    page.keyboard.press("p")
    page.clock.fast_forward("00:31")
    expect(page.locator(".mj-mock")).to_contain_text("时间到")
    expect(answer).to_be_visible()
    page.keyboard.press("1")
    expect(page.locator(".mj-mock")).to_contain_text("第 2 / 3 题")
    page.clock.fast_forward("00:12")
    page.keyboard.press(" ")
    page.keyboard.press("4")
    expect(page.locator(".mj-mock")).to_contain_text("第 3 / 3 题")
    page.keyboard.press(" ")
    page.keyboard.press("3")
    expect(page.get_by_role("heading", name="小结：3 道")).to_be_focused()
    rows = page.locator(".mj-mock tbody tr")
    expect(rows.nth(0)).to_contain_text("30 秒，到点")
    expect(rows.nth(0)).to_contain_text("重来")
    expect(rows.nth(1)).to_contain_text("12 秒")
    expect(page.locator(".mj-mock")).to_contain_text("打的分都记进复习的卡片了")
    cards: dict[str, Any] = {k: json.loads(v) for k, v in stored(page).items() if "card." in k}
    assert sorted(card["state"] for card in cards.values()) == [1, 1, 2]
    page.get_by_role("button", name="不记进卡片").click()
    expect(page.locator(".mj-mock")).to_contain_text("卡片回到模拟之前")
    assert not [key for key in stored(page) if "card." in key]
    page.get_by_role("button", name="再来一次").click()
    page.get_by_label("每题").select_option("2 分钟")
    page.get_by_role("button", name="开始").click()
    expect(clock).to_have_text("2:00")
    page.keyboard.press(" ")
    expect(page.get_by_role("group", name="2 分钟版")).to_be_focused()
    expect(answer).not_to_contain_text("正在取答案")
    key = str(page.locator(".mj-face__more a").get_attribute("href")).split("/")[-2]
    files = (server.site / "review" / "answers" / "2min").glob("*.json")
    backs = [json.loads(file.read_text(encoding="utf-8")).get(key) for file in files]
    (back,) = filter(None, backs)
    wanted = BeautifulSoup(str(back), "html.parser").get_text()
    assert "".join(str(answer.text_content()).split()).startswith("".join(wanted.split())[:40])


def test_without_javascript_the_questions_are_listed(server: SiteServer, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(server.url("review/"))
        page.get_by_text("张卡片，按考点").click()
        page.get_by_role("link", name="CUDA").last.click()
        expect(page).to_have_url(server.url("questions/#cuda"))
        page.goto(server.url("review/mock/"))
        expect(page.locator("main")).to_contain_text("计时与抽题要用 JavaScript")
