import torch


def rms_norm(x, gamma, eps=1e-6):
    wide = x.float() if x.dtype == torch.float16 else x  # 平方之前先升精度
    mean_square = wide.square().mean(dim=-1, keepdim=True)  # (..., 1)
    xhat = wide * torch.rsqrt(mean_square + eps)
    return gamma * xhat.to(x.dtype)
