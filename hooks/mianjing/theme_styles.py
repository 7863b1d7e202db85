"""每页都取的样式合成一份：主题的两份、打印的、本站的，依次相接，少三个请求，一起压缩也更小。"""

from __future__ import annotations

from pathlib import Path

from mianjing.places import theme_folder

THEMED = "assets/stylesheets/site.css"
"""docs 里是本站自己的样式；站里的同名文件，前面接着主题的。"""
_PRINT = "docs/assets/bundle/print.css"
_OWN = "docs/assets/bundle/own.css"
"""打包时去掉了空白与注释的。"""


class MissingStyleError(Exception):
    """主题的样式不是恰好一份；消息写明找的是什么。"""


def join_styles(root: Path) -> bytes:
    """主题的 main、palette，打印的，本站的；次序与主题分开链接时相同，后面的压过前面的。"""
    own = (root / _OWN).read_bytes().strip()
    printed = b"@media print{" + (root / _PRINT).read_bytes().strip() + b"}"
    return b"\n".join([_read_theme("main"), _read_theme("palette"), printed, own])


def _read_theme(name: str) -> bytes:
    """主题的一份样式：文件名里有散列，所以按样子找；主题升级后不止一份就停下。"""
    pattern = f"assets/stylesheets/{name}.*.min.css"
    folder = theme_folder()
    found = [] if folder is None else sorted(folder.glob(pattern))
    if len(found) != 1:
        raise MissingStyleError(f"主题里的 {pattern} 应恰好一份，找到 {len(found)} 份")
    return found[0].read_bytes().strip()
