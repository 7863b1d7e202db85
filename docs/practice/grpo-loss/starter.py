import torch


def group_advantages(rewards, eps=1e-4):
    # rewards: (n, g) → (n, g)
    ...


def grpo_loss(logp, old, ref, adv, mask, clip=0.2, beta=0.04):
    # logp、old、ref、mask: (n, g, s)，adv: (n, g) → 标量
    ...
