import math

import torch


def gqa(q, k, v, causal=True):
    # q: (b, a, s_q, d)，k、v: (b, h_kv, s_k, d)
    ...
