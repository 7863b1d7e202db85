"""独立的见证：逐个 query 循环，只用 NumPy。"""

import numpy as np
import torch


def attention(q, k, v, mask=None, causal=False):
    q, k, v = (t.numpy() for t in (q, k, v))
    b, a, s_q, d = q.shape
    s_k = k.shape[-2]
    seen = np.ones((b, a, s_q, s_k), dtype=bool)
    if mask is not None:
        seen = seen & mask.numpy()
    out = np.zeros((b, a, s_q, v.shape[-1]))
    for index in np.ndindex(b, a, s_q):
        i = index[-1]
        keys = [j for j in range(s_k) if seen[index][j] and (not causal or j <= i + s_k - s_q)]
        if not keys:
            continue
        scores = np.array([q[index] @ k[index[:2]][j] / np.sqrt(d) for j in keys])
        weights = np.exp(scores - scores.max())
        out[index] = (weights / weights.sum()) @ v[index[:2]][keys]
    return torch.from_numpy(out)
