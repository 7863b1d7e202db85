import torch


def layer_norm(x, gamma, beta, eps=1e-5):
    axis = -1  # 只在最后一维 h 上
    mean = x.mean(axis, keepdim=True)  # (..., 1)
    var = x.var(axis, correction=0, keepdim=True)  # 有偏：除以 h
    return gamma * (x - mean) / torch.sqrt(var + eps) + beta
