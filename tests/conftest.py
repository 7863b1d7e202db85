"""全部测试共用的设置。"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from tests.library import CROWD, Library, write_library

GOLDEN = Path(__file__).with_name("golden")

settings.register_profile("default", deadline=None)
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="用当前结果改写金样文件")


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
