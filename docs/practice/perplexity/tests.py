import numpy as np
import torch
from judge import Case


def make_cases():
    rng = np.random.default_rng(0)

    def batch(lengths, s, size, scale=1.0):
        b = len(lengths)
        logits = torch.from_numpy(scale * rng.standard_normal((b, s, size)))
        ids = torch.from_numpy(rng.integers(0, size, (b, s)))
        return logits, ids, torch.arange(s)[None] < torch.tensor(lengths)[:, None]

    cases = []

    def add(name, *batches):
        inputs = {
            f"第 {i} 批的 {what}": value
            for i, one in enumerate(batches)
            for what, value in zip(("logits", "ids", "mask"), one, strict=True)
        }
        cases.append(Case(name, lambda s: s.perplexity(list(batches)), inputs))

    add("一条，没有填充", batch([5], 5, 4))
    add("三条长短不一", batch([6, 3, 2], 6, 7, 2.0))
    add("两批，token 数差得远", batch([8, 8], 8, 5, 3.0), batch([2], 3, 5, 0.3))
    logits, ids, mask = batch([4, 2], 4, 6)
    add("logits 全 0：困惑度是 V", (0 * logits, ids, mask))
    logits, ids, mask = batch([2], 4, 3)
    ids[0] = torch.tensor([0, 1, 2, 2])
    logits[:, 1:, 2] = -torch.inf
    add("填充的概率是 0", (logits, ids, mask))
    add("有一条只有一个 token", batch([1, 4], 4, 3))
    logits, ids, mask = batch([4], 4, 3)
    ids[0] = torch.tensor([0, 1, 2, 0])
    logits[0, :3] = torch.tensor(
        [[1000.0, 1000.0, 0.0], [0.0, 900.0, 899.0], [-800.0, 0.0, -799.0]]
    )
    logits[0, 2] = torch.tensor([-1001.0, -1000.0, -1002.0])
    add("logits 上千", (logits, ids, mask))
    empty = batch([1, 1], 3, 4)
    cases.append(
        Case("没有可计的 token：抛 ValueError", lambda s: _refuses(s, empty), {"ids": empty[1]})
    )
    return cases


def _refuses(answer, one):
    try:
        answer.perplexity([one])
    except ValueError:
        return "ValueError"
    return "没有抛异常"
