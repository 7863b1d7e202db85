"""机器上的 Chromium：测试与 bench 用同一种开法。"""

from __future__ import annotations

import os
import shutil

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def launch_chromium(playwright: Playwright) -> Browser:
    """打开 PATH 上的 Chromium；以 root 运行时不用沙箱。没有时抛 FileNotFoundError。"""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        raise FileNotFoundError("没有 Chromium：用 make test 或 make bench 运行，它会准备好")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    return playwright.chromium.launch(executable_path=path, args=[*sandbox, *quiet])
