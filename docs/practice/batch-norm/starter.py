import torch


def batch_norm(x, gamma, beta, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    # x: (N, C, ...)，其余四个都是 (C,)；返回 y、running_mean、running_var
    ...
