import math

import torch


def attention(q, k, v, mask=None, causal=False):
    s_q, s_k = q.shape[-2], k.shape[-2]
    allowed = torch.ones(s_q, s_k, dtype=torch.bool)
    if causal:
        allowed = allowed.tril(s_k - s_q)
    if mask is not None:
        allowed = allowed & mask
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])  # (b, a, s_q, s_k)
    scores = scores.masked_fill(~allowed, -torch.inf)
    weights = torch.softmax(scores, dim=-1)
    weights = weights.masked_fill(~allowed.any(dim=-1, keepdim=True), 0.0)  # 整行被遮
    return weights @ v
