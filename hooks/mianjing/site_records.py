"""站里的每一页是目录里的什么：源路径 → 记录；与它的描述、分享卡片、标签、日期随哪个文件。

只有推导的各页与「面试前 30 分钟」在目录里没有自己的记录，类型写在这里。
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from mianjing import briefs, social
from mianjing.atlas.listings import Listing, group_listings
from mianjing.catalog import group_companies
from mianjing.labels import label, rounds_label
from mianjing.model import (
    Catalog,
    Derivation,
    Exercise,
    Experience,
    Page,
    Question,
    Topic,
    Withdrawn,
)
from mianjing.parts import Part, group_parts
from mianjing.social import Card
from mianjing.tags import Tagged, tag_anchor, tags_of


@dataclass(frozen=True)
class DerivationPage:
    """一本推导的第 number 页（从 0 起）。"""

    derivation: Derivation
    number: int

    @property
    def title(self) -> str:
        """这一页的题目。"""
        return self.derivation.pages[self.number][1]


@dataclass(frozen=True)
class BriefPage:
    """一家公司或一个考点的「面试前 30 分钟」。"""

    key: str
    title: str
    source: str
    """摘自哪个文件，日期随它。"""


Shown = (
    Experience | Topic | Question | Exercise | DerivationPage | BriefPage | Listing | Part | Page
)
"""撤下的以外：有标题，有分享卡片。"""
Record = Shown | Withdrawn


def group_records(catalog: Catalog) -> dict[str, Record]:
    """docs 内的源路径 → 记录。"""
    records: dict[str, Record] = dict(catalog.pages)
    records |= {f"experiences/{key}.md": e for key, e in catalog.experiences.items()}
    records |= {f"topics/{key}.md": t for key, t in catalog.topics.items()}
    records |= {f"questions/{key}.md": q for key, q in catalog.questions.items()}
    records |= {f"practice/{key}/index.md": e for key, e in catalog.exercises.items()}
    records |= {f"experiences/{key}.md": w for key, w in catalog.withdrawn.items()}
    records |= group_listings(catalog)
    records |= group_parts(catalog)
    for derivation in catalog.derivations.values():
        for number, (uri, _) in enumerate(derivation.pages):
            records[uri] = DerivationPage(derivation, number)
    for brief in _briefs(catalog):
        records[f"{briefs.FOLDER}/{brief.key}.md"] = brief
    return records


def _briefs(catalog: Catalog) -> Iterator[BriefPage]:
    for key, experiences in group_companies(catalog).items():
        name = catalog.companies[key].name
        yield BriefPage(key, f"面试前 30 分钟：{name}", experiences[-1].path)
    for topic in catalog.topics.values():
        yield BriefPage(topic.key, f"面试前 30 分钟：{topic.title}", topic.path)


def source_path(uri: str, record: Record) -> str:
    """这一页的字写在仓库的哪个文件里：日期随它，公式出错时指着它。"""
    if isinstance(record, DerivationPage):
        return f"notebooks/{record.derivation.key}.py"
    if isinstance(record, BriefPage | Part) and record.source:
        return record.source
    return f"docs/{uri}"


def describe_page(record: Shown, catalog: Catalog) -> str:
    """一句话的描述；自己写的页面没有写时是空串。"""
    match record:
        case Experience():
            outcome = label("outcomes", record.outcome)
            name = catalog.companies[record.company].name
            return f"{name}：{outcome}，{rounds_label(record)}"
        case Topic():
            return f"{record.title}：面试里怎么问、推导、复杂度、手写代码、追问与误区"
        case Question():
            return f"{record.title}：30 秒版、2 分钟版、推导或代码、追问、常见错误"
        case Exercise():
            return f"手写{record.title}：题面、起始代码、参考答案，在页面里写、当场判"
        case Listing() | Part() | Page():
            return record.description or ""
        case DerivationPage():
            return record.derivation.description
        case BriefPage():
            return f"{record.title}：打印出来两面 A4"


def describe_card(record: Shown, catalog: Catalog, description: str) -> Card:
    """分享卡片上的字；description 是这一页的描述。"""
    match record:
        case Experience() | Topic() | Question() | Exercise():
            return social.describe_card(record, catalog)
        case DerivationPage():
            card = social.describe_card(record.derivation, catalog)
            return replace(card, title=record.title)
        case Listing():
            return Card("experience", record.title, note=record.description)
        case _:
            return Card("page", record.title, note=description)


def make_meta(record: Shown, catalog: Catalog) -> dict[str, Any]:
    """模板要的：两边的栏藏哪些、标签（名字与标签页里的锚点）、搜索时加的权。"""
    match record:
        case Page():
            return {"hide": _hidden_parts(record)}
        case BriefPage() | Listing() | Part():
            return {"hide": ["toc"]}
        case DerivationPage(derivation, number):
            return {} if number else {"tags": _list_tags(derivation, catalog)}
        case _:
            return {"tags": _list_tags(record, catalog), "search": {"boost": 2}}


def _hidden_parts(page: Page) -> list[str]:
    """首页与放大表与表单的页面不要两边的栏，把宽度让给正文。"""
    if page.path == "docs/index.md":
        return ["navigation", "toc"]
    wide = "-table -->" in page.body or "-form -->" in page.body
    return ["toc"] if wide else []


def _list_tags(record: Tagged, catalog: Catalog) -> list[dict[str, str]]:
    return [{"name": tag, "anchor": tag_anchor(tag)} for tag in tags_of(record, catalog)]
