"""标签全由字段推出，从不手写：`考点/…`、`形式/…`、`结果/…`、`公司类型/…`、`难度/…`。"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from pymdownx.slugs import slugify

from mianjing.catalog import asked_forms, asked_topics
from mianjing.model import Catalog, Derivation, Exercise, Experience, Question, Topic
from mianjing.vocabulary import UNKNOWN, read_vocabulary

Tagged = Experience | Topic | Question | Exercise | Derivation
SHOWN = 12
"""标签页里一个标签下先放这么多篇面经；全部的在筛选里。"""
VOCABULARIES = {"形式": "forms", "结果": "outcomes", "公司类型": "company_kinds", "难度": "levels"}
"""标签的第一段 → 词表；「考点」有自己的页面。"""
_FACETS = {"形式": "form", "结果": "outcome", "公司类型": "kind"}
"""标签的第一段 → 面经表里筛选的名字。"""
_slug = slugify(case="lower")


@dataclass(frozen=True)
class Tag:
    """一个标签与带它的页面。"""

    name: str
    page: str
    """带它的都列在哪一页：docs 内的路径。"""
    query: str
    """接在那一页的地址后面，如 `?form=handwriting`。"""
    records: tuple[Tagged, ...]

    @property
    def label(self) -> str:
        """不带第一段的名字。"""
        return self.name.partition("/")[2]

    @property
    def anchor(self) -> str:
        """标签页里的锚点。"""
        return tag_anchor(self.name)

    @cached_property
    def experiences(self) -> list[Experience]:
        """带它的面经。"""
        return [record for record in self.records if isinstance(record, Experience)]

    @property
    def others(self) -> int:
        """带它的题目、手写与推导有几页。"""
        return sum(isinstance(record, Question | Exercise | Derivation) for record in self.records)

    @property
    def shown(self) -> list[Experience]:
        """标签页里先放的几篇：放不下时只放新的。"""
        found = self.experiences
        return found if len(found) <= SHOWN else found[: -SHOWN - 1 : -1]


def tag_anchor(tag: str) -> str:
    """标签在标签页里的锚点：`tag:考点/kv-cache-与推理`。"""
    return f"tag:{'/'.join(_slug(part, '-') for part in tag.split('/'))}"


def tags_of(page: Tagged, catalog: Catalog) -> list[str]:
    """一页的标签；未提及不成标签。"""
    words = read_vocabulary()
    if isinstance(page, Topic):
        return [_topic(page.key, catalog)]
    if isinstance(page, (Question, Exercise)):
        return [_topic(page.topic, catalog), f"难度/{words['levels'].label(page.level)}"]
    if isinstance(page, Derivation):
        return [_topic(key, catalog) for key in page.topics]
    tags = [_topic(key, catalog) for key in asked_topics(page)]
    tags += [f"形式/{words['forms'].label(form)}" for form in asked_forms(page)]
    if page.outcome != UNKNOWN:
        tags.append(f"结果/{words['outcomes'].label(page.outcome)}")
    kind = catalog.companies[page.company].kind
    if kind != UNKNOWN:
        tags.append(f"公司类型/{words['company_kinds'].label(kind)}")
    return tags


@lru_cache(maxsize=2)
def group_tags(catalog: Catalog) -> dict[str, list[Tag]]:
    """标签的第一段 → 有页面带着的标签，按考点与词表的次序。"""
    every: list[Tagged] = [
        *catalog.experiences.values(),
        *catalog.topics.values(),
        *catalog.questions.values(),
        *catalog.exercises.values(),
        *catalog.derivations.values(),
    ]
    members: dict[str, list[Tagged]] = {}
    for record in every:
        for name in tags_of(record, catalog):
            members.setdefault(name, []).append(record)
    groups: dict[str, list[Tag]] = {}
    for name, page, query in _list_places(catalog):
        if records := members.get(name):
            tag = Tag(name, page, query, tuple(records))
            groups.setdefault(name.partition("/")[0], []).append(tag)
    return groups


def _list_places(catalog: Catalog) -> Iterator[tuple[str, str, str]]:
    """（标签，列出它的页，查询）。"""
    for topic in catalog.topics.values():
        yield _topic(topic.key, catalog), f"topics/{topic.key}.md", ""
    for group, name in VOCABULARIES.items():
        for term in read_vocabulary()[name]:
            if facet := _FACETS.get(group):
                yield f"{group}/{term.label}", "experiences/index.md", f"?{facet}={term.key}"
            else:
                yield f"{group}/{term.label}", f"questions/levels/{term.key.lower()}.md", ""


def _topic(key: str, catalog: Catalog) -> str:
    return f"考点/{catalog.topics[key].title}"
