"""内容安全策略：读者平常的路一条违规也没有；混进来的脚本、事件、Worker、外站请求都被挡下。"""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.practice.exercises import read_exercise
from tests.server import SiteServer
from tests.site.python_page import LOADING, status

pytestmark = pytest.mark.browser

KEY = "layer-norm"
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`);
  const name = `data-blocked-${event.effectiveDirective}`;
  const root = document.documentElement;
  root.setAttribute(name, String(Number(root.getAttribute(name) ?? 0) + 1));
});
"""
"""记下每次违规；`<html>` 上另按种类计数，好让测试等它变。"""


CHANGED = """([name, before]) => new Promise((done, fail) => {
  const root = document.documentElement;
  setTimeout(() => fail(new Error(`${name} 没有变`)), 20000);
  const look = () => (root.getAttribute(name) === before ? requestAnimationFrame(look) : done());
  look();
})"""
"""等计数变；不用 expect：被挡下的表单让 Playwright 以为还在换页。"""


def violations(page: Page) -> list[str]:
    found: list[str] = page.evaluate("window.violations")
    return found


def test_the_ways_of_a_reader_raise_no_violation(server: SiteServer, browser: Browser) -> None:
    """搜索、即时导航、换配色、计算器、编辑器、在页面里判题，一次走完。"""
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        context.add_init_script(WATCH)
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda m: errors.append(m.text) if "Security Policy" in m.text else None)
        page.goto(server.url(""))
        page.evaluate("window.stayed = true")
        page.get_by_role("button", name="深色").click()
        page.keyboard.press("/")
        page.locator("[data-md-component='search-query']").fill("flash attention")
        page.locator(".md-search-result__link").first.click()
        expect(page.locator(".katex").first).to_be_visible()
        page.locator(".md-tabs").get_by_role("link", name="手写").click()
        expect(page).to_have_url(re.compile("/practice/$"))
        assert page.evaluate("window.stayed") is True
        assert violations(page) == []
        for path in ("calculators/", "experiences/", "notebooks/attention/", "gone/"):
            page.goto(server.url(path))
            expect(page.locator("article h1").first).to_be_visible()
            assert violations(page) == [], path
        page.goto(server.url(f"practice/{KEY}/"))
        page.get_by_role("button", name="开始写").click()
        page.locator(".cm-content").click()
        page.keyboard.press("Control+A")
        page.keyboard.insert_text(read_exercise(KEY).reference)
        page.get_by_role("button", name="提交").click()
        expect(status(page)).to_contain_text("全部通过", timeout=LOADING)
        assert violations(page) == []
        assert errors == []


INJECTIONS: dict[str, tuple[str, str]] = {
    "内联脚本": (
        "const s = document.createElement('script'); s.textContent = 'window.hit = 1';"
        "document.body.append(s);",
        "script-src-elem",
    ),
    "数据脚本": (
        "const s = document.createElement('script'); s.src = 'data:text/javascript,hit=1';"
        "document.body.append(s);",
        "script-src-elem",
    ),
    "外站脚本": (
        "const s = document.createElement('script'); s.src = 'https://example.com/x.js';"
        "document.body.append(s);",
        "script-src-elem",
    ),
    "内联事件": (
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.hit = 1\">');",
        "script-src-attr",
    ),
    "点击事件": (
        "document.body.insertAdjacentHTML('beforeend', '<b id=h onclick=\"window.hit = 1\">x</b>');"
        "document.getElementById('h').click();",
        "script-src-attr",
    ),
    "脚本链接": (
        "document.body.insertAdjacentHTML('beforeend', '<a id=j href=\"javascript:hit=1\">x</a>');"
        "document.getElementById('j').click();",
        "script-src-elem",
    ),
    "数据 Worker": ("try { new Worker('data:text/javascript,1'); } catch {}", "worker-src"),
    "blob Worker": (
        "try { new Worker(URL.createObjectURL(new Blob(['1']))); } catch {}",
        "worker-src",
    ),
    "外站请求": ("fetch('https://example.com/').catch(() => {});", "connect-src"),
    "外站图片": (
        "document.body.insertAdjacentHTML('beforeend', '<img src=\"https://example.com/x.png\">');",
        "img-src",
    ),
    "框": (
        "document.body.insertAdjacentHTML('beforeend', '<iframe src=\"https://example.com/\">');",
        "frame-src",
    ),
    "对象": (
        "document.body.insertAdjacentHTML('beforeend', '<object data=\"https://example.com/\">');",
        "object-src",
    ),
    "基址": (
        "document.head.insertAdjacentHTML('beforeend', '<base href=\"https://example.com/\">');",
        "base-uri",
    ),
    "外站样式": (
        "document.head.insertAdjacentHTML('beforeend',"
        "'<link rel=stylesheet href=\"https://example.com/x.css\">');",
        "style-src-elem",
    ),
    "表单": (
        "document.body.insertAdjacentHTML('beforeend', '<form action=\"https://example.com/\">');"
        "document.forms[document.forms.length - 1].submit();",
        "form-action",
    ),
    "求值": ("setTimeout('window.hit = 1', 0);", "script-src"),
    "由字造函数": (
        "setTimeout(() => { try { new Function('window.hit = 1')(); } catch {} }, 0);",
        "script-src",
    ),
}


def test_what_is_injected_is_blocked(server: SiteServer, browser: Browser) -> None:
    """每一种混进页面的东西：报出违规，没有执行，也没有一个请求离开本机。"""
    with browser.new_context() as context:
        context.add_init_script(WATCH)
        page = context.new_page()
        answered: list[str] = []
        page.on("response", lambda response: answered.append(response.url))
        page.goto(server.url("about/"))
        for code, directive in INJECTIONS.values():
            name = f"data-blocked-{directive}"
            before = page.evaluate("name => document.documentElement.getAttribute(name)", name)
            run_unchecked(page, code)
            page.evaluate(CHANGED, [name, before])
        assert page.evaluate("window.hit") is None
        assert [url for url in answered if "127.0.0.1" not in url] == []


def run_unchecked(page: Page, code: str) -> Any:
    """在页面里执行 code；page.evaluate 自己不受策略约束，code 造出的东西受。"""
    return page.evaluate(f"() => {{ {code} }}")
