"""全部测试共用的设置。"""

from __future__ import annotations

import os
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

# 一个测试进程占一个核，与 make execute 同样单线程：torch 要在导入之前知道
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

FIRST = ("site/test_reproducible.py", "notebooks/test_executed.py", "site", "practice", "notebooks")
"""先分给各个进程的文件与文件夹：长的先开始，短的垫在最后，不会只剩一个进程在跑。

构建站的那一个最先；那时别的进程不要来等它，先跑不用站的。
"""

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """排成分给各个进程的次序（见 FIRST）；一个文件之内不变。"""
    items.sort(key=lambda item: _rank(item.path.relative_to(GOLDEN.parent).as_posix()))


def _rank(path: str) -> int:
    found = (n for n, first in enumerate(FIRST) if path == first or path.startswith(f"{first}/"))
    return next(found, len(FIRST))


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
