import torch
import torch.nn.functional as F


def parallel_mlp(x, w1, b1, w2, b2, t, gated=False):
    # x: (b, s, h)，w1: (h, f) 或 (h, 2f)，w2: (f, h)；返回 z: (b, s, h)、parts: (t, b, s, h)
    ...
