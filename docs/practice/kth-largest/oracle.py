"""独立的见证：按定义，不少于 k 个数 ≥ 它、又不到 k 个数 > 它的那个数；与标准库的堆一致。"""

import heapq


def kth_largest(a, k, rng):
    if k < 1 or k > len(a):
        raise ValueError("k 超出范围")
    found = heapq.nlargest(k, a)[-1]
    if len(a) <= 50:
        assert sum(x > found for x in a) < k <= sum(x >= found for x in a)
    return found
