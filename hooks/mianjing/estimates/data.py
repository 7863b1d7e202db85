"""数据：去重与分词。"""

from __future__ import annotations


def lsh_probability(similarity: float, bands: int, rows: int) -> float:
    """MinHash LSH 的 S 曲线：相似度 s 的一对至少在一个带里相同的概率 1−(1−s^r)^b。"""
    return float(1 - (1 - similarity**rows) ** bands)


def lsh_threshold(bands: int, rows: int) -> float:
    """S 曲线的拐点约在 (1/b)^(1/r)。"""
    return float((1 / bands) ** (1 / rows))
