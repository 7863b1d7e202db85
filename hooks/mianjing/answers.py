"""题目页的 HTML 按二级标题分开：折答案、做卡片都从这里取。"""

from __future__ import annotations

import re

_SECOND_HEADING = re.compile(r"(<h2 id=.*?</h2>)", re.DOTALL)


def split_sections(html: str) -> tuple[str, list[tuple[str, str, str]]]:
    """页首，与各节的（标题的 HTML，标题的文字，正文的 HTML）。"""
    head, *parts = _SECOND_HEADING.split(html)
    sections = [
        (heading, re.sub(r"<a .*?</a>|<[^>]+>", "", heading), body)
        for heading, body in zip(parts[::2], parts[1::2], strict=True)
    ]
    return head, sections
