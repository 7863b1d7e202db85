"""front matter → 模型：每种页面一个 `read_*`，字段就是公开的数据格式。"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from mianjing.fields import ANCHOR, Fields
from mianjing.frontmatter import Document, Mapping
from mianjing.messages import say
from mianjing.model import (
    Asked,
    Claim,
    Company,
    Computation,
    Erratum,
    Experience,
    NotAsked,
    Page,
    Pay,
    Period,
    Provenance,
    Question,
    Requirement,
    Round,
    Source,
    Topic,
    Withdrawn,
)
from mianjing.problem import Problem
from mianjing.vocabulary import UNKNOWN, read_vocabulary

INDEX = re.compile(r"[1-9][0-9]?|[1-9][0-9]?-[1-9][0-9]?|unknown")
MINUTES = re.compile(r"[1-9][0-9]{0,2}\+?|unknown")
MAX_ROUNDS = 20
INDEX_SHAPE = "轮次，如 1、1-3 或 unknown"
MINUTES_SHAPE = "分钟数，如 20、120+ 或 unknown"
_URL = re.compile(r"https?://[^\s<>\"]+")
KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def read_experience(document: Document, problems: list[Problem]) -> Experience:
    """一篇面经的全部字段。"""
    words = read_vocabulary()
    top = Fields(document.path, document.fields, problems)
    title = top.title()
    company = top.text("company")
    team = top.known_text("team", required=False)
    period = _read_period(top)
    order = top.integer("order", 1, 9999, required=False)
    role = top.known_text("role")
    channel = top.choice("channel", words["channels"])
    outcome = top.choice("outcome", words["outcomes"])
    stage = top.choice("stage_reached", words["stages"])
    low, high = _read_round_count(top)
    rounds = top.each("rounds", _read_round, required=True)
    not_asked = top.each("not_asked", _read_not_asked)
    requirements = top.each("requirements", _read_requirement)
    pay = _read_pay(top)
    reason = top.known_text("reason", required=False)
    impression = top.known_text("impression", required=False)
    source = top.text("source")
    contributed_by = top.known_text("contributed_by", required=False)
    top.done()
    return Experience(
        key=_stem(document.path),
        path=document.path,
        title=title,
        company=company,
        team=team,
        period=period,
        order=order,
        role=role,
        channel=channel,
        outcome=outcome,
        stage_reached=stage,
        rounds_min=low,
        rounds_max=high,
        rounds=rounds,
        not_asked=not_asked,
        requirements=requirements,
        pay=pay,
        reason=reason,
        impression=impression,
        source=source,
        contributed_by=contributed_by,
        body=document.body,
        body_line=document.body_line,
        lines=top.lines,
    )


def is_withdrawn(document: Document) -> bool:
    """是不是一篇撤下的面经。"""
    return "withdrawn" in document.fields.entries


def read_withdrawn(document: Document, problems: list[Problem]) -> Withdrawn:
    """撤下的面经：只有 withdrawn.date，别的字段与正文都要删掉。"""
    for key in document.fields.entries:
        if key != "withdrawn":
            line = document.fields.line_of(key)
            message = f"撤下的面经只留 withdrawn：删掉「{key}」"
            problems.append(Problem(document.path, line, "E306", key, message))
    if document.body.strip():
        message = "撤下的面经不留正文：删掉它"
        problems.append(Problem(document.path, document.body_line, "E306", "", message))
    top = Fields(document.path, document.fields, problems)
    inner = top.inner("withdrawn")
    day = inner.day("date") if inner else None
    if inner is not None:
        inner.done()
    if day is None:
        top.report("withdrawn", "E306", "写明撤下的日期：withdrawn: {date: 2026-03-01}")
    return Withdrawn(_stem(document.path), document.path, day)


def _read_period(top: Fields) -> Period:
    precisions = read_vocabulary()["precisions"]
    inner = top.inner("period")
    if inner is None:
        return Period(None, None, UNKNOWN)
    period = Period(inner.month("from"), inner.month("to"), inner.choice("precision", precisions))
    inner.done()
    return period


def _read_round_count(top: Fields) -> tuple[int | None, int | None]:
    inner = top.inner("round_count")
    if inner is None:
        return None, None
    low, high = inner.integer("min", 0, MAX_ROUNDS), inner.integer("max", 0, MAX_ROUNDS)
    inner.done()
    return low, high


def _read_round(fields: Fields) -> Round:
    words = read_vocabulary()
    return Round(
        index=fields.pattern("index", INDEX, INDEX_SHAPE),
        name=fields.known_text("name", required=False),
        kind=fields.choice("kind", words["round_kinds"]),
        interviewer_role=fields.known_text("interviewer_role", required=False),
        minutes=_none(fields.pattern("minutes", MINUTES, MINUTES_SHAPE, required=False)),
        asked=fields.each("asked", _read_asked),
        not_asked=fields.each("not_asked", _read_not_asked),
        notes=fields.known_text("notes", required=False),
    )


def _read_asked(fields: Fields) -> Asked:
    words = read_vocabulary()
    return Asked(
        topic=fields.text("topic"),
        form=fields.choice("form", words["forms"]),
        detail=fields.text("detail", required=False),
        question=fields.known_text("question", required=False),
        answered=fields.choice("answered", words["answers"], required=False, default=UNKNOWN),
        anchor=_read_anchor(fields),
    )


def _read_not_asked(fields: Fields) -> NotAsked:
    words = read_vocabulary()
    topic = fields.known_text("topic", required=False)
    form = fields.choice("form", words["forms"], required=False) or None
    if topic is None and form is None:
        fields.report("topic", "E102", say("topic_or_form"))
    return NotAsked(topic, form, fields.text("detail", required=False), _read_anchor(fields))


def _read_requirement(fields: Fields) -> Requirement:
    kinds = read_vocabulary()["requirement_kinds"]
    return Requirement(fields.choice("kind", kinds), fields.text("value"), _read_anchor(fields))


def _read_pay(top: Fields) -> Pay | None:
    inner = top.inner("pay", required=False)
    if inner is None:
        return None
    pay = Pay(inner.choice("kind", read_vocabulary()["pay_kinds"]), inner.text("text"))
    inner.done()
    return pay


def _read_anchor(fields: Fields) -> str:
    return fields.pattern("anchor", ANCHOR, "正文段落的 id，小写字母、数字与连字符，如 round-1")


def read_topic(document: Document, problems: list[Problem]) -> Topic:
    """一个考点的字段。"""
    top = Fields(document.path, document.fields, problems)
    topic = Topic(
        key=_stem(document.path),
        path=document.path,
        title=top.title(),
        aliases=top.texts("aliases"),
        rank=top.integer("rank", 1, 99, required=False),
        part_of=top.known_text("part_of", required=False),
        prerequisites=top.texts("prerequisites"),
        sources=top.each("sources", _read_source, required=True),
        body=document.body,
        body_line=document.body_line,
        lines=top.lines,
    )
    top.done()
    return topic


def read_question(document: Document, problems: list[Problem]) -> Question:
    """一道题的字段。"""
    words = read_vocabulary()
    top = Fields(document.path, document.fields, problems)
    question = Question(
        key=_stem(document.path),
        path=document.path,
        title=top.title(),
        topic=top.text("topic"),
        aliases=top.texts("aliases"),
        level=top.choice("level", words["levels"]),
        origin=top.choice("origin", words["origins"]),
        sources=top.each("sources", _read_source, required=True),
        body=document.body,
        body_line=document.body_line,
        lines=top.lines,
    )
    top.done()
    return question


def _read_source(fields: Fields) -> Source:
    return Source(
        title=fields.text("title"),
        url=fields.pattern("url", _URL, "http(s) 链接"),
        where=fields.text("where", required=False),
    )


def read_page(document: Document, problems: list[Problem]) -> Page:
    """其余页面：只有标题与一句说明。"""
    top = Fields(document.path, document.fields, problems)
    description = top.title("description", required=False)
    page = Page(document.path, top.title(), description, document.body, document.body_line)
    top.done()
    return page


def read_companies(path: str, table: Mapping, problems: list[Problem]) -> dict[str, Company]:
    """公司表：键 → 名称、类型、别名与产品。"""
    kinds = read_vocabulary()["company_kinds"]
    companies: dict[str, Company] = {}
    for key, fields in _rows(path, table, problems):
        companies[key] = Company(
            key=key,
            name=fields.title("name"),
            kind=fields.choice("kind", kinds),
            aliases=fields.texts("aliases", required=False)
            + fields.texts("products", required=False),
        )
        fields.done()
    return companies


def read_claims(path: str, table: Mapping, problems: list[Problem]) -> dict[str, Claim]:
    """账本的一份：键 → 说法、状态、重算、来源、核对的日期。"""
    statuses = read_vocabulary()["claim_statuses"]
    claims: dict[str, Claim] = {}
    for key, fields in _rows(path, table, problems):
        compute = fields.inner("compute", required=False)
        claims[key] = Claim(
            key=key,
            path=path,
            line=table.line_of(key),
            statement=fields.text("statement"),
            status=fields.choice("status", statuses),
            value=fields.text("value", required=compute is not None),
            computation=_read_computation(compute) if compute else None,
            sources=fields.each("sources", _read_source),
            checked=fields.day("checked"),
        )
        fields.done()
    return claims


def _read_computation(fields: Fields) -> Computation:
    function = fields.text("function")
    names = [name for name in fields.mapping.entries if name != "function"]
    computation = Computation(function, {name: fields.text(name) for name in names})
    fields.done()
    return computation


def read_errata(path: str, table: Mapping, problems: list[Problem]) -> dict[str, Erratum]:
    """勘误表：键 → 哪一页、错的、对的、起止的日期、依据；写在前面的在前。"""
    errata: dict[str, Erratum] = {}
    for key, fields in _rows(path, table, problems):
        errata[key] = Erratum(
            key=key,
            path=path,
            line=table.line_of(key),
            page=fields.text("page"),
            wrong=fields.text("wrong"),
            right=fields.text("right"),
            since=fields.day("since"),
            fixed=fields.day("fixed"),
            evidence=fields.text("evidence"),
        )
        fields.done()
    return errata


def read_provenances(path: str, table: Mapping, problems: list[Problem]) -> dict[str, Provenance]:
    """出处表：键 → 标题、作者、链接、取得日期、许可、说明。"""
    provenances: dict[str, Provenance] = {}
    for key, fields in _rows(path, table, problems):
        provenances[key] = Provenance(
            key=key,
            title=fields.title(),
            author=fields.known_text("author"),
            url=_none(fields.pattern("url", re.compile(_URL.pattern + "|unknown"), "http(s) 链接")),
            retrieved=fields.day("retrieved"),
            licence=fields.known_text("licence"),
            note=fields.text("note"),
            path=path,
            lines=fields.lines,
        )
        fields.done()
    return provenances


def _rows(path: str, table: Mapping, problems: list[Problem]) -> list[tuple[str, Fields]]:
    rows: list[tuple[str, Fields]] = []
    for key, node in table.entries.items():
        if not KEY.fullmatch(key):
            message = say("key", key=key)
            problems.append(Problem(path, node.line, "E105", key, message))
        elif not isinstance(node, Mapping):
            problems.append(Problem(path, node.line, "E103", key, "应是「键: 值」的映射"))
        else:
            rows.append((key, Fields(path, node, problems, key)))
    return rows


def _stem(path: str) -> str:
    return PurePosixPath(path).stem


def _none(value: str) -> str | None:
    return None if value in ("", UNKNOWN) else value
