"""独立的见证：PyTorch 对 F.layer_norm 自动求导。"""

import torch
import torch.nn.functional as F


def layer_norm_backward(dy, x, gamma, eps=1e-5):
    x, gamma = (torch.tensor(a, requires_grad=True) for a in (x, gamma))
    beta = torch.zeros_like(gamma, requires_grad=True)
    y = F.layer_norm(x, (x.shape[-1],), gamma, beta, eps)
    return tuple(g.numpy() for g in torch.autograd.grad(y, (x, gamma, beta), torch.tensor(dy)))
