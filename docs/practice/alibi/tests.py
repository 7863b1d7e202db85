import numpy as np
import torch
from judge import Case


def make_cases():
    rng = np.random.default_rng(9)

    def draw(*shape):
        return torch.from_numpy(rng.standard_normal(shape))

    cases = []

    def add_slopes(name, *counts):
        run = [lambda s, a=a: s.slopes(a) for a in counts]
        cases.append(Case(name, lambda s: [one(s) for one in run], {"a": counts}))

    def add(name, q, k, v):
        inputs = {"q": q, "k": k, "v": v}
        cases.append(Case(name, lambda s: s.alibi_attention(q, k, v), inputs))

    add_slopes("斜率：2 的幂，8 个头从 1/2 到 1/256", 8, 16)
    add_slopes("斜率：一个、两个头", 1, 2)
    add_slopes("斜率：不是 2 的幂", 3, 6, 12)
    add("两个头", draw(1, 2, 4, 3), draw(1, 2, 4, 3), draw(1, 2, 4, 3))
    add("b、a、s、d 各不相同，a = 3", draw(2, 3, 6, 4), draw(2, 3, 6, 4), draw(2, 3, 6, 4))
    add("s_q < s_k（带缓存）", draw(2, 8, 2, 4), draw(2, 8, 5, 4), draw(2, 8, 5, 4))
    add("解码一步", draw(1, 4, 1, 2), draw(1, 4, 40, 2), draw(1, 4, 40, 2))
    add("分数上千也不溢出", 60 * draw(1, 2, 3, 4), 60 * draw(1, 2, 3, 4), draw(1, 2, 3, 4))
    return cases
