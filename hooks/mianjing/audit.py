"""扫描构建好的站：站内链接与锚点都在，不从别的主机取任何东西，没有内联事件与脚本链接。"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from os.path import normpath
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from mianjing.built_page import BuiltPage, read_page, read_pages
from mianjing.problem import Problem

_RUNS = {"script", "iframe", "object", "embed", "form"}
"""取来就会执行或打开的：连 `data:` 也不许。"""
_SCHEMES = {"", "http", "https", "mailto"}

_Find = Callable[[str], Path | None]


def audit_site(
    site: Path,
    base: str = "/",
    pages: dict[Path, BuiltPage] | None = None,
    opens_folders: bool = True,
) -> list[Problem]:
    """检查 site 下的全部 HTML；base 是站点所在的路径，如 `/kb/`（404 页用绝对路径）。

    opens_folders：指向文件夹的链接会不会打开其中的 index.html；从文件打开时不会。
    pages 是已经读好的各页；缺省时现读。
    """
    pages = read_pages(site) if pages is None else pages
    problems: list[Problem] = []
    find = cache(partial(_find_file, site))
    if not pages:
        problems.append(Problem(site.name, 1, "E500", "", "没有任何 HTML：先构建"))
    for file, page in pages.items():
        path = file.relative_to(site).as_posix()
        problems += [Problem(path, line, code, "", text) for line, code, text in page.handlers]
        for line, tag, url in page.loads:
            parts = _split(url)
            allowed = ("",) if tag in _RUNS else ("", "data")
            if parts is None or parts.netloc or parts.scheme not in allowed:
                message = f"从别处取文件「{url}」：一切文件由本站发出"
                problems.append(Problem(path, line, "E502", "", message))
            elif not parts.scheme:
                problems += _check_target(site, base, pages, file, line, url, find, opens_folders)
        for line, url in page.links:
            parts = _split(url)
            if parts is None or parts.scheme not in _SCHEMES:
                message = f"不允许的链接「{url[:80]}」：只用 http、https、mailto 与站内路径"
                problems.append(Problem(path, line, "E503", "", message))
            elif not parts.scheme and not parts.netloc:
                problems += _check_target(site, base, pages, file, line, url, find, opens_folders)
    return problems


def read_loads(file: Path) -> list[str]:
    """打开这一页就会取的文件，按出现次序。"""
    return [url for _, _, url in read_page(file).loads]


def _split(url: str) -> SplitResult | None:
    """地址的各部分；写得不成地址（如括号不配对的主机）时为 None。"""
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _check_target(
    site: Path,
    base: str,
    pages: dict[Path, BuiltPage],
    file: Path,
    line: int,
    url: str,
    find: _Find,
    opens_folders: bool,
) -> list[Problem]:
    parts = urlsplit(url)
    path = unquote(parts.path)
    where = file.relative_to(site).as_posix()
    if path.startswith("/") and not path.startswith(base):
        message = f"绝对路径「{url}」不在站点路径 {base} 之下"
        return [Problem(where, line, "E504", "", message)]
    start = site / path[len(base) :] if path.startswith("/") else file.parent / path
    target = find(normpath(start)) if path else file
    if target is None:
        return [Problem(where, line, "E504", "", f"链接「{url}」指向不存在的文件")]
    if path and not opens_folders and target.name != path.rpartition("/")[2]:
        return [Problem(where, line, "E504", "", f"链接「{url}」指向文件夹，应指到文件")]
    anchor = unquote(parts.fragment)
    known = pages.get(target)
    if anchor and known is not None and anchor not in known.ids:
        return [Problem(where, line, "E505", "", f"链接「{url}」指向不存在的锚点")]
    return []


def _find_file(site: Path, path: str) -> Path | None:
    """路径所指的站内文件，目录就是其中的 index.html；没有、在站外、不成路径时为 None。"""
    try:
        target = Path(path).resolve()
        target = target / "index.html" if target.is_dir() else target
        inside = target.is_file() and target.is_relative_to(site.resolve())
        return site / target.relative_to(site.resolve()) if inside else None
    except (OSError, ValueError):
        return None
