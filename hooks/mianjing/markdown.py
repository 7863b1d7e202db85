"""正文 Markdown：按行处理（代码围栏里的不动），写代码块与折叠块。"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

DIAGRAM = re.compile(r"^!\[([^\]]*)\]\(diagram:([a-z0-9-]*)\)$")
"""独占一行的图：`![替代文字](diagram:名字)`。"""
_FENCE = re.compile(r"^ *(`{3,}|~{3,})")


def prose_lines(body: str, first_line: int) -> Iterator[tuple[int, str]]:
    """正文里代码围栏以外的行，带文件行号。"""
    return ((first_line + number, line) for number, line in _find_prose(body))


@lru_cache(1024)
def _find_prose(body: str) -> tuple[tuple[int, str], ...]:
    """各条规则都从这里过一遍，同一份正文只找一次；行号从 0 起。"""
    return tuple(_scan_prose(body))


def _scan_prose(body: str) -> Iterator[tuple[int, str]]:
    fence = ""
    for number, line in enumerate(body.split("\n")):
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


@lru_cache(1024)
def read_parts(body: str) -> Mapping[str, str]:
    """二级标题 → 它下面的正文，按次序；围栏里的 `##` 不算，第一个标题之前的不要。"""
    starts = [
        (number, line[3:].strip()) for number, line in prose_lines(body, 0) if line[:3] == "## "
    ]
    lines = body.split("\n")
    ends = [*(number for number, _ in starts[1:]), len(lines)]
    parts = {
        title: "\n".join(lines[start + 1 : end]).strip("\n")
        for (start, title), end in zip(starts, ends, strict=False)
    }
    return MappingProxyType(parts)


def make_fence(text: str, attributes: str) -> str:
    """一块代码：围栏比里面最长的一串反引号还长。attributes 如 `.python .mj-cell`。"""
    text = text.rstrip("\n")
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks} {{ {attributes} }}\n{text}\n{ticks}"


def make_fold(title: str, body: str, classes: str = "note") -> str:
    """折起来的一块（pymdownx.details），里面的公式与代码照常渲染。"""
    indented = "\n".join(f"    {line}" if line.strip() else "" for line in body.split("\n"))
    return f'??? {classes} "{title}"\n\n{indented}\n'
