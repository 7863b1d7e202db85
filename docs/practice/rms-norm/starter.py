import torch


def rms_norm(x, gamma, eps=1e-6):
    # x: (..., h)，gamma: (h,)
    ...
