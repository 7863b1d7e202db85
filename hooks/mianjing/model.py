"""领域里的名词，全部不可变。「未提及」记为词表的 `unknown` 或 None，从不猜。"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class Company:
    """一家公司；同一事实只在 `docs/experiences/companies.yml` 写一次。"""

    key: str
    name: str
    kind: str
    aliases: tuple[str, ...] = ()
    """别名与产品名，只供搜索，不当作原文事实显示。"""


@dataclass(frozen=True)
class Provenance:
    """面经的出处，写在 `docs/experiences/sources.yml`。"""

    key: str
    title: str
    author: str | None
    url: str | None
    retrieved: str | None
    licence: str | None
    note: str
    """给读者的出处说明。"""
    path: str
    lines: dict[str, int]


@dataclass(frozen=True)
class Period:
    """面试的时间，精确到月（`YYYY-MM`）。"""

    start: str | None
    end: str | None
    precision: str


@dataclass(frozen=True)
class Asked:
    """原文说问了的一项。考点与形式写在一起：同一轮可以又考 LeetCode 又手写 MHA。"""

    topic: str
    """考点的键；原文没说考点时为 `unknown`。"""
    form: str
    detail: str
    """问了什么，站内自己的话；没有更细的内容时为空。"""
    question: str | None
    """题库里对应的题。"""
    answered: str
    anchor: str
    """正文里说到此事的那一段的 id。"""


@dataclass(frozen=True)
class NotAsked:
    """原文说没有问的一项。"""

    topic: str | None
    form: str | None
    detail: str
    """原文的说法有保留时写在这里，如「无明确环节」。"""
    anchor: str


@dataclass(frozen=True)
class Round:
    """一轮面试。"""

    index: str
    """`1`、`2`，范围 `1-3`，或 `unknown`。"""
    name: str | None
    kind: str
    interviewer_role: str | None
    minutes: str | None
    """时长，如 `20` 或 `120+`。"""
    asked: tuple[Asked, ...]
    not_asked: tuple[NotAsked, ...]
    notes: str | None


@dataclass(frozen=True)
class Requirement:
    """岗位门槛。"""

    kind: str
    value: str
    anchor: str


@dataclass(frozen=True)
class Pay:
    """薪资：区间或作者的印象，没有数字以外的推断。"""

    kind: str
    text: str


@dataclass(frozen=True)
class Experience:
    """一次面试经历，一份 `docs/experiences/<公司>-<年份>[-n].md`。"""

    key: str
    path: str
    title: str
    company: str
    team: str | None
    period: Period
    order: int | None
    """在同一出处里的先后。"""
    role: str | None
    channel: str
    outcome: str
    stage_reached: str
    rounds_min: int | None
    rounds_max: int | None
    rounds: tuple[Round, ...]
    not_asked: tuple[NotAsked, ...]
    requirements: tuple[Requirement, ...]
    pay: Pay | None
    reason: str | None
    impression: str | None
    source: str
    contributed_by: str | None
    body: str
    body_line: int
    lines: dict[str, int]
    """字段路径 → 行号，给检查用。"""

    @cached_property
    def asked(self) -> tuple[tuple[Round, Asked], ...]:
        """全部问到的项，按轮次。"""
        return tuple((r, asked) for r in self.rounds for asked in r.asked)

    @cached_property
    def all_not_asked(self) -> tuple[NotAsked, ...]:
        """全部明说没问的项：整场的与各轮的。"""
        return self.not_asked + tuple(n for r in self.rounds for n in r.not_asked)


@dataclass(frozen=True)
class Withdrawn:
    """应要求撤下的一篇：原来的文件只剩撤下的日期，原来的地址只剩一句话。"""

    key: str
    path: str
    date: str | None


@dataclass(frozen=True)
class Source:
    """知识的一条来源。"""

    title: str
    url: str
    where: str


@dataclass(frozen=True)
class Topic:
    """一个考点，一份 `docs/topics/<key>.md`。"""

    key: str
    path: str
    title: str
    aliases: tuple[str, ...]
    rank: int | None
    """原始面经作者的重要性排序 1–8；侧题与分章没有。"""
    part_of: str | None
    """这一页是哪个考点的一章；自成一个考点的为 None。"""
    prerequisites: tuple[str, ...]
    sources: tuple[Source, ...]
    body: str
    body_line: int
    lines: dict[str, int]


@dataclass(frozen=True)
class Question:
    """一道题，一份 `docs/questions/<key>.md`。"""

    key: str
    path: str
    title: str
    topic: str
    aliases: tuple[str, ...]
    level: str
    origin: str
    sources: tuple[Source, ...]
    body: str
    body_line: int
    lines: dict[str, int]


@dataclass(frozen=True)
class Mutant:
    """一个已知的错误答案：参考答案里唯一的一处 old 换成 new。"""

    id: str
    old: str
    new: str
    why: str
    by: str = "value"
    """怎样被抓住：value，或者错误本来就是 shape、exception。"""


@dataclass(frozen=True)
class Exercise:
    """一道手写题，一个文件夹 `docs/practice/<key>/`。"""

    key: str
    path: str
    title: str
    topic: str
    aliases: tuple[str, ...]
    level: str
    questions: tuple[str, ...]
    starter: str
    reference: str
    tests: str
    mutants: tuple[Mutant, ...]
    cases: tuple[str, ...]
    """各个测试的名字。"""
    caught: dict[str, tuple[int, ...]]
    """错误答案的 id → 抓住它的测试（从 0 起）。"""
    body: str
    body_line: int
    lines: dict[str, int]

    @property
    def spelling(self) -> str:
        """参考答案用哪一种写法。"""
        for module, name in (("torch", "PyTorch"), ("numpy", "NumPy")):
            if f"import {module}" in self.reference:
                return name
        return "Python"


@dataclass(frozen=True)
class Part:
    """推导的一部分，站里单独一页：写在它第一个文字格的标记行里。"""

    key: str
    title: str


@dataclass(frozen=True)
class Derivation:
    """一本推导：`notebooks/<key>.py` 与执行后的 `.ipynb`，字段在 metadata.mianjing。"""

    key: str
    path: str
    title: str
    description: str
    topics: tuple[str, ...]
    aliases: tuple[str, ...]
    parts: tuple[Part, ...] = ()
    """不分页的推导没有。"""

    @property
    def pages(self) -> tuple[tuple[str, str], ...]:
        """各页的（源路径，题目），按次序；第一页就是 `.ipynb`。"""
        subject = self.title.partition("：")[0]
        rest = [(f"notebooks/{self.key}/{p.key}.md", f"{subject}：{p.title}") for p in self.parts]
        return ((f"notebooks/{self.key}.ipynb", self.title), *rest[1:])


@dataclass(frozen=True)
class Computation:
    """一次重算：`estimates/` 里的函数与参数。"""

    function: str
    arguments: dict[str, str]


@dataclass(frozen=True)
class Claim:
    """账本里的一条：一个能核对的数字或式子，写在 `docs/claims/*.yml`。"""

    key: str
    path: str
    line: int
    statement: str
    status: str
    value: str
    """重算应得的数，写出几位就核对到几位；没有重算的为空。"""
    computation: Computation | None
    sources: tuple[Source, ...]
    checked: str | None


@dataclass(frozen=True)
class Erratum:
    """一条勘误，写在 `docs/about/errata.yml`。"""

    key: str
    path: str
    line: int
    page: str
    """错在哪一页：docs 内的路径。"""
    wrong: str
    right: str
    since: str | None
    """从哪一天起错的。"""
    fixed: str | None
    evidence: str
    """凭什么说对的是这样。"""


@dataclass(frozen=True)
class Page:
    """其余页面（首页、索引、关于）：只有标题与正文。"""

    path: str
    title: str
    description: str
    body: str
    body_line: int = 1


@dataclass(frozen=True, eq=False)
class Catalog:
    """全站的数据，读一次、查一次，之后只渲染。键的顺序就是显示的顺序。

    按身份比较，所以能当缓存的键：聚合过一次的不必逐页再来。
    """

    companies: dict[str, Company]
    provenances: dict[str, Provenance]
    experiences: dict[str, Experience]
    topics: dict[str, Topic]
    questions: dict[str, Question]
    derivations: dict[str, Derivation]
    exercises: dict[str, Exercise]
    claims: dict[str, Claim]
    errata: dict[str, Erratum]
    pages: dict[str, Page]
    withdrawn: dict[str, Withdrawn] = field(default_factory=dict)
    """撤下的面经：只有页面，不在数据、列表、标签与搜索里。"""
