"""每页都取的样式合成一份：主题的两份、打印的、本站的，依次相接，少三个请求，一起压缩也更小。

主题的样式里，本站用不到的（从右往左写的、别的颜色、没有开的功能）不要，压缩后少八分之一；
打开时要整页重算的也不要。
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import tinycss2

from mianjing.code_version import code_version
from mianjing.places import theme_folder
from mianjing.whole_file import keep_whole

THEMED = "assets/stylesheets/site.css"
"""docs 里是本站自己的样式；站里的同名文件，前面接着主题的。"""
_PRINT = "docs/assets/bundle/print.css"
_OWN = "docs/assets/bundle/own.css"
"""打包时去掉了空白与注释的。"""
UNUSED = (
    "critic",
    "keys",
    "emojione",
    "gemoji",
    "highlighttable",
    "linenodiv",
    "linenos",
    "md-annotation",
    "md-author",
    "md-banner",
    "md-consent",
    "md-feedback",
    "md-meta",
    "md-option",
    "md-pagination",
    "md-path",
    "md-pin",
    "md-post",
    "md-select",
    "md-social",
    "md-source__fact",
    "md-source__facts",
    "md-status",
    "md-version",
    "mermaid",
    "task-list",
    "twemoji",
)
"""本站没有开的功能的类名：自己，以及在它后面接着 `-`、`_` 的。开一个就从这里删掉。"""
UNUSED_CLASS = re.compile(rf"(?:{'|'.join(UNUSED)})(?:[-_][\w-]*)?")
_UNUSED_SELECTOR = re.compile(
    rf"\[dir=rtl\]|\[data-md-color-(?:primary|accent)=(?!teal\b)|\.{UNUSED_CLASS.pattern}(?![\w-])"
)
_COSTLY = re.compile(r"\.no-js .*\.tabbed-set|table:not\(\[class\]\) t[dh]>:(?:first|last)-child$")
"""主题一给 html 换类名，浏览器就得把整页的样式重算一遍的：末段什么元素都对得上。

表格里首末段的边距由本站的样式按元素写；没有脚本时，选中的标签少一条下划线，颜色仍不同。
"""


class MissingStyleError(Exception):
    """主题的样式不是恰好一份；消息写明找的是什么。"""


def join_styles(root: Path) -> bytes:
    """主题的 main、palette，打印的，本站的；次序与主题分开链接时相同，后面的压过前面的。"""
    own = (root / _OWN).read_bytes().strip()
    printed = b"@media print{" + (root / _PRINT).read_bytes().strip() + b"}"
    theme = [_read_pruned(root, _read_theme(name)) for name in ("main", "palette")]
    return b"\n".join([*theme, printed, own])


def _read_pruned(root: Path, css: str) -> bytes:
    """去掉用不到的之后；主题与代码没有变就用上次的。"""
    key = hashlib.sha256(f"{code_version(('tinycss2',))}{css}".encode()).hexdigest()[:24]
    make = partial(_prune_theme, css)
    return keep_whole(root / ".cache" / "theme" / f"{key}.css", make).read_bytes()


def _prune_theme(css: str) -> bytes:
    return prune_styles(css).encode()


def prune_styles(css: str) -> str:
    """去掉用不到的选择器；一条规则的选择器全去掉了，规则也不要。读不懂的抛 ValueError。"""
    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    return "".join(_prune(rules))


def _is_dropped(selector: str) -> bool:
    return bool(_UNUSED_SELECTOR.search(selector) or _COSTLY.search(selector))


def _prune(rules: Iterable[tinycss2.ast.Node]) -> Iterable[str]:
    for rule in rules:
        if rule.type == "error":
            raise ValueError(f"主题的样式第 {rule.source_line} 行读不懂：{rule.message}")
        if rule.type == "qualified-rule":
            selectors: list[list[tinycss2.ast.Node]] = [[]]
            for token in rule.prelude:
                if token.type == "literal" and token.value == ",":
                    selectors.append([])
                else:
                    selectors[-1].append(token)
            texts = (tinycss2.serialize(selector).strip() for selector in selectors)
            if kept := [text for text in texts if not _is_dropped(text)]:
                yield f"{','.join(kept)}{{{tinycss2.serialize(rule.content)}}}"
        elif rule.lower_at_keyword in ("media", "supports"):
            inside = tinycss2.parse_rule_list(
                rule.content, skip_comments=True, skip_whitespace=True
            )
            if kept := list(_prune(inside)):
                prelude = tinycss2.serialize(rule.prelude)
                yield f"@{rule.at_keyword}{prelude}{{{''.join(kept)}}}"
        else:
            yield rule.serialize()


def _read_theme(name: str) -> str:
    """主题的一份样式：文件名里有散列，所以按样子找；主题升级后不止一份就停下。"""
    pattern = f"assets/stylesheets/{name}.*.min.css"
    folder = theme_folder()
    found = [] if folder is None else sorted(folder.glob(pattern))
    if len(found) != 1:
        raise MissingStyleError(f"主题里的 {pattern} 应恰好一份，找到 {len(found)} 份")
    return found[0].read_text(encoding="utf-8").strip()
