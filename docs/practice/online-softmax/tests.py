import numpy as np
import torch
from judge import Case

INF = float("inf")


def make_cases():
    rng = np.random.default_rng(4)

    def draw(*shape):
        return torch.from_numpy(rng.standard_normal(shape))

    def row(*values):
        return torch.tensor(values, dtype=torch.float64)

    cases = []

    def add(name, x, block):
        shown = {"x": x, "block": block}
        cases.append(Case(name, lambda s: (s.online_stats(x, block), s.softmax(x, block)), shown))

    def add_merge(name, first, second):
        shown = {"first": first, "second": second}
        cases.append(Case(name, lambda s: s.merge(first, second), shown))

    add("一行，块大小整除", 3 * draw(6), 2)
    add("最大值在第一块", row(5, 1, 0, 2, 4), 2)
    add("多维，最后一块不满", 3 * draw(2, 3, 7), 4)
    add("一次只来一个", draw(1, 4), 1)
    add("分数上千也不溢出", 1000 + 20 * draw(2, 5), 2)
    add("全是很小的负数：不下溢成 0", -900 + draw(2, 5), 3)
    masked = torch.tensor([[-INF, -INF, 1.0, 2.0], [0.5, -INF, -INF, -INF], [-INF] * 4])
    add("有 −inf：首块全掩、尾块全掩、整行全掩", masked.double(), 2)
    add("n = 0：mu = −inf，l = 0", draw(3, 0), 2)
    first, second = (draw(4), 1 + draw(4) ** 2), (draw(4), 1 + draw(4) ** 2)
    add_merge("合并两段：哪边大都有", first, second)
    gap = (row(-800, 800, -INF, 2, -INF), row(2, 3, 0, 1.5, 0))
    other = (row(800, -800, 1, -INF, -INF), row(1, 4, 2.5, 0, 0))
    add_merge("合并：相差悬殊、空段在前、在后、两边都空", gap, other)
    return cases
