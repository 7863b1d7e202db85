import numpy as np
from judge import Case


def make_cases():
    rng = np.random.default_rng(3)
    cases = []

    def add(name, x, dy=None, gamma=None, **options):
        dy = rng.standard_normal(x.shape) if dy is None else dy
        gamma = rng.standard_normal(x.shape[-1]) if gamma is None else gamma
        inputs = {"dy": dy, "x": x, "gamma": gamma, **options}

        def run(s):
            with np.errstate(all="ignore"):
                return s.rms_norm_backward(dy, x, gamma, **options)

        cases.append(Case(name, run, inputs))

    x = rng.standard_normal((1, 4))
    add("一个 token，gamma 全 1", x, gamma=np.ones(4))
    add("一维输入，dy 是 one-hot：雅可比的一行", rng.standard_normal(5), dy=np.eye(5)[2])
    add("(b, s, h) = (2, 3, 5)，均值不是 0", rng.standard_normal((2, 3, 5)) + 2)
    add("b = s = h = 3：轴写错也不报错", rng.standard_normal((3, 3, 3)))
    add("四维输入，eps = 0.5", rng.standard_normal((2, 1, 3, 4)), eps=0.5)
    x = rng.standard_normal((2, 4))
    x[0] = 0.0
    add("有一行全是 0", x)
    add("h = 1，eps = 0.1", rng.standard_normal((3, 1)), eps=0.1)
    return cases
