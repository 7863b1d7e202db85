"""扫描构建好的站：站内链接与锚点都在，不从别的主机取任何东西，没有内联事件与脚本链接。"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mianjing.problem import Problem

_LOADS = {
    ("script", "src"),
    ("img", "src"),
    ("iframe", "src"),
    ("source", "src"),
    ("audio", "src"),
    ("video", "src"),
    ("object", "data"),
    ("embed", "src"),
    ("form", "action"),
}
_LINKS_TO_ELSEWHERE = {"canonical", "license", "alternate", "next", "prev"}
_SCHEMES = {"", "http", "https", "mailto"}
_INERT = "javascript:void(0)"
"""主题的「分享」按钮就这么写，什么也不做。"""


@dataclass
class _Html:
    """一页里与审计有关的东西。"""

    ids: set[str] = field(default_factory=set)
    links: list[tuple[int, str]] = field(default_factory=list)
    """（行号，地址）：点了会去的地方与会取的文件。"""
    loads: list[tuple[int, str]] = field(default_factory=list)
    """（行号，地址）：打开页面就会取的文件。"""
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
            if (tag, name) in _LOADS or (tag == "link" and name == "href"):
                elsewhere = tag == "link" and values.get("rel", "") in _LINKS_TO_ELSEWHERE
                (self.page.links if elsewhere else self.page.loads).append((line, value))
            elif tag in ("a", "area") and name == "href":
                self.page.links.append((line, value))


def audit_site(site: Path, base: str = "/") -> list[Problem]:
    """检查 site 下的全部 HTML；base 是站点所在的路径，如 `/kb/`（404 页用绝对路径）。"""
    pages = {file: _read(file) for file in sorted(site.rglob("*.html"))}
    problems: list[Problem] = []
    if not pages:
        problems.append(Problem(site.name, 1, "E500", "", "没有任何 HTML：先构建"))
    for file, page in pages.items():
        path = file.relative_to(site).as_posix()
        problems += [Problem(path, line, code, "", text) for line, code, text in page.faults]
        for line, url in page.loads:
            parts = urlsplit(url)
            if parts.netloc or parts.scheme not in ("", "data"):
                message = f"从别处取文件「{url}」：一切文件由本站发出"
                problems.append(Problem(path, line, "E502", "", message))
            elif not parts.scheme:
                problems += _check_target(site, base, pages, file, line, url)
        for line, url in page.links:
            parts = urlsplit(url)
            if url == _INERT:
                continue
            if parts.scheme not in _SCHEMES:
                message = f"不允许的链接「{url[:80]}」：只用 http、https、mailto 与站内路径"
                problems.append(Problem(path, line, "E503", "", message))
            elif not parts.scheme and not parts.netloc:
                problems += _check_target(site, base, pages, file, line, url)
    return problems


def _read(file: Path) -> _Html:
    reader = _Reader()
    reader.feed(file.read_text(encoding="utf-8"))
    reader.close()
    return reader.page


def _check_target(
    site: Path, base: str, pages: dict[Path, _Html], file: Path, line: int, url: str
) -> list[Problem]:
    parts = urlsplit(url)
    path = unquote(parts.path)
    if path.startswith("/"):
        if not path.startswith(base):
            message = f"绝对路径「{url}」不在站点路径 {base} 之下"
            return [Problem(file.relative_to(site).as_posix(), line, "E504", "", message)]
        target = site / path[len(base) :]
    else:
        target = file.parent / path if path else file
    target = target.resolve() if path else target
    if target.is_dir():
        target = target / "index.html"
    where = file.relative_to(site).as_posix()
    if not target.is_file():
        return [Problem(where, line, "E504", "", f"链接「{url}」指向不存在的文件")]
    anchor = unquote(parts.fragment)
    known = pages.get(target) or pages.get(site / target.relative_to(site.resolve()))
    if anchor and known is not None and anchor not in known.ids:
        return [Problem(where, line, "E505", "", f"链接「{url}」指向不存在的锚点")]
    return []
