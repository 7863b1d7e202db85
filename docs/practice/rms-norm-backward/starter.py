import numpy as np


def rms_norm_backward(dy, x, gamma, eps=1e-6):
    # dy、x: (..., h)，gamma: (h,)；返回 dx (..., h)、dgamma (h,)
    ...
