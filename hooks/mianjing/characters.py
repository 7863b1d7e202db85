"""形近与看不见的字：康熙部首、全角字母、混在西文词里的西里尔与希腊字母，逐个报出位置与该写的字。

方向控制符与零宽的字在读入时就拒绝（`frontmatter`）；这里管看得见、但不是看上去那个字的。
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from mianjing.messages import say
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
_ODD_KINDS = {
    "部首": "\u2e80-\u2fdf",
    "兼容汉字": "\uf900-\ufaff\U0002f800-\U0002fa1f",
    "全角字母或数字": "\uff10-\uff19\uff21-\uff3a\uff41-\uff5a",
    "半角假名": "\uff66-\uff9f",
    "数学字母": "\U0001d400-\U0001d7ff",
    "私用区": "\ue000-\uf8ff\U000f0000-\U0010fffd",
}
_KINDS = {kind: re.compile(f"[{span}]") for kind, span in _ODD_KINDS.items()}
_ODD = re.compile(f"[{''.join(_ODD_KINDS.values())}]")


def check_characters(path: str, line: int, text: str) -> Iterator[Problem]:
    """一行里的形近字，各报一次。"""
    for found in _ODD.finditer(text):
        char = found.group()
        plain = unicodedata.normalize("NFKC", char)
        fix = say("odd_plain", plain=plain) if plain != char else say("odd_other")
        kind = next(kind for kind, span in _KINDS.items() if span.match(char))
        yield _problem(path, line, found.start(), char, kind, fix)
    for found in _CYRILLIC.finditer(text):
        char = found.group()
        yield _problem(path, line, found.start(), char, "西里尔字母", _fix(char))
    for word in _WORD.finditer(text):
        if re.search("[A-Za-z]", word.group()):
            for place, char in enumerate(word.group(), word.start()):
                if char in _LOOKALIKES and not _CYRILLIC.match(char):
                    yield _problem(path, line, place, char, "希腊字母", _fix(char))


def list_rules() -> dict[str, object]:
    """给表单的同一份表；式子按 JavaScript 的写法（标志 `u`）。"""
    return {
        "lookalikes": _LOOKALIKES,
        "kinds": {kind: span.pattern for kind, span in _KINDS.items()},
        "odd": _ODD.pattern,
        "word": _WORD.pattern,
        "cyrillic": _CYRILLIC.pattern,
    }


def _fix(char: str) -> str:
    plain = _LOOKALIKES.get(char)
    return say("odd_latin", plain=plain) if plain else say("odd_cyrillic")


def _problem(path: str, line: int, place: int, char: str, kind: str, fix: str) -> Problem:
    message = say("odd", column=place + 1, char=char, point=f"{ord(char):04X}", kind=kind, fix=fix)
    return Problem(path, line, "E612", "", message)
