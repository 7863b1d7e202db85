"""一份 SVG 里会执行的、会打开别处的：脚本、事件、外来的地址、嵌进来的 HTML、实体定义。"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

_ELEMENTS = {
    *("script", "foreignobject", "iframe", "object", "embed", "audio", "video", "handler"),
    *("animate", "animatemotion", "animatetransform", "set", "link", "meta", "base", "form"),
}
_LINKS = {"href", "xlink:href", "src", "data", "action"}
_STYLE_URL = re.compile(r"url\(\s*['\"]?(?!#)([^'\")]*)|(@import|expression\()", re.IGNORECASE)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.faults: list[tuple[int, str]] = []
        self._style = False

    def _fault(self, text: str) -> None:
        self.faults.append((self.getpos()[0], text))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        name = tag.rpartition(":")[2]
        self._style = name == "style"
        if name in _ELEMENTS:
            self._fault(f"SVG 里不收 <{tag}>：只留图形")
        for key, value in attrs:
            text = (value or "").strip()
            if key.startswith("on"):
                self._fault(f"SVG 的 <{tag}> 带内联事件 {key}：删掉它")
            elif key in _LINKS and not text.startswith("#") and not _is_picture(tag, text):
                self._fault(f"SVG 的 <{tag}> 指向「{text[:60]}」：只许指向图里的 #id")
            elif found := _STYLE_URL.search(text):
                self._fault(f"SVG 的 <{tag}> 的样式取「{found.group()[:60]}」：删掉它")

    def handle_data(self, data: str) -> None:
        if self._style and (found := _STYLE_URL.search(data)):
            self._fault(f"SVG 的样式取「{found.group()[:60]}」：删掉它")

    def handle_endtag(self, tag: str) -> None:
        self._style = False

    def handle_decl(self, decl: str) -> None:
        if "[" in decl or "ENTITY" in decl.upper():
            self._fault("SVG 里不收实体定义（<!ENTITY …>）：删掉它")

    def unknown_decl(self, data: str) -> None:
        if self._style and (found := _STYLE_URL.search(data)):
            self._fault(f"SVG 的样式取「{found.group()[:60]}」：删掉它")

    def handle_pi(self, data: str) -> None:
        if not data.lower().startswith("xml "):
            self._fault(f"SVG 里不收「<?{data[:30]}」：删掉它")


def _is_picture(tag: str, url: str) -> bool:
    """嵌在 `<image>` 里的点阵图（matplotlib 的热图就是）。"""
    return tag == "image" and re.match(r"data:image/(?:png|jpeg);base64,", url) is not None


def find_svg_faults(text: str) -> Iterator[tuple[int, str]]:
    """一份 SVG 里不该有的：（行号，说明）。"""
    if re.search(r"<!ENTITY|<!DOCTYPE[^>]*\[", text, re.IGNORECASE):
        yield 1, "SVG 里不收实体定义（<!ENTITY …>）：删掉它"
        return
    reader = _Reader()
    reader.feed(text)
    reader.close()
    yield from dict.fromkeys(reader.faults)
