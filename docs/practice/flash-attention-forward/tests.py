import numpy as np
import torch
from judge import Case


def make_cases():
    rng = np.random.default_rng(5)

    def draw(*shape):
        return torch.from_numpy(rng.standard_normal(shape))

    cases = []

    def add(name, q, k, v, br, bc, **options):
        inputs = {"q": q, "k": k, "v": v, "br": br, "bc": bc, **options}
        cases.append(Case(name, lambda s: s.flash(q, k, v, br, bc, **options), inputs))

    add("一个 Q 块、两个 K 块", draw(2, 3), draw(4, 3), draw(4, 3), 2, 2)
    add("各维都不同，尾块不整除", draw(2, 3, 5, 4), draw(2, 3, 7, 4), draw(2, 3, 7, 6), 2, 3)
    add("块比序列大", draw(2, 3, 4), draw(2, 5, 4), draw(2, 5, 4), 8, 16)
    add("因果，块不成方", draw(2, 7, 4), draw(2, 7, 4), draw(2, 7, 4), 3, 2, causal=True)
    add("因果，s_q < s_k", draw(2, 3, 4), draw(2, 8, 4), draw(2, 8, 4), 2, 3, causal=True)
    q, k, v = draw(1, 6, 3), draw(1, 3, 3), draw(1, 3, 3)
    add("因果，s_q > s_k：前 3 行什么也看不见", q, k, v, 2, 2, causal=True)
    add("因果，首块对有的行全掩", q, k, v, 5, 1, causal=True)
    order = torch.tensor([[3.0], [-2.0], [5.0], [1.0]]).double()
    add("分数上千，最大值不断变", 300 * draw(3, 1), 4 * order, draw(4, 2), 2, 1)
    return cases
