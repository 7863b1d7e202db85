def shuffle(items, rng):
    out = list(items)
    for i in range(len(out) - 1, 0, -1):
        j = rng.integers(0, i + 1)  # 0..i，可以是 i 自己
        out[i], out[j] = out[j], out[i]
    return out
