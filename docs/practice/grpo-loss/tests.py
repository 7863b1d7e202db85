import numpy as np
import torch
from judge import Case


def make_cases():
    rng = np.random.default_rng(0)

    def draw(*shape):
        return torch.from_numpy(rng.standard_normal(shape))

    def table(*rows):
        return torch.tensor(rows, dtype=torch.float64)

    cases = []

    def advantages(name, rewards, **options):
        inputs = {"rewards": rewards, **options}
        cases.append(Case(name, lambda s: s.group_advantages(rewards, **options), inputs))

    def loss(name, logp, old, ref, adv, mask, **options):
        inputs = {"logp": logp, "old": old, "ref": ref, "adv": adv, "mask": mask, **options}
        cases.append(
            Case(name, lambda s: s.grpo_loss(logp, old, ref, adv, mask, **options), inputs)
        )

    advantages("优势：四个里对一个", table([1, 0, 0, 0]))
    advantages("优势：两题难度不同，各归各的", table([5, 7, 6], [0, 1, 0]))
    advantages("优势：有一题全对", table([1, 0, 1, 0], [1, 1, 1, 1]))
    advantages("优势：ε = 0.5", draw(2, 5), eps=0.5)
    every = torch.ones(2, 3, 4, dtype=torch.bool)
    logp = -draw(2, 3, 4).abs()
    adv = draw(2, 3)
    loss("损失：没有离开旧策略与参考", logp, logp.clone(), logp.clone(), adv, every)
    old = logp + 0.5 * draw(2, 3, 4)
    loss("损失：只有截断项", logp, old, logp.clone(), adv, every, beta=0.0)
    ref = logp + 0.5 * draw(2, 3, 4)
    zero = torch.zeros(2, 3, dtype=torch.float64)
    loss("损失：优势全 0，只剩 KL", logp, logp.clone(), ref, zero, every)
    mask = torch.arange(4)[None, None] < torch.tensor([[4, 1, 2], [3, 0, 4]])[:, :, None]
    loss("损失：长短不一，有一个空回答", logp, old, ref, adv, mask, clip=0.1, beta=0.3)
    return cases
