"""独立的见证：PyTorch 对 F.rms_norm 自动求导。"""

import torch
import torch.nn.functional as F


def rms_norm_backward(dy, x, gamma, eps=1e-6):
    x, gamma = (torch.tensor(a, requires_grad=True) for a in (x, gamma))
    y = F.rms_norm(x, (x.shape[-1],), gamma, eps)
    return tuple(g.numpy() for g in torch.autograd.grad(y, (x, gamma), torch.tensor(dy)))
