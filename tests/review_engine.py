"""不开浏览器地运行浏览器端的排期与抽题：一个 Node 进程，一批输入。"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

_SCRIPT = Path(__file__).with_name("review") / "ask.mjs"


def ask_review(task: str, value: object) -> Any:
    """task 见 `review/ask.mjs`；时刻都按 UTC 算。"""
    done = subprocess.run(
        ["node", str(_SCRIPT), task],
        input=json.dumps(value),
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "TZ": "UTC"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
