"""独立的见证：statistics 算组内统计量；损失逐 token 循环，按四象限截断。"""

import math
import statistics

import torch


def group_advantages(rewards, eps=1e-4):
    rows = []
    for group in rewards.tolist():
        mean, spread = statistics.fmean(group), statistics.stdev(group)
        rows.append([(reward - mean) / (spread + eps) for reward in group])
    return torch.tensor(rows, dtype=torch.float64)


def grpo_loss(logp, old, ref, adv, mask, clip=0.2, beta=0.04):
    n, g, s = logp.shape
    total = 0.0
    for i in range(n):
        for j in range(g):
            a, places = adv[i, j].item(), [t for t in range(s) if mask[i, j, t]]
            for t in places:
                p, q = math.exp(logp[i, j, t].item()), math.exp(ref[i, j, t].item())
                rho = p / math.exp(old[i, j, t].item())
                rho = min(rho, 1 + clip) if a > 0 else max(rho, 1 - clip)
                k3 = q / p - 1 - math.log(q / p)
                total += (rho * a - beta * k3) / len(places) / (n * g)
    return torch.tensor(-total, dtype=torch.float64)
