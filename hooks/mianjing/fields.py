"""逐个取出映射里的字段：记下每个问题与行号，取完后没动过的键就是不认识的键。"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import TypeVar

from mianjing.frontmatter import Mapping, Node, Scalar, Sequence
from mianjing.messages import say
from mianjing.problem import Problem, suggest
from mianjing.vocabulary import UNKNOWN, Terms

T = TypeVar("T")

MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
INTEGER = re.compile(r"0|[1-9][0-9]{0,8}")
QUOTE = re.compile(r'[<>"\n]')
ANCHOR = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


class Fields:
    """一个映射的字段读取器。读不出的值给中性的默认值，问题记进 `problems`，不会提前返回。"""

    def __init__(
        self,
        path: str,
        mapping: Mapping,
        problems: list[Problem],
        prefix: str = "",
        lines: dict[str, int] | None = None,
    ) -> None:
        self.path = path
        self.mapping = mapping
        self.problems = problems
        self.prefix = prefix
        self.lines = {} if lines is None else lines
        self._taken: list[str] = []

    def report(self, key: str, code: str, message: str) -> None:
        """在字段所在的行记一个问题。"""
        line = self.mapping.line_of(key)
        self.problems.append(Problem(self.path, line, code, self._name(key), message))

    def done(self) -> None:
        """报告不认识的键。"""
        for key in self.mapping.entries:
            if key not in self._taken:
                message = f"不认识的字段「{key}」，{suggest(key, self._taken)}"
                self.report(key, "E101", message)

    def node(self, key: str, required: bool) -> Node | None:
        """取出一个节点；缺少必填字段时报 E102。"""
        self._taken.append(key)
        node = self.mapping.entries.get(key)
        if node is not None:
            self.lines[self._name(key)] = self.mapping.line_of(key)
            return node
        if required:
            self.report(key, "E102", say("missing", key=key))
        return None

    def text(self, key: str, required: bool = True) -> str:
        """一行文本；可省略的字段缺席时为空串。"""
        node = self.node(key, required)
        if node is None:
            return ""
        if not isinstance(node, Scalar):
            self.report(key, "E103", "应是文本，不是列表或映射")
            return ""
        value = node.text.strip()
        if not value:
            self.report(key, "E103", "值是空的：写出内容，或删掉可省略的字段，不知道就写 unknown")
        elif "\n" in value:
            self.report(key, "E103", "应是一行文本：去掉换行")
            return ""
        elif node.text.removesuffix("\n") != value:
            self.report(key, "E103", f"「{value}」首尾有空白：去掉引号里两头的空格")
        return value

    def known_text(self, key: str, required: bool = True) -> str | None:
        """一行文本；写 unknown 或省略时为 None。"""
        value = self.text(key, required)
        return None if value in ("", UNKNOWN) else value

    def title(self, key: str = "title", required: bool = True) -> str:
        """进页面属性的一行文本（标题、说明）：另外不许有引号与尖括号。"""
        value = self.text(key, required)
        if found := QUOTE.search(value):
            self.report(key, "E103", say("quote", value=value, found=repr(found.group())))
            return ""
        return value

    def choice(self, key: str, terms: Terms, required: bool = True, default: str = "") -> str:
        """词表里的一个键；写成标签或别名时给出正确的键。"""
        value = self.text(key, required)
        if not value:
            return default
        if value not in terms:
            near = terms.closest_by_alias(value)
            keys = [term.key for term in terms]
            hint = f"应写「{near}」" if near else suggest(value, keys, terms.names)
            self.report(key, "E104", f"「{value}」不在词表里，{hint}")
            return default or UNKNOWN
        return value

    def pattern(self, key: str, pattern: re.Pattern[str], shape: str, required: bool = True) -> str:
        """形状固定的文本，整个值都要匹配。"""
        value = self.text(key, required)
        if value and not pattern.fullmatch(value):
            self.report(key, "E105", say("format", value=value, shape=shape))
            return ""
        return value

    def month(self, key: str) -> str | None:
        """`YYYY-MM`，或 unknown。"""
        value = self.text(key)
        if value in ("", UNKNOWN):
            return None
        if not is_month(value):
            self.report(key, "E106", say("month", value=value))
            return None
        return value

    def day(self, key: str) -> str | None:
        """`YYYY-MM-DD`，或 unknown。"""
        value = self.text(key)
        if value in ("", UNKNOWN):
            return None
        if not _DAY.fullmatch(value) or not _exists(value):
            self.report(key, "E106", f"「{value}」不是日期：写成 2023-03-01，不知道就写 unknown")
            return None
        return value

    def integer(self, key: str, low: int, high: int, required: bool = True) -> int | None:
        """范围内的整数，或 unknown。"""
        value = self.text(key, required)
        if value in ("", UNKNOWN):
            return None
        if not INTEGER.fullmatch(value) or not low <= int(value) <= high:
            self.report(key, "E105", say("integer", value=value, low=low, high=high))
            return None
        return int(value)

    def texts(self, key: str, required: bool = True) -> tuple[str, ...]:
        """文本的列表，不许重复。"""
        node = self.node(key, required)
        if node is None:
            return ()
        if not isinstance(node, Sequence):
            self.report(key, "E103", "应是列表，如 [甲, 乙]，没有就写 []")
            return ()
        values: list[str] = []
        for i, item in enumerate(node.items, 1):
            if not isinstance(item, Scalar) or not item.text.strip():
                self.problems.append(
                    Problem(self.path, item.line, "E103", f"{self._name(key)}[{i}]", "应是文本")
                )
            elif item.text.strip() in values:
                message = f"「{item.text.strip()}」重复：只留一个"
                self.problems.append(
                    Problem(self.path, item.line, "E103", f"{self._name(key)}[{i}]", message)
                )
            else:
                values.append(item.text.strip())
                if item.text.removesuffix("\n") != values[-1]:
                    message = f"「{values[-1]}」首尾有空白：去掉引号里两头的空格"
                    name = f"{self._name(key)}[{i}]"
                    self.problems.append(Problem(self.path, item.line, "E103", name, message))
        return tuple(values)

    def each(self, key: str, read: Callable[[Fields], T], required: bool = False) -> tuple[T, ...]:
        """映射的列表，逐项交给 read。"""
        node = self.node(key, required)
        if node is None:
            return ()
        if not isinstance(node, Sequence):
            self.report(key, "E103", "应是列表，每项以「- 」开头；没有就写 []")
            return ()
        result: list[T] = []
        for i, item in enumerate(node.items, 1):
            name = f"{self._name(key)}[{i}]"
            if isinstance(item, Mapping):
                self.lines[name] = item.line
                inner = Fields(self.path, item, self.problems, name, self.lines)
                result.append(read(inner))
                inner.done()
            else:
                self.problems.append(
                    Problem(self.path, item.line, "E103", name, "应是「键: 值」的映射")
                )
        return tuple(result)

    def inner(self, key: str, required: bool = True) -> Fields | None:
        """一个映射字段；取完后由调用者 done()。写 unknown 或省略时为 None。"""
        node = self.node(key, required)
        if node is None or (isinstance(node, Scalar) and node.text == UNKNOWN):
            return None
        if not isinstance(node, Mapping):
            self.report(key, "E103", "应是「键: 值」的映射，不知道就写 unknown")
            return None
        return Fields(self.path, node, self.problems, self._name(key), self.lines)

    def _name(self, key: str) -> str:
        return f"{self.prefix}.{key}" if self.prefix else key


def is_month(value: str) -> bool:
    """日历上有的 `YYYY-MM`。"""
    return MONTH.fullmatch(value) is not None and _exists(f"{value}-01")


def _exists(day: str) -> bool:
    """日历上有没有这一天。"""
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True
