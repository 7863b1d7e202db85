"""页面的 HTML → 各节的文字。公式取 TeX 的近似读法。"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape, unescape
from html.parser import HTMLParser

_HEADINGS = {"h1", "h2", "h3", "h4"}
_BLOCKS = {"p", "li", "tr", "td", "th", "div", "pre", "dt", "dd", "summary", "figcaption", "br"}
_SKIPPED = {"script", "style", "svg", "button", "nav"}
_EXCLUDED = "data-search-exclude"
"""带这个属性的元素不进索引（Material 也用这个名字）：别名、下载链接。"""
_ENDS = {"dt": "：", "dd": "；", "td": "；", "li": "；"}
"""连成一行时的标点：`<dt>结果</dt><dd>未通过</dd>` → `结果：未通过；`。"""
_PUNCTUATION = tuple("。；：，、！？…,;:.!?")
_VOID = {"br", "img", "hr", "input", "source", "wbr", "col", "area", "embed", "link", "meta"}
_SYMBOL_TABLE = """
alpha=α beta=β gamma=γ delta=δ epsilon=ε varepsilon=ε theta=θ lambda=λ mu=μ pi=π rho=ρ sigma=σ
tau=τ phi=φ psi=ψ omega=ω eta=η Psi=Ψ Delta=Δ Theta=Θ Sigma=Σ nabla=∇ partial=∂ sum=Σ prod=Π
sqrt=√ times=× cdot=· odot=⊙ pm=± le=≤ leq=≤ ge=≥ geq=≥ approx=≈ in=∈ to=→ infty=∞ top=⊤
ldots=… dots=…
"""
_SYMBOLS = dict(pair.split("=") for pair in _SYMBOL_TABLE.split())
"""读得出的 TeX 命令；其余命令（字体、大小、间距）去掉。"""
_MATH = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)
_SPAN = re.compile(r"</?span[^>]*>")
_LOOSE = re.compile(r"(?<=[：；，。、]) ")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_GROUP = re.compile(r"\\(?![dt]?frac)([A-Za-z]+)\s*\{([^{}]*)\}|(?<=[_^])\{([^{}]*)\}")
_COMMAND = re.compile(r"\\([A-Za-z]+)\s*")


@dataclass(frozen=True)
class Section:
    """一节：锚点（页首为空）、标题（页首为空）、文字。"""

    anchor: str
    heading: str
    text: str


def read_sections(html: str) -> list[Section]:
    """一页的各节，按出现次序；第一节是页首到第一个二级标题之前。

    公式与 `<span>` 先用正则去掉：代码高亮的 span 占了标签的九成，逐个解析太慢。
    """
    reader = _Reader()
    reader.feed(_SPAN.sub("", _MATH.sub(_read_math, html)))
    reader.close()
    return reader.finish()


def tex_text(tex: str) -> str:
    r"""TeX 的近似读法：`\frac{QK^\top}{\sqrt{d}}` → `QK^⊤/√d`。"""
    previous = None
    while previous != tex:
        previous, tex = tex, _GROUP.sub(_open_group, _FRACTION.sub(r"\1/\2", tex))
    tex = _COMMAND.sub(lambda match: _SYMBOLS.get(match.group(1), ""), tex)
    return re.sub(r"\s+", " ", re.sub(r"\\.?|[{}&~$]", "", tex)).strip()


def _read_math(match: re.Match[str]) -> str:
    return f" {escape(tex_text(unescape(match.group(2))))} "


def _open_group(match: re.Match[str]) -> str:
    """`\\sqrt{d}` → `√d`，`\\mathrm{softmax}` → `softmax`，`_{ij}` → `_ij`。"""
    command, argument, index = match.groups()
    if command is None:
        return str(index)
    after_command = match.string[: match.start()][-1:].isalpha()
    return (" " if after_command else "") + _SYMBOLS.get(command, "") + str(argument)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.sections: list[Section] = []
        self.anchor, self.heading, self.text = "", "", [""]
        self.in_heading: list[str] | None = None
        self.heading_id = ""
        self.open: list[str] = []
        self.skipping = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in _BLOCKS:
            self._write(" ")
        if tag in _VOID:
            return
        self.open.append(tag)
        classes = set(values.get("class", "").split())
        if self.skipping or tag in _SKIPPED or _EXCLUDED in values or "headerlink" in classes:
            self.skipping += 1
        elif tag in _HEADINGS and values.get("id"):
            self._close_section()
            self.heading_id, self.in_heading = values["id"], []

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.open:
            return
        while self.open:
            closed = self.open.pop()
            if self.skipping:
                self.skipping -= 1
            elif closed in _HEADINGS and self.in_heading is not None:
                title = " ".join("".join(self.in_heading).split())
                self.in_heading = None
                first = closed == "h1"
                self.anchor, self.heading = ("", "") if first else (self.heading_id, title)
            if closed == tag:
                break
        if tag in _ENDS and self.in_heading is None and not self.skipping:
            written = "".join(self.text[-8:]).rstrip()
            if written and not written.endswith(_PUNCTUATION):
                self._write(_ENDS[tag])
        if tag in _BLOCKS:
            self._write(" ")

    def handle_data(self, data: str) -> None:
        if not self.skipping:
            self._write(data)

    def _write(self, data: str) -> None:
        (self.text if self.in_heading is None else self.in_heading).append(data)

    def _close_section(self) -> None:
        text = _LOOSE.sub("", " ".join("".join(self.text).split()))
        if text or self.heading:
            self.sections.append(Section(self.anchor, self.heading, text))
        self.text = [""]
        self.anchor, self.heading = "", ""

    def finish(self) -> list[Section]:
        self._close_section()
        return self.sections
