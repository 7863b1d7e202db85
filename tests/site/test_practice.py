"""手写题的页面：真的浏览器里写、判、错、停、断网；写下的不丢。"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.practice.exercises import KEYS, read_exercise
from tests.server import SiteServer
from tests.site.python_page import LOADING, change_html, status

pytestmark = pytest.mark.browser

KEY = "scaled-dot-product-attention"
PAGE = f"**/practice/{KEY}/"
EXERCISE = read_exercise(KEY)


@pytest.fixture
def page(server: SiteServer, context: BrowserContext) -> Page:
    return open_page(server, context)


@pytest.fixture(scope="module")
def shared(server: SiteServer, browser: Browser) -> Iterator[Page]:
    """不改页面状态的测试共用的一页：Python 只启动一次。"""
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        yield open_page(server, context)


def open_page(server: SiteServer, context: BrowserContext, key: str = KEY) -> Page:
    page = context.new_page()
    page.goto(server.url(f"practice/{key}/"))
    expect(page.get_by_role("button", name="提交")).to_be_visible()
    return page


def write(page: Page, text: str) -> None:
    """打开编辑器，把答案换成 text。"""
    if (start := page.get_by_role("button", name="开始写")).is_visible():
        start.click()
    page.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)


def submit(page: Page, answer: str, message: str) -> None:
    write(page, answer)
    page.get_by_role("button", name="提交").click()
    expect(status(page)).to_contain_text(message, timeout=LOADING)


def test_solving(server: SiteServer, context: BrowserContext) -> None:
    """空答案不过；对的全过；进度记下，列表页看得见。"""
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = open_page(server, context)
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if "pyodide" in url or "editor-" in url]
    page.get_by_role("button", name="提交").click()
    expect(status(page)).to_contain_text("通过 0 /", timeout=LOADING)
    submit(page, EXERCISE.reference, "全部通过")
    expect(page.locator(".mj-cases li[data-state=right]")).to_have_count(
        page.locator(".mj-cases li").count()
    )
    assert all(url.startswith(server.url("")) for url in asked)
    page.goto(server.url("practice/"))
    expect(page.locator("main")).to_contain_text(f"通过了 1 / {len(KEYS)} 题")
    expect(page.locator(f"li:has([data-exercise-link={KEY}])")).to_contain_text("✓ 通过")


def test_a_known_mistake_is_named(shared: Page) -> None:
    page = shared
    mutant = next(m for m in EXERCISE.mutants if m.id == "no-scale")
    submit(page, EXERCISE.mutated(mutant), "通过 1 /")
    expect(page.locator(".mj-mistake")).to_contain_text(mutant.why)
    wrong = page.locator(".mj-cases li[data-state=wrong]").first
    expect(wrong).to_contain_text("个数不对，第一个在")
    expect(wrong.locator("details")).to_have_attribute("open", "")
    for name in ("输入", "应得", "得到"):
        expect(wrong.locator("details")).to_contain_text(name)


@pytest.mark.parametrize(
    ("answer", "message", "where"),
    [
        ("def attention(:\n", "你的答案第 1 行：SyntaxError", ".mj-cell-error"),
        ("x = 1 / 0\n", "你的答案第 1 行：ZeroDivisionError", ".mj-cell-error"),
        ("import torch\ntorch.fft\n", "这个子集的 torch 没有 fft", ".mj-cell-error"),
        ("def other():\n    pass\n", "通过 0 /", "没有定义 attention"),
        ("def attention(*a, **k):\n    return attention(*a, **k)\n", "通过 0 /", "RecursionError"),
        ("def attention(q, *a, **k):\n    return q.float()\n", "通过 0 /", "dtype 应是 float64"),
        ("def attention(q, *a, **k):\n    return q[0]\n", "通过 0 /", "形状应是"),
        (
            "def attention(q, *a, **k):\n    return q * float('nan')\n",
            "通过 0 /",
            "处是 NaN",
        ),
        ("def attention(q, *a, **k):\n    print('x' * 10**8)\n", "通过 0 /", "输出超过"),
    ],
)
def test_every_way_to_be_wrong_gives_a_clear_line(
    shared: Page, answer: str, message: str, where: str
) -> None:
    page = shared
    submit(page, answer, message)
    place = page.locator(".mj-cell-result")
    if where.startswith("."):
        expect(place.locator(where)).to_be_visible()
    else:
        expect(place).to_contain_text(where)
    expect(page.locator(".cm-content")).to_contain_text(answer.split("\n")[0])


def test_endless_answers_are_stopped_and_nothing_is_lost(
    server: SiteServer, context: BrowserContext
) -> None:
    change_html(context, PAGE, 'data-seconds="10"', 'data-seconds="4"')
    page = open_page(server, context)
    loop = "    while True:\n        try:\n            pass\n        except:\n            pass\n"
    submit(page, f"def attention(*a, **k):\n{loop}", "运行超过 4 秒，停下了")
    expect(page.locator(".mj-cases li[data-state=wrong]").first).to_contain_text("超过 4 秒")
    hang = "import itertools\ndef attention(*a, **k):\n    sum(itertools.repeat(0))\n"
    submit(page, hang, "4 秒还停不下来")
    expect(page.locator(".cm-content")).to_contain_text("itertools.repeat")
    submit(page, EXERCISE.reference, "全部通过")


LOST: tuple[tuple[str, Callable[[Route], None], str], ...] = (
    ("**/exercise.json", lambda route: route.abort(), "这道题的测试没有取到"),
    ("**/exercise.json", lambda route: route.fulfill(status=500), "服务器回答 500"),
    ("**/python_worker.js", lambda route: route.abort(), "Python 的线程没有取到"),
    ("**/pyodide.asm.wasm", lambda route: route.abort(), "pyodide.asm.wasm 没有取到"),
    ("**/numpy-*.whl", lambda route: route.fulfill(body=b"PK"), "只有 2 字节，应有"),
)
"""从先取的到后取的：哪个地址，怎样坏，页面说什么。"""


def test_a_lost_network_is_said_and_tried_again(page: Page) -> None:
    """一个一个坏：再交一次就越过修好的那个，停在下一个上；最后全都取到，判得了。"""
    write(page, EXERCISE.reference)
    for pattern, answer, message in LOST:
        page.route(pattern, answer)
        page.get_by_role("button", name="提交").click()
        expect(status(page)).to_contain_text(message, timeout=LOADING)
        expect(page.locator(".cm-content")).to_contain_text("def attention")
        page.unroute(pattern)
    page.get_by_role("button", name="提交").click()
    expect(status(page)).to_contain_text("全部通过", timeout=LOADING)


def test_an_editor_that_is_not_fetched_loses_nothing(page: Page) -> None:
    """写过一半，断了网回来：编辑器没有取到，草稿还在，再点就回来。"""
    write(page, "# 写到一半\n")
    page.route("**/editor-*.js", lambda route: route.abort())
    page.reload()
    expect(status(page)).to_contain_text("编辑器没有取到")
    expect(status(page)).to_contain_text("写过的还在本机")
    page.unroute("**/editor-*.js")
    page.get_by_role("button", name="开始写").click()
    expect(page.locator(".cm-content")).to_contain_text("写到一半")


def test_without_network_it_says_so_and_goes_on_later(page: Page) -> None:
    """打开了页面、取了编辑器才断网：说没有网络，连上之后接着来；运行过一次，再断网也能判。"""
    write(page, EXERCISE.reference)
    page.context.set_offline(True)
    page.get_by_role("button", name="提交").click()
    expect(status(page)).to_contain_text("没有取到", timeout=LOADING)
    page.context.set_offline(False)
    page.get_by_role("button", name="提交").click()
    expect(status(page)).to_contain_text("全部通过", timeout=LOADING)
    page.context.set_offline(True)
    submit(page, EXERCISE.starter, "通过 0 /")


def test_drafts_survive_a_reload_and_can_be_brought_back(page: Page) -> None:
    write(page, "# 写到一半\n")
    page.reload()
    expect(page.locator(".cm-content")).to_contain_text("写到一半")
    page.get_by_role("button", name="重写").click()
    expect(page.locator(".cm-content")).to_contain_text("def attention")
    page.get_by_role("button", name="撤销").click()
    expect(page.locator(".cm-content")).to_contain_text("写到一半")


def test_timer_review_hint_and_solution(page: Page) -> None:
    page.get_by_role("button", name="计时").click()
    expect(page.locator(".mj-clock")).to_contain_text(re.compile(r"0:0[1-9]"))
    page.get_by_role("button", name="标为待复习").click()
    expect(page.get_by_role("button", name="✓ 待复习")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="提示").click()
    expect(page.locator("details.mj-hint")).to_have_attribute("open", "")
    page.get_by_role("button", name="看参考答案").click()
    expect(page.locator("details.mj-solution")).to_have_attribute("open", "")
    page.reload()
    expect(page.get_by_role("button", name="✓ 待复习")).to_be_visible()
    expect(page.get_by_role("button", name="停表")).to_be_visible()


def test_the_keyboard_is_enough(page: Page) -> None:
    page.get_by_role("button", name="开始写").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".cm-content")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(EXERCISE.reference)
    page.keyboard.press("Control+Enter")
    expect(status(page)).to_contain_text("全部通过", timeout=LOADING)
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="运行", exact=True)).to_be_focused()


def test_progress_goes_out_and_comes_back(
    server: SiteServer, context: BrowserContext, tmp_path: Path
) -> None:
    page = open_page(server, context)
    write(page, "# 我的草稿\n")
    page.goto(server.url("practice/"))
    with page.expect_download() as download:
        page.get_by_role("button", name="导出进度").click()
    saved = tmp_path / "progress.json"
    download.value.save_as(saved)
    items = json.loads(saved.read_text(encoding="utf-8"))["items"]
    assert items[f"practice.{KEY}"]["text"] == "# 我的草稿\n"
    page.evaluate("localStorage.clear()")
    page.reload()
    page.locator("input[type=file]").set_input_files(saved)
    expect(page.locator(".mj-progress")).to_contain_text("导入了：手写题 1 题")
    expect(page.locator(f"li:has([data-exercise-link={KEY}])")).to_contain_text("写了一半")
    page.goto(server.url(f"practice/{KEY}/"))
    expect(page.locator(".cm-content")).to_contain_text("我的草稿")


def test_the_file_of_before_is_still_accepted(
    server: SiteServer, context: BrowserContext, tmp_path: Path
) -> None:
    page = context.new_page()
    page.goto(server.url("practice/"))
    file = tmp_path / "old.json"
    items = {KEY: {"text": "# 旧\n", "passed": True}}
    file.write_text(json.dumps({"kind": "mianjing-practice", "version": 1, "items": items}))
    page.locator("input[type=file]").set_input_files(file)
    expect(page.locator(".mj-progress")).to_contain_text("导入了：手写题 1 题")
    expect(page.locator(f"li:has([data-exercise-link={KEY}])")).to_contain_text("✓ 通过")


def test_full_storage_is_said(page: Page) -> None:
    page.evaluate(
        """() => {
            Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); };
        }"""
    )
    write(page, "# 没地方存\n")
    expect(status(page)).to_contain_text("本机的存储满了")
    expect(page.locator(".cm-content")).to_contain_text("没地方存")


def test_without_javascript_the_task_is_readable(server: SiteServer, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(server.url(f"practice/{KEY}/"))
        expect(page.locator(".mj-starter")).to_contain_text("def attention")
        expect(page.get_by_role("button", name="提交")).to_have_count(0)
        page.locator("details.mj-solution summary").click()
        expect(page.locator(".mj-reference")).to_be_visible()


@pytest.mark.parametrize("key", KEYS)
def test_every_reference_passes_in_the_page(judging: Page, server: SiteServer, key: str) -> None:
    """同一页里换题判：真的 Pyodide、子集、判题都与读者用的相同。"""
    outcome = judging.evaluate(
        """async ([key, answer]) => {
            const exercise = await (await fetch(`../${key}/exercise.json`)).json();
            return window.judgeOne(exercise, answer);
        }""",
        [key, read_exercise(key).reference],
    )
    assert outcome["wrong"] == []
    assert outcome["error"] is None


@pytest.fixture(scope="module")
def judging(server: SiteServer, browser: Browser) -> Iterator[Page]:
    """一个装好判题的页面：直接与线程说话，不点按钮。"""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(server.url(f"practice/{KEY}/"))
        page.evaluate(
            """async () => {
                const bundle = new URL('../../assets/bundle/', location.href);
                const worker = new Worker(new URL('python_worker.js', bundle), {type: 'module'});
                const ask = (message, wanted, each = () => {}) => new Promise((resolve, reject) => {
                    worker.onmessage = ({data}) => {
                        if (data.type === wanted) resolve(data);
                        else if (data.type === 'failed') reject(new Error(data.reason));
                        else each(data);
                    };
                    worker.postMessage(message);
                });
                const base = new URL('../pyodide/', bundle).href;
                await ask({type: 'start', base}, 'ready');
                window.judgeOne = async (exercise, source) => {
                    const wrong = [];
                    const message = {type: 'submit', exercise, source, seconds: 20};
                    const done = await ask(message, 'done', ({type, text}) => {
                        const result = type === 'case' ? JSON.parse(text) : {};
                        if (result.message) wrong.push(`${result.name}：${result.message}`);
                    });
                    return {wrong, error: done.error};
                };
            }"""
        )
        yield page
