"""文字 → 词。浏览器端的 `words.js` 用同一套规则，两边由同一份性质测试对照。

汉字切成相邻两字；西文与数字切成词，相邻的词（中间至多一个空格或连字符之类）再合写一次，
于是 `KV cache`、`KV-Cache`、`kvcache` 都有 `kvcache`。
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache
from operator import add

from opencc import OpenCC

HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
LONGEST_WORD = 40
"""更长的「词」是散列值之类，不进索引。"""
_LONGEST_PAIR = 24

_HAN = re.compile(f"[{HAN}]+")
_WORD = re.compile(rf"([^\W_{HAN}]+)")
_JOINERS = frozenset([*"-_/.@+'’·", *filter(str.isspace, map(chr, range(0x3001))), ""])
_HUMP = re.compile(r"[A-Za-z]{2}[a-z](?=[A-Z][A-Za-z]{2})|[A-Z]{3}(?=[A-Z][a-z]{2})")
_LETTERS_THEN_DIGITS = re.compile(r"([^\W\d_]{2,})\d[^\W_]*")


class _Width(dict[int, str]):
    """逐字的 NFKC 与繁体 → 简体；逐字才能在浏览器里把命中对回原文的位置。"""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = unicodedata.normalize("NFKC", char)
        self[code] = "".join(_simplified().get(c, c) for c in folded)
        return self[code]


_WIDTH = _Width()


@cache
def _simplified() -> dict[str, str]:
    """繁体字 → 简体字，逐字。"""
    chars = [chr(code) for code in range(0x3400, 0xA000)]
    converted = OpenCC("t2s").convert("\n".join(chars)).split("\n")
    return {old: new for old, new in zip(chars, converted, strict=True) if old != new}


def fold_width(text: str) -> str:
    """全角变半角、兼容字变通用字、繁体变简体；大小写不动。"""
    return text.translate(_WIDTH)


def traditional_pairs(text: str) -> str:
    """text（已 `fold_width`）里出现的简体字与写成它的繁体字，两字一对连写：`機机規规…`。"""
    present = set(text)
    return "".join(old + new for old, new in sorted(_simplified().items()) if new in present)


def count_words(text: str) -> Counter[str]:
    """text（已 `fold_width`）里每个词出现几次：单字、相邻两字、西文词、合写。"""
    han = "\n".join(_HAN.findall(text))
    words = Counter(han)
    words.update(map(add, han, han[1:]))
    for pair in [pair for pair in words if "\n" in pair]:
        del words[pair]
    words.update(_latin(text))
    return words


def join_name(text: str) -> str:
    """整个名字去掉空格、标点与大小写：`环形 All-Reduce` → `环形allreduce`。"""
    return "".join(re.findall(rf"[^\W_]|[{HAN}]", fold_width(text))).lower()


def _latin(text: str) -> list[str]:
    found: list[str] = []
    last = ""
    pieces = _WORD.split(text)
    for gap, word in zip(pieces[::2], pieces[1::2], strict=False):
        lower, parts = _read_word(word)
        if not lower:
            last = ""
            continue
        found.append(lower)
        if parts:
            found += parts
        if last and gap in _JOINERS and joins(last, lower):
            found.append(last + lower)
        last = lower
    return found


@cache
def _read_word(word: str) -> tuple[str, list[str]]:
    """小写与词里的词；太长的不是词。"""
    return ("", []) if len(word) > LONGEST_WORD else (word.lower(), split_word(word))


def split_word(word: str) -> list[str]:
    """词里的词：`LayerNorm` → layer、norm（每段至少三个字母）；`Qwen3` → qwen。"""
    cuts = [match.end() for match in _HUMP.finditer(word)]
    ends = [*cuts, len(word)]
    parts = [word[a:b].lower() for a, b in zip([0, *cuts], ends, strict=True)] if cuts else []
    if stem := _LETTERS_THEN_DIGITS.fullmatch(word):
        parts.append(stem.group(1).lower())
    return parts


def joins(first: str, second: str) -> bool:
    """相邻两词要不要合写：太长的不合，两个都是数字的不合。"""
    return len(first) + len(second) <= _LONGEST_PAIR and not (
        first.isdecimal() and second.isdecimal()
    )
