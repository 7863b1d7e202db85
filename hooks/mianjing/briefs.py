"""面试前 30 分钟：从考点与题目的正文里摘出公式、表、误区与 30 秒版，不另写一份。

摘法都是规则：考点页「推导」「复杂度与数字」里独行的公式与表，连同紧挨着的说明；
「追问与误区」里以「错误的说法」开头的条目；题目的「30 秒版」与「常见错误」。
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mianjing import catalog as group
from mianjing.markdown import prose_lines, read_parts, replace_prose
from mianjing.model import Catalog, Experience, Question, Topic
from mianjing.vocabulary import UNKNOWN

FOLDER = "brief"
_ANSWERS = 12
_TRAPS = 18
"""一家公司的一页放得下几题的 30 秒版、几条误区；考点多就每个考点少放。"""
_ENOUGH = 3
"""同类公司至少有几篇写明了考点，才照同类的准备。"""
_LINK = re.compile(r"(\]\()(?!https?:|mailto:|claim:|diagram:|\.\./)([^)\s]+)")
_TRAP = re.compile(r"^- (\*\*)?「")


@dataclass(frozen=True)
class Hint:
    """没有写明问了什么的公司，照同类公司准备。"""

    kind: str
    """公司类型；不知道时是 `unknown`，那就照全部面经。"""
    experiences: int
    """数了几篇。"""
    topics: tuple[tuple[Topic, int], ...]
    """问得最多的考点与篇数。"""


def select_formulas(topic: Topic) -> str:
    """考点的公式与表，连同所在小节的标题与紧挨着的一段话。"""
    parts = read_parts(topic.body)
    pieces: list[str] = []
    for name in ("推导", "复杂度与数字"):
        heading = ""
        for block in _keep_blocks(list(_split_blocks(parts.get(name, "")))):
            if block.startswith("#"):
                heading = f"**{block.lstrip('#').strip()}**"
                continue
            if heading:
                pieces.append(heading)
                heading = ""
            pieces.append(block)
    return rebase_links("\n\n".join(pieces), topic.path)


def _split_blocks(text: str) -> Iterator[str]:
    """空行隔开的一块块，代码围栏连同里面的空行算一块。"""
    prose = {number for number, _ in prose_lines(text, 0)}
    block: list[str] = []
    for number, line in enumerate(text.split("\n")):
        if number in prose and not line.strip():
            if block:
                yield "\n".join(block)
            block = []
        else:
            block.append(line)
    if block:
        yield "\n".join(block)


def _keep_blocks(blocks: list[str]) -> list[str]:
    """小节标题、公式、表；公式前后与表前的那一段话。引出别的东西（以冒号结尾）的话不要。"""
    kept: set[int] = set()
    for number, block in enumerate(blocks):
        formula, table = block.startswith("$$"), block.startswith("|")
        if formula or table:
            near = (number - 1, number + 1) if formula else (number - 1,)
            kept |= {number, *(n for n in near if 0 <= n < len(blocks) and _is_prose(blocks[n]))}
    return [
        block
        for number, block in enumerate(blocks)
        if block.startswith("#")
        or (number in kept and not (block.endswith("：") and number + 1 not in kept))
    ]


def _is_prose(block: str) -> bool:
    return not block.startswith(("#", "$$", "|", "`", "-", "!", "?", " ", "1.", "<"))


def select_traps(topic: Topic) -> list[str]:
    """考点自己列的误区，一条一个列表项。"""
    text = read_parts(topic.body).get("追问与误区", "")
    traps = [line for line in text.split("\n") if _TRAP.match(line)]
    return [rebase_links(line, topic.path) for line in traps]


def select_mistakes(question: Question) -> list[str]:
    """题目的常见错误，一条一个列表项；题目把最要紧的写在最前面。"""
    text = read_parts(question.body).get("常见错误", "")
    items = re.split(r"\n(?=- )", text)
    return [rebase_links(item, question.path) for item in items if item.startswith("- ")]


def select_brief(question: Question) -> str:
    """题目的 30 秒版。"""
    return rebase_links(read_parts(question.body).get("30 秒版", ""), question.path)


def rebase_links(markdown: str, path: str) -> str:
    """path（如 `docs/topics/x.md`）里的相对链接，换成从 `docs/brief/` 出发的。"""
    folder, name = path.removeprefix("docs/").rsplit("/", 1)

    def replace(match: re.Match[str]) -> str:
        target = match[2]
        return f"{match[1]}../{folder}/{name if target.startswith('#') else ''}{target}"

    return replace_prose(markdown, lambda line: _LINK.sub(replace, line))


def select_questions(catalog: Catalog, company: str) -> list[tuple[Topic, list[Question]]]:
    """一家公司的每个考点准备哪几题：写明问过的都在，不够再按几家问过、难度补。"""
    experiences = group.group_companies(catalog).get(company, ())
    topics = _topics_of(catalog, experiences)
    count = max(1, min(4, _ANSWERS // max(1, len(topics))))
    named: dict[str, list[str]] = {topic.key: [] for topic in topics}
    taken: set[str] = set()
    for one in experiences:
        for _, item in one.asked:
            if item.question and item.question not in taken:
                own = catalog.questions[item.question].topic
                topic = own if item.topic == UNKNOWN else item.topic
                named.setdefault(topic, []).append(item.question)
                taken.add(item.question)

    def order(question: Question) -> tuple[int, str]:
        return (-len(group.group_question_mentions(catalog, question.key)), question.level)

    chosen = []
    for key, keys in named.items():
        others = [q for q in group.group_topic_questions(catalog, key) if q.key not in taken]
        more = sorted(others, key=order)[: max(0, count - len(keys))]
        taken |= {q.key for q in more}
        chosen.append((catalog.topics[key], [*(catalog.questions[k] for k in keys), *more]))
    return chosen


def select_company_traps(catalog: Catalog, company: str) -> list[str]:
    """一家公司的各考点的误区，每个考点取前几条。"""
    experiences = group.group_companies(catalog).get(company, ())
    topics = _topics_of(catalog, experiences)
    count = max(2, min(6, _TRAPS // max(1, len(topics))))
    return [trap for topic in topics for trap in select_traps(topic)[:count]]


def make_hint(catalog: Catalog, company: str) -> Hint | None:
    """这家一项也没有写明时，同类公司问得最多的考点；写明了的返回 None。"""
    experiences = group.group_companies(catalog).get(company, ())
    if any(group.asked_topics(e) for e in experiences):
        return None
    stated = _count_stated(catalog)
    kind = catalog.companies[company].kind
    if kind not in stated or stated[kind][0] < _ENOUGH:
        kind = UNKNOWN
    total, counts = stated[kind]
    ranks = {key: rank for rank, key in enumerate(catalog.topics)}
    keys = sorted(counts, key=lambda key: (-counts[key], ranks[key]))[:3]
    return Hint(kind, total, tuple((catalog.topics[key], counts[key]) for key in keys))


@lru_cache(maxsize=2)
def _count_stated(catalog: Catalog) -> dict[str, tuple[int, Counter[str]]]:
    """公司类型 → 写明了考点的篇数，与各考点的篇数；`unknown` 是不分类型的全部。"""
    found: dict[str, tuple[int, Counter[str]]] = {UNKNOWN: (0, Counter())}
    for experience in catalog.experiences.values():
        if topics := group.asked_topics(experience):
            for kind in {catalog.companies[experience.company].kind, UNKNOWN}:
                total, counts = found.get(kind, (0, Counter()))
                found[kind] = (total + 1, counts + Counter(topics))
    return found


def _topics_of(catalog: Catalog, experiences: Sequence[Experience]) -> list[Topic]:
    keys = dict.fromkeys(key for e in experiences for key in group.asked_topics(e))
    if keys:
        return [catalog.topics[key] for key in keys]
    hint = make_hint(catalog, experiences[0].company) if experiences else None
    return [topic for topic, _ in hint.topics] if hint else []
