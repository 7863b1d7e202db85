import numpy as np
import torch
from judge import Case


def make_cases():
    rng = np.random.default_rng(0)
    cases = []

    def add(name, sizes, ignored, h=4, vocab=5, scale=1.0):
        W = torch.from_numpy(scale * rng.standard_normal((h, vocab)))
        micro_batches = []
        for n, skip in zip(sizes, ignored, strict=True):
            x = torch.from_numpy(scale * rng.standard_normal((n, h)))
            y = rng.integers(0, vocab, n)
            y[:skip] = -100
            micro_batches.append((x, torch.from_numpy(y)))
        inputs = {"W": W, "micro_batches": micro_batches}
        cases.append(Case(name, lambda s: s.accumulate(W, micro_batches), inputs))

    add("一个微批", [6], [0])
    add("三个微批，token 数不等", [2, 7, 4], [0, 0, 0])
    add("行数相等，有效 token 数不等", [6, 6, 6], [5, 0, 2])
    add("一个微批全是 −100", [3, 4, 2], [1, 4, 0])
    add("全部是 −100", [2, 3], [2, 3])
    add("V 小于 h", [3, 5], [0, 1], h=6, vocab=3)
    add("logits 上千也不溢出", [2, 5], [0, 1], scale=30.0)
    return cases
