def reservoir(stream, k, rng):
    pool = []
    for i, x in enumerate(stream):  # x 之前有 i 个
        if len(pool) < k:
            pool.append(x)
            continue
        j = rng.integers(0, i + 1)
        if j < k:  # 概率 k / (i + 1)
            pool[j] = x
    return pool
