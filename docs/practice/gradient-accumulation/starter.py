import torch
import torch.nn.functional as F


def accumulate(W, micro_batches):
    # W: (h, V)；每个微批是 (x, y)，x: (n, h)，y: (n,) → (loss, grad)
    ...
