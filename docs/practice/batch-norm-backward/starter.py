import numpy as np


def batch_norm_backward(dy, x, gamma, running_mean, running_var, training, eps=1e-5):
    # dy、x: (N, C, ...)，其余三个是 (C,)；返回 dx (N, C, ...)、dgamma (C,)、dbeta (C,)
    ...
