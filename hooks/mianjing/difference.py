"""两个版本的目录之差：合并之后会公开什么、改掉什么、撤下什么，写成审阅者看的 Markdown。"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from mianjing.model import Catalog, Experience
from mianjing.published import list_urls
from mianjing.vocabulary import read_vocabulary

_HIDDEN = {"key", "path", "body", "body_line", "lines"}
_VOCABULARIES = {"channel": "channels", "outcome": "outcomes", "stage_reached": "stages"}
_NAMES = {
    "topics": "考点",
    "questions": "题目",
    "exercises": "手写题",
    "derivations": "推导",
    "companies": "公司",
    "provenances": "出处",
    "claims": "账本",
    "errata": "勘误",
    "pages": "其余页面",
}
MAX_BODY_LINES = 60


@dataclass(frozen=True)
class Change:
    """一条记录：多了、少了、改了或撤下了。"""

    kind: str
    key: str
    what: str
    """`added`、`removed`、`changed`、`withdrawn`。"""
    fields: tuple[tuple[str, str, str], ...] = ()
    """（字段，旧值，新值）；没有的是空串。"""
    body: tuple[str, ...] = ()
    """正文逐行的差，`+` 或 `-` 开头。"""


def compare_catalogs(base: Catalog, head: Catalog) -> list[Change]:
    """面经逐字段比，其余的只比在不在、变没变。"""
    changes = list(_compare_experiences(base, head))
    for name, label in _NAMES.items():
        old: Mapping[str, object] = getattr(base, name)
        new: Mapping[str, object] = getattr(head, name)
        for key in sorted({*old, *new}):
            if old.get(key) != new.get(key):
                what = "added" if key not in old else "removed" if key not in new else "changed"
                changes.append(Change(label, key, what))
    return changes


def _compare_experiences(base: Catalog, head: Catalog) -> Iterator[Change]:
    for key in sorted({*base.experiences, *head.experiences}):
        old, new = base.experiences.get(key), head.experiences.get(key)
        if old == new:
            continue
        if new is None:
            what = "withdrawn" if key in head.withdrawn else "removed"
            yield Change("面经", key, what)
            continue
        what = "changed" if old else "added"
        before = dict(list_values(old)) if old else {}
        after = dict(list_values(new))
        changed = tuple(
            (field, before.get(field, ""), after.get(field, ""))
            for field in dict.fromkeys((*after, *before))
            if before.get(field, "") != after.get(field, "")
        )
        lines = tuple(_compare_lines(old.body if old else "", new.body))
        yield Change("面经", key, what, changed, lines)


def list_values(experience: Experience) -> Iterator[tuple[str, str]]:
    """一篇面经的全部字段，写成（路径，文本）；词表里的值换成中文。"""
    words = read_vocabulary()
    for one in fields(experience):
        if one.name in _HIDDEN:
            continue
        value = getattr(experience, one.name)
        if one.name in _VOCABULARIES and value in words[_VOCABULARIES[one.name]]:
            value = words[_VOCABULARIES[one.name]].label(value)
        yield from _flatten(one.name, value)


def _flatten(name: str, value: object) -> Iterator[tuple[str, str]]:
    if value is None or value == "" or value == ():
        return
    if isinstance(value, tuple):
        for i, item in enumerate(value, 1):
            yield from _flatten(f"{name}[{i}]", item)
    elif hasattr(value, "__dataclass_fields__"):
        for one in fields(value):  # type: ignore[arg-type]
            yield from _flatten(f"{name}.{one.name}", getattr(value, one.name))
    else:
        yield name, str(value)


def _compare_lines(old: str, new: str) -> Iterator[str]:
    from difflib import ndiff

    before = [line for line in old.split("\n") if line.strip()]
    after = [line for line in new.split("\n") if line.strip()]
    for line in ndiff(before, after):
        if line.startswith(("+ ", "- ")):
            yield line


def render_difference(base: Path, head: Path, old: Catalog, new: Catalog) -> str:
    """写成 Markdown：先是会公开的面经，再是别的；末尾是没有了的地址。"""
    changes = compare_catalogs(old, new)
    words = {"added": "新的", "changed": "改了", "removed": "删了", "withdrawn": "撤下"}
    lines = ["## 合并之后公开什么", ""]
    if not changes:
        lines.append("目录没有变化。")
    for change in changes:
        if change.kind == "面经":
            lines += ["", f"### {words[change.what]}：{escape(change.key)}", ""]
            lines += _render_experience(change)
    others = [change for change in changes if change.kind != "面经"]
    if others:
        lines += ["", "| 种类 | 键 | |", "|---|---|---|"]
        lines += [f"| {c.kind} | {escape(c.key)} | {words[c.what]} |" for c in others]
    gone = sorted(list_urls(base, old) - list_urls(head, new))
    if gone:
        lines += ["", "**没有了的地址**（要有转到哪里，见 redirects.yml）："]
        lines += [f"- {escape(url or '首页')}" for url in gone]
    return "\n".join(lines) + "\n"


def _render_experience(change: Change) -> Iterator[str]:
    if change.fields:
        yield from ("| 字段 | 原来 | 现在 |", "|---|---|---|")
        for field, before, after in change.fields:
            yield f"| {escape(field)} | {escape(before)} | {escape(after)} |"
    if change.body:
        shown = change.body[:MAX_BODY_LINES]
        longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=2)
        ticks = "`" * max(3, longest + 1)
        yield from ("", f"{ticks}diff", *shown, ticks)
        if len(change.body) > len(shown):
            yield f"（另有 {len(change.body) - len(shown)} 行，见改动的文件）"


def escape(text: str) -> str:
    """贡献者的文字放进 Markdown 的表格：不成标签、链接、图片、提到谁，也不换行。"""
    text = re.sub(r"\s+", " ", text)
    return re.sub(r"([\\`*_\[\]<>|@#!~])", lambda m: f"&#{ord(m[1])};", text)
