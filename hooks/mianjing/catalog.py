"""对目录的聚合：谁问过什么、数一数，全是纯函数。"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from mianjing.model import (
    Asked,
    Catalog,
    Derivation,
    Exercise,
    Experience,
    NotAsked,
    Question,
    Round,
    Topic,
)
from mianjing.vocabulary import UNKNOWN, read_vocabulary

LISTED = 30
"""一处至多列这么多条记录；更多时列最新的，并说总共多少。"""
_COMPARED = 200
"""找同类公司时，一类里至多比这么多篇。"""


@dataclass(frozen=True)
class Mention:
    """一篇面经里问到某个考点或题目的全部条目，按轮次。"""

    experience: Experience
    items: tuple[tuple[Round, Asked], ...]


@dataclass(frozen=True)
class Denial:
    """一篇面经里说没有问的一项。"""

    experience: Experience
    item: NotAsked


def group_topic_mentions(catalog: Catalog, topic: str) -> tuple[Mention, ...]:
    """问过考点 topic 的面经，按全站的次序。"""
    return _by_topic(catalog).get(topic, ())


def group_question_mentions(catalog: Catalog, question: str) -> tuple[Mention, ...]:
    """问过题目 question 的面经。"""
    return _by_question(catalog).get(question, ())


def group_exercise_mentions(catalog: Catalog, exercise: Exercise) -> tuple[Mention, ...]:
    """问过这道手写题所属题目的面经。"""
    wanted = {
        mention.experience.key: mention.experience
        for question in exercise.questions
        for mention in group_question_mentions(catalog, question)
    }
    places = _places(catalog)
    return tuple(
        Mention(one, tuple(item for item in one.asked if item[1].question in exercise.questions))
        for one in sorted(wanted.values(), key=lambda one: places[one.key])
    )


def group_question_exercises(catalog: Catalog, question: str) -> list[Exercise]:
    """能练题目 question 的手写题。"""
    return [e for e in catalog.exercises.values() if question in e.questions]


def group_topic_exercises(catalog: Catalog, topic: str) -> list[Exercise]:
    """考点与它各章的手写题。"""
    keys = {topic, *(chapter.key for chapter in group_chapters(catalog, topic))}
    return [e for e in catalog.exercises.values() if e.topic in keys]


def group_topic_denials(catalog: Catalog, topic: str) -> list[Denial]:
    """明说没有问考点 topic 的面经；只写了形式（如 LeetCode）的，归到只以该形式出现的考点。"""
    return _denials(catalog).get(topic, [])


@lru_cache(maxsize=2)
def _denials(catalog: Catalog) -> dict[str, list[Denial]]:
    """考点 → 明说没有问它的，按面经的次序。"""
    topics: dict[str, set[str]] = {}
    for experience in catalog.experiences.values():
        for _, asked in experience.asked:
            topics.setdefault(asked.form, set()).add(asked.topic)
    found: dict[str, list[Denial]] = {}
    for experience in catalog.experiences.values():
        for item in experience.all_not_asked:
            known = item.form is not None and item.form != UNKNOWN
            only = topics.get(item.form or "", set()) if known else set()
            if item.topic is not None:
                found.setdefault(item.topic, []).append(Denial(experience, item))
            elif len(only) == 1:
                found.setdefault(next(iter(only)), []).append(Denial(experience, item))
    return found


def count_unstated(catalog: Catalog, topic: str) -> int:
    """既没有写明问、也没有明说没问的篇数；问了一种形式、否认另一种的一篇只算一次。"""
    stated = {m.experience.key for m in group_topic_mentions(catalog, topic)}
    stated |= {d.experience.key for d in group_topic_denials(catalog, topic)}
    return len(catalog.experiences) - len(stated)


def group_chapters(catalog: Catalog, topic: str) -> list[Topic]:
    """考点的分章。"""
    return [t for t in catalog.topics.values() if t.part_of == topic]


def group_topic_questions(catalog: Catalog, topic: str) -> list[Question]:
    """考点下的题，按难度；分章的题归分章，也归考点。"""
    keys = {topic, *(chapter.key for chapter in group_chapters(catalog, topic))}
    return [q for q in catalog.questions.values() if q.topic in keys]


def group_company_questions(catalog: Catalog) -> list[tuple[Experience, list[Question]]]:
    """记录里写明问过题库里哪些题的面经，与那些题。"""
    asked = {
        experience.key: list(
            dict.fromkeys(a.question for _, a in experience.asked if a.question is not None)
        )
        for experience in catalog.experiences.values()
    }
    return [
        (experience, [catalog.questions[key] for key in asked[experience.key]])
        for experience in catalog.experiences.values()
        if asked[experience.key]
    ]


def group_topic_derivations(catalog: Catalog, topic: str) -> list[Derivation]:
    """考点的推导。"""
    return [d for d in catalog.derivations.values() if topic in d.topics]


@lru_cache(maxsize=2)
def group_companies(catalog: Catalog) -> dict[str, tuple[Experience, ...]]:
    """有面经的公司 → 它的面经，都按面经的次序。"""
    groups: dict[str, list[Experience]] = {}
    for experience in catalog.experiences.values():
        groups.setdefault(experience.company, []).append(experience)
    return {key: tuple(found) for key, found in groups.items()}


def asked_topics(experience: Experience) -> list[str]:
    """一篇面经问到的考点，按出现次序，不含未提及。"""
    return _unique(a.topic for _, a in experience.asked if a.topic != UNKNOWN)


def asked_forms(experience: Experience) -> list[str]:
    """一篇面经出现的形式，按词表次序，不含未提及。"""
    present = {a.form for _, a in experience.asked}
    return [t.key for t in read_vocabulary()["forms"] if t.key in present and t.key != UNKNOWN]


def group_related(catalog: Catalog, experience: Experience, limit: int = 5) -> list[Experience]:
    """同类公司的面经：先比同问的考点数，再按原来的次序。"""
    kind = catalog.companies[experience.company].kind
    asked = _asked_by(catalog)
    topics = frozenset(asked_topics(experience))  # 还没有合并的一篇也要看得到预览
    same = [e for e in _by_kind(catalog).get(kind, []) if e.key != experience.key]
    same.sort(key=lambda other: -len(topics & asked[other.key]))
    return same[:limit]


@lru_cache(maxsize=2)
def _asked_by(catalog: Catalog) -> dict[str, frozenset[str]]:
    """面经 → 问到的考点。"""
    return {key: frozenset(asked_topics(e)) for key, e in catalog.experiences.items()}


@lru_cache(maxsize=2)
def _by_kind(catalog: Catalog) -> dict[str, list[Experience]]:
    """公司类型 → 面经，不含类型未提及的；太多时只留最新的，免得逐页两两相比。"""
    groups: dict[str, list[Experience]] = {}
    for experience in reversed(catalog.experiences.values()):
        kind = catalog.companies[experience.company].kind
        group = groups.setdefault(kind, [])
        if kind != UNKNOWN and len(group) < _COMPARED:
            group.append(experience)
    return {kind: list(reversed(group)) for kind, group in groups.items()}


def count_outcomes(catalog: Catalog) -> dict[str, int]:
    """结果的键 → 篇数，按词表次序，只含出现过的。"""
    counts = Counter(e.outcome for e in catalog.experiences.values())
    return {t.key: counts[t.key] for t in read_vocabulary()["outcomes"] if counts[t.key]}


def count_stages(catalog: Catalog) -> dict[str, int]:
    """最远到达的环节 → 篇数，按词表次序，只含出现过的。"""
    counts = Counter(e.stage_reached for e in catalog.experiences.values())
    return {t.key: counts[t.key] for t in read_vocabulary()["stages"] if counts[t.key]}


def newest(catalog: Catalog, count: int) -> list[Experience]:
    """最新的几篇，新的在前。"""
    return list(reversed(catalog.experiences.values()))[:count]


@lru_cache(maxsize=2)
def _by_topic(catalog: Catalog) -> dict[str, tuple[Mention, ...]]:
    """考点 → 问过它的面经，按面经的次序。"""
    return _index(catalog, lambda asked: asked.topic)


@lru_cache(maxsize=2)
def _by_question(catalog: Catalog) -> dict[str, tuple[Mention, ...]]:
    """题目 → 问过它的面经，按面经的次序。"""
    return _index(catalog, lambda asked: asked.question)


@lru_cache(maxsize=2)
def _places(catalog: Catalog) -> dict[str, int]:
    return {key: place for place, key in enumerate(catalog.experiences)}


def _index(catalog: Catalog, key: Callable[[Asked], str | None]) -> dict[str, tuple[Mention, ...]]:
    index: dict[str, list[Mention]] = {}
    for experience in catalog.experiences.values():
        own: dict[str, list[tuple[Round, Asked]]] = {}
        for one, asked in experience.asked:
            if (found := key(asked)) is not None:
                own.setdefault(found, []).append((one, asked))
        for found, items in own.items():
            index.setdefault(found, []).append(Mention(experience, tuple(items)))
    return {found: tuple(mentions) for found, mentions in index.items()}


def _unique(values: Iterable[str | None]) -> list[str]:
    return [value for value in dict.fromkeys(values) if value is not None]
