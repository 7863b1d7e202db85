"""页面里的 Python 代码：取出、按页依次执行。"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```python[^\n]*\n(?P<code>.*?)^```\s*$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """一段代码与它第一行在文件里的行号。"""

    code: str
    line: int


def find_blocks(text: str) -> list[Block]:
    """一页里全部顶格的 ```python 代码块，按出现次序。"""
    return [
        Block(match.group("code"), text.count("\n", 0, match.start("code")) + 1)
        for match in _BLOCK.finditer(text)
    ]


def run_page(file: Path) -> int:
    """在同一个名字空间里依次执行一页的代码，返回块数；异常的位置是 Markdown 里的行。"""
    blocks = find_blocks(file.read_text(encoding="utf-8"))
    namespace: dict[str, object] = {"__name__": f"page_{file.stem}"}
    for block in blocks:
        code = compile("\n" * (block.line - 1) + block.code, str(file), "exec", dont_inherit=True)
        exec(code, namespace)
    return len(blocks)
