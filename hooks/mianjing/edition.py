"""同一份内容的三种版本：预览、发布、离线包。

由环境变量 `EDITION` 告诉 mkdocs（见 mkdocs.yml 的 extra）。
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PREVIEW = ""
"""`mkdocs serve` 与直接的 `mkdocs build`：没有 manifest，也就没有 service worker。"""
SITE = "site"
"""发布的站：能安装，能离线。"""
FILE = "file"
"""离线包：从 `file://` 打开，没有模块、线程与 fetch。"""
ARCHIVE = "offline.zip"
"""离线包装成的一份，`make zip` 放在 docs/ 里，之后发布的站带着它。"""
CARDS_WANTED = "MIANJING_CARDS"
"""设了这个环境变量、也知道站点地址的发布构建，做分享卡片。"""
CARDS_FOLDER = "social"
"""分享卡片都在站的这个文件夹里；离线的清单不收它。"""


def environment_for(edition: str) -> dict[str, str]:
    """构建这一版时 mkdocs 的环境变量。"""
    return {**os.environ, "EDITION": edition}


def run_mkdocs(root: Path, site: Path, environment: dict[str, str]) -> int:
    """把仓库 root 严格构建到 site，返回 mkdocs 的退出码。"""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    return subprocess.run(command, cwd=root, env=environment, check=False).returncode
