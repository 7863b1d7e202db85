"""主题生成的 HTML 里的毛病：读屏读不到名字的地方，让浏览器白算一遍的地方，写进页面之前改好。"""

from __future__ import annotations

import re

_SECTION = re.compile(
    r'(<nav class="md-nav" data-md-level="\d+") aria-labelledby="(__nav_[\d_]+)_label"'
    r'([^>]*>\s*<label class="md-nav__title" for="\2">'
    r'\s*<span class="md-nav__icon md-icon"></span>\s*([^<]*?)\s*</label>)'
)
"""栏目的导航由一个只有图标的 label 命名，等于没有名字；栏目名就在下一行。"""
_TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
"""主题的脚本把没有类名的表换成包着它的几层：表的父元素要是整篇正文，整篇的样式就重算一遍。"""


def mend_theme(html: str) -> str:
    """改好的一页；没有毛病的原样返回。"""
    named = _SECTION.sub(r'\1 aria-label="\4"\3', html)
    return _TABLE.sub(r'<div class="mj-table">\g<0></div>', named)
