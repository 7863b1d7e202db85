import numpy as np
import torch
from judge import Case


def make_cases():
    rng = np.random.default_rng(9)

    def draw(*shape):
        return torch.from_numpy(rng.standard_normal(shape))

    cases = []

    def add_route(name, logits, k):
        cases.append(Case(name, lambda s: s.route(logits, k), {"logits": logits, "k": k}))

    def add_moe(name, sizes, count, k):
        h = sizes[-1]
        x, w_router, inner = draw(*sizes), draw(h, count), draw(count, h, h)
        experts = [lambda t, w=w: torch.tanh(t @ w) + 0.5 for w in inner]
        inputs = {"x": x, "w_router": w_router, "k": k}
        cases.append(Case(name, lambda s: s.moe(x, w_router, experts, k), inputs))

    def add_loss(name, logits, k):
        cases.append(Case(name, lambda s: s.balance_loss(logits, k), {"logits": logits, "k": k}))

    add_route("门控：(T, E) = (4, 5)，k = 2", draw(4, 5), 2)
    add_route("门控：k = 1，权重恒为 1", draw(3, 4), 1)
    large = torch.tensor([[1000.0, 999.0, 0.0], [-998.0, -1001.0, -1000.0]], dtype=torch.float64)
    add_route("门控：logits 上千，k = E = 3", large, 3)
    add_moe("合并：(b, s, h) = (2, 3, 4)，E = 5，k = 2", (2, 3, 4), 5, 2)
    add_moe("合并：两个 token 八个专家，有的没有 token", (1, 2, 3), 8, 3)
    add_moe("合并：只有一个专家", (2, 2, 3), 1, 1)
    add_loss("损失：(T, E) = (6, 4)，k = 2", 2 * draw(6, 4), 2)
    even = torch.eye(4, dtype=torch.float64)
    add_loss("损失：每个专家一样忙，应是 1", 3 * even + 2 * even[[1, 2, 3, 0]], 2)
    crowded = torch.tensor([[60.0, 59.0, 1.0, 0.0, 2.0, 3.0]], dtype=torch.float64)
    add_loss("损失：全挤到两个专家，应是 E/k = 3", crowded.repeat(5, 1), 2)
    return cases
