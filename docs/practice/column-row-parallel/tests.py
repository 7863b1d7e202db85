import numpy as np
import torch
from judge import Case


def make_cases():
    rng = np.random.default_rng(0)
    cases = []

    def add(name, shape, f, t, **options):
        h, wide = shape[-1], 2 * f if options.get("gated") else f
        sizes = {"x": shape, "w1": (h, wide), "b1": (wide,), "w2": (f, h), "b2": (h,)}
        inputs = {k: torch.from_numpy(rng.standard_normal(v)) for k, v in sizes.items()}

        def run(s):
            try:
                return s.parallel_mlp(*inputs.values(), t, **options)
            except ValueError:
                return "ValueError"

        cases.append(Case(name, run, {**inputs, "t": t, **options}))

    add("2 张卡", (2, 3, 4), 6, 2)
    add("4 张卡，f = 8", (1, 5, 3), 8, 4)
    add("1 张卡：就是普通的 MLP", (2, 2, 3), 5, 1)
    add("一张卡一个中间维", (1, 2, 5), 3, 3)
    add("SwiGLU，2 张卡", (2, 3, 4), 6, 2, gated=True)
    add("SwiGLU，3 张卡", (1, 4, 5), 9, 3, gated=True)
    add("f 不能被卡数整除", (1, 2, 3), 7, 2)
    add("SwiGLU，2f 能整除而 f 不能", (1, 2, 4), 3, 2, gated=True)
    return cases
