"""受控词表：`vocabulary.yml` 的读取与查询。"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mianjing.frontmatter import Mapping, Node, Scalar, Sequence, read_table

UNKNOWN = "unknown"
FIELD_TERMS = {
    "channel": "channels",
    "outcome": "outcomes",
    "stage_reached": "stages",
    "period.precision": "precisions",
    "rounds[].kind": "round_kinds",
    "asked[].form": "forms",
    "asked[].answered": "answers",
    "requirements[].kind": "requirement_kinds",
    "pay.kind": "pay_kinds",
    "公司表的 kind": "company_kinds",
}
"""面经的字段 → 它用的词表；贡献页的词表由此渲染。"""
_PATH = Path(__file__).with_name("vocabulary.yml")


@dataclass(frozen=True)
class Term:
    """词表里的一项。"""

    key: str
    label: str
    group: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Terms:
    """一张有序的词表，如全部面试结果。"""

    name: str
    terms: tuple[Term, ...]

    def __iter__(self) -> Iterator[Term]:
        return iter(self.terms)

    def __contains__(self, key: object) -> bool:
        return any(term.key == key for term in self.terms)

    def __getitem__(self, key: str) -> Term:
        for term in self.terms:
            if term.key == key:
                return term
        raise KeyError(key)

    def label(self, key: str) -> str:
        """给读者看的中文。"""
        return self[key].label

    @property
    def names(self) -> dict[str, str]:
        """标签与别名 → 键。"""
        return {name: term.key for term in self.terms for name in (term.label, *term.aliases)}

    def closest_by_alias(self, value: str) -> str | None:
        """值正好是某项的标签或别名时，返回该项的键。"""
        for term in self.terms:
            if value == term.label or value in term.aliases:
                return term.key
        return None


@cache
def read_vocabulary() -> dict[str, Terms]:
    """读入全部词表；词表自身有错时抛 ValueError。"""
    table, problems = read_table(f"hooks/mianjing/{_PATH.name}", _PATH.read_bytes())
    if table is None or problems:
        raise ValueError("\n".join(map(str, problems)))
    return {
        name: Terms(name, tuple(_read_term(key, node) for key, node in _entries(terms)))
        for name, terms in table.entries.items()
    }


def _entries(node: Node) -> list[tuple[str, Node]]:
    if not isinstance(node, Mapping):
        raise ValueError(f"{_PATH}:{node.line}: 应是映射")
    return list(node.entries.items())


def _read_term(key: str, node: Node) -> Term:
    values = dict(_entries(node))
    if "label" not in values:
        raise ValueError(f"{_PATH}:{node.line}: 「{key}」缺少 label")
    return Term(
        key=key,
        label=_text(values["label"]),
        group=_text(values["group"]) if "group" in values else "",
        aliases=_texts(values["aliases"]) if "aliases" in values else (),
    )


def _text(node: Node) -> str:
    if not isinstance(node, Scalar):
        raise ValueError(f"{_PATH}:{node.line}: 应是文本")
    return node.text


def _texts(node: Node) -> tuple[str, ...]:
    if not isinstance(node, Sequence):
        raise ValueError(f"{_PATH}:{node.line}: 应是列表")
    return tuple(_text(item) for item in node.items)
