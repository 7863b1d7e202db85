import math

import torch


def flash(q, k, v, br, bc, causal=False):
    # q: (..., s_q, d)，k: (..., s_k, d)，v: (..., s_k, d_v)
    ...
