"""给读者看的称呼：不从词表来、要现拼的。"""

from __future__ import annotations

from mianjing.model import Round
from mianjing.vocabulary import UNKNOWN

_NUMERALS = "零一二三四五六七八九十"


def round_label(one: Round) -> str:
    """一轮的称呼：名称优先，其次「一面」「一至二面」，都没有时是「某一轮」。"""
    if one.name:
        return one.name
    if one.index == UNKNOWN:
        return "某一轮"
    return "至".join(_numeral(int(part)) for part in one.index.split("-")) + "面"


def _numeral(number: int) -> str:
    return _NUMERALS[number] if number <= 10 else str(number)
