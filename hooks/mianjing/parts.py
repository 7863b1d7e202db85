"""分出来的页：账本一块一页，错误答案一个考点一页，题目一档难度一页；原来的地址留作目录。"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from mianjing.claims import area_of
from mianjing.model import Catalog
from mianjing.vocabulary import read_vocabulary


@dataclass(frozen=True)
class Part:
    """一页。"""

    uri: str
    """docs 内的路径。"""
    title: str
    description: str
    index: str
    """目录在哪一页：docs 内的路径。"""
    template: str
    key: str
    """是哪一块、哪个考点、哪一档。"""
    source: str
    """从哪个文件来，日期随它；来自许多文件的是空串。"""


@lru_cache(maxsize=2)
def group_parts(catalog: Catalog) -> dict[str, Part]:
    """路径 → 分出来的页。"""
    pages = [*_by_area(catalog), *_by_topic(catalog), *_by_level(catalog)]
    return {page.uri: page for page in pages}


def _by_area(catalog: Catalog) -> Iterator[Part]:
    areas = [area_of(claim) for claim in catalog.claims.values()]
    for area in read_vocabulary()["claim_areas"]:
        if count := areas.count(area.key):
            yield Part(
                f"claims/{area.key}.md",
                f"账本：{area.label}",
                f"{area.label}的 {count} 条能核对的数字：出处、算法、核对的日期",
                "claims/index.md",
                "claims_of_area.html",
                area.key,
                f"docs/claims/{area.key}.yml",
            )


def _by_topic(catalog: Catalog) -> Iterator[Part]:
    for topic in catalog.topics.values():
        exercises = [one for one in catalog.exercises.values() if one.topic == topic.key]
        if exercises:
            count = sum(len(one.mutants) for one in exercises)
            yield Part(
                f"practice/mistakes/{topic.key}.md",
                f"已知的错误答案：{topic.title}",
                f"{topic.title}的 {len(exercises)} 道手写题，{count} 个已知的错误答案",
                "practice/mistakes.md",
                "mistakes_of_topic.html",
                topic.key,
                "",
            )


def _by_level(catalog: Catalog) -> Iterator[Part]:
    """空的一档也有一页：地址不因少了一道题而消失。"""
    levels = [question.level for question in catalog.questions.values()]
    levels += [exercise.level for exercise in catalog.exercises.values()]
    for level in read_vocabulary()["levels"]:
        yield Part(
            f"questions/levels/{level.key.lower()}.md",
            f"难度 {level.label}的题",
            f"难度 {level.label}的 {levels.count(level.key)} 道题，按考点",
            "questions/index.md",
            "questions_of_level.html",
            level.key,
            "",
        )
