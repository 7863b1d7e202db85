import torch


def batch_norm(x, gamma, beta, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    axes = [0, *range(2, x.ndim)]  # 除通道外的所有维
    if training:
        n = x.numel() // x.shape[1]  # 每个通道有多少个数
        mean, var = x.mean(axes), x.var(axes, correction=0)  # (C,)，有偏
        keep, new = 1 - momentum, momentum
        running_mean = keep * running_mean + new * mean
        running_var = keep * running_var + new * var * n / (n - 1)  # 存无偏
    else:
        mean, var = running_mean, running_var
    shape = [1, -1] + [1] * (x.ndim - 2)
    xhat = (x - mean.reshape(shape)) / torch.sqrt(var + eps).reshape(shape)
    return gamma.reshape(shape) * xhat + beta.reshape(shape), running_mean, running_var
