import numpy as np
from judge import Case


def make_cases():
    rng = np.random.default_rng(5)
    cases = []

    def add(name, x, training, **options):
        c = x.shape[1]
        inputs = {
            "dy": rng.standard_normal(x.shape),
            "x": x,
            "gamma": rng.standard_normal(c),
            "running_mean": rng.standard_normal(c),
            "running_var": rng.uniform(0.5, 2.0, c),
            "training": training,
            **options,
        }

        def run(s):
            with np.errstate(all="ignore"):
                return s.batch_norm_backward(**inputs)

        cases.append(Case(name, run, inputs))

    add("训练，(N, C) = (4, 3)", 2 * rng.standard_normal((4, 3)) + 1, True)
    add("训练，(N, C, H, W) = (2, 3, 4, 5)", rng.standard_normal((2, 3, 4, 5)), True)
    add("训练，N = C = 3：轴写错也不报错", rng.standard_normal((3, 3, 2)), True)
    add("训练，eps = 0.5", rng.standard_normal((3, 2)), True, eps=0.5)
    x = rng.standard_normal((4, 2))
    x[:, 0] = 2.0
    add("训练，有一个通道是常数", x, True)
    add("推理，(N, C, L) = (2, 3, 4)", rng.standard_normal((2, 3, 4)), False)
    add("推理，只有一个样本", rng.standard_normal((1, 5)), False)
    return cases
