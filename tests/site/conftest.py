"""站点测试的夹具：一次测试只构建一次站，只开一个 Chromium。"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from mianjing.build import build_site
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.chromium import launch_chromium
from tests.server import SiteServer, serve_site

ROOT = Path(__file__).resolve().parents[2]
MOUNTS = ("/", "/kb/")
REPO_URL = "https://github.com/example/example"

# 等条件成立，最多这么久（毫秒）：慢机器上也不会误报
expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, SiteServer]]:
    """构建好的站，设了仓库地址；`/` 与 `/kb/` 各构建一次（站点地址写进页面，不能共用）。"""
    with ExitStack() as stack:
        running = {}
        for mount in MOUNTS:
            site = tmp_path_factory.mktemp("build") / "site"
            running[mount] = stack.enter_context(serve_site(site, mount))
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            patch.setenv("SITE_URL", running[mount].url(""))
            patch.setenv("REPO_URL", REPO_URL)
            assert build_site(ROOT, site) == 0, "构建没有通过，原因见上面的输出"
        yield running


@pytest.fixture(scope="session")
def server(servers: dict[str, SiteServer]) -> SiteServer:
    """项目路径 `/kb/` 下的那一个。"""
    return servers["/kb/"]


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
