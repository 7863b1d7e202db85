import numpy as np
import torch
from judge import Case
from torch import nn


def shapes(layer):
    return sorted((name, tuple(p.shape)) for name, p in layer.named_parameters())


def make_cases():
    rng = np.random.default_rng(7)

    def draw(*shape):
        return torch.from_numpy(rng.standard_normal(shape))

    cases = []

    def add(name, x, f):
        h = x.shape[-1]
        weights = {"gate": draw(f, h), "up": draw(f, h), "down": draw(h, f)}

        def run(s):
            layer = s.SwiGLU(h, f).double()
            given = shapes(layer)
            for part, weight in weights.items():
                getattr(layer, part).weight = nn.Parameter(weight)
            return given, layer(x)

        cases.append(Case(name, run, {"x": x, **weights}))

    def add_width(name, h, multiple):
        inputs = {"h": h, "multiple": multiple}
        cases.append(Case(name, lambda s: shapes(s.SwiGLU(h, multiple=multiple)), inputs))

    add("一个 token，h = 3，f = 4", draw(3), 4)
    add("(b, s, h) = (2, 3, 5)，f = 7", draw(2, 3, 5), 7)
    add("h = f = 4：矩阵用反也不报错", draw(2, 4), 4)
    add("门的输入很负，约 −30", -10 * torch.ones(1, 3, dtype=torch.float64), 2)
    add("零输入", torch.zeros(2, 3, dtype=torch.float64), 4)
    add_width("自己定宽度：h = 100，multiple = 64", 100, 64)
    add_width("8h/3 恰好是倍数：h = 96，multiple = 64", 96, 64)
    add_width("8h/3 截断后恰好是倍数：h = 25，multiple = 66", 25, 66)
    return cases
