import torch
import torch.nn.functional as F


def sequence_reward(values, mask):
    # (b, s)、(b, s) → (b,)
    ...


def pairwise_loss(chosen, rejected, margin=0.0):
    # (b,)、(b,) → 标量
    ...


def ranking_loss(scores):
    # (n, k)，从好到坏 → 标量
    ...
