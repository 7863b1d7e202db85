import numpy as np
import torch
from judge import Case


def make_cases():
    rng = np.random.default_rng(0)

    def draw(*shape):
        return torch.from_numpy(rng.standard_normal(shape))

    cases = []

    def add(name, x, **options):
        gamma, beta = draw(x.shape[-1]), draw(x.shape[-1])
        inputs = {"x": x, "gamma": gamma, "beta": beta, **options}
        cases.append(Case(name, lambda s: s.layer_norm(x, gamma, beta, **options), inputs))

    add("一个 token，(h,) = (4,)", draw(4))
    add("(b, s, h) = (2, 3, 5)，均值不是 0", 3 * draw(2, 3, 5) + 2)
    add("b = s = h = 3：轴写错也不报错", draw(3, 3, 3))
    add("四维输入，eps = 0.5", draw(2, 1, 3, 4), eps=0.5)
    add("标准差只有 0.003，与 √eps 相当", 0.003 * draw(2, 6))
    constant = draw(2, 4)
    constant[0] = 7.0
    add("有一行是常数", constant)
    add("h = 1", draw(3, 1))
    offset = torch.tensor([[1.0, 2.0, 3.0, 6.0], [0.0, 8.0, 4.0, 4.0]], dtype=torch.float64)
    add("整体加上 1e9", offset + 1e9)
    return cases
