import numpy as np


def layer_norm_backward(dy, x, gamma, eps=1e-5):
    # dy、x: (..., h)，gamma: (h,)；返回 dx (..., h)、dgamma (h,)、dbeta (h,)
    ...
