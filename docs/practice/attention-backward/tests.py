import numpy as np
import torch
from judge import Case


def make_cases():
    rng = np.random.default_rng(6)

    def draw(*shape):
        return torch.from_numpy(rng.standard_normal(shape))

    cases = []

    def add(name, b, a, s_q, s_k, d, d_v, mask=None, large=1):
        q, k, v = large * draw(b, a, s_q, d), large * draw(b, a, s_k, d), draw(b, a, s_k, d_v)
        dO, options = draw(b, a, s_q, d_v), {} if mask is None else {"mask": mask}
        inputs = {"q": q, "k": k, "v": v, "dO": dO, **options}
        cases.append(Case(name, lambda s: s.attention_backward(q, k, v, dO, **options), inputs))

    add("一个头，方的", 1, 1, 3, 3, 3, 3)
    add("各维都不同", 2, 3, 4, 5, 2, 6)
    add("因果掩码", 1, 2, 4, 4, 3, 3, torch.ones(4, 4, dtype=torch.bool).tril())
    keep = torch.tensor([[True, True, True], [True, False, False]])
    add("填充掩码：第二条只看得见一个 key", 2, 1, 2, 3, 4, 2, keep[:, None, None, :])
    dead = torch.tensor([[False, False, False], [True, False, True]])
    add("一行全被遮：没有贡献，不是 NaN", 1, 1, 2, 3, 2, 2, dead)
    add("只有一个 key：P 恒为 1，dQ、dK 是 0", 1, 2, 3, 1, 2, 2)
    add("分数上千也不溢出", 1, 1, 3, 4, 2, 2, large=60)
    return cases
