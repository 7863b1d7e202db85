"""独立的见证：逐个 query 头循环，各自找自己的 KV 头，只用 NumPy。"""

import numpy as np
import torch


def gqa(q, k, v, causal=True):
    q, k, v = (t.numpy() for t in (q, k, v))
    b, a, s_q, d = q.shape
    h_kv, s_k = k.shape[1], k.shape[2]
    if a // h_kv * h_kv != a:
        raise AssertionError
    out = np.empty((b, a, s_q, d))
    for n, head, i in np.ndindex(b, a, s_q):
        group = head * h_kv // a
        last = i + s_k - s_q + 1 if causal else s_k
        scores = k[n, group, :last] @ q[n, head, i] / np.sqrt(d)
        weights = np.exp(scores - scores.max())
        out[n, head, i] = weights @ v[n, group, :last] / weights.sum()
    return torch.from_numpy(out)
