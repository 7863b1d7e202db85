import math

import torch


def slopes(a):
    c = 2 ** math.floor(math.log2(a))  # 不超过 a 的最大的 2 的幂
    m = 2.0 ** (-8 * torch.arange(1, c + 1).double() / c)
    if c == a:
        return m
    return torch.cat([m, slopes(2 * c)[0::2][: a - c]])


def alibi_attention(q, k, v):
    a, s_q, d = q.shape[1:]
    s_k = k.shape[2]
    p = torch.arange(s_q)[:, None] + (s_k - s_q)
    distance = p - torch.arange(s_k)  # (s_q, s_k)
    bias = -slopes(a)[:, None, None] * distance.double()  # (a, s_q, s_k)
    scores = q @ k.transpose(-2, -1) / math.sqrt(d) + bias
    scores = scores.masked_fill(distance < 0, -torch.inf)
    return torch.softmax(scores, dim=-1) @ v
