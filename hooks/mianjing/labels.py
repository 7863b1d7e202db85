"""给读者看的称呼：词表里的中文，与要现拼的。"""

from __future__ import annotations

from mianjing.model import Experience, Period, Round
from mianjing.vocabulary import UNKNOWN, read_vocabulary

_NUMERALS = "零一二三四五六七八九十"


def label(terms: str, key: str) -> str:
    """词表 terms 里 key 的中文。"""
    return read_vocabulary()[terms].label(key)


def period_label(period: Period) -> str:
    """时间与精度：`2023-03 至 2023-09（由原文推断）`。"""
    if period.start is None and period.end is None:
        return "未提及"
    start, end = period.start or "未提及", period.end or "未提及"
    span = start if start == end else f"{start} 至 {end}"
    return f"{span}（{label('precisions', period.precision)}）"


def rounds_label(experience: Experience) -> str:
    """轮数：`2 轮`、`3～4 轮`、`至少 4 轮`、`没有进入面试`、`未提及`。"""
    low, high = experience.rounds_min, experience.rounds_max
    if low is None and high is None:
        return "未提及"
    if high is None:
        return f"至少 {low} 轮"
    if low is None:
        return f"至多 {high} 轮"
    if low == high:
        return f"{low} 轮" if low else "没有进入面试轮次"
    return f"{low}～{high} 轮"


def round_label(one: Round) -> str:
    """一轮的称呼：名称优先，其次「一面」「一至二面」，都没有时是「某一轮」。"""
    if one.name:
        return one.name
    if one.index == UNKNOWN:
        return "某一轮"
    return "至".join(_numeral(int(part)) for part in one.index.split("-")) + "面"


def _numeral(number: int) -> str:
    return _NUMERALS[number] if number <= 10 else str(number)
