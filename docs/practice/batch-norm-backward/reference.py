import numpy as np


def batch_norm_backward(dy, x, gamma, running_mean, running_var, training, eps=1e-5):
    axes = (0, *range(2, x.ndim))  # 除通道外的所有维
    shape = (1, -1) + (1,) * (x.ndim - 2)
    n = x.size // x.shape[1]  # 每个通道有多少个数
    mean, var = (x.mean(axes), x.var(axes)) if training else (running_mean, running_var)
    rstd = 1 / np.sqrt(var + eps).reshape(shape)
    xhat = (x - mean.reshape(shape)) * rstd
    dbeta, dgamma = dy.sum(axes), (dy * xhat).sum(axes)
    inner = dy
    if training:
        inner = dy - dbeta.reshape(shape) / n - xhat * dgamma.reshape(shape) / n
    return gamma.reshape(shape) * rstd * inner, dgamma, dbeta
