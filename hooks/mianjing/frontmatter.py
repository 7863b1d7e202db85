"""严格的 front matter：只有映射、列表与文本，每个值带行号，所有问题一次报全。

YAML 的便利大多是陷阱（`NO` 变 False、日期变对象、别名炸弹、后写的键悄悄覆盖前一个），
所以这里只用 PyYAML 的扫描与组合两步，不构造任何 Python 对象；数字与日期由字段自己转换。
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from mianjing.messages import say
from mianjing.problem import Problem

MAX_DEPTH = 8
MAX_BYTES = 512 * 1024
FAST_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml 快六七倍；它说不对的，再由纯 Python 的那一个说出原因，没有编译它的平台就只有后者。"""

# 最后三段是代理码位与非字符：PyYAML 会抛没有行号的异常，或者让它们混进写不成 UTF-8 的值
CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
    "\ud800-\udfff\ufffe\uffff]"
)
MARKUP = re.compile(
    r"<[A-Za-z/!?]|&#?[A-Za-z0-9]+;|\b(?:[Jj][Aa][Vv][Aa]|[Vv][Bb])[Ss][Cc][Rr][Ii][Pp][Tt]:\S"
    r"|\b[Dd][Aa][Tt][Aa]:[Tt][Ee][Xx][Tt]/|-8<-"
)
"""HTML、会执行的地址、引用文件的记号；网页里的表单用同一个式子。"""


@dataclass(frozen=True)
class Scalar:
    """一个文本值。"""

    text: str
    line: int


@dataclass(frozen=True)
class Sequence:
    """一个列表。"""

    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True)
class Mapping:
    """一个映射，键的顺序与文件一致。"""

    entries: dict[str, Node]
    line: int
    key_lines: dict[str, int] = field(default_factory=dict, compare=False)
    """键 → 键所在的行；值可能另起一行。"""

    def line_of(self, key: str) -> int:
        """键所在的行；没有这个键时是映射的第一行。"""
        return self.key_lines.get(key, self.line)


Node = Scalar | Sequence | Mapping


@dataclass(frozen=True)
class Document:
    """一份读入的 Markdown：字段与正文。"""

    path: str
    fields: Mapping
    body: str
    body_line: int
    """正文第一行在文件里的行号。"""


def read_document(path: str, raw: bytes) -> tuple[Document | None, list[Problem]]:
    """把带 front matter 的 Markdown 拆成字段与正文；读不出字段时返回 None 与原因。"""
    text, problems = read_text(path, raw)
    if text is None:
        return None, problems
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return None, [
            *problems,
            Problem(
                path, 1, "E003", "", "缺少 front matter：第一行应是「---」，字段之后再写一行「---」"
            ),
        ]
    end = next((i for i, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if end is None:
        return None, [
            *problems,
            Problem(path, 1, "E004", "", "front matter 没有结束：在字段之后单独写一行「---」"),
        ]
    fields, found = _read_yaml(path, "\n".join(lines[1:end]), first_line=2)
    problems += found
    if fields is None:
        return None, problems
    return Document(path, fields, "\n".join(lines[end + 1 :]), end + 2), problems


def read_table(path: str, raw: bytes) -> tuple[Mapping | None, list[Problem]]:
    """把一份 YAML 表读成映射，规则与 front matter 相同。"""
    text, problems = read_text(path, raw)
    if text is None:
        return None, problems
    fields, found = _read_yaml(path, text, first_line=1)
    return fields, problems + found


def read_text(path: str, raw: bytes) -> tuple[str | None, list[Problem]]:
    """贡献者写的一份文字：UTF-8、不太大、没有控制与不可见字符；有问题时没有文字。"""
    if len(raw) > MAX_BYTES:
        message = say("too_big", size=len(raw), limit=MAX_BYTES)
        return None, [Problem(path, 1, "E001", "", message)]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return None, [Problem(path, line, "E001", "", "不是 UTF-8：请用 UTF-8 编码另存")]
    text = text.replace("\r\n", "\n")
    problems = [
        Problem(
            path,
            number,
            "E002",
            "",
            say("control_line", point=f"{ord(found.group()):04X}", column=found.start() + 1),
        )
        for number, line in enumerate(text.split("\n"), 1)
        if (found := CONTROL.search(line))
    ]
    return (None if problems else text), problems


def _read_yaml(path: str, text: str, first_line: int) -> tuple[Mapping | None, list[Problem]]:
    fields, problems = _read_yaml_with(FAST_LOADER, path, text, first_line)
    if problems:
        return _read_yaml_with(yaml.SafeLoader, path, text, first_line)
    return fields, problems


def _read_yaml_with(
    loader: type[yaml.SafeLoader], path: str, text: str, first_line: int
) -> tuple[Mapping | None, list[Problem]]:
    offset = first_line
    try:
        refused = _refuse_features(loader, path, text, offset)
        if refused:
            return None, refused
        root = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = offset + (mark.line if mark else 0)
        return None, [_syntax_problem(path, line, error.problem or error.context or "无法解析")]
    if root is None:
        return Mapping({}, offset), []
    problems: list[Problem] = []
    node = _convert(path, root, offset, "", problems)
    if not isinstance(node, Mapping):
        problems.append(Problem(path, offset, "E008", "", "应是「键: 值」的映射"))
        return None, problems
    return node, problems


def _syntax_problem(path: str, line: int, reason: str) -> Problem:
    message = f"YAML 有语法错误（{reason}）：检查缩进与冒号，含「: 」或「#」的值要加引号"
    return Problem(path, line, "E005", "", message)


def _scan(loader: type[yaml.SafeLoader], text: str) -> Iterator[yaml.Token]:
    """PyYAML 的记号；它对越界的转义与过长的数字抛 ValueError、OverflowError，这里补上位置。"""
    mark = None
    try:
        for token in yaml.scan(text, Loader=loader):
            mark = token.start_mark
            yield token
    except (ValueError, OverflowError) as error:
        raise yaml.MarkedYAMLError(problem="转义或数字越界", problem_mark=mark) from error


def _refuse_features(
    loader: type[yaml.SafeLoader], path: str, text: str, offset: int
) -> list[Problem]:
    """标签、锚点、别名、多文档与过深的嵌套：在组合之前按记号拒绝，炸弹不会展开。"""
    problems: list[Problem] = []
    depth = 0
    names = {
        yaml.TagToken: "标签（!…）",
        yaml.AnchorToken: "锚点（&…）",
        yaml.AliasToken: "别名（*…）",
        yaml.DirectiveToken: "指令（%…）",
        yaml.DocumentStartToken: "文档分隔线（---）",
        yaml.DocumentEndToken: "文档结束符（...）",
    }
    openers = (
        yaml.BlockMappingStartToken,
        yaml.BlockSequenceStartToken,
        yaml.FlowMappingStartToken,
        yaml.FlowSequenceStartToken,
    )
    closers = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)
    for token in _scan(loader, text):
        line = offset + token.start_mark.line
        if type(token) in names:
            message = f"不允许 YAML 的{names[type(token)]}：直接写出值；文本以这类符号开头时加引号"
            problems.append(Problem(path, line, "E006", "", message))
        depth += isinstance(token, openers) - isinstance(token, closers)
        if depth > MAX_DEPTH:
            message = f"嵌套超过 {MAX_DEPTH} 层：请写平"
            return [*problems, Problem(path, line, "E009", "", message)]
    return problems


def _convert(path: str, node: yaml.Node, offset: int, field: str, problems: list[Problem]) -> Node:
    line = offset + node.start_mark.line
    if isinstance(node, yaml.ScalarNode):
        text = str(node.value)
        if found := MARKUP.search(text):
            message = say("markup", value=text[:40], found=found.group())
            problems.append(Problem(path, line, "E010", field, message))
        if found := CONTROL.search(text):
            message = say("control_field", point=f"{ord(found.group()):04X}")
            problems.append(Problem(path, line, "E002", field, message))
        return Scalar(text, line)
    if isinstance(node, yaml.SequenceNode):
        items = tuple(
            _convert(path, item, offset, f"{field}[{i}]", problems)
            for i, item in enumerate(node.value, 1)
        )
        return Sequence(items, line)
    entries: dict[str, Node] = {}
    key_lines: dict[str, int] = {}
    for key_node, value_node in node.value:
        key_line = offset + key_node.start_mark.line
        if not isinstance(key_node, yaml.ScalarNode):
            problems.append(Problem(path, key_line, "E008", field, "键必须是文本"))
            continue
        key = str(key_node.value)
        if found := CONTROL.search(key):
            message = f"键含控制字符 U+{ord(found.group()):04X}：请删掉它"
            problems.append(Problem(path, key_line, "E002", field, message))
            continue
        name = f"{field}.{key}" if field else key
        if key == "<<":
            problems.append(
                Problem(path, key_line, "E006", name, "不允许合并键（<<）：直接写出各键")
            )
            continue
        value = _convert(path, value_node, offset, name, problems)
        if key in entries:
            message = f"键「{key}」重复，前一个在第 {key_lines[key]} 行：只留一个"
            problems.append(Problem(path, key_line, "E007", name, message))
            continue
        entries[key] = value
        key_lines[key] = key_line
    return Mapping(entries, line, key_lines)
