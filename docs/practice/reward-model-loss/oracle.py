"""独立的见证：逐条找最后一个有效位置；概率用 e^r 的占比，即两类的交叉熵。"""

from itertools import combinations

import torch
import torch.nn.functional as F


def sequence_reward(values, mask):
    picked = [
        row[max(keep.nonzero().flatten().tolist())] for row, keep in zip(values, mask, strict=True)
    ]
    return torch.stack(picked)


def pairwise_loss(chosen, rejected, margin=0.0):
    logits = torch.stack([chosen, rejected + margin], dim=1)
    return F.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long))


def ranking_loss(scores):
    losses = [
        pairwise_loss(row[i : i + 1], row[j : j + 1])
        for row in scores
        for i, j in combinations(range(len(row)), 2)
    ]
    return torch.stack(losses).mean()
