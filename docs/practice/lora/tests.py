import numpy as np
import torch
from judge import Case
from torch import nn


def make_cases():
    rng = np.random.default_rng(8)

    def draw(*shape):
        return torch.from_numpy(rng.standard_normal(shape))

    cases = []

    def add(name, sizes, r, alpha, lead=(2,), bias=True, steps=(), trained=True):
        d_in, d_out = sizes
        inputs = {"x": draw(*lead, d_in), "weight": draw(d_out, d_in)}
        if bias:
            inputs["bias"] = draw(d_out)
        if trained:
            inputs |= {"A": draw(r, d_in), "B": draw(d_out, r)}
        inputs |= {"r": r, "alpha": alpha}

        def run(s):
            base = nn.Linear(d_in, d_out, bias=bias)
            base.weight = nn.Parameter(inputs["weight"].clone())
            if bias:
                base.bias = nn.Parameter(inputs["bias"].clone())
            layer = s.LoRALinear(base, r, alpha, np.random.default_rng(0))
            if not trained:
                a, b = layer.A, layer.B
                return layer(inputs["x"]), tuple(a.shape), bool((a != 0).any()), b
            layer.A = nn.Parameter(inputs["A"].clone())
            layer.B = nn.Parameter(inputs["B"].clone())
            outputs = [layer(inputs["x"])]
            for step in steps:
                getattr(layer, step)()
                outputs += [layer(inputs["x"]), layer.base.weight.detach().clone()]
            return outputs

        cases.append(Case(name, run, inputs))

    add("刚建好：输出与原层相同，A 不是 0，B 是 0", (5, 3), 2, 4, trained=False)
    add("(b, s, d_in) = (2, 3, 5)，r = 2，α = 6", (5, 4), 2, 6, lead=(2, 3))
    add("r = 1，α = 1，没有偏置", (4, 3), 1, 1, bias=False)
    add("合并", (5, 4), 2, 6, steps=["merge"])
    add("d_in = d_out：转置写反也不报错", (4, 4), 3, 2, steps=["merge"])
    add("合并两次", (3, 4), 2, 8, steps=["merge", "merge"])
    add("没有合并就拆", (3, 4), 2, 8, steps=["unmerge"])
    add("合并、拆开、再合并", (4, 3), 2, 3, steps=["merge", "unmerge", "merge"])
    return cases
