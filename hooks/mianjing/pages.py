"""哪些文件是站里的页面。"""

from __future__ import annotations

from pathlib import Path

NOT_PAGES = {"assets", "decisions"}
"""docs 下不是页面的文件夹。"""


def is_own(file: Path) -> bool:
    """真正的文件；符号链接与叫 x.md 的目录不读，由检查报出。"""
    return file.is_file() and not file.is_symlink()


def list_pages(root: Path) -> list[Path]:
    """仓库 root 里 docs 下的全部 .md，按路径的次序。"""
    docs = root / "docs"
    return [
        file
        for file in sorted(docs.rglob("*.md"))
        if file.relative_to(docs).parts[0] not in NOT_PAGES and is_own(file)
    ]
