"""用 Node 跑本包的一份脚本：请求从标准输入给，结果从标准输出拿。"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path


class MissingNodeError(Exception):
    """PATH 上没有 node。"""


class ScriptError(Exception):
    """脚本没有跑成；消息是它最后说的一行。"""


def run_script(script: Path, request: object, root: Path) -> str:
    """在仓库 root 里运行 script，返回它的标准输出；没有 node、没有跑成各抛自己的异常。"""
    node = shutil.which("node")
    if node is None:
        raise MissingNodeError
    process = subprocess.run(
        [node, str(script)],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=root,
        check=False,
    )
    if process.returncode:
        raise ScriptError((process.stderr.strip().splitlines() or ["没有说明"])[-1])
    return process.stdout
