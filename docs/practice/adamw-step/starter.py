import torch


def adamw_step(theta, grad, m, v, t, lr, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1):
    # t 从 1 起 → 新的 (theta, m, v)
    ...
