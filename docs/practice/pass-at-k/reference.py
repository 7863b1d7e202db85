import math


def pass_at_k(n, c, k):
    if k > n:
        raise ValueError("k 不能大于样本数")
    if n - c < k:
        return 1.0
    return 1.0 - math.prod(1.0 - k / i for i in range(n - c + 1, n + 1))


def mean_pass_at_k(results, k):
    return sum(pass_at_k(len(r), sum(r), k) for r in results) / len(results)
