import numpy as np
import torch
from judge import Case


def make_cases():
    rng = np.random.default_rng(0)

    def draw(*shape):
        return torch.from_numpy(rng.standard_normal(shape))

    def tokens(*shape, size):
        return torch.from_numpy(rng.integers(0, size, shape))

    cases = []

    def sequence(name, logits, ids, mask):
        inputs = {"logits": logits, "ids": ids, "mask": mask}
        cases.append(Case(name, lambda s: s.sequence_logprob(logits, ids, mask), inputs))

    def loss(name, pw, pl, rw, rl, **options):
        inputs = {
            "policy_chosen": pw,
            "policy_rejected": pl,
            "ref_chosen": rw,
            "ref_rejected": rl,
            **options,
        }
        cases.append(Case(name, lambda s: s.dpo_loss(pw, pl, rw, rl, **options), inputs))

    mask = torch.tensor([[False, True, True, True, True]])
    sequence("序列对数概率：除第 0 位外都是回答", draw(1, 5, 4), tokens(1, 5, size=4), mask)
    mask = torch.tensor(
        [[False, False, True, True, True, True], [False, False, False, True, True, False]]
    )
    sequence("序列对数概率：提示与 pad 不计", draw(2, 6, 7), tokens(2, 6, size=7), mask)
    mask = torch.tensor([[True, True, True], [False, False, False], [True, False, False]])
    sequence("序列对数概率：第 0 位没有预测，空回答是 0", draw(3, 3, 4), tokens(3, 3, size=4), mask)
    logits, ids = draw(1, 4, 3), torch.tensor([[0, 1, 0, 2]])
    logits[:, 2, 2] = -torch.inf
    mask = torch.tensor([[False, True, True, False]])
    sequence("序列对数概率：不计的位置是负无穷", logits, ids, mask)
    mask = torch.tensor([[False, True, True, True], [False, False, True, True]])
    sequence("序列对数概率：logits 上千", 2000 * draw(2, 4, 3), tokens(2, 4, size=3), mask)
    loss("损失：一对，默认的 β", draw(1), draw(1), draw(1), draw(1))
    loss("损失：五对，β = 0.5", 3 * draw(5), 3 * draw(5), 3 * draw(5), 3 * draw(5), beta=0.5)
    same = draw(2), draw(2)
    loss("损失：策略就是参考，应是 ln 2", *same, *same)
    far = torch.tensor([-9000.0, 40.0], dtype=torch.float64)
    loss("损失：排反几千 nat 也不溢出", far, -far, 0 * far, 0 * far, beta=1.0)
    return cases
