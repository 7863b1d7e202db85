"""机器上的 Chromium：测试与 bench 用同一种开法。"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mianjing.pdf import BROWSERS
from playwright.sync_api import Browser, Playwright

QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync")


def find_chromium() -> str:
    """PATH 上的 Chromium；没有时抛 FileNotFoundError。"""
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        raise FileNotFoundError("没有 Chromium：用 make test 或 make bench 运行，它会准备好")
    return path


def _switches() -> list[str]:
    """以 root 运行时不用沙箱；不在后台取任何东西。"""
    return [*(["--no-sandbox"] if os.geteuid() == 0 else []), *QUIET]


def launch_chromium(playwright: Playwright) -> Browser:
    """打开 PATH 上的 Chromium；没有时抛 FileNotFoundError。"""
    return playwright.chromium.launch(executable_path=find_chromium(), args=_switches())


@contextmanager
def debug_chromium() -> Iterator[int]:
    """打开一个空的 Chromium，给出远程调试的端口；别的工具（Lighthouse）用它，用完关掉。"""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [find_chromium(), "--headless=new", *_switches(), "--remote-debugging-port=0"]
        with subprocess.Popen(
            [*command, f"--user-data-dir={folder}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                yield _read_port(Path(folder, "DevToolsActivePort"), process)
            finally:
                process.terminate()


def _read_port(file: Path, process: subprocess.Popen[bytes]) -> int:
    """Chromium 开好之后写下端口；它先退出了就抛 RuntimeError。"""
    while not (file.is_file() and (text := file.read_text())):
        if process.poll() is not None:
            raise RuntimeError(f"Chromium 没有开起来，退出码 {process.returncode}")
        time.sleep(0.05)
    return int(text.splitlines()[0])
