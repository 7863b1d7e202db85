import numpy as np


def rms_norm_backward(dy, x, gamma, eps=1e-6):
    rinv = 1 / np.sqrt((x**2).mean(-1, keepdims=True) + eps)  # (..., 1)
    xhat = x * rinv
    g = gamma * dy  # 对 xhat 的梯度
    via_rms = xhat * (g * xhat).mean(-1, keepdims=True)
    dx = rinv * (g - via_rms)
    tokens = tuple(range(x.ndim - 1))  # 除最后一维
    return dx, (dy * xhat).sum(axis=tokens)
