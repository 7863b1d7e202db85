"""评测：pass@k 与误差。"""

from __future__ import annotations

from math import comb, sqrt


def pass_at_k(samples: int, correct: int, k: int) -> float:
    """pass@k 的无偏估计：1 − C(n−c,k)/C(n,k)；c 或 k 大于 n 时没有意义，得 NaN。"""
    if correct > samples or k > samples:
        return float("nan")
    return 1 - comb(samples - correct, k) / comb(samples, k)


def standard_error(accuracy: float, questions: int) -> float:
    """正确率的标准误 √(p(1−p)/n)。"""
    return sqrt(accuracy * (1 - accuracy) / questions)
