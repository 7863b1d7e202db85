"""独立的见证：拼成一个大 batch，用 F.cross_entropy 与自动求导。"""

import torch
import torch.nn.functional as F


def accumulate(W, micro_batches):
    W = W.clone().requires_grad_()
    x = torch.cat([x for x, _ in micro_batches])
    y = torch.cat([y for _, y in micro_batches])
    if (y == -100).all():
        return 0.0, torch.zeros_like(W)
    loss = F.cross_entropy(x @ W, y, ignore_index=-100)
    loss.backward()
    return loss.item(), W.grad
