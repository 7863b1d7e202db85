import numpy as np


def layer_norm_backward(dy, x, gamma, eps=1e-5):
    centred = x - x.mean(-1, keepdims=True)
    rstd = 1 / np.sqrt((centred**2).mean(-1, keepdims=True) + eps)  # (..., 1)
    xhat = centred * rstd
    g = gamma * dy  # 对 xhat 的梯度
    via_mean = g.mean(-1, keepdims=True)
    via_var = xhat * (g * xhat).mean(-1, keepdims=True)
    dx = rstd * (g - via_mean - via_var)
    tokens = tuple(range(x.ndim - 1))  # 除最后一维
    return dx, (dy * xhat).sum(axis=tokens), dy.sum(axis=tokens)
