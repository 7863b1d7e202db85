"""投稿的草稿：表单与 issue 里填的字 → 一篇面经的 Markdown。

值都是填的原样（去掉两端的空白），空着就是没有写。
表单那边的 `contribute/record.js` 写出逐字相同的文件。
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass

from mianjing.frontmatter import CONTROL
from mianjing.records import KEY
from mianjing.vocabulary import UNKNOWN

_PLAIN = re.compile(r"[A-Za-z0-9一-鿿（「《][A-Za-z0-9一-鿿（）「」《》、，。；！？·～—…_/.+% -]*")
_RESERVED = {"yes", "no", "true", "false", "on", "off", "null", "y", "n"}
_ESCAPED = re.compile(r"[\\`*\[|${]")
_UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_LEADING = re.compile(r"([#>+-]|!(?=!!))")
_LEADING_ENTITY = re.compile(r"[=~]|\?(?=\?\?)")
_ORDERED = re.compile(r"([0-9]+)\.")


@dataclass(frozen=True)
class Mention:
    """问到的一项，或明说没有问的一项。"""

    topic: str = ""
    form: str = ""
    detail: str = ""
    answered: str = ""
    paragraph: str = "1"
    """说到它的是这一部分经过的第几段，从 1 数。"""


@dataclass(frozen=True)
class RoundDraft:
    """一轮。"""

    index: str = ""
    name: str = ""
    kind: str = UNKNOWN
    interviewer_role: str = ""
    minutes: str = ""
    story: str = ""
    """经过：一行一段。"""
    asked: tuple[Mention, ...] = ()
    not_asked: tuple[Mention, ...] = ()
    notes: str = ""


@dataclass(frozen=True)
class Need:
    """一项门槛。"""

    kind: str = ""
    value: str = ""
    paragraph: str = "1"


@dataclass(frozen=True)
class Draft:
    """一次投稿。"""

    company: str = ""
    """填的是名称、别名或键；补全之后是键。"""
    company_key: str = ""
    """新公司自己起的键。"""
    company_name: str = ""
    """补全之后才有：新公司加进公司表的名称。"""
    company_kind: str = UNKNOWN
    title: str = ""
    team: str = ""
    start: str = ""
    end: str = ""
    precision: str = ""
    year: str = ""
    """文件名里的年份，只在不知道从哪个月起时用。"""
    number: str = ""
    """同一家同一年的第几篇，第一篇为空。"""
    role: str = ""
    channel: str = UNKNOWN
    outcome: str = UNKNOWN
    stage_reached: str = UNKNOWN
    round_min: str = ""
    round_max: str = ""
    before: str = ""
    """面试之前的经过，一行一段；门槛指向这里。"""
    rounds: tuple[RoundDraft, ...] = ()
    after: str = ""
    """结果与其余的经过，一行一段；整场没有问的指向这里。"""
    not_asked: tuple[Mention, ...] = ()
    requirements: tuple[Need, ...] = ()
    pay_kind: str = ""
    pay: str = ""
    reason: str = ""
    impression: str = ""
    review: str = ""
    """作者的评价，一行一段。"""
    contributed_by: str = ""


@dataclass(frozen=True)
class Section:
    """正文里由一栏文字而来的几段。"""

    name: str
    """锚点的前缀，如 `round-1`。"""
    paragraphs: tuple[str, ...]

    def anchor(self, number: str) -> str:
        """第 number 段的锚点；只有一段时不带序号。"""
        alone = len(self.paragraphs) <= 1 and number in ("", "1")
        return self.name if alone else f"{self.name}-{number}"


def read_paragraphs(text: str) -> tuple[str, ...]:
    """一行一段，空行不算。"""
    lines = (line.strip() for line in text.replace("\r\n", "\n").split("\n"))
    return tuple(line for line in lines if line)


def next_number(company: str, year: str, taken: Container[str]) -> str:
    """同一家同一年已有 taken 里的几篇时，这一篇的序号；第一篇为空。"""
    if f"{company}-{year}" not in taken:
        return ""
    return next(str(n) for n in range(2, 100) if f"{company}-{year}-{n}" not in taken)


def default_title(name: str, year: str, number: str) -> str:
    """没有另起标题时的标题。"""
    inside = "，".join([*([year] if year else []), *([f"第 {number} 篇"] if number else [])])
    return f"{name}面经（{inside}）" if inside else f"{name}面经"


def name_file(draft: Draft) -> str:
    """文件名，不带后缀；公司或年份不知道时是占位的字，检查会指出。"""
    number = f"-{draft.number}" if draft.number else ""
    return f"{written_company(draft) or 'company'}-{file_year(draft) or 'year'}{number}"


def file_year(draft: Draft) -> str:
    """文件名里的年份：起始的年份，不知道时是另填的那个；都没有时为空。"""
    year = draft.start[:4] if re.fullmatch(r"[0-9]{4}-[0-9]{2}", draft.start) else draft.year
    return year if re.fullmatch(r"[0-9]{4}", year) else ""


def written_company(draft: Draft) -> str:
    """写进文件的公司键；不合格式的键不写。"""
    return draft.company if KEY.fullmatch(draft.company) else ""


def write_company(draft: Draft) -> str:
    """新公司要加进公司表的一段；公司表里已有、或键不合格式时为空。"""
    if not draft.company_name or not written_company(draft):
        return ""
    name, kind = quote(draft.company_name), draft.company_kind
    return f"{draft.company}:\n  name: {name}\n  kind: {kind}\n"


def write_record(draft: Draft) -> str:
    """草稿 → 面经文件的全文。"""
    before = Section("before", read_paragraphs(draft.before))
    after = Section("after", read_paragraphs(draft.after))
    review = Section("review", read_paragraphs(draft.review))
    rounds = [
        Section(f"round-{i}", read_paragraphs(one.story)) for i, one in enumerate(draft.rounds, 1)
    ]
    period = {
        "from": quote(draft.start or UNKNOWN),
        "to": quote(draft.end or UNKNOWN),
        "precision": draft.precision or UNKNOWN,
    }
    count = {"min": quote(draft.round_min or UNKNOWN), "max": quote(draft.round_max or UNKNOWN)}
    lines = ["---"]
    lines += _pair("title", draft.title)
    lines += _pair("company", written_company(draft))
    lines += _pair("team", draft.team)
    lines += [f"period: {_flow(period)}"]
    lines += _pair("role", draft.role or UNKNOWN)
    lines += _pair("channel", draft.channel)
    lines += _pair("outcome", draft.outcome)
    lines += _pair("stage_reached", draft.stage_reached)
    lines += [f"round_count: {_flow(count)}"]
    lines += ["rounds:" if draft.rounds else "rounds: []"]
    for one, section in zip(draft.rounds, rounds, strict=True):
        lines += _write_round(one, section)
    lines += _write_absent(draft.not_asked, after)
    if draft.requirements:
        lines += ["requirements:"]
    for need in draft.requirements:
        values = {
            "kind": quote(need.kind),
            "value": quote(need.value),
            "anchor": quote(before.anchor(need.paragraph)),
        }
        lines += [f"  - {_flow(values)}"]
    if draft.pay_kind:
        lines += [f"pay: {_flow({'kind': quote(draft.pay_kind), 'text': quote(draft.pay)})}"]
    lines += _pair("reason", draft.reason)
    lines += _pair("impression", draft.impression)
    lines += ["source: own"]
    lines += _pair("contributed_by", draft.contributed_by)
    lines += ["---", "", "## 经过"]
    for section in (before, *rounds, after):
        lines += _write_section(section)
    if review.paragraphs:
        lines += ["", "## 作者的评价", *_write_section(review)]
    return "\n".join(lines) + "\n"


def _write_round(one: RoundDraft, section: Section) -> list[str]:
    lines = [f"  - index: {quote(one.index or UNKNOWN)}"]
    pairs = [
        *_pair("name", one.name),
        *_pair("kind", one.kind),
        *_pair("interviewer_role", one.interviewer_role),
        *_pair("minutes", one.minutes),
    ]
    if one.asked:
        pairs += ["asked:"]
    for item in one.asked:
        values = {
            "topic": quote(item.topic or UNKNOWN),
            "form": quote(item.form or UNKNOWN),
            "detail": quote(item.detail),
            "answered": quote(item.answered if item.answered != UNKNOWN else ""),
            "anchor": quote(section.anchor(item.paragraph)),
        }
        pairs += [f"  - {_flow(values)}"]
    pairs += _write_absent(one.not_asked, section)
    pairs += _pair("notes", one.notes)
    return lines + [f"    {line}" for line in pairs]


def _write_absent(items: tuple[Mention, ...], section: Section) -> list[str]:
    if not items:
        return []
    lines = ["not_asked:"]
    for item in items:
        values = {
            "topic": quote(item.topic),
            "form": quote(item.form),
            "detail": quote(item.detail),
            "anchor": quote(section.anchor(item.paragraph)),
        }
        lines += [f"  - {_flow(values)}"]
    return lines


def _write_section(section: Section) -> list[str]:
    lines: list[str] = []
    for i, paragraph in enumerate(section.paragraphs, 1):
        lines += ["", escape(paragraph), f"{{ #{section.anchor(str(i))} }}"]
    return lines


def _pair(key: str, value: str) -> list[str]:
    return [f"{key}: {quote(value)}"] if value else []


def _flow(values: dict[str, str]) -> str:
    """一行的映射；空着的键不写。"""
    return "{" + ", ".join(f"{key}: {value}" for key, value in values.items() if value) + "}"


def quote(value: str) -> str:
    """YAML 的一个值：简单的直接写，其余加双引号；空串还是空串。"""
    if not value:
        return ""
    if _PLAIN.fullmatch(value) and not value.endswith(" ") and value.lower() not in _RESERVED:
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    escaped = escaped.replace("\t", "\\t").replace("\n", "\\n")
    return '"' + CONTROL.sub(lambda found: _escape_point(ord(found.group())), escaped) + '"'


def _escape_point(point: int) -> str:
    """YAML 双引号里的码位：四位十六进制，放不下的八位。"""
    return f"\\u{point:04X}" if point <= 0xFFFF else f"\\U{point:08X}"


def escape(paragraph: str) -> str:
    """一段话 → Markdown：显示出来与填的一字不差，没有一个字起记号的作用。"""
    text = paragraph.replace("&", "&amp;").replace("<", "&lt;")
    text = _ESCAPED.sub(lambda found: "\\" + found.group(), text)
    text = _UNDERSCORE.sub(r"\\_", text)
    if _LEADING.match(text):
        return "\\" + text
    if found := _LEADING_ENTITY.match(text):
        return f"&#{ord(found.group())};{text[1:]}"
    return _ORDERED.sub(r"\1\\.", text, count=1) if _ORDERED.match(text) else text
