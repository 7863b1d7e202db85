import numpy as np
import torch
from judge import Case
from torch import nn


def make_cases():
    rng = np.random.default_rng(1)
    cases = []

    def draw(*shape):
        return torch.from_numpy(rng.standard_normal(shape))

    def add(name, h, a, x, **options):
        weights = {
            layer: (draw(h, h), draw(h)) for layer in ("q_proj", "k_proj", "v_proj", "out_proj")
        }

        def run(s):
            module = s.MultiHeadAttention(h, a)
            for layer, (weight, bias) in weights.items():
                getattr(module, layer).weight = nn.Parameter(weight)
                getattr(module, layer).bias = nn.Parameter(bias)
            return module(x, **options)

        cases.append(Case(name, run, {"h": h, "a": a, "x": x, **options}))

    add("一个头，一个 token", 3, 1, draw(1, 1, 3))
    add("两个头，三个 token", 6, 2, draw(1, 3, 6))
    add("两个样本，三个头", 6, 3, draw(2, 4, 6))
    add("每头一维（a = h）", 4, 4, draw(1, 3, 4))
    add("头数与长度相等（换错轴也对得上形状）", 6, 3, draw(1, 3, 6))
    add("交叉注意力", 4, 2, draw(2, 3, 4), context=draw(2, 5, 4))
    causal = torch.ones(4, 4, dtype=torch.bool).tril()
    add("因果掩码", 4, 2, draw(1, 4, 4), mask=causal)
    padding = torch.tensor([[True, True, False], [True, True, True]])[:, None, None, :]
    add("每个样本不同的填充掩码", 4, 2, draw(2, 3, 4), mask=padding)

    def refuse(s):
        try:
            s.MultiHeadAttention(6, 4)
        except (ValueError, AssertionError):
            return "拒绝了"
        return "没有拒绝"

    cases.append(Case("h 不能被 a 整除时拒绝", refuse, {"h": 6, "a": 4}, check=_refused))
    return cases


def _refused(got):
    return "" if got == "拒绝了" else "h=6、a=4 应当抛 ValueError 或 AssertionError"
