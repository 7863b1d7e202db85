import math

import torch


def attention_backward(q, k, v, dO, mask=None):
    # q: (b, a, s_q, d)，k: (b, a, s_k, d)，v: (b, a, s_k, d_v)，dO: (b, a, s_q, d_v)
    ...
