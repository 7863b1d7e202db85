"""并排比较：每篇面经在几个项目上写了什么，每一条带着依据的锚点。"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from mianjing.catalog import asked_topics
from mianjing.compact import dump_compact
from mianjing.model import Catalog, Experience
from mianjing.vocabulary import UNKNOWN, read_vocabulary

ITEMS = (
    "类型",
    "结果",
    "最远到",
    "轮数",
    "时间",
    "考点",
    "形式",
    "明说没有",
    "门槛",
    "薪资",
    "原因",
)
Entry = tuple[str, str]
"""（文字，锚点）；没有依据的锚点是空串。"""


def name_experiences(catalog: Catalog) -> dict[str, str]:
    """面经的键 → 公司名；一家有几篇时带上时间。"""
    many = Counter(e.company for e in catalog.experiences.values())
    return {
        key: catalog.companies[e.company].name
        + (f"（{e.period.start or '时间未提及'}，{key}）" if many[e.company] > 1 else "")
        for key, e in catalog.experiences.items()
    }


def dump_comparison(
    catalog: Catalog,
    address: Callable[[str], str],
    describe: dict[str, Callable[[Experience], str]],
) -> str:
    """网页要的一份：键 → 名字、地址、各项的条目。describe 给出轮数与时间的说法。"""
    names = name_experiences(catalog)
    table = {
        key: {
            "name": names[key],
            "url": address(key),
            "items": [_entries(item, e, catalog, describe) for item in ITEMS],
        }
        for key, e in catalog.experiences.items()
    }
    data = {"format": 1, "items": ITEMS, "experiences": table}
    return dump_compact(data)


def _entries(
    item: str, e: Experience, catalog: Catalog, describe: dict[str, Callable[[Experience], str]]
) -> list[Entry]:
    words = read_vocabulary()
    if item in describe:
        text = describe[item](e)
        return [(text, "")] if text != "未提及" else []
    match item:
        case "类型":
            return _known("company_kinds", catalog.companies[e.company].kind)
        case "结果":
            return _known("outcomes", e.outcome)
        case "最远到":
            return _known("stages", e.stage_reached)
        case "考点":
            first = {asked.topic: asked.anchor for _, asked in reversed(e.asked)}
            return [(catalog.topics[key].title, first[key]) for key in asked_topics(e)]
        case "形式":
            first = {asked.form: asked.anchor for _, asked in reversed(e.asked)}
            forms = [t for t in words["forms"] if t.key in first and t.key != UNKNOWN]
            return [(t.label, first[t.key]) for t in forms]
        case "明说没有":
            return [
                (
                    catalog.topics[n.topic].title
                    if n.topic
                    else words["forms"].label(n.form or ""),
                    n.anchor,
                )
                for n in e.all_not_asked
            ]
        case "门槛":
            return [(r.value, r.anchor) for r in e.requirements]
        case "薪资":
            return [(e.pay.text, "")] if e.pay else []
        case "原因":
            return [(e.reason, "")] if e.reason else []
    raise KeyError(item)


def _known(terms: str, key: str) -> list[Entry]:
    return [] if key == UNKNOWN else [(read_vocabulary()[terms].label(key), "")]
