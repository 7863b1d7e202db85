"""复习卡片：题库一题一张，正面是题目，背面是 30 秒版；模拟面试答 2 分钟时背面是 2 分钟版。

名册 `review/cards.json` 一次取全；背面的公式占地方，按长短与考点分成
`review/answers/<30s|2min>/<考点>.json`，用到才取。
卡片的进度按题目的键记在读者那里，题库改版之后照样对得上。
"""

from __future__ import annotations

from dataclasses import dataclass

from mianjing.answers import split_sections
from mianjing.catalog import group_companies
from mianjing.checks import QUESTION_SECTIONS
from mianjing.compact import dump_compact
from mianjing.model import Catalog
from mianjing.vocabulary import UNKNOWN, read_vocabulary

VERSION = 1
INDEX = "review/cards.json"
SPOKEN = {"30s": QUESTION_SECTIONS[0], "2min": QUESTION_SECTIONS[1]}
"""背面的长短 → 题目里的那一节。"""


@dataclass(frozen=True)
class Profile:
    """一家公司的全部记录里写明问过的考点与题目，按目录的次序。"""

    company: str
    topics: tuple[str, ...]
    questions: tuple[str, ...]
    count: int
    """写明了问题的记录有几篇。"""


def group_profiles(catalog: Catalog) -> list[Profile]:
    """写明问过至少一个考点或一道题的公司，按第一次出现的次序。"""
    profiles = []
    for company, experiences in group_companies(catalog).items():
        stated = [e for e in experiences if any(a.topic != UNKNOWN for _, a in e.asked)]
        topics = {a.topic for e in stated for _, a in e.asked}
        questions = {a.question for e in experiences for _, a in e.asked}
        profile = Profile(
            company,
            tuple(key for key in catalog.topics if key in topics),
            tuple(key for key in catalog.questions if key in questions),
            len(stated),
        )
        if profile.topics or profile.questions:
            profiles.append(profile)
    return profiles


def dump_cards(catalog: Catalog) -> str:
    """名册：考点、难度、公司与卡片；卡片里的考点、难度，公司里的考点、卡片都是序号。"""
    topics = list(catalog.topics)
    questions = list(catalog.questions)
    levels = [term.key for term in read_vocabulary()["levels"]]
    return dump_compact(
        {
            "version": VERSION,
            "topics": [
                [key, topic.title, topics.index(topic.part_of) if topic.part_of else -1]
                for key, topic in catalog.topics.items()
            ],
            "levels": [[term.key, term.label] for term in read_vocabulary()["levels"]],
            "kinds": [[term.key, term.label] for term in read_vocabulary()["company_kinds"]],
            "companies": [
                [
                    profile.company,
                    catalog.companies[profile.company].name,
                    catalog.companies[profile.company].kind,
                    profile.count,
                    [topics.index(key) for key in profile.topics],
                    [questions.index(key) for key in profile.questions],
                ]
                for profile in group_profiles(catalog)
            ],
            "cards": [
                [key, question.title, topics.index(question.topic), levels.index(question.level)]
                for key, question in catalog.questions.items()
            ],
        }
    )


def dump_answers(catalog: Catalog, answers: dict[str, str]) -> dict[str, str]:
    """各份背面：站内路径 → JSON；answers 是题目的键 → 没有折起来、公式渲染好的正文 HTML。"""
    return {
        f"review/answers/{length}/{topic}.json": dump_compact(
            {
                question.key: select_section(answers[question.key], section)
                for question in catalog.questions.values()
                if question.topic == topic
            }
        )
        for length, section in SPOKEN.items()
        for topic in catalog.topics
        if any(question.topic == topic for question in catalog.questions.values())
    }


def select_section(html: str, wanted: str) -> str:
    """一道题的一节；没有这一节时抛 ValueError（检查保证有）。"""
    for _, name, body in split_sections(html)[1]:
        if name == wanted:
            return body.strip()
    raise ValueError(f"题目没有「{wanted}」一节")


def count_topic_cards(catalog: Catalog) -> list[tuple[str, int]]:
    """有题的考点与自己的题数，给没有脚本时的列表。"""
    return [
        (key, count)
        for key in catalog.topics
        if (count := sum(q.topic == key for q in catalog.questions.values()))
    ]
