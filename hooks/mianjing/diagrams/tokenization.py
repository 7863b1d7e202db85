"""分词的图：BPE 训练的前几步。"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from mianjing.diagrams.svg import Drawing, Paint

CORPUS = {"low": 5, "lower": 2, "newest": 6, "widest": 3}
END = "</w>"
Word = tuple[str, ...]


def train_bpe(corpus: dict[str, int], merges: int) -> list[tuple[tuple[str, str], int]]:
    """前 merges 步合并的（对，频次）；并列取字典序小的一对。"""
    words = {(*word, END): count for word, count in corpus.items()}
    steps = []
    for _ in range(merges):
        counts: Counter[tuple[str, str]] = Counter()
        for word, count in words.items():
            for pair in pairwise(word):
                counts[pair] += count
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        steps.append((best, counts[best]))
        words = {merge(word, best): count for word, count in words.items()}
    return steps


def merge(word: Word, pair: tuple[str, str]) -> Word:
    """从左到右把 word 里的 pair 合成一个符号。"""
    merged: list[str] = []
    index = 0
    while index < len(word):
        if word[index : index + 2] == pair:
            merged.append("".join(pair))
            index += 2
        else:
            merged.append(word[index])
            index += 1
    return tuple(merged)


def draw_bpe_merges() -> str:
    """bpe-merges：四步合并，看 newest 与 lower 怎样变短。"""
    steps = train_bpe(CORPUS, 4)
    shown: list[Word] = [(*word, END) for word in ("newest", "lower")]
    drawing = Drawing(height=300)
    corpus = "，".join(f"{word}×{count}" for word, count in CORPUS.items())
    drawing.text(8, 16, f"语料：{corpus}", size=11)
    drawing.text(8, 42, "合并与频次", bold=True)
    drawing.text(118, 42, "newest", bold=True)
    drawing.text(250, 42, "lower", bold=True)
    _draw_words(drawing, 52, shown, "")
    drawing.text(8, 70, "开始")
    for number, (pair, count) in enumerate(steps, 1):
        y = 52 + 44 * number
        shown = [merge(word, pair) for word in shown]
        left, right = (_short(symbol) for symbol in pair)
        drawing.text(8, y + 11, f"{number}. {left} + {right}", bold=True)
        drawing.text(24, y + 27, f"{count} 次")
        _draw_words(drawing, y, shown, "".join(pair))
    drawing.text(8, 278, "▪ 是词尾 </w>；粗框是这一步合出的符号", size=11)
    drawing.text(8, 294, "频次并列时取字典序小的一对；第几步就是优先级", size=11)
    return drawing.svg()


def _short(symbol: str) -> str:
    return symbol.replace(END, "▪")


def _draw_words(drawing: Drawing, y: float, words: list[Word], fresh: str) -> None:
    for word, x in zip(words, (118.0, 250.0), strict=True):
        for symbol in word:
            width = 15.5 + 8 * (len(_short(symbol)) - 1)
            new = symbol == fresh
            paint, fill = (Paint.GOOD, 0.35) if new else (Paint.PLAIN, 0)
            drawing.rect(x, y + 4, width, 24, paint, fill=fill, stroke=2 if new else 0.7)
            middle = x + width / 2
            drawing.text(middle, y + 20, _short(symbol), anchor="middle", bold=new)
            x += width + 2
