"""页面里只有 Markdown：渲染成 HTML，逐个元素、属性、地址对照白名单，多出来的一律拒绝，从不清洗。

两双眼睛：自己按表走一遍，说得出是什么、在第几行；再让 nh3 按同一张表清洗，少了东西的就是漏网的。
白名单在 `policies`。
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import nh3

from mianjing.markdown import prose_lines
from mianjing.messages import say
from mianjing.model import Catalog, Exercise, Experience, Page, Question, Topic
from mianjing.policies import CONTRIBUTED, NEVER, SITE, Policy
from mianjing.problem import Problem
from mianjing.rendered import Element, Rendered, render_markdown, walk_html
from mianjing.svg import find_svg_faults
from mianjing.verdicts import Verdicts

OUTPUT_KINDS = ("text/plain", "image/svg+xml", "image/png")
"""推导的结果许有的种类；PNG 由渲染另报（图要是 SVG）。"""
MAX_BRACKETS = 300
MAX_INDENT = 48
_CLOSING = re.compile(r"</([A-Za-z][\w:-]*)")
_SNIPPET = re.compile(r"-{1,}8<-{1,}")
JINJA = re.compile(r"\{\{|\{%|\{#")
_TEX = re.compile(
    r"\\(?:href|url|includegraphics|html(?:Class|Id|Style|Data)|class|cssId|style|require)\b"
)
_SPECIAL = re.compile(r"[\[\]{}*_`$<>&\\!~^|]|^[#=+-]|://|@")
"""题目里可能被当作 Markdown 的字；没有这些字的不必渲染。"""
_POLICIES = {"contributed": CONTRIBUTED, "site": SITE}


def check_pages(catalog: Catalog, verdicts: Verdicts) -> list[Problem]:
    """全站的 Markdown：面经按 `CONTRIBUTED`，其余按 `SITE`；题目都是纯文本。"""
    problems: list[Problem] = []
    records: tuple[Experience | Topic | Question | Exercise, ...] = (
        *catalog.experiences.values(),
        *catalog.topics.values(),
        *catalog.questions.values(),
        *catalog.exercises.values(),
    )
    for record in records:
        line = record.lines.get("title", 1)
        policy = "contributed" if isinstance(record, Experience) else "site"
        problems += _check_page(record, line, policy, verdicts)
    for page in catalog.pages.values():
        problems += _check_page(page, 1, "site", verdicts)
    for derivation in catalog.derivations.values():
        problems += check_title(derivation.path, derivation.title, 1)
    return problems


def check_experience(experience: Experience) -> list[Problem]:
    """一篇面经的题目与正文，按 `CONTRIBUTED`。"""
    return _check_page(experience, experience.lines.get("title", 1), "contributed", Verdicts())


def _check_page(
    page: Experience | Topic | Question | Exercise | Page,
    title_line: int,
    policy: str,
    verdicts: Verdicts,
) -> list[Problem]:
    def check() -> Iterator[Problem]:
        yield from check_title(page.path, page.title, title_line)
        yield from check_markdown(page.path, page.body, page.body_line, _POLICIES[policy])

    parts = ("page", page.path, page.title, title_line, page.body, page.body_line, policy)
    return verdicts.recall(parts, check)


def check_markdown(path: str, body: str, first_line: int, policy: Policy) -> Iterator[Problem]:
    """正文渲染出来只有白名单里的东西；first_line 是正文第一行的行号。"""
    source = _Source(path, body, first_line)
    crowded = list(_check_crowding(path, body, first_line))
    if crowded:
        yield from crowded
        return
    page = render_markdown(body)
    found = [
        *_check_raw(page, policy),
        *(fault for element in page.elements for fault in _check_element(element, policy)),
        *_check_text(body, page, policy),
    ]
    if not found:
        found = list(_check_with_nh3(page, policy))
    yield from dict.fromkeys(source.problem(*fault) for fault in found)


def check_notebook(path: str, notebook: dict[str, Any]) -> Iterator[Problem]:
    """推导的文字格按 `SITE`；结果只收文本与 SVG，`text/html`、脚本一类不收。"""
    for number, cell in enumerate(notebook["cells"], 1):
        if cell["cell_type"] == "markdown":
            for problem in check_markdown(path, "".join(cell["source"]), 1, SITE):
                message = f"第 {number} 格第 {problem.line} 行：{problem.message}"
                yield Problem(path, 1, problem.code, "", message)
        for output in cell.get("outputs", []):
            for kind, data in output.get("data", {}).items():
                if kind not in OUTPUT_KINDS:
                    message = (
                        f"第 {number} 格的结果不收「{kind}」：只要文本与 SVG，改代码后 make execute"
                    )
                    yield Problem(path, 1, "E411", "", message)
                elif kind == "image/svg+xml":
                    for line, text in find_svg_faults("".join(data)):
                        message = f"第 {number} 格的图第 {line} 行：{text}"
                        yield Problem(path, 1, "E411", "", message)


def check_title(path: str, title: str, line: int) -> Iterator[Problem]:
    """题目是纯文本：当作 Markdown 的标题渲染，字一个不多、一个不少，没有别的元素。"""
    if not _SPECIAL.search(title):
        return
    page = render_markdown(f"# {title}")
    text = "".join(page.text).removesuffix("¶")
    heading = page.elements[0] if page.elements else Element("", {})
    plain = [element.tag for element in page.elements] == ["h1", "a"]
    if plain and text == title:
        return
    extra = [
        *(f"<{element.tag}>" for element in page.elements[1:-1]),
        *(name for name in heading.attributes if name != "id"),
    ]
    shown = f"（{'、'.join(dict.fromkeys(extra))}）" if extra else ""
    message = f"「{title[:60]}」会被当作 Markdown{shown}：题目只写文字"
    yield Problem(path, line, "E419", "title", message)


def _check_crowding(path: str, body: str, first_line: int) -> Iterator[Problem]:
    """解析 Markdown 的时间随一段里的方括号立方增长，列表每深一层就多递归几层：先挡住。"""
    number = first_line
    for block in re.split(r"\n[ \t]*\n", body):
        if (count := block.count("[")) > MAX_BRACKETS:
            message = f"一段里有 {count} 个「[」，超过 {MAX_BRACKETS}：拆成几段"
            yield Problem(path, number, "E418", "", message)
        number += block.count("\n") + 2
    for number, line in prose_lines(body, first_line):
        if (depth := len(line) - len(line.lstrip())) > MAX_INDENT:
            message = f"缩进 {depth} 格，超过 {MAX_INDENT}：列表少嵌几层"
            yield Problem(path, number, "E418", "", message)


_Fault = tuple[str, str, tuple[str, ...]]
"""（代码，说明，在正文里找这些字定位）。"""


@dataclass(frozen=True)
class _Source:
    path: str
    body: str
    first_line: int

    def problem(self, code: str, message: str, needles: tuple[str, ...]) -> Problem:
        return Problem(self.path, self._locate(needles), code, "", message)

    def _locate(self, needles: tuple[str, ...]) -> int:
        """依次找：围栏外原样的字，整个正文里的字，把实体与空白还原之后的字；都没有就是第一行。"""
        prose = list(prose_lines(self.body, self.first_line))
        every = list(enumerate(self.body.split("\n"), self.first_line))
        for needle in filter(None, needles):
            low = needle.lower()
            for lines in (prose, every):
                for number, line in lines:
                    if low in line.lower():
                        return number
            tight = re.sub(r"[\s\x00-\x1f]", "", low)
            for number, line in every:
                if tight in re.sub(r"[\s\x00-\x1f]", "", unescape(line).lower()):
                    return number
        return self.first_line


def _check_raw(page: Rendered, policy: Policy) -> Iterator[_Fault]:
    for raw in page.raw:
        text = raw.strip()
        first = text.split("\n")[0]
        if text.startswith("<!--"):
            if not policy.comments.fullmatch(text):
                message = f"不收 HTML 注释「{first[:40]}」：删掉它，要说的写成正文"
                yield "E415", message, (first,)
            continue
        if text.startswith(("<?", "<!")):
            yield "E411", f"不收「{first[:40]}」：只写 Markdown", (first,)
            continue
        for tag in dict.fromkeys(_CLOSING.findall(text)):
            if tag.lower() not in policy.raw:
                message = f"不收 HTML 的结束标签 </{tag}>：只写 Markdown；要写出来就放进反引号"
                yield "E411", message, (f"</{tag}",)
        for element in walk_html(text):
            if element.tag not in policy.raw:
                message = f"不收 HTML 元素 <{element.tag}>：只写 Markdown；要写出来就放进反引号"
                yield "E411", message, (f"<{element.tag}", first)
            elif element.attributes and not policy.raw_attributes:
                names = "、".join(element.attributes)
                message = f"<{element.tag}> 不带属性（{names}）：只写 <{element.tag}>"
                yield "E412", message, (f"<{element.tag}", first)


def _check_element(element: Element, policy: Policy) -> Iterator[_Fault]:
    if element.tag not in policy.tags:
        message = f"不收 HTML 元素 <{element.tag}>：只写 Markdown；要写出来就放进反引号"
        yield "E411", message, (f"<{element.tag}",)
        return
    for name, value in element.attributes.items():
        yield from _check_attribute(element.tag, name, value, policy)


def _check_attribute(tag: str, name: str, value: str, policy: Policy) -> Iterator[_Fault]:
    shape = _shape(tag, name, policy)
    if shape is None:
        message = f"<{tag}> 不收属性 {name}（「{value[:40]}」）：删掉它，花括号里只写 #id"
        yield "E412", message, (name, value)
    elif name == "class":
        for one in value.split():
            if not policy.classes.fullmatch(one):
                message = f"<{tag}> 不收 class「{one[:40]}」：删掉它，外观由站点定"
                yield "E412", message, (f".{one}", one)
    elif name == "id":
        if not shape.fullmatch(value):
            message = f"不收 id「{value[:40]}」：用字母、数字与连字符，不以两条下划线开头"
            yield "E414", message, (f"#{value}", value)
    elif not shape.fullmatch(value):
        message = f"<{tag}> 的 {name} 不收「{value[:40]}」：删掉它"
        yield "E412", message, (f'{name}="{value}', f"{name}=", value)
    elif name == "href":
        if not _is_allowed_link(value, policy):
            message = f"不收链接「{value[:60]}」：只用 http、https、mailto 与站内的相对路径"
            yield "E413", message, (value, f"[{value}", "](")
    elif name == "src" and not policy.images.fullmatch(value):
        message = f"不收图片「{value[:60]}」：用 docs/assets/images/ 里的 png、jpg、webp"
        yield "E413", message, (value,)


def _shape(tag: str, name: str, policy: Policy) -> re.Pattern[str] | None:
    if name.startswith("data-md-"):
        return None  # 主题按它认领部件：放进来等于让页面冒充搜索框
    for key in (f"{tag}.{name}", f".{name}", f".{name.partition('-')[0]}-*"):
        if key in policy.attributes:
            return policy.attributes[key]
    return None


def _is_allowed_link(url: str, policy: Policy) -> bool:
    """地址的样子；浏览器会先去掉空白与控制字符，这里照做再看。"""
    if re.search(r"[\x00-\x20\x7f\\]", url.strip()) or url.startswith("//"):
        return False
    try:
        return urlsplit(url.strip()).scheme in policy.schemes
    except ValueError:
        return False


def _check_text(body: str, page: Rendered, policy: Policy) -> Iterator[_Fault]:
    if found := _SNIPPET.search(body):
        message = f"不收引用文件的记号「{found.group()}」：把要说的写在这里"
        yield "E416", message, (found.group(),)
    for formula in page.math:
        if found := _TEX.search(formula):
            message = f"公式里不收 {found.group()}：公式不带链接、样式与图片"
            yield "E417", message, (found.group(),)
    if policy is not CONTRIBUTED:
        return
    for text in page.text:
        if found := JINJA.search(text):
            mark = found.group()
            escaped = "".join(f"\\{char}" for char in mark)
            yield "E415", say("template", found=mark), (mark, escaped, escaped[:-2] + mark[1:])


def _check_with_nh3(page: Rendered, policy: Policy) -> Iterator[_Fault]:
    """nh3 按同一张表清洗之后，元素与属性一个也没有少。"""
    names: dict[str, set[str]] = {}
    for key in policy.attributes:
        tag, _, name = key.partition(".")
        names.setdefault(tag or "*", set()).add(name)

    cleaned = nh3.clean(
        page.html,
        tags=set(policy.tags),
        attributes=names,
        generic_attribute_prefixes={"data-", "aria-"},
        url_schemes=set(policy.schemes) - {""},
        link_rel=None,
        strip_comments=policy.comments is NEVER,
    )
    before, after = _tokens(page.elements), _tokens(walk_html(cleaned))
    if before == after:
        return
    lost = next((b for b, a in zip(before, after, strict=False) if b != a), None)
    tag = lost[0] if lost else "…"
    message = f"<{tag}> 在浏览器里会读成别的样子：HTML 没有写完整，改用 Markdown"
    yield "E418", message, (f"<{tag}",)


def _tokens(elements: list[Element]) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """元素与属性，不计浏览器自己补的 tbody。"""
    return [(e.tag, tuple(sorted(e.attributes.items()))) for e in elements if e.tag != "tbody"]
