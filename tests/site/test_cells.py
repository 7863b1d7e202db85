"""推导页里运行与编辑：真的浏览器、真的 Pyodide；出错、停不下来、取不到，页面都在，写下的不丢。"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from tests.server import SiteServer
from tests.site.python_page import LOADING, change_html, status

pytestmark = pytest.mark.browser

PAGE = "**/notebooks/attention/"


@pytest.fixture
def page(server: SiteServer, context: BrowserContext) -> Page:
    return open_page(server, context)


@pytest.fixture(scope="module")
def shared(server: SiteServer, browser: Browser) -> Iterator[Page]:
    """用完能还原的测试共用的一页：Python 只启动一次。"""
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        yield open_page(server, context)


def open_page(server: SiteServer, context: BrowserContext, path: str = "") -> Page:
    page = context.new_page()
    page.goto(server.url(f"notebooks/attention/{path}"))
    expect(page.locator(".mj-run button").first).to_be_visible()
    return page


def cell(page: Page) -> int:
    """这一页上第一个构建时有输出、没有图的格子。"""
    number = page.evaluate(
        """() => Number([...document.querySelectorAll('.mj-cell[data-cell]')].find((block) => {
            const next = block.nextElementSibling?.nextElementSibling?.nextElementSibling;
            return block.checkVisibility() && next?.matches('.mj-output');
        }).dataset.cell)"""
    )
    return int(number)


def click(page: Page, act: str, number: int) -> None:
    page.get_by_role("button", name=f"{act}第 {number} 格", exact=True).click()


def edit(page: Page, number: int, text: str) -> None:
    """打开一格的编辑器，换成 text。"""
    click(page, "编辑", number)
    expect(page.get_by_role("textbox", name=f"第 {number} 格的代码")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)


def editor(page: Page) -> Locator:
    """页面上打开着的编辑器。"""
    return page.locator(".cm-content")


def result(page: Page, number: int) -> Locator:
    return page.locator(f"#cell-{number} ~ .mj-cell-result").first


def test_a_cell_runs_agrees_with_the_build_and_its_variables_live_on(
    server: SiteServer, context: BrowserContext
) -> None:
    """点了才取 Python，只向本站取；到了下一部分，前面的格子不再跑一遍。"""
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = open_page(server, context)
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if "pyodide" in url or "python_worker" in url]
    number = cell(page)
    click(page, "运行", number)
    expect(status(page)).to_contain_text("断言全部通过", timeout=LOADING)
    expect(result(page, number)).to_contain_text("✓ 与构建时的输出相同")
    assert all(url.startswith(server.url("")) for url in asked)
    assert not [url for url in asked if "matplotlib" in url]
    page.locator(".mj-parts a").first.click()
    page.wait_for_url(re.compile(r"attention/[a-z-]+/$"))
    expect(page.locator(".mj-run button").first).to_be_visible()
    page.locator("button[aria-label^='运行第']").locator("visible=true").first.click()
    expect(status(page)).to_contain_text(re.compile(r"正在运行第 \d+ 格|运行了"))
    expect(status(page)).to_contain_text("断言全部通过", timeout=LOADING)
    match = re.search(r"运行了 (\d+) 格", status(page).inner_text())
    assert match and int(match[1]) < cell(page) - 1, f"前 {number} 格不该再跑一遍"


def test_the_whole_derivation_runs_and_draws(page: Page) -> None:
    page.get_by_role("button", name="全部运行").click()
    expect(status(page)).to_contain_text("断言全部通过", timeout=2 * LOADING)
    notes = page.locator(".mj-cell-result .mj-note").all_text_contents()
    assert notes and set(notes) == {"✓ 与构建时的输出相同"}
    figures = page.locator(".mj-cell-result img.mj-figure")
    assert figures.count() >= 1
    assert figures.first.evaluate("image => image.naturalWidth") > 100


def test_an_edit_is_kept_run_restored_and_brought_back(page: Page) -> None:
    number = cell(page)
    edit(page, number, "print('我改过', 6 * 7)")
    page.keyboard.press("Control+Enter")
    expect(result(page, number)).to_contain_text("我改过 42", timeout=LOADING)
    expect(result(page, number)).to_contain_text("改动后的结果")
    page.reload()
    expect(editor(page)).to_contain_text("我改过")
    expect(page.get_by_role("button", name="重置（改过 1 格）")).to_be_visible()
    click(page, "还原", number)
    expect(page.locator(f"#cell-{number}")).to_be_visible()
    expect(page.get_by_role("button", name="重置", exact=True)).to_be_visible()
    page.get_by_role("button", name="撤销").click()
    expect(editor(page)).to_contain_text("我改过")
    page.get_by_role("button", name="重置（改过 1 格）").click()
    expect(editor(page)).to_have_count(0)
    page.get_by_role("button", name="撤销").click()
    expect(editor(page)).to_contain_text("我改过")


def test_an_edit_of_an_older_text_is_set_aside(page: Page) -> None:
    """这一格的原文更新过：以前的改动不自动换上，也不丢。"""
    number = cell(page)
    draft = json.dumps({str(number): {"of": "1.old", "text": "print('旧的改动')"}})
    page.evaluate("draft => localStorage.setItem('mianjing.cells.attention', draft)", draft)
    page.reload()
    expect(page.locator(f"#cell-{number}")).to_be_visible()
    page.get_by_role("button", name="换上我的改动").click()
    expect(editor(page)).to_contain_text("旧的改动")


def test_unreadable_storage_is_set_aside(page: Page) -> None:
    page.evaluate("localStorage.setItem('mianjing.cells.attention', '{坏的')")
    page.reload()
    expect(page.get_by_role("button", name="全部运行")).to_be_visible()
    assert page.evaluate("localStorage.getItem('mianjing.cells.attention.broken')") == "{坏的"


def test_an_error_points_at_the_readers_line(shared: Page) -> None:
    page = shared
    number = cell(page)
    edit(page, number, "x = 1\n\nnp.zeros(3) @ np.zeros(x)\n")
    click(page, "运行", number)
    expect(status(page)).to_contain_text(f"第 {number} 格第 3 行：ValueError", timeout=LOADING)
    trace = result(page, number).locator(".mj-cell-error")
    expect(trace).to_contain_text("np.zeros(3) @ np.zeros(x)")
    expect(trace).to_contain_text(f'File "第 {number} 格", line 3')
    assert "harness" not in trace.inner_text()
    page.keyboard.press("Escape")
    click(page, "还原", number)
    click(page, "运行", number)
    expect(status(page)).to_contain_text("运行完了")


def replace(page: Page, number: int, text: str) -> None:
    """已经在编辑的一格换成 text。"""
    page.get_by_role("textbox", name=f"第 {number} 格的代码").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)


def test_endless_loops_are_stopped_and_the_page_lives(
    server: SiteServer, context: BrowserContext
) -> None:
    """Python 的循环到时限停下，变量还在；停不下来的换一个线程，从头补跑。"""
    change_html(context, PAGE, 'data-seconds="20"', 'data-seconds="4"')
    page = open_page(server, context)
    number = cell(page)
    swallow = (
        "while True:\n    try:\n        while True:\n            pass\n    except:\n        pass"
    )
    edit(page, number, swallow)
    click(page, "运行", number)
    expect(status(page)).to_contain_text("运行超过时限，停下了；变量还在", timeout=LOADING)
    replace(
        page, number, "import collections, itertools\ncollections.deque(itertools.repeat(0), 0)"
    )
    click(page, "运行", number)
    expect(status(page)).to_contain_text("4 秒还停不下来", timeout=LOADING)
    expect(status(page)).to_contain_text("从头再来")
    replace(page, number, "print('又好了')")
    click(page, "运行", number)
    expect(result(page, number)).to_contain_text("又好了", timeout=LOADING)


def test_stop_ends_a_running_cell_at_once(page: Page) -> None:
    number = cell(page)
    edit(page, number, "print('开始')\nwhile True:\n    pass")
    click(page, "运行", number)
    expect(result(page, number)).to_contain_text("开始", timeout=LOADING)
    page.get_by_role("button", name="停止").click()
    expect(status(page)).to_contain_text("停下了。变量都没有了")
    expect(page.get_by_role("button", name="全部运行")).to_be_enabled()
    expect(editor(page)).to_contain_text("开始")


def test_a_flood_of_output_is_cut(shared: Page) -> None:
    page = shared
    number = cell(page)
    edit(page, number, "print('x' * 10**8)\nprint('后面')")
    click(page, "运行", number)
    expect(result(page, number)).to_contain_text("输出超过 200,000 个字符", timeout=LOADING)
    assert len(result(page, number).inner_text()) < 210_000
    click(page, "还原", number)


LOST: tuple[tuple[str, Callable[[Route], None], str], ...] = (
    ("**/cells.json", lambda route: route.abort(), "这一本的代码没有取到"),
    ("**/python_worker.js", lambda route: route.abort(), "Python 的线程没有取到"),
    ("**/pyodide.mjs", lambda route: route.fulfill(body="x" * 17931), "从头再来"),
    ("**/pyodide.asm.wasm", lambda route: route.abort(), "pyodide.asm.wasm 没有取到"),
    ("**/python_stdlib.zip", lambda route: route.fulfill(body=b"PK"), "只有 2 字节，应有"),
    ("**/numpy-*.whl", lambda route: route.fulfill(status=404), "服务器回答 404"),
)
"""从先取的到后取的：哪个地址，怎样坏，页面说什么。"""


def test_what_cannot_be_fetched_is_named_and_tried_again(page: Page) -> None:
    """一个一个坏：再点一次就越过修好的那个，停在下一个上；最后全都取到，能运行。"""
    number = cell(page)
    for pattern, answer, message in LOST:
        page.route(pattern, answer)
        click(page, "运行", number)
        expect(status(page)).to_contain_text(message, timeout=LOADING)
        page.unroute(pattern)
    click(page, "运行", number)
    expect(status(page)).to_contain_text("断言全部通过", timeout=LOADING)


def test_without_network_it_says_so_and_goes_on_later(page: Page) -> None:
    number = cell(page)
    page.context.set_offline(True)
    click(page, "运行", number)
    expect(status(page)).to_contain_text("现在没有网络", timeout=LOADING)
    page.context.set_offline(False)
    click(page, "运行", number)
    expect(status(page)).to_contain_text("断言全部通过", timeout=LOADING)
    page.context.set_offline(True)
    click(page, "运行", number)
    expect(status(page)).to_contain_text("运行完了")


def test_an_editor_that_cannot_be_fetched_is_tried_again(page: Page) -> None:
    number = cell(page)
    page.route("**/editor-*.js", lambda route: route.abort())
    click(page, "编辑", number)
    expect(page.locator(f"#cell-{number} ~ .mj-cell-bar").first).to_contain_text("编辑器没有取到")
    expect(page.locator(f"#cell-{number}")).to_be_visible()


def test_full_or_forbidden_storage_is_said(page: Page) -> None:
    page.evaluate(
        """() => {
            Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); };
        }"""
    )
    number = cell(page)
    edit(page, number, "print('没地方存')")
    bar = page.locator(f"#cell-{number} ~ .mj-cell-bar").first
    expect(bar).to_contain_text("本机的存储满了")
    click(page, "运行", number)
    expect(result(page, number)).to_contain_text("没地方存", timeout=LOADING)


def test_without_the_assets_the_buttons_say_why(
    server: SiteServer, context: BrowserContext
) -> None:
    change_html(context, PAGE, "data-seconds=", 'data-python="absent" data-seconds=')
    page = open_page(server, context)
    expect(status(page)).to_contain_text("先 make assets 再构建")
    expect(page.get_by_role("button", name="全部运行")).to_be_disabled()
    expect(page.get_by_role("button", name=f"运行第 {cell(page)} 格", exact=True)).to_be_disabled()


def test_cells_with_witnesses_are_not_offered(page: Page) -> None:
    seen = 0
    while True:
        for block in page.locator(".mj-oracle").all():
            seen += 1
            expect(block).to_contain_text("构建时已用")
            following = block.locator("xpath=following-sibling::*[2]")
            expect(following).not_to_have_class(re.compile("mj-cell-bar"))
        following = page.locator(".mj-parts li:has(strong) + li a")
        if not following.count():
            break
        title = following.inner_text()
        following.click()
        expect(page.locator(".mj-parts strong")).to_have_text(title)
        expect(page.locator(".mj-run button").first).to_be_visible()
    assert seen > 0


def test_without_javascript_everything_is_read(server: SiteServer, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(server.url("notebooks/attention/"))
        expect(page.locator(".mj-output").first).to_be_visible()
        expect(page.get_by_role("button", name="运行")).to_have_count(0)
