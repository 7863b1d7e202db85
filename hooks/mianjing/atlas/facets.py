"""分面：每篇面经在每个分面上有一个或几个值；没有写明的是 `unknown`，明说没有的是 `no-<键>`。"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from mianjing.catalog import asked_forms, asked_topics
from mianjing.compact import dump_compact
from mianjing.model import Catalog, Experience
from mianjing.vocabulary import UNKNOWN, read_vocabulary

FORMAT = 1
SHOWN = 100
"""表里先放这么多篇；更多的按年份另成一页，网页里的筛选从数据里取。"""
NO = "no-"


@dataclass(frozen=True)
class Option:
    """一个分面的一个值。"""

    value: str
    label: str
    count: int


@dataclass(frozen=True)
class Facet:
    """一个分面：地址里的名字、给读者的名字、出现过的值。"""

    key: str
    label: str
    options: tuple[Option, ...]
    values: tuple[tuple[int, ...], ...]
    """各篇面经的值：options 里的序号，按面经的次序。"""


def group_facets(catalog: Catalog) -> list[Facet]:
    """全部分面，只含出现过的值，次序同词表；未提及排在最后。"""
    return [_make(key, catalog) for key in FACETS]


def _make(key: str, catalog: Catalog) -> Facet:
    label, read, name = FACETS[key]
    found = [read(experience, catalog) for experience in catalog.experiences.values()]
    counts = Counter(value for values in found for value in values)
    labels = name(catalog).items()
    options = tuple(Option(value, text, counts[value]) for value, text in labels if counts[value])
    numbers = {option.value: number for number, option in enumerate(options)}
    return Facet(
        key,
        label,
        options,
        tuple(tuple(sorted(numbers[value] for value in values)) for values in found),
    )


def select(catalog: Catalog, state: dict[str, set[str]]) -> list[Experience]:
    """合乎 state 的面经：一个分面里任一个值，各分面都要。网页里的筛选与它对照。"""
    return [
        experience
        for experience in catalog.experiences.values()
        if all(wanted & set(FACETS[key][1](experience, catalog)) for key, wanted in state.items())
    ]


def dump_facets(catalog: Catalog, address: Callable[[str], str]) -> str:
    """网页要的一份：分面的值，与按列存的各篇；address 给出一篇面经的地址。"""
    facets = group_facets(catalog)
    experiences = list(catalog.experiences.values())
    return dump_compact(
        {
            "format": FORMAT,
            "facets": {f.key: [[o.value, o.label] for o in f.options] for f in facets},
            "values": {f.key: f.values for f in facets},
            "name": [catalog.companies[e.company].name for e in experiences],
            "url": [address(e.key) for e in experiences],
            "period": [[e.period.start or "", e.period.end or ""] for e in experiences],
        }
    )


def _terms(name: str) -> Callable[[Catalog], dict[str, str]]:
    return lambda catalog: {term.key: term.label for term in read_vocabulary()[name]}


def _with_denied(labels: dict[str, str]) -> dict[str, str]:
    """明说没有的接在问到的后面，未提及最后。"""
    known = {key: label for key, label in labels.items() if key != UNKNOWN}
    denied = {f"{NO}{key}": f"明说没有 {label}" for key, label in known.items()}
    return known | denied | {UNKNOWN: "未提及"}


def _forms(experience: Experience, catalog: Catalog) -> list[str]:
    denied = [f"{NO}{n.form}" for n in experience.all_not_asked if n.form and not n.topic]
    return asked_forms(experience) + denied or [UNKNOWN]


def _topics(experience: Experience, catalog: Catalog) -> list[str]:
    denied = [f"{NO}{n.topic}" for n in experience.all_not_asked if n.topic]
    return asked_topics(experience) + denied or [UNKNOWN]


def _requirements(experience: Experience, catalog: Catalog) -> list[str]:
    return list(dict.fromkeys(r.kind for r in experience.requirements)) or [UNKNOWN]


def _years(experience: Experience, catalog: Catalog) -> list[str]:
    bounds = [bound[:4] for bound in (experience.period.start, experience.period.end) if bound]
    return list(dict.fromkeys(bounds)) or [UNKNOWN]


def _year_labels(catalog: Catalog) -> dict[str, str]:
    years = {year for e in catalog.experiences.values() for year in _years(e, catalog)}
    known = sorted(years - {UNKNOWN}, reverse=True)
    return {year: f"{year} 年" for year in known} | {UNKNOWN: "未提及"}


_Read = Callable[[Experience, Catalog], list[str]]
FACETS: dict[str, tuple[str, _Read, Callable[[Catalog], dict[str, str]]]] = {
    "kind": (
        "公司类型",
        lambda e, catalog: [catalog.companies[e.company].kind],
        _terms("company_kinds"),
    ),
    "outcome": ("结果", lambda e, catalog: [e.outcome], _terms("outcomes")),
    "stage": ("最远到", lambda e, catalog: [e.stage_reached], _terms("stages")),
    "form": ("形式", _forms, lambda catalog: _with_denied(_terms("forms")(catalog))),
    "topic": (
        "考点",
        _topics,
        lambda catalog: _with_denied({key: t.title for key, t in catalog.topics.items()}),
    ),
    "requirement": (
        "写明的门槛",
        _requirements,
        lambda catalog: _terms("requirement_kinds")(catalog) | {UNKNOWN: "未提及"},
    ),
    "year": ("年份", _years, _year_labels),
}
"""地址里的名字 → 给读者的名字、一篇的值、值的中文（有序）。"""
