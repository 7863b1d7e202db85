import numpy as np
import torch
from judge import Case


def make_cases():
    rng = np.random.default_rng(0)

    def draw(*shape):
        return torch.from_numpy(rng.standard_normal(shape))

    cases = []

    def add(name, q, k, v, **options):
        inputs = {"q": q, "k": k, "v": v, **options}
        cases.append(Case(name, lambda s: s.attention(q, k, v, **options), inputs))

    add("没有掩码，d = 5", draw(1, 1, 3, 5), draw(1, 1, 4, 5), draw(1, 1, 4, 5))
    add("两个头、两个样本", draw(2, 2, 3, 4), draw(2, 2, 3, 4), draw(2, 2, 3, 4))
    add("因果", draw(1, 2, 4, 3), draw(1, 2, 4, 3), draw(1, 2, 4, 3), causal=True)
    q, k, v = draw(1, 1, 2, 3), draw(1, 1, 5, 3), draw(1, 1, 5, 3)
    add("因果，s_q < s_k（带缓存）", q, k, v, causal=True)
    padding = torch.tensor([[True, True, False]])[:, None, None, :]
    add("填充掩码", draw(1, 2, 3, 4), draw(1, 2, 3, 4), draw(1, 2, 3, 4), mask=padding)
    left = torch.tensor([[False, True, True]])[:, None, None, :]
    q, k, v = draw(1, 1, 3, 4), draw(1, 1, 3, 4), draw(1, 1, 3, 4)
    add("左填充加因果：第 0 行全被遮", q, k, v, mask=left, causal=True)
    add("分数上千也不溢出", 60 * draw(1, 1, 2, 4), 60 * draw(1, 1, 3, 4), draw(1, 1, 3, 4))
    return cases
