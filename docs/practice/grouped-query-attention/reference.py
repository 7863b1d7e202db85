import math

import torch


def gqa(q, k, v, causal=True):
    a, h_kv = q.shape[1], k.shape[1]
    if a % h_kv:
        raise ValueError(f"a={a} 不能被 h_kv={h_kv} 整除")
    k = k.repeat_interleave(a // h_kv, dim=1)  # 每个 KV 头连着重复
    v = v.repeat_interleave(a // h_kv, dim=1)
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    if causal:
        s_q, s_k = q.shape[2], k.shape[2]
        allowed = torch.ones(s_q, s_k, dtype=torch.bool).tril(s_k - s_q)
        scores = scores.masked_fill(~allowed, -torch.inf)
    return torch.softmax(scores, dim=-1) @ v
