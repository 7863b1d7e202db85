"""贡献面经的表单：真的浏览器里填随机的草稿，文件与问题都和 Python 的一样。"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup, Tag
from mianjing.contribution import check_draft, complete_draft
from mianjing.draft import Draft, Mention, RoundDraft, name_file, read_paragraphs, write_record
from mianjing.frontmatter import read_document
from mianjing.model import Catalog
from mianjing.records import read_experience
from mianjing.render import render_experience
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from tests.drafts import NOT_IN_THE_FORM, draw_calm, draw_draft
from tests.server import SiteServer
from tests.site.conftest import REPO_URL
from tests.site_library import read_site_library

pytestmark = pytest.mark.browser

PATH = "contribute/experience/"
TODAY = date.today().isoformat()
GOOD = Draft(
    company="kimi",
    start="2026-03",
    rounds=(
        RoundDraft("1", kind="technical", story="先问项目。\n再手写 MHA。"),
        RoundDraft("2", kind="leader", story="聊方向。"),
    ),
    after="没有通过。",
)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    catalog, problems = read_site_library()
    assert not problems
    return catalog


@pytest.fixture(scope="module")
def shared(server: SiteServer, browser: Browser) -> Iterator[Page]:
    """随机草稿共用的一页：每份之间清空。"""
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        yield open_form(server, context)


@pytest.fixture
def page(server: SiteServer, context: BrowserContext) -> Page:
    return open_form(server, context)


def open_form(server: SiteServer, context: BrowserContext) -> Page:
    """打开，点到第一格，等检查与规则都到。"""
    page = context.new_page()
    page.goto(server.url(PATH))
    page.get_by_label("公司（必填）").click()  # 聚焦不等它露面，露面之前什么也没有碰到
    expect(page.get_by_role("button", name="清空，重新填")).to_be_enabled()
    return page


def form_of(page: Page) -> Locator:
    return page.locator("form[data-experience-form]")


def rounds_of(page: Page) -> Locator:
    return page.locator("ol[data-list=rounds] > li")


def status_of(page: Page) -> Locator:
    return page.locator("[data-form-status]")


def text_of(page: Page) -> str:
    return page.locator("[data-form-text]").input_value()


def submit(page: Page) -> None:
    page.get_by_role("button", name="检查并提交").click()


def reachable(draft: Draft, catalog: Catalog) -> Draft:
    """表单里填得出来的：没露面的格是空的，没有的段落选不到。"""

    def clamp(items: tuple[Any, ...], story: str) -> tuple[Any, ...]:
        count = max(1, len(read_paragraphs(story)))
        return tuple(replace(one, paragraph=str(min(int(one.paragraph), count))) for one in items)

    full = complete_draft(draft, catalog)
    known = {} if full.company_name else {"company_key": "", "company_kind": "unknown"}
    return replace(
        draft,
        **known,
        year="" if re.fullmatch(r"\d{4}-\d{2}", draft.start) else draft.year,
        precision=draft.precision or "stated",
        rounds=tuple(
            replace(
                one, asked=clamp(one.asked, one.story), not_asked=clamp(one.not_asked, one.story)
            )
            for one in draft.rounds
        ),
        not_asked=clamp(draft.not_asked, draft.after),
        requirements=clamp(draft.requirements, draft.before),
    )


def type_fields(container: Locator, values: dict[str, Any]) -> None:
    """逐格填；同名的格里，属于这一项的总在最前。"""
    for name, value in values.items():
        if not isinstance(value, str):
            continue
        control = container.locator(f"[data-field={name}]").first
        if control.evaluate("e => e.tagName") != "SELECT":
            if value or name == "index":
                control.fill(value)
        elif value != control.input_value() and (value or name in ("form", "pay_kind")):
            control.select_option(value, force=True, timeout=2000)


def type_items(container: Locator, name: str, items: tuple[Any, ...]) -> None:
    for item in items:
        container.locator(f":scope button[data-add={name}]").first.click()
        row = container.locator(f"[data-list={name}]").first.locator(":scope > li").last
        values = {k: v for k, v in vars(item).items() if isinstance(v, str)}
        if name == "not_asked":
            values.pop("answered")
        type_fields(row, values)


def type_draft(page: Page, draft: Draft) -> None:
    """像人一样把一份草稿填进空白的表单。"""
    form = form_of(page)
    values = {k: v for k, v in vars(draft).items() if isinstance(v, str)}
    for name in ("company_name", "number"):
        values.pop(name)
    late = {k: values.pop(k) for k in ("company_key", "company_kind", "year", "pay")}
    type_fields(form, values)
    for name, value in late.items():
        if value and value != "unknown":
            type_fields(form, {name: value})
    for one in draft.rounds:
        form.locator("button[data-add=rounds]").click()
        row = rounds_of(page).last
        type_fields(row, {k: v for k, v in vars(one).items() if isinstance(v, str)})
        type_items(row, "asked", one.asked)
        type_items(row, "not_asked", one.not_asked)
    type_items(
        form.locator("fieldset", has_text="面试之前").first, "requirements", draft.requirements
    )
    type_items(form.locator("fieldset", has_text="结果与其余").last, "not_asked", draft.not_asked)


ENTER = """(draft) => {
  const form = document.querySelector("form[data-experience-form]");
  const enter = (container, values) => {
    for (const [name, value] of Object.entries(values)) {
      if (typeof value !== "string") continue;
      const control = container.querySelector(`[data-field=${name}]`);
      if (!control) continue;
      control.value = value;
      control.dispatchEvent(new Event("input", {bubbles: true}));
      control.dispatchEvent(new Event("change", {bubbles: true}));
    }
    for (const [name, rows] of Object.entries(values)) {
      if (!Array.isArray(rows)) continue;
      const own = (one) => (one.parentElement.closest("[data-item]") ?? form) === container;
      const add = [...container.querySelectorAll(`[data-add=${name}]`)].find(own);
      const list = [...container.querySelectorAll(`[data-list=${name}]`)].find(own);
      for (const row of rows) {
        add.click();
        enter(list.lastElementChild, row);
      }
    }
  };
  enter(form, draft);
}"""
"""把一份草稿一次填完：每一格照样有 input 与 change。"""


def words_of(node: Tag | None) -> str:
    return " ".join(node.get_text(" ").split()) if node else ""


@pytest.mark.parametrize("kind", ["calm", "wild"])
def test_random_drafts_through_the_form(shared: Page, catalog: Catalog, kind: str) -> None:
    """文件逐字相同，问题一条不多、一条不少，预览与构建的页面同样的字。"""
    dice = random.Random(f"form {kind}")
    draw = {"calm": draw_calm, "wild": draw_draft}[kind]
    for turn in range(25):
        typed = reachable(draw(dice, catalog), catalog)
        shared.get_by_role("button", name="清空，重新填").click()
        if turn:
            shared.evaluate(ENTER, asdict(typed))
        else:
            type_draft(shared, typed)
        draft = complete_draft(typed, catalog)
        assert text_of(shared) == write_record(draft)
        submit(shared)
        shown = shared.locator("[data-form-summary]:not([hidden]) li").all_inner_texts()
        problems = [p for p in check_draft(draft, catalog, TODAY) if p.code not in NOT_IN_THE_FORM]
        wanted = {(p.code, spaces(p.message)) for p in problems}
        assert sorted(problems_in(shown)) == sorted(wanted), typed
        marked = shared.locator("[aria-invalid=true]").count()
        assert bool(marked) == bool(problems)
        if not problems:
            compare_preview(shared, draft, catalog)


def spaces(text: str) -> str:
    """页面上看到的样子：制表符显示成空格。"""
    return re.sub(r"[ \t]+", " ", text).strip()


def problems_in(rows: list[str]) -> set[tuple[str, str]]:
    found = [re.fullmatch(r".*?：(.*) (E\d{3})", row, re.DOTALL) for row in rows]
    assert all(found), rows
    return {(m[2], spaces(m[1])) for m in found if m}


def compare_preview(page: Page, draft: Draft, catalog: Catalog) -> None:
    document, _ = read_document(
        f"docs/experiences/{name_file(draft)}.md", write_record(draft).encode()
    )
    assert document is not None
    experience = read_experience(document, [])
    built = BeautifulSoup(
        render_experience(experience, catalog, lambda p, a: p, date(2026, 11, 26)), "html.parser"
    )
    place = page.locator("[data-preview]")
    if place.get_attribute("open") is None:
        place.locator("summary").click()
    expect(place.locator(".mj-form-page h1")).not_to_be_empty()
    shown = BeautifulSoup(place.locator(".mj-form-page").inner_html(), "html.parser")
    assert words_of(shown.h1) == experience.title
    for selector in (".mj-facts", ".mj-rounds"):
        assert words_of(shown.select_one(selector)).replace(" ", "") == words_of(
            built.select_one(selector)
        ).replace(" ", "")
    stories = [draft.before, *(one.story for one in draft.rounds), draft.after, draft.review]
    expected = [paragraph for story in stories for paragraph in read_paragraphs(story)]
    assert [p.get_text() for p in shown.select("p[id]")] == expected


def test_a_draft_survives_and_can_be_cleared(page: Page) -> None:
    type_draft(page, GOOD)
    before = text_of(page)
    page.reload()
    expect(status_of(page)).to_have_text("接着上次没有写完的")
    assert text_of(page) == before
    expect(rounds_of(page)).to_have_count(2)
    page.get_by_role("button", name="清空，重新填").click()
    expect(rounds_of(page)).to_have_count(0)
    page.get_by_role("button", name="撤销").click()
    assert text_of(page) == before
    page.get_by_role("button", name="清空，重新填").click()
    page.reload()
    expect(page.get_by_label("公司（必填）")).to_have_value("")
    expect(status_of(page)).to_be_empty()
    assert page.evaluate("localStorage.getItem('mianjing.experience-draft')") is None


def test_a_draft_that_cannot_be_kept_is_said(page: Page) -> None:
    page.evaluate(
        "() => { Storage.prototype.setItem = () => {"
        " throw new DOMException('', 'QuotaExceededError'); }; }"
    )
    page.get_by_label("公司（必填）").fill("示例")
    expect(status_of(page)).to_contain_text("本机的存储满了")
    expect(status_of(page)).to_contain_text("请复制或下载")
    asked: list[str] = []

    def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", stay)
    page.get_by_label("公司（必填）").press("a")
    page.reload()
    assert asked == ["beforeunload"]


def test_a_broken_draft_is_set_aside(page: Page) -> None:
    page.evaluate("localStorage.setItem('mianjing.experience-draft', '{x')")
    page.reload()
    expect(page.get_by_role("button", name="检查并提交")).to_be_visible()
    assert page.evaluate("localStorage.getItem('mianjing.experience-draft.broken')") == "{x"
    page.evaluate(
        "localStorage.setItem('mianjing.experience-draft', '{\"company\":[1],\"rounds\":7}')"
    )
    page.reload()
    expect(page.get_by_label("公司（必填）")).to_have_value("")


def test_rounds_are_reordered_removed_and_numbered(page: Page) -> None:
    type_draft(page, GOOD)
    page.get_by_role("button", name="加一轮").click()
    third = rounds_of(page).nth(2)
    expect(third.get_by_label("第几轮")).to_have_value("3")
    third.get_by_label("这一轮的经过").fill("第三段经过。")
    up = page.get_by_role("button", name="第 3 轮：上移", exact=True)
    up.focus()
    page.keyboard.press("Enter")
    expect(status_of(page)).to_have_text("第 3 轮移到了第 2 轮，编号跟着变了")
    moved = page.get_by_role("button", name="第 2 轮：上移", exact=True)
    expect(moved).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("button", name="第 1 轮：上移", exact=True)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(status_of(page)).to_have_text("已经在最前面")
    indexes = [rounds_of(page).nth(i).get_by_label("第几轮").input_value() for i in range(3)]
    assert indexes == ["1", "2", "3"]
    stories = re.findall(r"^(.*)\n\{ #(round-\S+) \}", text_of(page), re.MULTILINE)
    assert stories == [
        ("第三段经过。", "round-1"),
        ("先问项目。", "round-2-1"),
        ("再手写 MHA。", "round-2-2"),
        ("聊方向。", "round-3"),
    ]
    rounds_of(page).nth(1).get_by_label("第几轮").fill("2-3")
    page.get_by_role("button", name="第 1 轮：下移", exact=True).click()
    indexes = [rounds_of(page).nth(i).get_by_label("第几轮").input_value() for i in range(3)]
    assert indexes == ["1-2", "3", "4"]
    before = text_of(page)
    page.get_by_role("button", name="第 2 轮：删除", exact=True).click()
    expect(rounds_of(page)).to_have_count(2)
    expect(page.get_by_role("button", name="撤销")).to_be_focused()
    page.keyboard.press("Enter")
    assert text_of(page) == before


def test_the_whole_form_by_keyboard(page: Page) -> None:
    """只用键盘：填公司与月份，加一轮，写经过，标一项，提交。"""
    page.get_by_label("公司（必填）").focus()
    page.keyboard.type("kimi")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("2026-03")
    page.get_by_role("button", name="加一轮").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("第几轮")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(page.get_by_label("这一轮的经过")).to_be_focused()
    page.keyboard.type("手写 MHA。")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(form_of(page).get_by_label("考点").first).to_be_focused()
    page.keyboard.type("mha")
    page.get_by_role("button", name="检查并提交").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-form-ready]")).to_be_focused()
    assert "{topic: multi-head-attention, form: unknown, anchor: round-1}" in text_of(page)
    assert "kind: technical" in text_of(page)


def test_mistakes_are_shown_at_the_field_and_in_the_summary(page: Page) -> None:
    month = page.get_by_label("从哪个月")
    month.fill("三月")
    expect(month).not_to_have_attribute("aria-invalid", "true")
    month.blur()
    expect(month).to_have_attribute("aria-invalid", "true")
    message = "「三月」不是月份：写成 2023-03，不知道就写 unknown"
    described = (month.get_attribute("aria-describedby") or "").split()
    assert page.locator(f"#{described[-1]}").inner_text() == message
    expect(page.get_by_label("公司（必填）")).not_to_have_attribute("aria-invalid", "true")
    submit(page)
    summary = page.locator("[data-form-summary]")
    expect(summary).to_be_focused()
    expect(summary.get_by_role("heading")).to_have_text("还有 3 处要改")
    summary.get_by_role("button", name="从哪个月").click()
    expect(month).to_be_focused()
    month.fill("2026-03")
    expect(summary.get_by_role("heading")).to_have_text("还有 1 处要改")
    expect(page.locator("[data-form-ready]")).to_be_hidden()
    role = page.get_by_label("岗位")
    role.fill("电话13800138000，ΜHA")
    expect(summary.get_by_role("heading")).to_have_text("还有 3 处要改")
    shown = page.locator(f"#{(role.get_attribute('aria-describedby') or '').split()[-1]}")
    assert shown.inner_text().split("\n") == [
        "像是手机号「138…00」：删掉它，不写任何人的联系方式与证件",
        "第 22 列的「Μ」是 U+039C（希腊字母），不是看上去的字：写成拉丁字母「M」",
    ]
    for control in page.locator("[data-field]:visible").all():
        assert control.evaluate("e => e.labels.length") == 1
        for note in (control.get_attribute("aria-describedby") or "").split():
            assert page.locator(f"#{note}").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_short_record_opens_the_editor_filled(page: Page) -> None:
    type_draft(page, GOOD)
    submit(page)
    link = page.get_by_role("link", name="打开 GitHub 的编辑器")
    address = link.get_attribute("href") or ""
    assert address.startswith(f"{REPO_URL}/new/main/docs/experiences?")
    asked = parse_qs(urlsplit(address).query)
    assert asked == {"filename": ["moonshot-2026.md"], "value": [text_of(page)]}
    assert link.get_attribute("target") == "_blank"
    assert "noopener" in (link.get_attribute("rel") or "")


def test_a_long_record_goes_by_the_clipboard(page: Page, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    type_draft(page, replace(GOOD, after="没有通过，等了很久。" * 100))
    submit(page)
    ready = page.locator("[data-form-ready]")
    expect(ready).to_contain_text("全文太长，地址里放不下")
    address = ready.get_by_role("link").get_attribute("href") or ""
    assert parse_qs(urlsplit(address).query) == {"filename": ["moonshot-2026.md"]}
    ready.get_by_role("button", name="复制全文").click()
    expect(ready.get_by_role("status")).to_have_text("全文已经复制")
    assert page.evaluate("navigator.clipboard.readText()") == text_of(page)


def test_without_a_repository(server: SiteServer, context: BrowserContext) -> None:
    """站没有设仓库地址：没有 GitHub 的链接，下载的就是全文。"""

    def forget(route: Route) -> None:
        body = route.fetch().text()
        assert '"repository":"example/example"' in body
        route.fulfill(body=body.replace("example/example", ""), content_type="application/json")

    context.route("**/rules.json", forget)
    page = open_form(server, context)
    type_draft(page, replace(GOOD, company="示例公司", company_key="example-ai"))
    submit(page)
    ready = page.locator("[data-form-ready]")
    expect(ready.get_by_role("link")).to_have_count(0)
    expect(ready).to_contain_text("没有设置代码仓库的地址")
    expect(ready.locator("pre")).to_have_text("example-ai:\n  name: 示例公司\n  kind: unknown\n")
    with page.expect_download() as caught:
        ready.get_by_role("button", name="下载").click()
    assert caught.value.suggested_filename == "example-ai-2026.md"
    assert Path(caught.value.path()).read_text(encoding="utf-8") == text_of(page)


def test_without_the_rules_or_without_javascript(
    server: SiteServer, browser: Browser, context: BrowserContext
) -> None:
    context.route("**/rules.json", lambda route: route.abort())
    page = context.new_page()
    page.goto(server.url(PATH))
    company = page.get_by_label("公司（必填）")
    company.fill("kimi")
    fallback = page.locator("[data-form-fallback]")
    expect(fallback).to_contain_text("表单要用的规则没有取到：网络不通")
    expect(fallback.get_by_role("link", name="填 GitHub 上的 issue 表单")).to_be_visible()
    submit(page)
    expect(status_of(page)).to_contain_text("没有做成")
    context.unroute("**/rules.json")
    fallback.get_by_role("button", name="再取一次").click()
    expect(page.locator("[data-form-summary]")).to_be_focused()
    expect(fallback).to_be_hidden()
    assert "company: moonshot" in text_of(page)
    context.route("**/rules.json", lambda route: route.abort())
    page.reload()
    expect(fallback).to_contain_text("表单要用的规则没有取到")
    expect(form_of(page)).to_be_hidden()
    with browser.new_context(java_script_enabled=False) as plain:
        page = plain.new_page()
        page.goto(server.url(PATH))
        expect(page.locator("[data-form-fallback]")).to_contain_text("不用它也能投稿")
        link = page.get_by_role("link", name="填 GitHub 上的 issue 表单")
        assert link.get_attribute("href") == f"{REPO_URL}/issues/new?template=experience.yml"
        expect(form_of(page)).to_be_hidden()


def test_hostile_text_stays_text(page: Page) -> None:
    """预览与汇总里的字不会变成标记。"""
    mark = "<img src=x onerror=\"document.title='坏'\">"
    type_draft(
        page,
        replace(
            GOOD,
            role=mark,
            title=mark,
            after=mark,
            not_asked=(Mention(topic=mark, detail=mark),),
        ),
    )
    page.locator("[data-preview] summary").click()
    submit(page)
    expect(page.locator("[data-form-summary]")).to_contain_text("含 HTML")
    assert page.locator("form img").count() == 0
    assert "坏" not in page.title()


def test_rules_of_the_page_are_those_of_the_repository(
    server: SiteServer, catalog: Catalog
) -> None:
    rules = json.loads((server.site / PATH / "rules.json").read_text(encoding="utf-8"))
    assert rules["repository"] == "example/example"
    assert set(rules["companies"]) == set(catalog.companies)
