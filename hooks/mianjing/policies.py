"""一页里许有什么：元素、属性、class、地址的白名单；贡献的面经与其余页面各一张。"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PROSE = "p h1 h2 h3 h4 h5 h6 a strong em b i del code pre span div ul ol li blockquote hr"
_RAW = "br wbr sub sup kbd"
_TABLE = "table thead tbody tr th td"
_REST = f"{_RAW} {_TABLE} abbr img details summary input label"
_WIDGETS = "button progress output section"
_ADMONITIONS = "note abstract info tip success question warning failure danger bug example quote"


@dataclass(frozen=True)
class Policy:
    """一种页面的白名单。"""

    raw: frozenset[str]
    """可以直接写成 HTML 的元素；其余的只能由 Markdown 产生。"""
    raw_attributes: bool
    """直接写的元素能不能带属性。"""
    tags: frozenset[str]
    attributes: dict[str, re.Pattern[str]]
    """属性 → 整个值的样子；键写作 `a.href`，`.id` 是任何元素都可以带的。"""
    classes: re.Pattern[str]
    """一个 class 的样子。"""
    schemes: frozenset[str]
    images: re.Pattern[str]
    """图片地址的样子。"""
    comments: re.Pattern[str]
    """可以有的注释，如生成的部分的记号。"""


_ANY = re.compile(r".*", re.DOTALL)
_EMPTY = re.compile("")
NEVER = re.compile(r"(?!)")
_ID = re.compile(r"(?!__)[\w:.-]+|__(?:tabbed|codelineno|span)[\w-]*")
_GENERATED_CLASSES = (
    r"arithmatex|headerlink|highlight|inlinehilite|language-[\w+#.-]+|filename|linenos|"
    r"admonition|admonition-title|footnote|footnote-ref|footnote-backref|end|inline|"
    r"tabbed-(?:set|alternate|labels|content|block)|" + _ADMONITIONS.replace(" ", "|")
)
_SHARED: dict[str, re.Pattern[str]] = {
    ".id": _ID,
    ".class": _ANY,
    "a.href": _ANY,
    "a.title": _ANY,
    "abbr.title": _ANY,
    "img.src": _ANY,
    "img.alt": _ANY,
    "img.title": _ANY,
    "ol.start": re.compile(r"\d+"),
    "th.style": re.compile(r"text-align: (?:left|right|center);"),
    "td.style": re.compile(r"text-align: (?:left|right|center);"),
    "details.open": re.compile(r"(?:open)?"),
    "input.checked": re.compile(r"(?:checked)?"),
    "input.name": re.compile(r"__tabbed_\d+"),
    "input.type": re.compile("radio"),
    "label.for": re.compile(r"__tabbed_\d+_\d+"),
    "div.data-tabs": re.compile(r"\d+:\d+"),
    "span.data-linenos": _ANY,
}
CONTRIBUTED = Policy(
    raw=frozenset(_RAW.split()),
    raw_attributes=False,
    tags=frozenset(f"{_PROSE} {_REST}".split()),
    attributes=_SHARED,
    classes=re.compile(_GENERATED_CLASSES),
    schemes=frozenset(("", "http", "https", "mailto")),
    images=re.compile(r"(?:\.\./)+assets/images/[a-z0-9][a-z0-9/-]*\.(?:png|jpe?g|webp)"),
    comments=NEVER,
)
"""面经：任何人都能贡献，最严。"""
SITE = Policy(
    raw=frozenset(f"a {_RAW} {_WIDGETS} div p span details summary {_TABLE} label".split()),
    raw_attributes=True,
    tags=frozenset(f"{_PROSE} {_REST} {_WIDGETS}".split()),
    attributes=_SHARED
    | {
        ".hidden": _EMPTY,
        ".lang": re.compile(r"[A-Za-z-]+"),
        ".role": re.compile(r"[a-z]+"),
        ".tabindex": re.compile(r"0|-1"),
        ".aria-*": _ANY,
        ".data-*": _ANY,
        "button.type": re.compile("button"),
        "img.loading": re.compile("lazy"),
        "img.width": re.compile(r"\d+"),
        "img.height": re.compile(r"\d+"),
        "label.for": re.compile(r"(?!__)[\w-]+|__tabbed_\d+_\d+"),
        "td.colspan": re.compile(r"\d+"),
        "th.colspan": re.compile(r"\d+"),
        "th.scope": re.compile("col|row"),
    },
    classes=re.compile(_GENERATED_CLASSES + r"|mj-[a-z0-9-]+|md-button(?:--primary)?|grid|cards"),
    schemes=frozenset(("", "http", "https", "mailto", "diagram", "claim")),
    images=re.compile(r"(?!//)(?:[^:]*|diagram:[a-z0-9-]*)"),
    comments=re.compile(r"<!-- (?:mianjing: [a-z0-9-]+|material/[a-z-]+[^>]*) -->"),
)
"""其余页面：由维护者审，可以有生成的部分、按钮与表格。"""
