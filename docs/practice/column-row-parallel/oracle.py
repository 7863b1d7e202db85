"""独立的见证：不切，用 F.linear 算整层；部分和由「把别人的中间维置零」得到。"""

import torch
import torch.nn.functional as F


def parallel_mlp(x, w1, b1, w2, b2, t, gated=False):
    f = w2.shape[0]
    if f % t != 0:
        raise ValueError("不能整除")
    if gated:
        hidden = F.silu(F.linear(x, w1[:, :f].T, b1[:f])) * F.linear(x, w1[:, f:].T, b1[f:])
    else:
        hidden = F.gelu(F.linear(x, w1.T, b1))
    owner = torch.arange(f) // (f // t)
    parts = torch.stack([F.linear(hidden * (owner == r), w2.T) for r in range(t)])
    return F.linear(hidden, w2.T, b2), parts
