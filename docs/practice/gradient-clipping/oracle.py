"""独立的见证：torch.nn.utils.clip_grad_norm_。"""

import math

import torch


def clip_grads(grads, max_norm):
    parameters = []
    for g in grads:
        shape = (1,) if g is None else g.shape
        parameter = torch.nn.Parameter(torch.zeros(shape, dtype=torch.float64))
        parameter.grad = None if g is None else g.clone()
        parameters.append(parameter)
    norm = float(torch.nn.utils.clip_grad_norm_(parameters, max_norm))
    if not math.isfinite(norm):
        return None, norm
    return [p.grad for p in parameters], norm
