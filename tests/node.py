"""不开浏览器地运行浏览器端的模块：一个 Node 进程，一份输入，一份答案，都是 JSON。"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any


def run_node(script: Path, value: object, *arguments: str) -> Any:
    """把 value 交给 script 的标准输入，返回它写到标准输出的；时刻都按 UTC 算。"""
    done = subprocess.run(
        ["node", str(script), *arguments],
        input=json.dumps(value),
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "TZ": "UTC"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
