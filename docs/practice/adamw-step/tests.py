import numpy as np
import torch
from judge import Case


def make_cases():
    rng = np.random.default_rng(0)
    cases = []

    def draw(*shape):
        return torch.from_numpy(rng.standard_normal(shape))

    def add(name, theta, grad, m, v, t, lr, **options):
        tensors = {"theta": theta, "grad": grad, "m": m, "v": v}
        inputs = {**tensors, "t": t, "lr": lr, **options}
        cases.append(
            Case(name, lambda s: s.adamw_step(*tensors.values(), t, lr, **options), inputs)
        )

    def zeros(*shape):
        return torch.zeros(*shape, dtype=torch.float64)

    add("第 1 步", draw(3, 2), draw(3, 2), zeros(3, 2), zeros(3, 2), 1, 0.01)
    add("第 7 步，别的 β", draw(4), draw(4), draw(4), draw(4) ** 2, 7, 0.1, betas=(0.8, 0.999))
    add("衰减的强度", 5 * draw(4), draw(4), draw(4), draw(4) ** 2, 3, 0.02, weight_decay=0.5)
    add("没有衰减", draw(2, 3), draw(2, 3), zeros(2, 3), zeros(2, 3), 1, 0.1, weight_decay=0.0)
    tiny = torch.from_numpy(np.array([1e-9, -3e-9, 0.0]))
    add("很小的梯度与 0：ε 的位置", draw(3), tiny, zeros(3), zeros(3), 1, 0.1)

    start, grads = draw(2, 3), [draw(2, 3) * 10.0**i for i in (0, -3, 3, 0, 1)]

    def run(s):
        theta, m, v = start, zeros(2, 3), zeros(2, 3)
        for t, grad in enumerate(grads, 1):
            theta, m, v = s.adamw_step(theta, grad, m, v, t, 0.01)
        return theta, m, v

    inputs = {"theta": start, "grads": grads, "lr": 0.01}
    cases.append(Case("接连五步，梯度的尺度突变", run, inputs))
    return cases
