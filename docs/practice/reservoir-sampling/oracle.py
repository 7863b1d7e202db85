"""独立的见证：新元素以 k/i 的概率入选，入选才另掷一次决定换掉谁。"""


def reservoir(stream, k, rng):
    kept = []
    for seen, x in enumerate(stream, 1):
        if seen <= k:
            kept = [*kept, x]
        elif k > 0 and rng.integers(1, seen + 1) > seen - k:
            out = int(rng.integers(0, k))
            kept = [*kept[:out], *kept[out + 1 :], x]
    return kept
