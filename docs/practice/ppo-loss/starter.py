import torch


def ppo_loss(logp, old, adv, mask, eps=0.2):
    # 都是 (b, s) → 标量
    ...
