import numpy as np
import torch
from judge import Case


def make_cases():
    rng = np.random.default_rng(0)

    def draw(*shape):
        return torch.from_numpy(rng.standard_normal(shape))

    def ends(b, s, *places):
        dones = np.zeros((b, s), dtype=bool)
        for place in places:
            dones[place] = True
        return torch.from_numpy(dones)

    cases = []

    def add(name, b, s, *places, **options):
        inputs = {
            "rewards": draw(b, s),
            "values": draw(b, s),
            "dones": ends(b, s, *places),
            "last_value": draw(b),
        }
        cases.append(
            Case(name, lambda s: s.gae(*inputs.values(), **options), {**inputs, **options})
        )

    add("段末只是截断：用 last_value 自举", 1, 4)
    add("最后一步结束：不用 last_value", 1, 4, (0, 3))
    add("中途结束，后面是新回合", 1, 6, (0, 2))
    add("三条，各在不同处结束", 3, 5, (0, 1), (0, 4), (2, 0), (2, 3))
    add("γ = 0.9，λ = 0.5", 2, 5, (1, 2), gamma=0.9, lam=0.5)
    add("λ = 0：就是 TD 误差", 2, 4, (0, 1), lam=0.0)
    add("γ = λ = 1：目标就是回报", 2, 4, (0, 3), (1, 1), gamma=1.0, lam=1.0)
    add("只有一步", 3, 1, (1, 0))
    return cases
