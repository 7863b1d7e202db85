import torch


def attention(q, k, v, mask=None, causal=False):
    # q: (b, a, s_q, d)，k、v: (b, a, s_k, d)
    ...
