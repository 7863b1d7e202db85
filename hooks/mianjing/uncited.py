"""带百分号、字节单位、FLOPs 或「倍」的数要有出处：同一句（表格是同一行）里引用账本。

不必引用的句子一条条列在 `uncited.yml`，各写一个理由；别处的数照旧由人判断。
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

from mianjing.frontmatter import Mapping, Scalar, Sequence, read_table
from mianjing.markdown import DIAGRAM, prose_lines
from mianjing.model import Question, Topic
from mianjing.problem import Problem

REASONS = {
    "given": "假设的输入，不是说真有这么多",
    "derived": "由定义或同一段的式子一步得出",
    "asserted": "说的是页内代码，由它的断言核对",
}
"""不必引用的三种理由。"""

_PATH = Path(__file__).with_name("uncited.yml")
_MARK = "✓"
_NUMBER = re.compile(
    r"(?<![\d.])(\d[\d,.]*)\s*(%|[KMGTPE]i?B(?![A-Za-z])|[KMGTPE]FLOPs?\b|FLOPs?\b|倍|×(?!\s*\d))"
)
_QUOTED = re.compile(r"「[^」]*」|\*\*[^*]*[？?]\*\*")
"""引别人的说法（多是误区）与追问的问句：数字不是本页的主张。"""
_ASIDE = re.compile(r"\$[^$]*\$|`[^`]*`")


def check_uncited(page: Topic | Question) -> Iterator[Problem]:
    """没有引用、也不在 uncited.yml 里的句子，各报一次。"""
    excused = read_excused().get(page_key(page), {})
    for line, number, sentence in find_uncited(page.body, page.body_line):
        if not any(text in sentence for text in excused):
            message = (
                f"「{number}」没有出处：同一句里写 [✓](claim:键)；"
                "假设的输入、一步算出的、页内代码断言的，写进 hooks/mianjing/uncited.yml"
            )
            yield Problem(page.path, line, "E704", "", message)


def page_key(page: Topic | Question) -> str:
    """uncited.yml 里的键，如 `topics/data`。"""
    return page.path.removeprefix("docs/").removesuffix(".md")


def find_uncited(body: str, first_line: int) -> Iterator[tuple[int, str, str]]:
    """正文里带单位而没有引用的数：行号、数、所在的句子（去掉了公式、代码与引语）。"""
    lines = [*prose_lines(body, first_line), (0, "")]
    formula = covered = False
    for (number, line), (_, following) in pairwise(lines):
        text = line.strip()
        if text.startswith("$$"):
            formula ^= not (text.endswith("$$") and len(text) > 3)
        elif formula or text.startswith("#") or DIAGRAM.match(text):
            continue
        elif text.startswith("|"):
            if re.fullmatch(r"\|[|\-: ]+", following.strip()):
                covered = "](claim:" in text  # 表头引用的，整张表都算
            elif not covered:
                yield from _uncited_in(number, [_plain(text)])
        else:
            covered = False
            yield from _uncited_in(number, re.split(r"(?<=[。！？])(?!✓)", _plain(text)))


@cache
def read_excused() -> dict[str, dict[str, str]]:
    """不必引用的句子：页面 → 句子里的一段原文 → 理由；表写错时抛 ValueError。"""
    table, problems = read_table(f"hooks/mianjing/{_PATH.name}", _PATH.read_bytes())
    if table is None or problems:
        raise ValueError("\n".join(map(str, problems)))
    return {key: dict(map(_read_entry, _items(node))) for key, node in table.entries.items()}


def _uncited_in(line: int, sentences: list[str]) -> Iterator[tuple[int, str, str]]:
    for sentence in sentences:
        if _MARK in sentence:
            continue
        for match in _NUMBER.finditer(sentence):
            value, unit = match.groups()
            # 100% 说的是全部，不是量出来的；一位数的 FLOPs 是「一次乘加 2 次」这类记账约定
            if value + unit != "100%" and not (unit.startswith("FLOP") and len(value) == 1):
                yield line, match.group(), sentence
                break


def _plain(text: str) -> str:
    text = re.sub(r"\[✓\]\(claim:[^)]*\)", _MARK, text)
    text = _QUOTED.sub("", _ASIDE.sub("", text))
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)


def _items(node: object) -> tuple[object, ...]:
    if not isinstance(node, Sequence):
        raise ValueError(f"{_PATH.name}：每一页下面应是列表")
    return node.items


def _read_entry(node: object) -> tuple[str, str]:
    values = (
        {key: value.text for key, value in node.entries.items() if isinstance(value, Scalar)}
        if isinstance(node, Mapping)
        else {}
    )
    if set(values) != {"text", "why"} or values["why"] not in REASONS:
        raise ValueError(f"{_PATH.name}：每条应有 text 与 why，why 是 {'、'.join(REASONS)}")
    return values["text"], values["why"]
