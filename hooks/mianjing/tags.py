"""标签全由字段推出，从不手写：`考点/…`、`形式/…`、`结果/…`、`公司类型/…`、`难度/…`。"""

from __future__ import annotations

from mianjing.catalog import asked_forms, asked_topics
from mianjing.model import Catalog, Derivation, Exercise, Experience, Question, Topic
from mianjing.vocabulary import UNKNOWN, read_vocabulary


def tags_of(
    page: Experience | Topic | Question | Exercise | Derivation, catalog: Catalog
) -> list[str]:
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


def _topic(key: str, catalog: Catalog) -> str:
    return f"考点/{catalog.topics[key].title}"
