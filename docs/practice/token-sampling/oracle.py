"""独立的见证：逐行循环，一个一个地累加；抽样用 searchsorted。"""

import numpy as np
import torch


def filtered(logits, temperature=1.0, top_k=0, top_p=1.0):
    out = np.zeros(logits.shape)
    for row, z in zip(out, logits.numpy(), strict=True):
        if temperature == 0:
            row[max(range(len(z)), key=lambda i: z[i])] = 1.0
            continue
        weight = {i: np.exp((z[i] - z.max()) / temperature) for i in range(len(z))}
        ranked = sorted(weight, key=lambda i: -z[i])
        if top_k:
            ranked = ranked[:top_k]
        total, chosen = sum(weight[i] for i in ranked), []
        for i in ranked:
            chosen.append(i)
            if sum(weight[j] for j in chosen) / total >= top_p:
                break
        for i in chosen:
            row[i] = weight[i] / sum(weight[j] for j in chosen)
    return torch.from_numpy(out)


def sample(probs, u):
    rows = zip(probs.numpy(), u.numpy(), strict=True)
    picks = [np.searchsorted(np.cumsum(p), x, side="right") for p, x in rows]
    return torch.tensor(picks, dtype=torch.long)
