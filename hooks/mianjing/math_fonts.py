"""一页公式用到 KaTeX 的哪几份字体、各用到哪些字：照它的样式表，从渲染好的 HTML 里算出。

只看类名：选择器按空格分成几段，最后一段对上元素自己，前面的对上它的祖先。
每份字体写成一个样式文件，字形在 data: 地址里：与样式一同到，先于第一次画，文字不会再挪动。
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

from mianjing.compact import dump_compact
from mianjing.whole_file import write_whole

_FACE = re.compile(r"@font-face\{([^}]*)\}")
_RULE = re.compile(r"([^{}@]+)\{([^{}]*)\}")
_SOURCE = re.compile(r"src:[^;}]*")
_URL = re.compile(r"url\(\"?\./fonts/([\w.-]+\.woff2)\"?\)")
_MATHML = re.compile(r'<span class="katex-mathml">.*?</math></span>', re.DOTALL)
_PIECE = re.compile(r'<(/?)(\w+)(?: class="([^"]*)")?[^>]*?(/?)>|([^<]+)')
_VOID = {"path", "line", "img"}
_START = ("KaTeX_Main", "400", "normal")

LATER = "fonts/later.css"
"""公式稍后才放进来的页面用它：字体用到才取。"""

Style = tuple[str, str, str]
"""（字体族，粗细，正斜）。"""


@dataclass(frozen=True)
class Rule:
    """样式表里改字体的一条：各段要有的类名，与改成什么；空串是不改。"""

    parts: tuple[frozenset[str], ...]
    style: Style


@dataclass
class MathStyles:
    """KaTeX 的样式表里与字体有关的。"""

    files: dict[Style, str]
    """字体 → 文件名。"""
    faces: dict[str, str]
    """文件名 → 它的 @font-face。"""
    rest: str
    """样式表里其余的。"""
    source: str
    """样式表全文。"""
    rules: tuple[Rule, ...]
    """先的让后的。"""
    last: dict[str, tuple[Rule, ...]] = field(default_factory=dict)
    """一个 class 属性 → 末段对得上它的规则；每种写法只找一次。"""


def read_styles(css: str) -> MathStyles:
    """读打包后的 katex.css；没有一份字体时抛 ValueError。"""
    files: dict[Style, str] = {}
    faces: dict[str, str] = {}
    for match in _FACE.finditer(css):
        found = _declarations(match[1])
        url = _URL.search(match[1])
        if url is None:
            raise ValueError(f"katex.css 里的 @font-face 没有 WOFF2：{match[0][:80]}")
        files[(found["font-family"], found["font-weight"], found["font-style"])] = url[1]
        faces[url[1]] = match[0]
    if not files:
        raise ValueError("katex.css 里没有 @font-face：重新打包（npm run bundle）")
    rules: list[Rule] = []
    rest = _FACE.sub("", css)
    for match in _RULE.finditer(rest):
        found = _declarations(match[2])
        style = (found["font-family"], found["font-weight"], found["font-style"])
        family = style[0] if style[0].startswith("KaTeX_") else ""
        if any((family, *style[1:])):
            rules += [
                Rule(_parts(selector), (family, *style[1:])) for selector in match[1].split(",")
            ]
    # 类名多的压过少的，一样多的后面压过前面的
    rules.sort(key=lambda rule: sum(map(len, rule.parts)))
    return MathStyles(files, faces, rest, css, tuple(rules))


def find_text(html: str, styles: MathStyles) -> dict[str, set[str]]:
    """渲染好的公式 html → 字体文件名 → 用它写的字；MathML 里的不算，它不用这些字体。"""
    used: dict[str, set[str]] = defaultdict(set)
    stack: list[tuple[str, Style]] = [("", _START)]
    for closing, tag, classes, alone, text in _PIECE.findall(_MATHML.sub("", html)):
        if text:
            if (file := styles.files.get(stack[-1][1])) is not None:
                used[file].update(unescape(text))
        elif closing:
            stack.pop()
        elif not alone and tag not in _VOID:
            stack.append((classes, _cascade(styles, classes, stack)))
    return used


def read_text(
    rendered: Iterable[str], styles: MathStyles, cache: Path
) -> dict[str, dict[str, str]]:
    """各个公式 → find_text 的结果，字连成一串；存在 cache 里，公式、样式与本模块没有变就不再算。

    存的只有这一次用到的。
    """
    known: dict[str, dict[str, str]] = {}
    with suppress(FileNotFoundError, ValueError):  # 坏了的缓存重新算就好
        known = json.loads(cache.read_text(encoding="utf-8"))
    salt = hashlib.sha256(styles.source.encode() + Path(__file__).read_bytes()).digest()
    found = {}
    used: dict[str, dict[str, str]] = {}
    for html in rendered:
        key = hashlib.sha256(salt + html.encode()).hexdigest()[:24]
        if key in known:
            used[key] = known[key]
        else:
            text = find_text(html, styles)
            used[key] = {file: "".join(sorted(text[file])) for file in sorted(text)}
        found[html] = used[key]
    if used != known:
        write_whole(cache, dump_compact(used).encode())
    return found


def merge_text(parts: Iterable[dict[str, str]]) -> dict[str, set[str]]:
    """几个公式合起来：字体文件名 → 用它写的字。"""
    merged: dict[str, set[str]] = defaultdict(set)
    for part in parts:
        for file, text in part.items():
            merged[file].update(text)
    return dict(merged)


def render_styles(
    styles: MathStyles, text: dict[str, set[str]], fonts: dict[str, bytes]
) -> dict[str, bytes]:
    """写进打包文件夹的：没有字体的 katex.css，用到的字体各一份，与用到才取的 later.css。"""
    used = [styles.faces[name] for name in sorted(text)]
    written = {
        face_of(name): _inline(styles.faces[name], fonts[name]).encode() for name in sorted(text)
    }
    later = "".join(_SOURCE.sub(_point_beside, face) for face in used)
    return {"katex.css": styles.rest.encode(), LATER: later.encode(), **written}


def face_of(font: str) -> str:
    """字体文件名 → 它的样式，在打包文件夹里的路径。"""
    return f"fonts/{font.removesuffix('.woff2')}.css"


def _inline(face: str, font: bytes) -> str:
    data = b64encode(font).decode("ascii")
    return _SOURCE.sub(f'src:url(data:font/woff2;base64,{data}) format("woff2")', face)


def _point_beside(source: re.Match[str]) -> str:
    name = _URL.search(source[0])
    assert name is not None
    return f'src:url("{name[1]}") format("woff2")'


def _cascade(styles: MathStyles, classes: str, stack: list[tuple[str, Style]]) -> Style:
    """一个元素的字体：从父元素继承，再依次套上对得上的规则。"""
    rules = styles.last.get(classes)
    if rules is None:
        own = set(classes.split())
        rules = tuple(rule for rule in styles.rules if rule.parts[-1] <= own)
        styles.last[classes] = rules
    family, weight, slant = stack[-1][1]
    for rule in rules:
        if len(rule.parts) == 1 or _matches(rule.parts[:-1], stack):
            family, weight, slant = (
                rule.style[0] or family,
                rule.style[1] or weight,
                rule.style[2] or slant,
            )
    return family, weight, slant


def _matches(ancestors: tuple[frozenset[str], ...], stack: list[tuple[str, Style]]) -> bool:
    """祖先里从外到内依次有这几段。"""
    wanted = list(ancestors)
    for classes, _ in stack:
        if wanted and wanted[0] <= set(classes.split()):
            wanted.pop(0)
    return not wanted


def _parts(selector: str) -> tuple[frozenset[str], ...]:
    """选择器各段的类名；最前的 .katex 不算，元素名不看。"""
    pieces = re.split(r"[\s>]+", selector.strip())
    parts = [frozenset(re.findall(r"\.([\w-]+)", piece)) for piece in pieces]
    return tuple(parts[1:] if parts[0] == {"katex"} else parts)


def _declarations(text: str) -> dict[str, str]:
    found = {"font-family": "", "font-weight": "", "font-style": ""}
    for declaration in text.split(";"):
        name, _, value = declaration.partition(":")
        if name in found:
            found[name] = value.split(",")[0].strip("\"' ")
    return found
