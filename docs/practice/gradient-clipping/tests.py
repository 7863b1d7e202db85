import numpy as np
import torch
from judge import Case


def make_cases():
    rng = np.random.default_rng(0)
    cases = []

    def draw(*shape):
        return torch.from_numpy(rng.standard_normal(shape))

    def add(name, grads, max_norm):
        inputs = {"grads": grads, "max_norm": max_norm}
        cases.append(Case(name, lambda s: s.clip_grads(grads, max_norm), inputs))

    add("超过阈值：整体缩短", [3 * draw(4, 3), 20 * draw(3), draw(2, 1, 2)], 1.0)
    add("没超过：原样返回", [0.1 * draw(2, 3), 0.1 * draw(4)], 1.0)
    add("每个都没超过，合起来超过", [torch.full((2,), 0.6, dtype=torch.float64)] * 3, 1.0)
    add("有的参数没有梯度", [None, 5 * draw(3, 2), None, draw(2)], 0.5)
    add("全是 0", [torch.zeros(2, 2, dtype=torch.float64), None], 1.0)
    add("没有一个梯度", [None, None], 1.0)
    bad = draw(2, 3)
    bad[1, 2] = torch.inf
    add("有 inf：这一步作废", [draw(3), bad], 1.0)
    nan = draw(3)
    nan[0] = float("nan")
    add("有 NaN：这一步作废", [nan, draw(2)], 1.0)
    return cases
