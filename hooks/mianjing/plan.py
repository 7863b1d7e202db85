"""备考计划：选的公司问过什么、作者怎么排，换成每一项的分，分高的先做。

一项是一个考点、一本推导、一道手写题或一道题目。分只有加法，都是整数：

- 底分来自作者的排序：他排第 r 的考点得 2(9 − r)，推导与手写题得 9 − r，题目从 9 − r 起按它在考点里
  的次序每两道减一；分章与它的推导一样得 9 − r；「面试题精选」里的题另加 4。没有排的考点底分是 0。
- 选中的每一篇记录，给写明问过的考点加 20，写明问过的题与练它的手写题加 30；那个考点的推导加 12，
  手写题、题目与分章加 8（题目同样按次序递减，最少 1）。同一篇里问了几次只算一次。
- 记录里明说没有问的考点减 20，它的推导、手写题与题目各减 12。没有写到的不加也不减：
  未提及不等于没有问。

没有选公司时，选中的就是全部记录。分不大于 0 的不排。一天的份量是 16 份：考点与推导各 4 份，
手写题 3 份，题目 1 份；从分最高的取起，取满为止，再按考点的分归拢，平摊到各天。份量与各个权重是
本站定的，不是统计出来的。

页面的 `plan/schedule.js` 用这里写出的分只做加法与排序，测试拿随机的选择比两边。
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from mianjing import catalog as group
from mianjing.compact import dump_compact
from mianjing.labels import round_label
from mianjing.model import Catalog, Experience, Topic
from mianjing.published import page_url
from mianjing.vocabulary import UNKNOWN, read_vocabulary

VERSION = 1
PATH = "plan/plan.json"
DAYS = (1, 30)
DEFAULT_DAYS = 7
DAY_LOAD = 16
LOADS = {"topic": 4, "derivation": 4, "exercise": 3, "question": 1}
"""一项的份量；次序也是同一个考点里各种项的次序。"""
ASKED = {"topic": 20, "derivation": 12, "exercise": 8, "question": 8}
CHAPTER = 8
"""问过的考点的分章。"""
NAMED = 30
DENIED = {"topic": -20, "derivation": -12, "exercise": -12, "question": -12}
PICKED = 4
RANKS = 8
REASONS = 3
"""一项至多写几条记录里的理由，多出来的只说几条。"""


@dataclass(frozen=True)
class Reason:
    """为什么排这一项：一句话，与它的出处（docs 内的路径与锚点，没有是空串）。"""

    text: str
    target: str = ""
    anchor: str = ""

    @property
    def address(self) -> str:
        """相对站点根的地址，没有出处是空串。"""
        fragment = f"#{self.anchor}" if self.anchor else ""
        return page_url(self.target) + fragment if self.target else ""


@dataclass(frozen=True)
class Item:
    """计划里的一项。"""

    kind: str
    key: str
    title: str
    level: str
    topic: str
    """归在哪个考点：分章归分章，推导归它的第一个考点。"""
    target: str
    base: int
    reasons: tuple[Reason, ...]
    """与选谁无关的理由。"""

    @cached_property
    def id(self) -> str:
        """记在读者那里的名字，改版之后也不变。"""
        return f"{self.kind}/{self.key}"


@dataclass(frozen=True)
class Record:
    """一篇记录给各项的分与理由，都以 Item.id 为键。"""

    key: str
    company: str
    weights: dict[str, int]
    reasons: dict[str, Reason]

    @property
    def stated(self) -> bool:
        """写明了至少一项。"""
        return bool(self.weights)


@dataclass(frozen=True)
class Entry:
    """排进某一天的一项。"""

    item: Item
    score: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Plan:
    """排好的计划。"""

    days: tuple[tuple[Entry, ...], ...]
    records: tuple[Record, ...]
    """依据的记录，写明了的。"""
    silent: tuple[str, ...]
    """选了、但没有一篇写明问过什么的公司。"""
    left: int
    """有分、排不下的项数。"""


@lru_cache(maxsize=2)
def list_items(catalog: Catalog) -> tuple[Item, ...]:
    """全部项，次序固定：按考点，考点里按 LOADS 的次序。"""
    items: list[Item] = []
    for topic in catalog.topics.values():
        base = _base(catalog, topic)
        ranked = _rank_reasons(catalog, topic)
        key, points = topic.key, base if topic.part_of else 2 * base
        items.append(Item("topic", key, topic.title, "", key, f"topics/{key}.md", points, ranked))
        items += [
            Item("derivation", d.key, d.title, "", key, d.pages[0][0], base, ranked)
            for d in catalog.derivations.values()
            if d.topics[0] == key
        ]
        items += [
            Item(
                "exercise", e.key, e.title, e.level, key, f"practice/{e.key}/index.md", base, ranked
            )
            for e in catalog.exercises.values()
            if e.topic == key
        ]
        questions = [q for q in catalog.questions.values() if q.topic == topic.key]
        for position, q in enumerate(questions):
            picked = q.origin == "writeup"
            more = (Reason("作者精选的题", "questions/index.md"),) if picked else ()
            points = max(0, base - position // 2) + (PICKED if picked else 0)
            target = f"questions/{q.key}.md"
            items.append(
                Item("question", q.key, q.title, q.level, key, target, points, (*more, *ranked))
            )
    return tuple(items)


@dataclass(frozen=True)
class Index:
    """全部项的次序：一篇记录只看与它有关的几项。"""

    items: tuple[Item, ...]
    by_topic: dict[str, list[int]]
    """考点 → 归它的项。"""
    by_question: dict[str, list[int]]
    """题目 → 它自己与练它的手写题。"""
    chapters: dict[str, list[str]]
    """考点 → 它的分章。"""
    place: dict[int, int]
    """题目这一项 → 它在考点里排第几，从 0 起。"""


def index_items(catalog: Catalog, items: tuple[Item, ...]) -> Index:
    """各项按考点、按题目归好。"""
    by_topic: dict[str, list[int]] = defaultdict(list)
    by_question: dict[str, list[int]] = defaultdict(list)
    chapters = {key: [c.key for c in group.group_chapters(catalog, key)] for key in catalog.topics}
    place: dict[int, int] = {}
    count: Counter[str] = Counter()
    for number, item in enumerate(items):
        by_topic[item.topic].append(number)
        if item.kind == "question":
            by_question[item.key].append(number)
            place[number] = count[item.topic]
            count[item.topic] += 1
        elif item.kind == "exercise":
            for key in catalog.exercises[item.key].questions:
                by_question[key].append(number)
    return Index(items, by_topic, by_question, chapters, place)


def weigh_record(
    catalog: Catalog, experience: Experience, index: Index, denied: dict[str, str]
) -> Record:
    """一篇记录给各项的分与理由；denied 是它明说没有的考点 → 锚点。"""
    asked_topics: dict[str, Reason] = {}
    asked_questions: dict[str, Reason] = {}
    name = catalog.companies[experience.company].name
    page = f"experiences/{experience.key}.md"
    for one, asked in experience.asked:
        if asked.topic != UNKNOWN:
            text = f"{_before_han(name)}{round_label(one)}问过"
            asked_topics.setdefault(asked.topic, Reason(text, page, asked.anchor))
            if asked.question:
                asked_questions.setdefault(asked.question, Reason(text, page, asked.anchor))
    passed = {
        key: _add(reason, f"「{catalog.topics[key].title}」")
        for key, reason in asked_topics.items()
    }
    weights: dict[str, int] = {}
    reasons: dict[str, Reason] = {}
    for number in _related_items(index, asked_topics, asked_questions, denied):
        item = index.items[number]
        topic = _asked_topic(catalog, item.topic, asked_topics)
        named = _named(catalog, item, asked_questions)
        if named:
            weights[item.id], reasons[item.id] = NAMED, named
        elif item.kind == "topic" and item.key in asked_topics:
            weights[item.id], reasons[item.id] = ASKED["topic"], asked_topics[item.key]
        elif topic:
            discount = index.place.get(number, 0) // 2
            points = CHAPTER if item.kind == "topic" else ASKED[item.kind]
            weights[item.id] = max(1, points - discount)
            reasons[item.id] = passed[topic]
        if item.topic in denied and not named and not topic:
            weights[item.id] = DENIED[item.kind]
            text = f"{_before_han(name)}明说没有问"
            reasons[item.id] = Reason(text, page, denied[item.topic])
    return Record(experience.key, experience.company, weights, reasons)


def _related_items(
    index: Index, topics: Iterable[str], questions: Iterable[str], denied: Iterable[str]
) -> list[int]:
    """问过的考点与它的分章、问过的题、否认的考点，它们的项，按次序。"""
    asked = [key for topic in topics for key in (topic, *index.chapters.get(topic, ()))]
    found = {n for topic in (*asked, *denied) for n in index.by_topic.get(topic, ())}
    return sorted(found.union(*(index.by_question.get(key, ()) for key in questions)))


@lru_cache(maxsize=2)
def weigh_records(catalog: Catalog, items: tuple[Item, ...]) -> tuple[Record, ...]:
    """全部记录，按全站的次序。"""
    denied: dict[str, dict[str, str]] = {key: {} for key in catalog.experiences}
    for topic in catalog.topics:
        for denial in group.group_topic_denials(catalog, topic):
            denied[denial.experience.key][topic] = denial.item.anchor
    index = index_items(catalog, items)
    return tuple(
        weigh_record(catalog, experience, index, denied[experience.key])
        for experience in catalog.experiences.values()
    )


def make_plan(
    catalog: Catalog,
    items: Sequence[Item],
    records: Sequence[Record],
    companies: Iterable[str] = (),
    kinds: Iterable[str] = (),
    days: int = DEFAULT_DAYS,
) -> Plan:
    """为选的公司与公司类型排 days 天；都没有选时依据全部记录。"""
    chosen_companies, chosen_kinds = set(companies), set(kinds)
    chosen = [
        record
        for record in records
        if not (chosen_companies or chosen_kinds)
        or record.company in chosen_companies
        or catalog.companies[record.company].kind in chosen_kinds
    ]
    scores = {item.id: item.base for item in items}
    for record in chosen:
        for key, weight in record.weights.items():
            scores[key] += weight
    order = sorted(
        (number for number, item in enumerate(items) if scores[item.id] > 0),
        key=lambda number: (-scores[items[number].id], number),
    )
    room, picked = days * DAY_LOAD, list[int]()
    for number in order:
        if LOADS[items[number].kind] > room:
            break
        room -= LOADS[items[number].kind]
        picked.append(number)
    best: dict[str, int] = {}
    for number in picked:
        topic = items[number].topic
        best[topic] = max(best.get(topic, 0), scores[items[number].id])
    kinds_order = list(LOADS)
    place = {topic: number for number, topic in enumerate(catalog.topics)}
    picked.sort(
        key=lambda number: (
            -best[items[number].topic],
            place[items[number].topic],
            kinds_order.index(items[number].kind),
            -scores[items[number].id],
            number,
        )
    )
    total, before = sum(LOADS[items[number].kind] for number in picked), 0
    planned: list[list[Entry]] = [[] for _ in range(days)]
    for number in picked:
        item = items[number]
        entry = Entry(item, scores[item.id], tuple(explain(item, chosen)))
        planned[before * days // total].append(entry)
        before += LOADS[item.kind]
    stated = tuple(record for record in chosen if record.stated)
    speaking = {record.company for record in stated}
    silent = tuple(key for key in catalog.companies if key in chosen_companies - speaking)
    return Plan(tuple(map(tuple, planned)), stated, silent, len(order) - len(picked))


def explain(item: Item, chosen: Iterable[Record]) -> Iterator[Reason]:
    """排这一项的理由：记录里的在前，至多 REASONS 条，再是作者的。"""
    found = [record.reasons[item.id] for record in chosen if item.id in record.reasons]
    yield from found[:REASONS]
    if len(found) > REASONS:
        yield Reason(f"另有 {len(found) - REASONS} 篇")
    yield from item.reasons


def list_choices(catalog: Catalog) -> tuple[list[str], list[str]]:
    """能选的公司与公司类型：有记录的公司，与有公司的类型。"""
    companies = list(group.group_companies(catalog))
    present = {catalog.companies[key].kind for key in companies}
    kinds = [t.key for t in read_vocabulary()["company_kinds"] if t.key in present]
    return companies, [key for key in kinds if key != UNKNOWN]


def dump_plan(catalog: Catalog) -> str:
    """页面要的数据：数组里的考点、公司、项与理由都是序号；分只写不是 0 的。"""
    items = list_items(catalog)
    records = weigh_records(catalog, items)
    companies, kinds = list_choices(catalog)
    topics = {key: number for number, key in enumerate(catalog.topics)}
    numbers = {item.id: number for number, item in enumerate(items)}
    reasons: dict[tuple[str, str], int] = {}

    def number(reason: Reason) -> int:
        return reasons.setdefault((reason.text, reason.address), len(reasons))

    rows = [
        [
            list(LOADS).index(item.kind),
            item.key,
            item.title,
            item.level,
            topics[item.topic],
            page_url(item.target),
            item.base,
            [number(reason) for reason in item.reasons],
        ]
        for item in items
    ]
    weights = [
        [
            record.key,
            companies.index(record.company),
            [
                [numbers[key], weight, number(record.reasons[key])]
                for key, weight in record.weights.items()
            ],
        ]
        for record in records
    ]
    return dump_compact(
        {
            "version": VERSION,
            "days": DAYS,
            "dayLoad": DAY_LOAD,
            "loads": list(LOADS.values()),
            "maxReasons": REASONS,
            "kinds": [[key, _kind_label(key)] for key in kinds],
            "companies": [
                [key, catalog.companies[key].name, catalog.companies[key].kind] for key in companies
            ],
            "topics": [[topic.key, topic.title] for topic in catalog.topics.values()],
            "items": rows,
            "records": weights,
            "reasons": [list(reason) for reason in reasons],
        }
    )


def _kind_label(key: str) -> str:
    return read_vocabulary()["company_kinds"].label(key)


def _rank(catalog: Catalog, topic: Topic) -> int | None:
    parent = catalog.topics[topic.part_of] if topic.part_of else topic
    return parent.rank


def _base(catalog: Catalog, topic: Topic) -> int:
    rank = _rank(catalog, topic)
    return RANKS + 1 - rank if rank else 0


def _rank_reasons(catalog: Catalog, topic: Topic) -> tuple[Reason, ...]:
    rank = _rank(catalog, topic)
    if not rank:
        return ()
    of = f"「{catalog.topics[topic.part_of].title}」" if topic.part_of else ""
    return (Reason(f"作者把{of}排第 {rank}" if of else f"作者排第 {rank}", *RANKING),)


RANKING = ("about/summary.md", "他给八个考点排的次序")
"""作者的排序写在哪里。"""


def _asked_topic(catalog: Catalog, topic: str, asked: dict[str, Reason]) -> str:
    """考点自己，或它所属的考点，问过的那一个；都没有是空串。"""
    parent = catalog.topics[topic].part_of or ""
    return topic if topic in asked else parent if parent in asked else ""


def _named(catalog: Catalog, item: Item, asked: dict[str, Reason]) -> Reason | None:
    """写明问过这道题，或这道手写题练的题。"""
    if item.kind == "question" and item.key in asked:
        return _add(asked[item.key], "这道题")
    if item.kind == "exercise":
        for key in catalog.exercises[item.key].questions:
            if key in asked:
                return _add(asked[key], "它练的题")
    return None


def _add(reason: Reason, words: str) -> Reason:
    """同一个出处，话后面再接几个字。"""
    return Reason(reason.text + words, reason.target, reason.anchor)


def _before_han(name: str) -> str:
    """公司名后面接汉字：西文结尾的空一格。"""
    return f"{name} " if name[-1:].isascii() else name
