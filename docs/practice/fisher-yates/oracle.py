"""独立的见证：从剩下的里面一个一个随机抽走（Fisher 与 Yates 的纸笔做法）。"""


def shuffle(items, rng):
    left = list(items)
    out = []
    while left:
        out.append(left.pop(int(rng.integers(len(left)))))
    return out
