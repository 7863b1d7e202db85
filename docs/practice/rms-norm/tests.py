import numpy as np
import torch
from judge import Case


def make_cases():
    rng = np.random.default_rng(2)

    def draw(*shape):
        return torch.from_numpy(rng.standard_normal(shape))

    cases = []

    def add(name, x, gamma=None, **options):
        gamma = draw(x.shape[-1]) if gamma is None else gamma
        inputs = {"x": x, "gamma": gamma, **options}
        cases.append(Case(name, lambda s: s.rms_norm(x, gamma, **options), inputs))

    add("一个 token，(h,) = (4,)", draw(4))
    add("(b, s, h) = (2, 3, 5)，均值不是 0", draw(2, 3, 5) + 3)
    add("b = s = h = 3：轴写错也不报错", draw(3, 3, 3))
    add("四维输入，eps = 0.5", draw(2, 1, 3, 4), eps=0.5)
    add("输入约 0.001，与 √eps 相当", 0.001 * draw(2, 6))
    zero = draw(2, 4)
    zero[0] = 0.0
    add("有一行全是 0", zero)
    add("h = 1", draw(3, 1))
    half = torch.tensor([[300.0, -300.0, 300.0], [-512.0, 512.0, 512.0]], dtype=torch.float16)
    gamma = torch.tensor([1.0, 0.5, -2.0], dtype=torch.float16)
    add("float16，平方会溢出", half, gamma)
    return cases
