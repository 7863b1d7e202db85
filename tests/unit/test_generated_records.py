"""一万份生成的 front matter：从不崩溃；收下的，每个值都在记录里，一个不少、一个不多、一字不改。"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields
from random import Random

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from mianjing.frontmatter import Mapping, Node, Scalar, Sequence, read_document
from mianjing.model import Experience
from mianjing.problem import Problem
from mianjing.records import read_experience
from mianjing.vocabulary import read_vocabulary

WORDS = read_vocabulary()
_IGNORED = {"key", "path", "body", "body_line", "lines"}

TIDY = (
    "甲", "手写 MHA", "3 年以上", "a: b", "# 号", "NO", "1.10", "~", "2026-03-01", "「引」", "x²",
    "q & k",
)  # fmt: skip
WILD: tuple[object, ...] = (
    "", " 甲", "甲 ", "甲\n乙", "<b>", "&lt;", "\u202e", "\x00", "unknown", "null", "é́",
    "javascript:x", "𐏿", "-", "{", "%x", "&a", "*a", "!!x", "---", -1, 0, 99, 1e300, True, None,
    [], ["甲", 1], {}, {"a": "b"}, {"": []}, [[["深"]]], "长" * 3000,
)  # fmt: skip
"""任意的东西：形状不对、要转义、看不见、太长。"""
BATCH = 20
RARITY = 60
"""平均每这么多个值，有一个是任意的东西。"""


class Maker:
    """由一个种子造出一份 front matter：多半合格，偶尔不合格，两样都要走到。"""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def value(self, *good: object) -> object:
        """good 里的一个，偶尔是任意的东西。"""
        wild = self.random.randrange(RARITY) == 0
        return self.random.choice(WILD if wild else good)

    def text(self) -> object:
        return self.value(*TIDY)

    def term(self, name: str) -> object:
        return self.value(*(one.key for one in WORDS[name]))

    def table(self, required: dict[str, object], **optional: object) -> object:
        """必填的都有，可省略的各有一半。"""
        kept = {name: one for name, one in optional.items() if self.random.random() < 0.5}
        return self.value(required | kept)

    def many(self, make: Callable[[], object], most: int) -> object:
        return self.value([make() for _ in range(self.random.randint(0, most))])

    def anchor(self) -> object:
        return self.value("round-1", "basics", "a")

    def number(self) -> object:
        return self.value(0, 1, 3, "unknown")

    def month(self) -> object:
        return self.value("2023-03", "2024-12", "unknown")

    def asked(self) -> object:
        return self.table(
            {"topic": self.text(), "form": self.term("forms"), "anchor": self.anchor()},
            detail=self.text(),
            question=self.text(),
            answered=self.term("answers"),
        )

    def not_asked(self) -> object:
        return self.table(
            {"topic": self.text(), "form": self.term("forms"), "anchor": self.anchor()},
            detail=self.text(),
        )

    def round(self) -> object:
        return self.table(
            {"index": self.value("1", "2-3", "unknown"), "kind": self.term("round_kinds")},
            name=self.text(),
            interviewer_role=self.text(),
            minutes=self.value(60, "120+", "unknown"),
            asked=self.many(self.asked, 2),
            not_asked=self.many(self.not_asked, 1),
            notes=self.text(),
        )

    def requirement(self) -> object:
        kind = self.term("requirement_kinds")
        return self.table({"kind": kind, "value": self.text(), "anchor": self.anchor()})

    def record(self) -> object:
        """一份面经的全部字段。"""
        precision = self.term("precisions")
        return self.table(
            {
                "title": self.text(),
                "company": self.text(),
                "period": self.table(
                    {"from": self.month(), "to": self.month(), "precision": precision}
                ),
                "role": self.text(),
                "channel": self.term("channels"),
                "outcome": self.term("outcomes"),
                "stage_reached": self.term("stages"),
                "round_count": self.table({"min": self.number(), "max": self.number()}),
                "rounds": self.many(self.round, 2),
                "source": self.text(),
            },
            team=self.text(),
            order=self.value(1, 3, "unknown"),
            not_asked=self.many(self.not_asked, 2),
            requirements=self.many(self.requirement, 2),
            pay=self.table({"kind": self.term("pay_kinds"), "text": self.text()}),
            reason=self.text(),
            impression=self.text(),
            contributed_by=self.text(),
        )

    def write(self) -> str:
        """写成 YAML：引号、流式、次序、折行都随机。"""
        return str(
            yaml.dump(
                self.record(),
                Dumper=_DUMPER,
                allow_unicode=self.random.random() < 0.5,
                default_flow_style=self.random.random() < 0.5,
                default_style=self.random.choice([None, None, "'", '"']),
                sort_keys=self.random.random() < 0.5,
                width=self.random.choice([20, 80, 1000]),
            )
        )


_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
accepted: Counter[bool] = Counter()


@settings(max_examples=500, database=None)
@given(st.integers(0, 2**32))
def test_ten_thousand_records(seed: int) -> None:
    """500 批，一批 20 份。"""
    for number in range(BATCH):
        text = Maker(seed * BATCH + number).write()
        raw = f"---\n{text}---\n".encode("utf-8", "surrogatepass")
        document, problems = read_document("docs/experiences/x-2023.md", raw)
        if document is not None:
            experience = read_experience(document, problems)
            check(document.fields, experience, problems)
        accepted[document is not None and not problems] += 1


def check(written: Mapping, experience: Experience, problems: list[Problem]) -> None:
    for problem in problems:
        assert problem.line >= 1
        assert problem.message
    if not problems:
        assert Counter(leaves(written)) == Counter(values(experience))


def leaves(node: Node) -> Iterator[str]:
    """写下的每个值；「未知」在记录里是没有，不计。"""
    if isinstance(node, Scalar):
        if node.text != "unknown":
            yield node.text.removesuffix("\n")
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from leaves(item)
    else:
        for item in node.entries.values():
            yield from leaves(item)


def values(value: object) -> Iterator[str]:
    """记录里的每个值；没有写的缺省与「未知」不计。"""
    if value is None or value in ("", "unknown"):
        return
    if isinstance(value, tuple):
        for item in value:
            yield from values(item)
    elif hasattr(value, "__dataclass_fields__"):
        for one in fields(value):  # type: ignore[arg-type]
            if one.name not in _IGNORED:
                yield from values(getattr(value, one.name))
    else:
        yield str(value)


def test_both_sides_were_seen_often() -> None:
    """收下的与拒绝的都不少：生成器没有偏到一边。"""
    assert accepted.total() >= 10_000
    assert accepted[True] > 1000
    assert accepted[False] > 1000
