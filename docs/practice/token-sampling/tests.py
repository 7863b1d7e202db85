import numpy as np
import torch
from judge import Case


def make_cases():
    rng = np.random.default_rng(0)
    cases = []

    def add(name, logits, **options):
        logits = torch.from_numpy(np.array(logits, dtype=float))
        inputs = {"logits": logits, **options}
        cases.append(Case(name, lambda s: s.filtered(logits, **options), inputs))

    def add_sample(name, probs, u):
        probs, u = torch.from_numpy(np.array(probs)), torch.from_numpy(np.array(u))
        cases.append(Case(name, lambda s: s.sample(probs, u), {"probs": probs, "u": u}))

    z = np.log([[0.06, 0.5, 0.15, 0.04, 0.25], [0.04, 0.15, 0.3, 0.31, 0.2]])
    add("只有温度 0.5，两行", 3 * rng.standard_normal((2, 4)), temperature=0.5)
    add("温度 0 是贪心", rng.standard_normal((3, 5)), temperature=0)
    add("top-k = 2", z, top_k=2)
    add("top-p = 0.7：跨过阈值的留下", z, top_p=0.7)
    add("top-p 很小也留一个", z, top_p=0.01)
    add("先 top-k 再 top-p，中间要归一", z, top_k=3, top_p=0.8)
    add("升温之后再截断", z, temperature=3.0, top_p=0.8)
    add("低温、被禁的 token、k 大于 V", [[900.0, -np.inf, 905.0, 300.0]], temperature=0.5, top_k=9)
    probs = [[0.0, 0.5, 0.0, 0.25, 0.25, 0.0]] * 5
    add_sample("抽样：概率 0 的抽不到", probs, [0.0, 0.49, 0.5, 0.76, np.nextafter(1, 0)])
    return cases
