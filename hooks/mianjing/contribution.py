"""投稿的检查：一份草稿会有哪些问题；网页里的表单检查要的名单、句子与格式。"""

from __future__ import annotations

import json
from dataclasses import replace

from mianjing import characters, fields, frontmatter, htmlpolicy, privacy, records
from mianjing.checks import FILE_NAME, check_experience, check_file_name
from mianjing.draft import (
    Draft,
    Mention,
    default_title,
    file_year,
    name_file,
    next_number,
    write_company,
    write_record,
)
from mianjing.fields import is_month
from mianjing.frontmatter import read_document, read_table
from mianjing.library import COMPANIES
from mianjing.messages import MESSAGES, say
from mianjing.model import Catalog, Company
from mianjing.problem import Problem
from mianjing.texts import MAX_LINE, check_text
from mianjing.vocabulary import UNKNOWN, read_vocabulary

FOLDER = "docs/experiences"
FORM_WORDS = (
    "channels",
    "outcomes",
    "stages",
    "precisions",
    "round_kinds",
    "forms",
    "answers",
    "requirement_kinds",
    "pay_kinds",
    "company_kinds",
)
"""表单里用到的词表。"""


def check_draft(draft: Draft, catalog: Catalog, today: str) -> list[Problem]:
    """这份草稿写成文件之后，构建会报的问题；today 是 `YYYY-MM-DD`。"""
    problems: list[Problem] = []
    path = f"{FOLDER}/{name_file(draft)}.md"
    if draft.company_name and draft.company and not records.KEY.fullmatch(draft.company):
        message = say("key", key=draft.company)
        problems.append(Problem(COMPANIES, 1, "E105", draft.company, message))
    companies = catalog.companies | _read_company(draft, problems)
    raw = write_record(draft).encode("utf-8", "replace")
    problems += check_record(path, raw, replace(catalog, companies=companies), today)
    return sorted(set(problems))


def check_record(path: str, raw: bytes, catalog: Catalog, today: str) -> list[Problem]:
    """一份面经文件会有的全部问题，与构建报的相同；catalog 里可以还没有它。"""
    document, problems = read_document(path, raw)
    problems += check_file_name(path)
    experience = None
    if document is not None:
        experience = records.read_experience(document, problems)
        problems += check_experience(experience, catalog, today)
        problems += htmlpolicy.check_experience(experience)
    if len(raw) <= frontmatter.MAX_BYTES:
        problems += check_text(path, raw.decode("utf-8", "replace"), experience)
    return problems


def _read_company(draft: Draft, problems: list[Problem]) -> dict[str, Company]:
    entry = write_company(draft)
    if not entry:
        return {}
    raw = entry.encode("utf-8", "replace")
    table, found = read_table(COMPANIES, raw)
    problems += found
    if len(raw) <= frontmatter.MAX_BYTES:
        problems += check_text(COMPANIES, raw.decode(), None)
    return records.read_companies(COMPANIES, table, problems) if table else {}


def complete_draft(draft: Draft, catalog: Catalog) -> Draft:
    """填的字 → 写进文件的字：公司与考点换成键，补上标题、序号与时间的精度。

    不认识的公司是新公司，名称就是填的字，键是另填的那个；不认识的考点原样留着，由检查指出。
    """
    key = _company_names(catalog).get(draft.company.lower(), "")
    if not key and draft.company and draft.company_key in catalog.companies:
        key = draft.company_key
    name = "" if key else draft.company
    if not key and draft.company:
        key = draft.company_key
    year = file_year(draft)
    number = next_number(key, year, catalog.experiences)
    shown = catalog.companies[key].name if key in catalog.companies else name
    topics = _topic_names(catalog)

    def resolve(item: Mention) -> Mention:
        return replace(item, topic=topics.get(item.topic.lower(), item.topic))

    dated = is_month(draft.start) or is_month(draft.end)
    return replace(
        draft,
        company=key,
        company_name=name,
        title=draft.title or default_title(shown, year, number),
        number=number,
        precision=(draft.precision or "stated") if dated else UNKNOWN,
        rounds=tuple(
            replace(
                one,
                asked=tuple(map(resolve, one.asked)),
                not_asked=tuple(map(resolve, one.not_asked)),
            )
            for one in draft.rounds
        ),
        not_asked=tuple(map(resolve, draft.not_asked)),
    )


def _company_names(catalog: Catalog) -> dict[str, str]:
    """键、名称、别名（小写）→ 键；重名时键先于名称，名称先于别名。"""
    companies = catalog.companies.values()
    aliases = {name.lower(): one.key for one in companies for name in one.aliases}
    names = {one.name.lower(): one.key for one in companies}
    return aliases | names | {one.key: one.key for one in companies}


def _topic_names(catalog: Catalog) -> dict[str, str]:
    """键、标题、别名（小写）→ 键；重名时键先于标题，标题先于别名。"""
    topics = catalog.topics.values()
    aliases = {name.lower(): one.key for one in topics for name in one.aliases}
    titles = {one.title.lower(): one.key for one in topics}
    unknown = {UNKNOWN: UNKNOWN, "未提及": UNKNOWN}
    return aliases | titles | {one.key: one.key for one in topics} | unknown


def dump_rules(catalog: Catalog, repository: str) -> str:
    """表单要的一切，写成 JSON。repository 是 GitHub 上的「主人/仓库」，不知道时是空串。"""
    words = read_vocabulary()
    return json.dumps(
        {
            "repository": repository,
            "messages": MESSAGES,
            "patterns": {
                "control": frontmatter.CONTROL.pattern,
                "markup": frontmatter.MARKUP.pattern,
                "quote": fields.QUOTE.pattern,
                "month": fields.MONTH.pattern,
                "integer": fields.INTEGER.pattern,
                "index": records.INDEX.pattern,
                "minutes": records.MINUTES.pattern,
                "key": records.KEY.pattern,
                "file_name": FILE_NAME.pattern,
                "template": htmlpolicy.JINJA.pattern,
            },
            "privacy": privacy.list_rules(),
            "characters": characters.list_rules(),
            "shapes": {"index": records.INDEX_SHAPE, "minutes": records.MINUTES_SHAPE},
            "max_bytes": frontmatter.MAX_BYTES,
            "max_line": MAX_LINE,
            "max_rounds": records.MAX_ROUNDS,
            "words": {name: {term.key: term.label for term in words[name]} for name in FORM_WORDS},
            "companies": {key: company.name for key, company in catalog.companies.items()},
            "company_kinds": {key: company.kind for key, company in catalog.companies.items()},
            "company_names": _company_names(catalog),
            "topics": {key: topic.title for key, topic in catalog.topics.items()},
            "topic_names": _topic_names(catalog),
            "topic_hints": [
                (name, topic.key)
                for topic in catalog.topics.values()
                for name in (topic.title, *topic.aliases)
            ],
            "experiences": list(catalog.experiences),
            "source": catalog.provenances["own"].title if "own" in catalog.provenances else "",
        },
        separators=(",", ":"),
    )
