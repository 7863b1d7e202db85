import numpy as np
import torch
from judge import Case


def make_cases():
    rng = np.random.default_rng(0)

    def draw(*shape):
        return torch.from_numpy(rng.standard_normal(shape))

    def row(*values):
        return torch.tensor([values], dtype=torch.float64)

    cases = []

    def add(name, logp, old, adv, mask, **options):
        inputs = {"logp": logp, "old": old, "adv": adv, "mask": mask, **options}
        cases.append(Case(name, lambda s: s.ppo_loss(logp, old, adv, mask, **options), inputs))

    every = torch.ones(1, 4, dtype=torch.bool)
    for a in (2.0, -3.0):
        sign = "A > 0" if a > 0 else "A < 0"
        add(f"{sign}，ρ = 0.5", row(0.5).log(), row(0.0), row(a), every[:, :1])
        add(f"{sign}，ρ = 1.5", row(1.5).log(), row(0.0), row(a), every[:, :1])
    lengths = torch.tensor([[5], [2], [1]])
    mask = torch.arange(5)[None] < lengths
    add("三条长短不一", draw(3, 5), draw(3, 5), draw(3, 5), mask)
    small = 0.2 * draw(2, 3)
    add("ε = 0.05", small, 0 * small, draw(2, 3), torch.ones(2, 3, dtype=torch.bool), eps=0.05)
    minus = -torch.inf
    old = row(0.1, minus, float("nan"))
    add("无效位置是负无穷与 NaN", row(0.0, minus, 0.0), old, row(1, 1, 1), row(1, 0, 0).bool())
    add("log ρ = 1000，A < 0：先截到 20", row(1000, 0), row(0, 0), row(-1, 1), every[:, :2])
    add("没有有效的 token", draw(2, 3), draw(2, 3), draw(2, 3), torch.zeros(2, 3).bool())
    return cases
