"""离线：在真的浏览器里，于每个阶段断网；半个文件、存储满、换新版本，都不混、不丢、说得出。"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mianjing.offline import write_offline
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.server import SiteServer, serve_site
from tests.site.conftest import ROOT
from tests.site.python_page import LOADING, status

pytestmark = pytest.mark.browser

READ = "experiences/moonshot-2023/"
CHANGED = "experiences/sensetime-2023/"
UNREAD = "experiences/tencent-2023/"
PANEL = "about/offline/"
LEFT_OUT = ("questions", "topics", "practice", "claims", "offline", "notebooks", "assets/pyodide")
BIG = "assets/pyodide/big.wasm"


@pytest.fixture(scope="module")
def small(server: SiteServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """站的一小份：留整站不用取两千个文件；网页里的 Python 换成一个 1.2 MB 的文件。"""
    site = tmp_path_factory.mktemp("small") / "site"
    left_out = {server.site / name for name in LEFT_OUT}

    def ignore(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if Path(folder, name) in left_out]

    shutil.copytree(server.site, site, ignore=ignore, copy_function=os.link)
    (site / "assets" / "pyodide").mkdir()
    (site / BIG).write_bytes(b"wasm" * 300_000)
    for text in list((site / "search").glob("*/s*.json"))[60:]:
        text.unlink()
    (site / "sw.js").unlink()  # 是硬链接：先删再写，大家共用的那个站不受影响
    write_offline(ROOT, site)
    return site


def rewrite(site: Path, path: str, old: str, new: str) -> None:
    """改一个文件；先删再写，别处的硬链接不受影响。"""
    file = site / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.unlink()
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def host(small: Path, tmp_path: Path) -> Iterator[SiteServer]:
    """发着一份可以改的小站，在 /kb/ 之下。"""
    site = tmp_path / "site"
    shutil.copytree(small, site, copy_function=os.link)
    with serve_site(site, "/kb/") as running:
        yield running


@pytest.fixture
def reader(browser: Browser) -> Iterator[BrowserContext]:
    """一台新的手机，装得上 service worker。"""
    with browser.new_context(
        viewport={"width": 390, "height": 844}, service_workers="allow"
    ) as context:
        yield context


def until(page: Page, condition: str, value: str = "") -> None:
    """等到页面里的 condition（JavaScript，可以 await，value 是参数）成立；一分钟还不成立就是错。"""
    held: bool = page.evaluate(
        f"""async (value) => {{
          const test = async () => {condition};
          const end = performance.now() + 60_000;
          while (!(await test())) {{
            if (performance.now() > end) return false;
            await new Promise((next) => setTimeout(next, 50));
          }}
          return true;
        }}""",
        value,
    )
    assert held, f"等不到 {condition} {value}"


def settle(page: Page) -> None:
    """service worker 接管了，这一页也留下了。"""
    until(
        page,
        """navigator.serviceWorker.controller
          && await caches.match(location.href, {ignoreSearch: true})""",
    )


def arrive(context: BrowserContext, host: SiteServer, path: str = "") -> Page:
    page = context.new_page()
    page.goto(host.url(path))
    settle(page)
    return page


def title(page: Page) -> str:
    return page.locator(".md-content h1").inner_text()


def kept(page: Page) -> list[str]:
    """留在本机的页面与文件的路径（各次构建合在一起）。"""
    found: list[str] = page.evaluate(
        """async () => {
          const urls = [];
          for (const name of await caches.keys())
            if (!name.startsWith('mianjing-clients'))
              for (const {url} of await (await caches.open(name)).keys())
                urls.push(new URL(url).pathname);
          return urls;
        }"""
    )
    return [url.removeprefix("/kb/") for url in found]


def deploy(host: SiteServer, change: Callable[[Path], None]) -> None:
    """发布下一次构建：改过之后重做清单。"""
    change(host.site)
    shutil.rmtree(host.site / "offline")
    (host.site / "sw.js").unlink()
    write_offline(ROOT, host.site)


def next_build(site: Path) -> None:
    """样式变了，一页变了，一页没有了。"""
    rewrite(site, "assets/stylesheets/site.css", ":root{", ":root{--mj-build: B;")
    rewrite(site, f"{CHANGED}index.html", "</h1>", "（新）</h1>")
    rewrite(site, f"{UNREAD}index.html", "</h1>", "（新）</h1>")


def style(page: Page) -> str:
    """页面用着的样式是哪一次构建的：旧的是空串。"""
    return str(
        page.evaluate(
            "getComputedStyle(document.documentElement).getPropertyValue('--mj-build').trim()"
        )
    )


def test_what_was_read_is_read_again_without_network(
    host: SiteServer, reader: BrowserContext
) -> None:
    """外壳装上之后：读过的（带不带查询、即时导航来的）都在，没读过的给出留下的清单。"""
    page = arrive(reader, host)
    page.goto(host.url("experiences/?from=card"))
    page.get_by_role("link", name="月之暗面", exact=True).first.click()
    expect(page).to_have_url(re.compile(READ))
    settle(page)
    page.wait_for_load_state("networkidle")
    host.faults.down = True
    for path, wanted in (
        ("?q=kimi", "大模型面试知识库"),
        ("experiences/", "面经"),
        (f"{READ}?h=x#ring", "月之暗面"),
    ):
        answer = page.goto(host.url(path))
        assert answer is not None and answer.status == 200, path
        expect(page.locator(".md-content h1")).to_contain_text(wanted)
    assert style(page) == "" and page.locator(".md-header").is_visible()
    answer = page.goto(host.url(UNREAD))
    assert answer is not None and answer.status == 503
    assert "现在读不到这一页" in title(page)
    expect(page.locator(".mj-offline-list h2").first).to_contain_text("面经")
    # 索引没有留过，就不摆搜索
    expect(page.locator("article [data-mj-search]")).to_have_count(0)
    page.locator(".mj-offline-list").get_by_role("link", name=re.compile("月之暗面")).click()
    expect(page).to_have_url(host.url(READ))
    expect(page.locator(".md-content h1")).to_contain_text("月之暗面")
    # 留着的页面里点一个没有留的：即时导航让路，来的是断网页
    page.goto(host.url("experiences/"))
    page.get_by_role("link", name="腾讯", exact=True).first.click()
    expect(page.locator(".md-content h1")).to_contain_text("现在读不到这一页")
    host.faults.down = False
    page.get_by_role("link", name="再试一次").click()
    expect(page.locator(".md-content h1")).to_contain_text("腾讯")


def test_only_plain_reads_are_answered(host: SiteServer, reader: BrowserContext) -> None:
    """HEAD、POST、Range、别处的地址不归 service worker 管；没有的页面照样是 404。"""
    host.faults.no_cache = True
    page = arrive(reader, host)
    answer = page.goto(host.url("experiences/nobody/"))
    assert answer is not None and answer.status == 404
    page.goto(host.url(""))
    host.faults.down = True
    got = page.evaluate(
        """async () => {
          const tries = [
            [location.href, {}],
            [location.href, {method: 'HEAD'}],
            [location.href, {method: 'POST'}],
            [location.href, {headers: {Range: 'bytes=0-9'}}],
            [location.href, {cache: 'no-store'}],
            ['/outside', {}],
          ];
          const ask = (all) => fetch(...all).then((response) => response.status, () => 'x');
          return Promise.all(tries.map(ask));
        }"""
    )
    assert got == [200, "x", "x", "x", "x", "x"]


def test_half_a_file_is_neither_shown_nor_kept(host: SiteServer, reader: BrowserContext) -> None:
    page = arrive(reader, host)
    for faults in (host.faults.half, host.faults.cut):
        faults.add(READ)
        answer = page.goto(host.url(READ))
        assert answer is not None and answer.status == 503
        assert READ not in kept(page)
        faults.clear()
    index = "search/index.json"
    host.faults.half.add(index)
    page.goto(host.url("?q=kimi"))
    expect(page.locator(".mj-search-fault")).to_contain_text("没有取到")
    assert index not in kept(page)
    host.faults.half.clear()
    page.get_by_role("button", name="重试").click()
    expect(page.locator("#mj-results a").first).to_contain_text("Kimi")
    page.goto(host.url(READ))
    settle(page)
    host.faults.down = True
    page.goto(host.url(READ))
    assert "月之暗面" in title(page)


def test_the_whole_site_can_be_kept_stopped_cut_resumed_and_removed(
    host: SiteServer, reader: BrowserContext
) -> None:
    page = arrive(reader, host, PANEL)
    panel = page.locator(".mj-offline")
    said = panel.get_by_role("status")
    expect(panel).to_contain_text(
        re.compile(r"整站 [\d,]+ 个文件：约下载 [\d.]+ MB，占用 [\d.]+ MB")
    )
    start = panel.get_by_role("button", name=re.compile("留下整站"))
    # 断在一半
    cut = "experiences/xiaohongshu-2023/index.html"
    assert (host.site / cut).is_file()
    host.faults.cut.add(cut.removesuffix("index.html"))
    start.click()
    expect(said).to_contain_text("网络断了")
    host.faults.cut.clear()
    # 停下，再接着来
    page.evaluate(
        """() => {
          const put = Cache.prototype.put;
          let count = 0;
          Cache.prototype.put = async function (...all) {
            if (++count === 20) {
              const buttons = [...document.querySelectorAll('.mj-offline button')];
              buttons.find((button) => button.textContent === '停下').click();
            }
            return put.apply(this, all);
          };
        }"""
    )
    before = len(kept(page))
    start.click()
    expect(said).to_contain_text("停下了")
    half = len(kept(page))
    assert before < half
    host.faults.asked.clear()
    panel.get_by_role("checkbox").check()
    start.click()
    expect(said).to_contain_text("整站都在本机了")
    again = [name for name in host.faults.asked if name.startswith("experiences/")]
    assert len(again) == len(set(again))
    assert BIG in kept(page)
    host.faults.down = True
    page.goto(host.url(f"{UNREAD}?q=%E6%8E%A8%E8%8D%90"))
    assert "腾讯" in title(page)
    expect(page.locator("#mj-results")).to_have_attribute("data-query", "推荐")
    page.goto(host.url(PANEL))
    expect(said).to_contain_text("整站都在本机了")
    panel.get_by_role("checkbox").check()
    expect(said).to_contain_text("整站都在本机了")
    panel.get_by_role("button", name="删掉留下的").click()
    expect(said).to_contain_text("删掉了")
    page.goto(host.url(UNREAD))
    assert "现在读不到这一页" in title(page)
    assert page.goto(host.url("")) is not None
    assert "大模型面试知识库" in title(page)


def test_full_storage_is_said(host: SiteServer, reader: BrowserContext) -> None:
    """放不下整站：先说；读到的留不下：页面照常，也说。"""
    page = arrive(reader, host, PANEL)
    panel = page.locator(".mj-offline")
    expect(panel.get_by_role("button", name=re.compile("留下整站"))).to_be_enabled()
    session = reader.new_cdp_session(page)
    origin = host.url("").removesuffix("/kb/")
    usage = page.evaluate("navigator.storage.estimate().then(({usage}) => usage)")
    session.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": usage + 20_000})
    panel.get_by_role("button", name=re.compile("留下整站")).click()
    expect(panel.get_by_role("status")).to_contain_text("本机的存储满了，腾出地方再继续")
    page.evaluate("StorageManager.prototype.estimate = async () => ({quota: 10, usage: 5})")
    panel.get_by_role("button", name=re.compile("留下整站")).click()
    expect(panel.get_by_role("status")).to_contain_text("放不下：还要")
    page.goto(host.url(READ))
    assert "月之暗面" in title(page)
    expect(page.locator(".mj-notice")).to_contain_text("本机的存储满了")
    assert READ not in kept(page)


def test_a_new_build_waits_and_never_mixes(host: SiteServer, reader: BrowserContext) -> None:
    """换版本的每一步：等读者点头；新页面配新样式，旧页面配旧样式；读过的换完之后断网仍在。"""
    page = arrive(reader, host)
    for path in (READ, CHANGED):
        page.goto(host.url(path))
        settle(page)
    writing = reader.new_page()
    writing.goto(host.url("experiences/"))
    settle(writing)
    writing.evaluate("window.draft = '写到一半'")

    deploy(host, next_build)
    page.goto(host.url(CHANGED))
    notice = page.locator(".mj-notice")
    expect(notice).to_contain_text("有新版本")
    assert notice.get_attribute("role") == "status"
    assert ("（新）" in title(page), style(page)) == (False, "")
    # 没有留过的一页只有新的：整页都是新的
    page.goto(host.url(UNREAD))
    assert ("（新）" in title(page), style(page)) == (True, "B")
    # 从旧页面点进去也一样，不把新正文放进旧页面
    writing.get_by_role("link", name="腾讯", exact=True).first.click()
    expect(writing.locator(".md-content h1")).to_contain_text("（新）")
    assert style(writing) == "B"
    writing.go_back()
    expect(writing.locator(".md-content h1")).to_contain_text("面经")
    writing.evaluate("window.draft = '写到一半'")

    # 断着网点更新：换上了，还没搬家；留着的旧页面连同旧样式都在
    page.goto(host.url(CHANGED))
    expect(notice).to_contain_text("有新版本")
    host.faults.down = True
    with page.expect_navigation():
        page.get_by_role("button", name="更新").click()
    expect(page.locator(".md-content h1")).to_contain_text("商汤")
    assert ("（新）" in title(page), style(page)) == (False, "")
    page.goto(host.url(""))
    assert style(page) == "B"
    # 另一页没有被刷新，只是告诉它
    expect(writing.locator(".mj-notice")).to_contain_text("网站更新了")
    assert writing.evaluate("window.draft") == "写到一半"
    writing.close()

    # 网来了：搬家，旧的丢掉；再断网，读过的都是新的
    host.faults.down = False
    page.goto(host.url(""))
    until(page, "(await caches.keys()).filter((n) => n.startsWith('mianjing /')).length === 1")
    host.faults.down = True
    for path, new in ((READ, False), (CHANGED, True), ("experiences/", False)):
        answer = page.goto(host.url(path))
        assert answer is not None and answer.status == 200, path
        assert ("（新）" in title(page), style(page)) == (new, "B"), path


def test_a_broken_deploy_is_not_installed(host: SiteServer, reader: BrowserContext) -> None:
    """新的外壳取不全：旧的照旧，下次再来。"""
    page = arrive(reader, host, READ)
    deploy(host, next_build)
    host.faults.half.add("assets/stylesheets/site.css")
    page.goto(host.url(READ))
    page.evaluate(
        """async () => {
          const registration = await navigator.serviceWorker.ready;
          await registration.update().catch(() => undefined);
        }"""
    )
    until(page, "!(await navigator.serviceWorker.ready).installing")
    assert page.evaluate("navigator.serviceWorker.ready.then((one) => one.waiting === null)")
    assert style(page) == ""
    host.faults.half.clear()
    page.goto(host.url(READ))
    expect(page.locator(".mj-notice")).to_contain_text("有新版本")
    page.get_by_role("button", name="更新").click()
    page.wait_for_function(
        "getComputedStyle(document.documentElement).getPropertyValue('--mj-build').trim() === 'B'"
    )


def test_without_a_manifest_there_is_no_service_worker(
    host: SiteServer, reader: BrowserContext
) -> None:
    """预览就是这样：没有 manifest，不登记，面板说明白。"""
    page = f"{PANEL}index.html"
    rewrite(host.site, page, 'rel="manifest"', 'rel="none"')
    opened = reader.new_page()
    opened.goto(host.url(PANEL))
    expect(opened.locator(".mj-offline")).to_contain_text("这是预览，没有 service worker")
    assert opened.evaluate("navigator.serviceWorker.getRegistrations().then((r) => r.length)") == 0


def test_without_javascript_the_page_offers_the_rest(server: SiteServer, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(server.url(PANEL))
        expect(page.get_by_text("没有它，就下载下面的离线包")).to_be_visible()
        expect(page.locator("article")).to_contain_text("离线包")


def test_the_site_can_be_installed(host: SiteServer, reader: BrowserContext) -> None:
    """manifest 的地址都在项目路径之下，图标取得到、大小对；浏览器认为能安装。"""
    page = arrive(reader, host, READ)
    manifest = reader.new_cdp_session(page).send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert manifest["url"] == host.url("manifest.webmanifest")
    faults = reader.new_cdp_session(page).send("Page.getInstallabilityErrors")
    assert [one["errorId"] for one in faults["installabilityErrors"]] in ([], ["in-incognito"])
    sizes = page.evaluate(
        """async (url) => {
          const manifest = await (await fetch(url)).json();
          const root = new URL(manifest.start_url, url).href;
          const size = async ({src}) => {
            const image = new Image();
            image.src = new URL(src, url).href;
            await image.decode();
            return `${image.naturalWidth}x${image.naturalHeight}`;
          };
          const icons = await Promise.all(manifest.icons.map(size));
          return {root, icons, said: manifest.icons.map((icon) => icon.sizes)};
        }""",
        manifest["url"],
    )
    assert sizes["root"] == host.url("")
    assert sizes["icons"] == sizes["said"] == ["192x192", "512x512", "512x512"]


def test_python_runs_again_without_network(server: SiteServer, reader: BrowserContext) -> None:
    """运行过一次之后断网、重新打开，还能运行。"""
    with serve_site(server.site, "/kb/") as own:
        page = arrive(reader, own, "notebooks/attention/")
        run = page.get_by_role("button", name=re.compile(r"^运行第 \d+ 格$"))
        for down in (False, True):
            own.faults.down = down
            page.reload()
            run.locator("visible=true").first.click()
            expect(status(page)).to_contain_text("断言全部通过", timeout=LOADING)
            until(page, "await caches.match(value)", own.url("assets/pyodide/pyodide.asm.wasm"))
