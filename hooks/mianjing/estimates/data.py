"""数据：去重与分词。"""

from __future__ import annotations


def lsh_probability(similarity: float, bands: int, rows: int) -> float:
    """MinHash LSH 的 S 曲线：相似度 s 的一对至少在一个带里相同的概率 1−(1−s^r)^b。"""
    return 1 - (1 - similarity**rows) ** bands
