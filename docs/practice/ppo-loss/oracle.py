"""独立的见证：逐 token 按四象限分情况，没有 min。"""

import math

import torch


def ppo_loss(logp, old, adv, mask, eps=0.2):
    gains = []
    for i, j in mask.nonzero().tolist():
        ratio = math.exp(min(20.0, max(-20.0, (logp[i, j] - old[i, j]).item())))
        a = adv[i, j].item()
        if a > 0 and ratio > 1 + eps:
            ratio = 1 + eps
        if a < 0 and ratio < 1 - eps:
            ratio = 1 - eps
        gains.append(ratio * a)
    loss = -math.fsum(gains) / len(gains) if gains else 0.0
    return torch.tensor(loss, dtype=torch.float64)
