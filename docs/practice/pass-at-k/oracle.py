"""独立的见证：小的枚举全部 k 元子集，大的用有理数精确算组合数之比。"""

from fractions import Fraction
from itertools import combinations
from math import comb
from statistics import fmean


def pass_at_k(n, c, k):
    if k > n:
        raise ValueError(k)
    if n <= 12:
        draws = list(combinations([i < c for i in range(n)], k))
        return sum(map(any, draws)) / len(draws)
    return float(1 - Fraction(comb(n - c, k), comb(n, k)))


def mean_pass_at_k(results, k):
    return fmean(pass_at_k(len(row), row.count(True), k) for row in results)
