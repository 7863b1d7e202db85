"""构建好的一页里与审计有关的东西：读一遍，链接、会取的文件、结构上的毛病都在其中。"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

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
_STYLE_URL = re.compile(r"url\(\s*['\"]?([^'\")]+)")
_REFRESH_URL = re.compile(r"url\s*=\s*['\"]?([^'\"]+)", re.IGNORECASE)
_LINKS_TO_ELSEWHERE = {"canonical", "license", "alternate", "next", "prev"}
_FORBIDDEN = {
    *("iframe", "frame", "frameset", "object", "embed", "applet", "base", "portal"),
    *("foreignobject", "fencedframe"),
}
_BLOCKS = {
    *("address", "article", "aside", "blockquote", "details", "div", "dl", "fieldset", "figure"),
    *("footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "nav", "ol"),
    *("p", "pre", "section", "table", "ul"),
}
"""浏览器遇到它们就把前面没有关的 <p> 关掉。"""
_HEAD = {"meta", "link", "title", "script", "style", "noscript"}
_THEME_IDS = re.compile(
    r"__(?:config|drawer|search|toc|skip|palette|consent|nav|comments|bundle|tabbed|codelineno|"
    r"span|block)[\w-]*"
)
_PLAIN = re.compile(
    r"""</span>|<span(?: class="[^"'<>]*")?(?: aria-hidden="true")?(?: style="[\w:;.,% -]*")?>"""
)
"""只带样式的 span 占了标签的九成，不含要审的东西；先去掉，逐个解析太慢。"""
_MARKUP = re.compile(r"<(?:script|img|svg|iframe)\b", re.IGNORECASE)
_POLICY = "content-security-policy"


@dataclass
class BuiltPage:
    """一页。"""

    html: str = ""
    ids: dict[str, int] = field(default_factory=dict)
    """id（与 a 的 name）→ 行号。"""
    links: list[tuple[int, str]] = field(default_factory=list)
    """（行号，地址）：点了会去的地方与会取的文件。"""
    loads: list[tuple[int, str, str]] = field(default_factory=list)
    """（行号，元素，地址）：打开页面就会取的文件。"""
    handlers: list[tuple[int, str, str]] = field(default_factory=list)
    """（行号，代码，说明）：内联的事件。"""
    faults: list[tuple[int, str, str]] = field(default_factory=list)
    """（行号，代码，说明）：结构上的毛病。"""
    policies: list[str] = field(default_factory=list)
    before_policy: list[str] = field(default_factory=list)
    """策略之前的元素。"""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = BuiltPage()
        self._in_head = False
        self._in_paragraph = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        page, line = self.page, self.getpos()[0]
        values = {name: value or "" for name, value in attrs}
        self._check_structure(tag, values)
        for name, value in values.items():
            if name.startswith("on"):
                page.handlers.append((line, "E501", f"<{tag}> 带内联事件 {name}：改用脚本文件"))
            if tag == "link" and _LINKS_TO_ELSEWHERE.intersection(values.get("rel", "").split()):
                if name == "href":
                    page.links.append((line, value))
            elif (tag in ("a", "area") and name in ("href", "xlink:href")) or name == "formaction":
                page.links.append((line, value))
            elif tag != "meta" or values.get("http-equiv", "").lower() == "refresh":
                page.loads += [(line, tag, url) for url in _loaded(tag, name, value)]

    def handle_endtag(self, tag: str) -> None:
        if tag == "head":
            self._in_head = False
        elif tag == "p":
            self._in_paragraph = False

    def _fault(self, code: str, text: str) -> None:
        self.page.faults.append((self.getpos()[0], code, text))

    def _check_structure(self, tag: str, values: dict[str, str]) -> None:
        page = self.page
        if tag in _FORBIDDEN:
            self._fault("E514", f"不收 <{tag}>：它会执行或打开别处的东西")
        if self._in_paragraph and tag in _BLOCKS:
            self._fault("E515", f"<p> 里有 <{tag}>：直接写的 HTML 前后各空一行")
        self._in_paragraph = tag == "p" or (self._in_paragraph and tag not in _BLOCKS)
        if self._in_head and tag not in _HEAD and tag not in ("head", "body"):
            self._fault("E509", f"<head> 里多出 <{tag}>：字段里混进了 HTML")
        self._in_head = (self._in_head or tag == "head") and tag != "body"
        if tag == "meta" and values.get("http-equiv", "").lower() == _POLICY:
            page.policies.append(values.get("content", ""))
        elif not page.policies and "charset" not in values:
            page.before_policy.append(tag)
        for name in ("content", "title", "alt", "aria-label"):
            if _MARKUP.search(values.get(name, "")):
                self._fault("E509", f"<{tag}> 的 {name} 里有 HTML：「{values[name][:60]}」")
        if one := values.get("id"):
            self._check_id(tag, one)
        if tag == "a" and "name" in values:
            page.ids.setdefault(values["name"], self.getpos()[0])

    def _check_id(self, tag: str, one: str) -> None:
        ids = self.page.ids
        if one in ids:
            self._fault("E508", f"id「{one}」重复，前一个在第 {ids[one]} 行：换一个")
        elif one.startswith("__") and not _THEME_IDS.fullmatch(one):
            self._fault("E508", f"id「{one}」像主题的：不以两条下划线开头")
        elif one == "__config" and tag != "script":
            self._fault("E508", f"<{tag}> 占了主题的 id「__config」：换一个")
        ids.setdefault(one, self.getpos()[0])


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


def read_pages(site: Path) -> dict[Path, BuiltPage]:
    """site 下的全部 HTML。"""
    return {file: read_page(file) for file in sorted(site.rglob("*.html")) if not file.is_symlink()}


def read_page(file: Path) -> BuiltPage:
    """一份 HTML。"""
    reader = _Reader()
    reader.page.html = file.read_text(encoding="utf-8")
    reader.feed(_PLAIN.sub("", reader.page.html))
    reader.close()
    return reader.page
