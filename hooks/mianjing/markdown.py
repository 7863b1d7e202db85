"""正文 Markdown 的按行处理：代码围栏里的不动。"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

DIAGRAM = re.compile(r"^!\[([^\]]*)\]\(diagram:([a-z0-9-]*)\)$")
"""独占一行的图：`![替代文字](diagram:名字)`。"""
_FENCE = re.compile(r"^ *(`{3,}|~{3,})")


def prose_lines(body: str, first_line: int) -> Iterator[tuple[int, str]]:
    """正文里代码围栏以外的行，带文件行号。"""
    fence = ""
    for number, line in enumerate(body.split("\n"), first_line):
        match = _FENCE.match(line)
        if match and not fence:
            fence = match.group(1)
        elif match and match.group(1).startswith(fence) and line.strip() == match.group(1):
            fence = ""
        elif not fence:
            yield number, line


def open_fence(body: str) -> int | None:
    """没有闭合的围栏从正文第几行（0 起）开始；都闭合时为 None。"""
    fence, start = "", 0
    for number, line in enumerate(body.split("\n")):
        match = _FENCE.match(line)
        if match and not fence:
            fence, start = match.group(1), number
        elif match and match.group(1).startswith(fence) and line.strip() == match.group(1):
            fence = ""
    return start if fence else None


def replace_prose(body: str, replace: Callable[[str], str]) -> str:
    """围栏以外的每一行换成 replace(行)。"""
    lines = body.split("\n")
    for number, line in prose_lines(body, 0):
        lines[number] = replace(line)
    return "\n".join(lines)
