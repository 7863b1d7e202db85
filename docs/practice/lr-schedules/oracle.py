"""独立的见证：cosine 用 PyTorch 的调度器一步步走；WSD 是过几个端点的折线。"""

import numpy as np
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR


def cosine_lr(step, total, warmup, peak, low=0.0):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=peak)
    scheduler = CosineAnnealingLR(optimizer, T_max=total - warmup, eta_min=low)
    if warmup:
        up = LinearLR(optimizer, start_factor=1 / warmup, total_iters=warmup - 1)
        scheduler = SequentialLR(optimizer, [up, scheduler], milestones=[warmup])
    for _ in range(min(step, total)):
        optimizer.step()
        scheduler.step()
    return optimizer.param_groups[0]["lr"]


def wsd_lr(step, total, warmup, decay, peak, low=0.0):
    corners = {total - decay: peak, total: low}
    if warmup:
        corners |= {-1: 0.0, warmup - 1: peak}
    xs = sorted(corners)
    return float(np.interp(step, xs, [corners[x] for x in xs]))
