"""每个文件最后一次改动的日期，来自一次 `git log`；没有历史或历史不全时没有日期。"""

from __future__ import annotations

import subprocess
from pathlib import Path


def read_dates(root: Path) -> dict[str, str]:
    """相对路径 → `YYYY-MM-DD`（作者日期，UTC 以提交为准）；不是仓库、浅克隆或没有 git 时为空。"""
    shallow = run_git(root, "rev-parse", "--is-shallow-repository")
    if shallow is None or shallow.strip() != "false":
        return {}
    log = run_git(
        root, "-c", "core.quotepath=off", "log", "--format=%x00%cs", "--name-only", "--no-renames"
    )
    dates: dict[str, str] = {}
    for entry in (log or "").split("\0")[1:]:
        date, *names = entry.split("\n")
        for name in names:
            if name:
                dates.setdefault(name, date)
    return dates


def run_git(root: Path, *arguments: str) -> str | None:
    """一条 git 命令的输出；不是仓库或没有 git 时为 None。"""
    try:
        process = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return None
    return process.stdout if process.returncode == 0 else None
