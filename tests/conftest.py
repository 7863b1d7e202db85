"""全部测试共用的设置。"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import settings

from tests.library import CROWD, Library, write_library
from tests.server import MOUNTS, SITES, Faults, SiteServer, serve_site

GOLDEN = Path(__file__).with_name("golden")

settings.register_profile("default", deadline=None)
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="用当前结果改写金样文件")


def pytest_configure(config: pytest.Config) -> None:
    """主进程开服务器；pytest -n 的各个进程拿到的是它们的地址。"""
    if hasattr(config, "workerinput"):
        config.stash[SITES] = {
            mount: SiteServer(Path(site), mount, port, Faults())
            for mount, (site, port) in config.workerinput["sites"].items()
        }
        return
    servers = ExitStack()
    folder = Path(mkdtemp(prefix="mianjing-sites-"))
    servers.callback(rmtree, folder)
    config.stash[SITES] = {
        mount: servers.enter_context(serve_site(folder / str(number) / "site", mount))
        for number, mount in enumerate(MOUNTS)
    }
    config.add_cleanup(servers.close)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """pytest-xdist 开一个测试进程之前。"""
    node.workerinput["sites"] = {
        mount: (str(server.site), server.port) for mount, server in node.config.stash[SITES].items()
    }


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """一座合格的虚构资料库。"""
    return write_library(tmp_path)


@pytest.fixture
def crowd(tmp_path: Path) -> Library:
    """三种状态齐全的虚构资料库。"""
    return write_library(tmp_path, CROWD)


@pytest.fixture
def check_golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """与 tests/golden 下的文件逐字比较；带 --update 时改写它。"""

    def check(name: str, text: str) -> None:
        file = GOLDEN / name
        if request.config.getoption("--update"):
            file.write_text(text, encoding="utf-8")
        assert file.is_file(), f"没有金样 {name}：看过结果后用 pytest --update 写下"
        assert text == file.read_text(encoding="utf-8")

    return check
