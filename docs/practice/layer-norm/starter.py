import torch


def layer_norm(x, gamma, beta, eps=1e-5):
    # x: (..., h)，gamma、beta: (h,)
    ...
