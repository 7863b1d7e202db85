"""公司 × 考点：三种状态，每个写明的格子带着依据的那一段。"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum

from mianjing.catalog import group_topic_denials, group_topic_mentions
from mianjing.model import Catalog, Experience, Topic
from mianjing.vocabulary import UNKNOWN, read_vocabulary


class State(Enum):
    """一个格子：问过、明说没问、又问过又有一种形式明说没问、未提及。"""

    ASKED = "问过"
    DENIED = "明说没问"
    BOTH = "问过，另有一种形式明说没问"
    UNKNOWN = "未提及"


@dataclass(frozen=True)
class Cell:
    """一个格子；未提及的没有依据。"""

    state: State
    anchor: str = ""
    forms: tuple[str, ...] = ()
    """问到时的形式。"""


@dataclass(frozen=True)
class Matrix:
    """列是考点（不含分章），只留至少一篇写明的。"""

    topics: tuple[Topic, ...]
    rows: tuple[tuple[Experience, tuple[Cell, ...]], ...]
    counts: tuple[int, ...]
    """每个考点有几篇写明问过。"""


def group_matrix(catalog: Catalog) -> Matrix:
    """全部面经，按全站的次序。"""
    cells: dict[tuple[str, str], Cell] = {}
    topics, counts = [], []
    for topic in catalog.topics.values():
        mentions = group_topic_mentions(catalog, topic.key)
        denials = group_topic_denials(catalog, topic.key)
        if not mentions and not denials:
            continue
        topics.append(topic)
        counts.append(len(mentions))
        for denial in denials:
            cells[denial.experience.key, topic.key] = Cell(State.DENIED, denial.item.anchor)
        for mention in mentions:
            place = (mention.experience.key, topic.key)
            items = [item for _, item in mention.items]
            state = State.BOTH if place in cells else State.ASKED
            forms = tuple(dict.fromkeys(item.form for item in items))
            cells[place] = Cell(state, items[0].anchor, forms)
    rows = tuple(
        (e, tuple(cells.get((e.key, topic.key), Cell(State.UNKNOWN)) for topic in topics))
        for e in catalog.experiences.values()
    )
    return Matrix(tuple(topics), rows, tuple(counts))


@dataclass(frozen=True)
class FormTable:
    """考点 × 形式：只留出现过的行与列；考点与形式都可以是 `unknown`。"""

    topics: tuple[str, ...]
    forms: tuple[str, ...]
    counts: Counter[tuple[str, str]]
    """（考点，形式）→ 有几篇这样问过。"""


def group_forms(catalog: Catalog) -> FormTable:
    """全部面经里的考点与形式；一篇里同一格只算一次。"""
    counts = Counter(
        pair
        for experience in catalog.experiences.values()
        for pair in {(asked.topic, asked.form) for _, asked in experience.asked}
    )
    topics, forms = {topic for topic, _ in counts}, {form for _, form in counts}
    return FormTable(
        tuple(key for key in (*catalog.topics, UNKNOWN) if key in topics),
        tuple(term.key for term in read_vocabulary()["forms"] if term.key in forms),
        counts,
    )
