"""第一屏到哪里为止：浏览器等到那里才第一次画，那里以下的先不排版。

全收完再画，长的公式页要多等一秒多；收到一点就画，后到的表、公式与页脚会推动正在看的地方。所以等到
第一屏之后的第一个标题，短的页面等到页脚之后。那个标题起的一次排完，慢的手机要停住几百毫秒：各块标上
`data-later`，样式让看不见的先不排，`later.js` 一小段一小段排完。
"""

from __future__ import annotations

import re

WHOLE = "__config"
"""页脚之后的一个元素，主题的每一页都有。"""
SCREEN = 1200
"""这么多个字，手机与桌面的第一屏都放不下。"""
LATER = "data-later"
_LINK = f'<link rel="expect" href="#{WHOLE}"'
_CONTAINERS = "article|aside|blockquote|details|div|dl|fieldset|figure|form|nav|ol|section|table|ul"
_TOKEN = re.compile(
    rf"""
      <span\ class="katex-mathml">.*?</math></span>    # 只给读屏
    | <h[2-6]\ id="(?P<id>[^"]+)"[^>]*>
    | <(?P<open>{_CONTAINERS})\b[^>]*>
    | </(?P<close>{_CONTAINERS})>
    | <[^>]*>
    | \s+
    | (?P<text>[^<\s]+)
    """,
    re.DOTALL | re.VERBOSE,
)
_BLOCK = re.compile(
    rf"<(?:p|pre|h[1-6]|(?P<open>{_CONTAINERS}))\b|</(?P<close>{_CONTAINERS})>",
)


def split_screen(html: str) -> str:
    """套好的一页：换成等第一屏之后的那个标题，从它起的各块标上；没有这样的标题时原样。"""
    start, end = html.find("<article"), html.find("</article>")
    heading = find_heading(html, html.find(">", start) + 1, end) if start >= 0 else None
    if heading is None:
        return html
    link = f'<link rel="expect" href="#{heading["id"]}"'
    split = heading.start()
    return html[:split].replace(_LINK, link, 1) + _mark_blocks(html[split:end]) + html[end:]


def find_heading(html: str, start: int, end: int) -> re.Match[str] | None:
    """正文 html[start:end] 里第一屏之后、不在别的块里的第一个标题。

    折叠里的字不算，开着的也不算：宁可多等。
    """
    seen = depth = folds = 0
    for token in _TOKEN.finditer(html, start, end):
        if opened := token["open"]:
            depth += 1
            folds += opened == "details"
        elif closed := token["close"]:
            depth -= 1
            folds -= closed == "details"
        elif token["id"] and not depth and seen > SCREEN:
            return token
        elif token["text"] and not folds:
            seen += len(token["text"])
    return None


def _mark_blocks(html: str) -> str:
    """最外面的各块带上 LATER。"""
    depth = 0

    def mark(block: re.Match[str]) -> str:
        nonlocal depth
        outermost = not depth
        depth += bool(block["open"]) - bool(block["close"])
        return f"{block[0]} {LATER}" if outermost else block[0]

    return _BLOCK.sub(mark, html)
