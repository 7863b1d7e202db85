"""形近与看不见的字：康熙部首、全角字母、混在西文词里的西里尔与希腊字母，逐个报出位置与该写的字。

方向控制符与零宽的字在读入时就拒绝（`frontmatter`）；这里管看得见、但不是看上去那个字的。
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from mianjing.problem import Problem

_LOOKALIKES = dict(
    zip(
        "АВЕЅІЈКМНОРСТХУаеорсухіјѕԁԛԝһΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",
        "ABESIJKMHOPCTXYaeopcyxijsdqwhABEZHIKMNOPTYXo",
        strict=True,
    )
)
"""西里尔与希腊字母 → 看上去一样的拉丁字母。"""
_WORD = re.compile(r"[A-Za-z\u0370-\u03ff\u0400-\u052f]{2,}")
_CYRILLIC = re.compile(r"[\u0400-\u052f]")
_ODD = re.compile(
    "["
    "\u2e80-\u2fdf"  # 部首
    "\uf900-\ufaff\U0002f800-\U0002fa1f"  # 兼容汉字
    "\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"  # 全角字母与数字
    "\uff66-\uff9f"  # 半角假名
    "\U0001d400-\U0001d7ff"  # 数学花体
    "\ue000-\uf8ff\U000f0000-\U0010fffd"  # 私用区
    "]"
)


def check_characters(path: str, line: int, text: str) -> Iterator[Problem]:
    """一行里的形近字，各报一次。"""
    for found in _ODD.finditer(text):
        char = found.group()
        plain = unicodedata.normalize("NFKC", char)
        fix = f"写成「{plain}」" if plain != char else "换成通用的字"
        yield _problem(path, line, found.start(), char, fix)
    for found in _CYRILLIC.finditer(text):
        yield _problem(path, line, found.start(), found.group(), _fix(found.group()))
    for word in _WORD.finditer(text):
        if re.search("[A-Za-z]", word.group()):
            for place, char in enumerate(word.group(), word.start()):
                if char in _LOOKALIKES and not _CYRILLIC.match(char):
                    yield _problem(path, line, place, char, _fix(char))


def _fix(char: str) -> str:
    return f"写成拉丁字母「{_LOOKALIKES[char]}」" if char in _LOOKALIKES else "这里不用西里尔字母"


def _problem(path: str, line: int, place: int, char: str, fix: str) -> Problem:
    name = unicodedata.name(char, "没有名字")
    message = f"第 {place + 1} 列的「{char}」是 U+{ord(char):04X}（{name}），不是看上去的字：{fix}"
    return Problem(path, line, "E612", "", message)
