"""不开浏览器地运行浏览器端的排期与抽题：一个 Node 进程，一批输入。"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.node import run_node

_SCRIPT = Path(__file__).with_name("review") / "ask.mjs"


def ask_review(task: str, value: object) -> Any:
    """task 见 `review/ask.mjs`；时刻都按 UTC 算。"""
    return run_node(_SCRIPT, value, task)
