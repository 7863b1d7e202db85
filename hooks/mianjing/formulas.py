"""公式在构建时由 KaTeX 渲染成 HTML + MathML：全站一个 Node 进程，按公式缓存。"""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from mianjing.node import MissingNodeError, ScriptError, run_script
from mianjing.whole_file import write_whole

_SPAN = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\\(?P<open>[(\[])(?P<tex>.*?)\\[)\]]</(?P=tag)>',
    re.DOTALL,
)
_OPENING = "（「『《【“"
_CLOSED = re.compile(r"(?:</(?:a|em|strong)>)?[，。；：、！？）」』》】”…％]")
"""公式前面与后面、不与它分在两行的标点。"""
_BASE, _ENDS = '<span class="katex-base">', "</span></span>"
"""KaTeX 的一段公式，与最后一段之后的两层。"""
_SCRIPT = Path(__file__).with_name("katex.mjs")


class FormulaError(Exception):
    """渲染公式所需的 Node 或 KaTeX 不可用。"""


@dataclass(frozen=True)
class Formula:
    """一个公式：TeX 源码与是否独占一行。"""

    tex: str
    display: bool


@dataclass(frozen=True)
class Rendered:
    """渲染结果：html 与 error 恰有一个非空。"""

    html: str
    error: str


def find_formulas(html: str) -> list[Formula]:
    """页面里的全部公式，按出现次序。"""
    return [_formula(match) for match in _SPAN.finditer(html)]


def replace_formulas(html: str, rendered: dict[Formula, Rendered]) -> str:
    """把公式换成渲染好的 HTML；前一个开括号、后一个句读与它不分在两行。"""

    parts: list[str] = []
    end = 0
    for match in _SPAN.finditer(html):
        formula = rendered[_formula(match)].html
        before = html[match.start() - 1 : match.start()]
        opened = before if match["tag"] == "span" and before in _OPENING else ""
        parts.append(html[end : match.start() - len(opened)])
        end = match.end()
        if match["tag"] == "div":
            parts.append(_wrap(formula))
        else:
            parts.append(_tie(formula, opened, _CLOSED.match(html, end) is not None))
    return "".join([*parts, html[end:]])


def locate_formula(source: str, formula: Formula) -> int:
    """公式在源文件里的行号（从 1 数）；找不到原样文字时记 1。"""
    first = next((line.strip() for line in formula.tex.splitlines() if line.strip()), "")
    for number, line in enumerate(source.splitlines(), 1):
        if first and first in line:
            return number
    return 1


def render_formulas(root: Path, formulas: set[Formula]) -> dict[Formula, Rendered]:
    """渲染一批公式；已缓存的不再渲染，失败的不进缓存。"""
    cache_file = root / ".cache" / f"katex-{_cache_version(root)}.json"
    cache: dict[str, str] = {}
    if cache_file.is_file():
        with suppress(ValueError):  # 坏了的缓存重新渲染就好
            cache = json.loads(cache_file.read_text(encoding="utf-8"))
    missing = sorted(
        (f for f in formulas if _key(f) not in cache), key=lambda f: (f.tex, f.display)
    )
    errors: dict[Formula, str] = {}
    if missing:
        for formula, result in zip(missing, _run_katex(root, missing), strict=True):
            if "html" in result:
                cache[_key(formula)] = result["html"]
            else:
                errors[formula] = result["error"]
        text = json.dumps(cache, ensure_ascii=False, sort_keys=True)
        write_whole(cache_file, text.encode())
    return {
        f: Rendered("", errors[f]) if f in errors else Rendered(cache[_key(f)], "")
        for f in formulas
    }


def _run_katex(root: Path, formulas: list[Formula]) -> list[dict[str, str]]:
    request = [{"tex": f.tex, "display": f.display} for f in formulas]
    try:
        answer: list[dict[str, str]] = json.loads(run_script(_SCRIPT, request, root))
    except MissingNodeError as error:
        raise FormulaError(
            "找不到 node：用 make serve 或 make build 构建，它会准备好 Node 与 KaTeX"
        ) from error
    except ScriptError as error:
        message = f"KaTeX 没有跑起来（{error}）：先运行 npm ci，或用 make build"
        raise FormulaError(message) from error
    return answer


def _cache_version(root: Path) -> str:
    """缓存随 KaTeX 的版本与渲染脚本失效。"""
    package = root / "node_modules" / "katex" / "package.json"
    if not package.is_file():
        raise FormulaError("没有安装 KaTeX：先运行 npm ci，或用 make serve、make build")
    return hashlib.sha256(package.read_bytes() + _SCRIPT.read_bytes()).hexdigest()[:16]


def _formula(match: re.Match[str]) -> Formula:
    return Formula(unescape(match.group("tex")).strip(), match.group("open") == "[")


def _key(formula: Formula) -> str:
    return f"{'display' if formula.display else 'inline'} {formula.tex}"


def _wrap(html: str) -> str:
    """独占一行的公式可能比手机宽：给它一个可以横向滚动、能用键盘聚焦的容器。"""
    return f'<div class="mj-math" tabindex="0" role="group" aria-label="公式">{html}</div>'


def _tie(html: str, opened: str, closed: bool) -> str:
    """公式的每一段是一个方块，浏览器在方块的两边都肯断行，逗号、句号就会落到行首。

    最后一段放进不断行的容器，后面再接一个词连接符（U+2060），两样缺一样都还会断；公式自己还断得开。
    """
    if closed:
        head, base, tail = html.rpartition(_BASE)
        body = tail.removesuffix(_ENDS)
        html = f'{head}<span class="mj-tie">{base}{body}\u2060</span>{_ENDS}'
    return f'<span class="mj-tie">{opened}{html}</span>' if opened else html
