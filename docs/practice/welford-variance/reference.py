def update(state, x):
    n, mean, m2 = state
    delta = x - mean
    new = mean + delta / (n + 1)
    return n + 1, new, m2 + delta * (x - new)  # 旧差 × 新差


def merge(a, b):
    (na, ma, sa), (nb, mb, sb) = a, b
    n, delta = na + nb, mb - ma
    if n == 0:
        return a
    return n, ma + delta * nb / n, sa + sb + delta * delta * na * nb / n


def variance(state, ddof=0):
    n, _, m2 = state
    return m2 / (n - ddof) if n > ddof else float("nan")
