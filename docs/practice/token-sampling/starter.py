import torch
import torch.nn.functional as F


def filtered(logits, temperature=1.0, top_k=0, top_p=1.0):
    # logits: (b, V) → 概率 (b, V)
    ...


def sample(probs, u):
    # probs: (b, V)，u: (b,) → (b,)
    ...
