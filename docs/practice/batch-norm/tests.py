import numpy as np
import torch
from judge import Case


def make_cases():
    rng = np.random.default_rng(4)

    def draw(*shape):
        return torch.from_numpy(rng.standard_normal(shape))

    def positive(*shape):
        return torch.from_numpy(rng.uniform(0.5, 2.0, shape))

    cases = []

    def add(name, x, training, run=None, var=None, **options):
        c = x.shape[1]
        var = positive(c) if var is None else var
        state = {"gamma": draw(c), "beta": draw(c), "running_mean": draw(c), "running_var": var}
        inputs = {"x": x, **state, "training": training, **options}
        cases.append(Case(name, lambda s: (run or once)(s, inputs), inputs))

    def once(s, inputs):
        return s.batch_norm(**inputs)

    def twice_then_eval(s, inputs):
        outputs, now = [], dict(inputs)
        for x, training in [(inputs["x"], True), (2 * inputs["x"] + 1, True), (inputs["x"], False)]:
            now |= {"x": x, "training": training}
            y, now["running_mean"], now["running_var"] = s.batch_norm(**now)
            outputs.append((y, now["running_mean"], now["running_var"]))
        return outputs

    add("训练，(N, C) = (4, 3)", 2 * draw(4, 3) + 1, True)
    add("训练，(N, C, H, W) = (2, 3, 4, 5)", 3 * draw(2, 3, 4, 5) - 1, True)
    add("训练，N = C = 3：轴写错也不报错", draw(3, 3, 2), True, momentum=0.3)
    add("推理，(N, C, L) = (2, 3, 4)", draw(2, 3, 4), False)
    add("推理，只有一个样本", draw(1, 5), False)
    small = positive(3) * 1e-4
    add("推理，滑动方差与 eps 相当", draw(2, 3), False, var=small, eps=1e-3)
    constant = draw(4, 2)
    constant[:, 0] = 2.0
    add("训练，有一个通道是常数", constant, True)
    add("两批训练，再推理", draw(3, 2, 2), True, twice_then_eval, momentum=0.25)
    return cases
