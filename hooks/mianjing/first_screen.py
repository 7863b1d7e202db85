"""浏览器等到哪里才第一次画：第一屏以内的都收到了，后到的表、公式与页脚不再推动已经画出的字。

全收完再画，长的公式页要多等一秒多；收到一点就画，正在看的地方会挪动。所以等到第一屏之后的第一个标题，
短的页面等到页脚之后。
"""

from __future__ import annotations

import re

WHOLE = "__config"
"""页脚之后的一个元素，主题的每一页都有。"""
SCREEN = 1500
"""这么多个字，手机与桌面的第一屏都放不下。"""
_LINK = f'<link rel="expect" href="#{WHOLE}"'
_FOLD = re.compile(r"<details\b(?:(?!<details\b).)*?</details>", re.DOTALL)
"""最里面的一块折叠；开着的也不算，宁可多等。"""
_HEADING = re.compile(r'<h[2-6] id="([^"]+)"')
_UNSEEN = re.compile(r'<span class="katex-mathml">.*?</math></span>|<[^>]*>|\s+', re.DOTALL)


def wait_for_screen(html: str) -> str:
    """套好的一页：等待的目标换成第一屏之后的第一个标题。"""
    return html.replace(_LINK, f'<link rel="expect" href="#{find_end(html)}"', 1)


def find_end(html: str) -> str:
    """第一屏之后的第一个标题的 id；没有这样的标题时是 WHOLE。"""
    _, _, article = html.partition("<article")
    article = article.partition("</article>")[0]
    folds = 1
    while folds:
        article, folds = _FOLD.subn("", article)
    seen = start = 0
    for heading in _HEADING.finditer(article):
        seen += len(_UNSEEN.sub("", article[start : heading.start()]))
        start = heading.start()
        if seen > SCREEN:
            return heading[1]
    return WHOLE
