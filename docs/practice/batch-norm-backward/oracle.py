"""独立的见证：PyTorch 对 F.batch_norm 自动求导。"""

import torch
import torch.nn.functional as F


def batch_norm_backward(dy, x, gamma, running_mean, running_var, training, eps=1e-5):
    x, gamma = (torch.tensor(a, requires_grad=True) for a in (x, gamma))
    beta = torch.zeros_like(gamma, requires_grad=True)
    mean, var = torch.tensor(running_mean), torch.tensor(running_var)
    y = F.batch_norm(x, mean, var, gamma, beta, training, eps=eps)
    return tuple(g.numpy() for g in torch.autograd.grad(y, (x, gamma, beta), torch.tensor(dy)))
