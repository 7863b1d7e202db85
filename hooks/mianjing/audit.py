"""扫描构建好的站：站内链接与锚点都在，不从别的主机取任何东西，没有内联事件与脚本链接。"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from html.parser import HTMLParser
from os.path import normpath
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from mianjing.problem import Problem

_LOADS = {
    ("script", "src"),
    ("img", "src"),
    ("iframe", "src"),
    ("source", "src"),
    ("audio", "src"),
    ("video", "src"),
    ("video", "poster"),
    ("track", "src"),
    ("input", "src"),
    ("image", "href"),
    ("image", "xlink:href"),
    ("use", "href"),
    ("use", "xlink:href"),
    ("object", "data"),
    ("embed", "src"),
    ("form", "action"),
}
_RUNS = {"script", "iframe", "object", "embed", "form"}
"""取来就会执行或打开的：连 `data:` 也不许。"""
_STYLE_URL = re.compile(r"url\(\s*['\"]?([^'\")]+)")
_REFRESH_URL = re.compile(r"url\s*=\s*['\"]?([^'\"]+)", re.IGNORECASE)
_LINKS_TO_ELSEWHERE = {"canonical", "license", "alternate", "next", "prev"}
_SCHEMES = {"", "http", "https", "mailto"}
_PLAIN = re.compile(
    r"""</span>|<span(?: class="[^"'<>]*")?(?: aria-hidden="true")?(?: style="[\w:;.,% -]*")?>"""
)
"""只带样式的 span 占了标签的九成，不含要审的东西；先去掉，逐个解析太慢。"""
_INERT = "javascript:void(0)"
"""主题的「分享」按钮就这么写，什么也不做。"""

_Find = Callable[[str], Path | None]


@dataclass
class _Html:
    """一页里与审计有关的东西。"""

    ids: set[str] = field(default_factory=set)
    links: list[tuple[int, str]] = field(default_factory=list)
    """（行号，地址）：点了会去的地方与会取的文件。"""
    loads: list[tuple[int, str, str]] = field(default_factory=list)
    """（行号，元素，地址）：打开页面就会取的文件。"""
    faults: list[tuple[int, str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = _Html()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        line = self.getpos()[0]
        values = {name: value or "" for name, value in attrs}
        for name in ("id", "name"):
            if name in values and (name == "id" or tag == "a"):
                self.page.ids.add(values[name])
        for name, value in values.items():
            if name.startswith("on"):
                self.page.faults.append((line, "E501", f"<{tag}> 带内联事件 {name}：改用脚本文件"))
            if tag == "link" and values.get("rel", "") in _LINKS_TO_ELSEWHERE:
                if name == "href":
                    self.page.links.append((line, value))
            elif (tag in ("a", "area") and name == "href") or name == "formaction":
                self.page.links.append((line, value))
            elif tag != "meta" or values.get("http-equiv", "").lower() == "refresh":
                self.page.loads += [(line, tag, url) for url in _loaded(tag, name, value)]


def _loaded(tag: str, name: str, value: str) -> list[str]:
    """一个属性让浏览器去取的地址。"""
    if (tag, name) in _LOADS or (tag == "link" and name == "href"):
        return [value]
    if name == "srcset":
        return [part.split()[0] for part in value.split(",") if part.strip()]
    if name == "style":
        return _STYLE_URL.findall(value)
    if (tag, name) == ("meta", "content"):
        return _REFRESH_URL.findall(value)
    return []


def audit_site(site: Path, base: str = "/", opens_folders: bool = True) -> list[Problem]:
    """检查 site 下的全部 HTML；base 是站点所在的路径，如 `/kb/`（404 页用绝对路径）。

    opens_folders：指向文件夹的链接会不会打开其中的 index.html；从文件打开时不会。
    """
    pages = {file: _read(file) for file in sorted(site.rglob("*.html"))}
    problems: list[Problem] = []
    find = cache(partial(_find_file, site))
    if not pages:
        problems.append(Problem(site.name, 1, "E500", "", "没有任何 HTML：先构建"))
    for file, page in pages.items():
        path = file.relative_to(site).as_posix()
        problems += [Problem(path, line, code, "", text) for line, code, text in page.faults]
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
            if url == _INERT:
                continue
            if parts is None or parts.scheme not in _SCHEMES:
                message = f"不允许的链接「{url[:80]}」：只用 http、https、mailto 与站内路径"
                problems.append(Problem(path, line, "E503", "", message))
            elif not parts.scheme and not parts.netloc:
                problems += _check_target(site, base, pages, file, line, url, find, opens_folders)
    return problems


def read_loads(file: Path) -> list[str]:
    """打开这一页就会取的文件，按出现次序。"""
    return [url for _, _, url in _read(file).loads]


def _split(url: str) -> SplitResult | None:
    """地址的各部分；写得不成地址（如括号不配对的主机）时为 None。"""
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _read(file: Path) -> _Html:
    reader = _Reader()
    reader.feed(_PLAIN.sub("", file.read_text(encoding="utf-8")))
    reader.close()
    return reader.page


def _check_target(
    site: Path,
    base: str,
    pages: dict[Path, _Html],
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
