import torch
import torch.nn.functional as F


def route(logits, k):
    # logits: (T, E)；返回 weight (T, k)、index (T, k)
    ...


def moe(x, w_router, experts, k):
    # x: (b, s, h)，w_router: (h, E)，experts[e]: (m, h) → (m, h)；返回 (b, s, h)
    ...


def balance_loss(logits, k):
    # logits: (T, E)；返回零维张量
    ...
