import torch
import torch.nn.functional as F


def clip_loss(image, text, temperature=0.07):
    # image、text: (n, d) → 标量
    ...
