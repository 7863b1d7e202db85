"""独立的见证：逐个 token，只用 Python 的数与 NumPy。"""

import math
from fractions import Fraction

import numpy as np
import torch


def _softmax(row):
    top = max(row)
    e = [math.exp(z - top) for z in row]
    return [value / math.fsum(e) for value in e]


def _chosen(row, k):
    return sorted(range(len(row)), key=lambda i: -row[i])[:k]


def route(logits, k):
    rows = logits.tolist()
    index = [_chosen(row, k) for row in rows]
    weight = [_softmax([row[i] for i in some]) for row, some in zip(rows, index, strict=True)]
    return torch.tensor(weight, dtype=torch.float64), torch.tensor(index)


def moe(x, w_router, experts, k):
    out = np.zeros(x.shape)
    for index in np.ndindex(*x.shape[:-1]):
        token = x[index]
        logits = [float(token @ column) for column in w_router.T]
        some = _chosen(logits, k)
        for weight, i in zip(_softmax([logits[i] for i in some]), some, strict=True):
            out[index] += weight * experts[i](token[None])[0].numpy()
    return torch.from_numpy(out)


def balance_loss(logits, k):
    rows = logits.tolist()
    experts = len(rows[0])
    share = [Fraction(0)] * experts
    for row in rows:
        for i in _chosen(row, k):
            share[i] += Fraction(experts, k * len(rows))
    probability = np.mean([_softmax(row) for row in rows], axis=0)
    return torch.tensor(
        math.fsum(float(f) * p for f, p in zip(share, probability, strict=True)),
        dtype=torch.float64,
    )
