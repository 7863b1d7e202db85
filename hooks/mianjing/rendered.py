"""与站点相同的 Markdown → HTML，另外记下直接写的 HTML、各个元素、代码与公式以外的文字。"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser

from markdown import Markdown
from markdown.inlinepatterns import HTML_RE, HtmlInlineProcessor
from markdown.preprocessors import Preprocessor
from pymdownx.slugs import slugify

from mianjing.math_signs import MathSigns

EXTENSIONS: dict[str, dict[str, object]] = {
    "abbr": {},
    "admonition": {},
    "attr_list": {},
    "footnotes": {},
    "tables": {},
    "toc": {
        "permalink": True,
        "permalink_title": "指向这一节的链接",
        "slugify": slugify(case="lower"),
        "toc_depth": 3,
    },
    "pymdownx.arithmatex": {"generic": True},
    "pymdownx.details": {},
    "pymdownx.highlight": {"anchor_linenums": False, "pygments_lang_class": True},
    "pymdownx.inlinehilite": {},
    "pymdownx.superfences": {},
    "pymdownx.tabbed": {"alternate_style": True},
}
"""与 mkdocs.yml 的 markdown_extensions 相同，测试核对。"""


@dataclass
class Element:
    """一个元素。"""

    tag: str
    attributes: dict[str, str]


@dataclass
class Rendered:
    """一段 Markdown 渲染的结果。"""

    html: str
    raw: list[str]
    """直接写的 HTML，一段一条。"""
    elements: list[Element] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    """代码与公式以外的文字。"""
    math: list[str] = field(default_factory=list)


class _Walker(HTMLParser):
    """依次收下元素与文字。"""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.text: list[str] = []
        self.math: list[str] = []
        self._open: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.elements.append(Element(tag, values))
        self._open.append((tag, values.get("class", "")))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if any("arithmatex" in names for _, names in self._open):
            self.math.append(data)
        elif not any(tag in ("code", "pre") for tag, _ in self._open):
            self.text.append(data)


class _RawBlocks(Preprocessor):
    """记下 Markdown 当作 HTML 收起来的整块。"""

    def __init__(self, md: Markdown, inner: Preprocessor, found: list[str]) -> None:
        super().__init__(md)
        self.stash, self.inner, self.found = md.htmlStash, inner, found

    def run(self, lines: list[str]) -> list[str]:
        before = self.stash.html_counter
        result: list[str] = self.inner.run(lines)
        self.found.extend(str(block) for block in self.stash.rawHtmlBlocks[before:])
        return result


class _RawInline(HtmlInlineProcessor):
    """记下行内直接写的 HTML。"""

    def __init__(self, pattern: str, md: Markdown, found: list[str]) -> None:
        super().__init__(pattern, md)
        self.found = found

    def handleMatch(  # type: ignore[override]  # noqa: N802
        self, m: re.Match[str], data: str
    ) -> tuple[str, int, int]:
        self.found.append(m.group(0))
        result: tuple[str, int, int] = super().handleMatch(m, data)
        return result


@cache
def _converter() -> tuple[Markdown, list[str]]:
    """与站点相同的 Markdown，另外记下直接写的 HTML。"""
    found: list[str] = []
    settings = EXTENSIONS | {"pymdownx.highlight": {"use_pygments": False}}  # 着色慢十倍，不看它
    md = Markdown(extensions=[*settings, MathSigns()], extension_configs=settings)
    md.preprocessors.register(
        _RawBlocks(md, md.preprocessors["html_block"], found), "html_block", 20
    )
    md.inlinePatterns.register(_RawInline(HTML_RE, md, found), "html", 90)
    return md, found


@cache
def render_markdown(markdown: str) -> Rendered:
    """一段 Markdown 渲染的结果；同样的文字只渲染一次。"""
    md, found = _converter()
    md.reset()
    found.clear()
    html = md.convert(markdown)
    walker = _walk(html)
    return Rendered(html, list(found), walker.elements, walker.text, walker.math)


def walk_html(html: str) -> list[Element]:
    """一段 HTML 里的元素，依次。"""
    return _walk(html).elements


def _walk(html: str) -> _Walker:
    walker = _Walker()
    walker.feed(html)
    walker.close()
    return walker
