import math

import torch


def slopes(a):
    # 返回 (a,)
    ...


def alibi_attention(q, k, v):
    # q: (b, a, s_q, d)，k、v: (b, a, s_k, d)
    ...
