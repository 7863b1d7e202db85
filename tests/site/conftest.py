"""站点测试的夹具：一次测试只构建一次站，一个进程只开一个 Chromium。"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import pytest
from filelock import FileLock
from mianjing.build import build_site
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.chromium import launch_chromium
from tests.server import SITES, SiteServer

ROOT = Path(__file__).resolve().parents[2]
REPO_URL = "https://github.com/example/example"

# 等条件成立，最多这么久（毫秒）：慢机器上也不会误报
expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def open_site(pytestconfig: pytest.Config) -> Callable[[str], SiteServer]:
    """站点路径 → 构建好的站，设了仓库地址；一次测试里每个路径只构建一次，几个进程也是。

    站点地址写进页面，两个路径不能共用一次构建。
    """

    def build(mount: str) -> SiteServer:
        server = pytestconfig.stash[SITES][mount]
        server.site.parent.mkdir(exist_ok=True)
        with FileLock(server.site.with_name("lock")), pytest.MonkeyPatch.context() as patch:
            if not server.site.exists():
                patch.setenv("SITE_URL", server.url(""))
                patch.setenv("REPO_URL", REPO_URL)
                assert build_site(ROOT, server.site) == 0, "构建没有通过，原因见上面的输出"
        return server

    return cache(build)


@pytest.fixture(scope="session")
def server(open_site: Callable[[str], SiteServer]) -> SiteServer:
    """项目路径 `/kb/` 下的那一个。"""
    return open_site("/kb/")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """机器上的 Chromium；不装 service worker，它答的请求测试拦不到。测离线的自己打开。"""
    with sync_playwright() as playwright:
        chromium = launch_chromium(playwright)
        opened = partial(chromium.new_context, service_workers="block")
        chromium.new_context = opened  # type: ignore[method-assign]
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """一台新的手机：没有存储，没有缓存。"""
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        yield context
