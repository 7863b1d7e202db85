"""每个文件何时加入、何时最后改动，来自一次 `git log`；没有历史或历史不全时什么都不说。"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Change:
    """一个文件的历史，时刻都是提交的（Unix 秒）。"""

    added: int
    """加入的时刻；改过名的文件从改名算起。"""
    changed: int
    """最后一次改动的时刻。"""
    day: str
    """最后一次改动的日期 `YYYY-MM-DD`，时区以提交为准。"""


def read_history(root: Path) -> dict[str, Change]:
    """相对路径 → 历史；不是仓库、浅克隆或没有 git 时为空。"""
    shallow = run_git(root, "rev-parse", "--is-shallow-repository")
    if shallow is None or shallow.strip() != "false":
        return {}
    command = ("log", "--format=%x00%ct %cs", "--name-only", "--no-renames")
    log = run_git(root, "-c", "core.quotepath=off", *command)
    history: dict[str, Change] = {}
    for entry in (log or "").split("\0")[1:]:
        moment, *names = entry.split("\n")
        seconds, day = moment.split(" ")
        for name in names:
            if name:
                last = history.get(name, Change(0, int(seconds), day))
                history[name] = Change(int(seconds), last.changed, last.day)
    return history


def run_git(root: Path, *arguments: str) -> str | None:
    """一条 git 命令的输出；不是仓库或没有 git 时为 None。"""
    try:
        process = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return None
    return process.stdout if process.returncode == 0 else None
