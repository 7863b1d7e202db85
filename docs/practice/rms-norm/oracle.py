"""独立的见证：逐行用 Python 的浮点数照定义算。"""

import math

import numpy as np
import torch


def rms_norm(x, gamma, eps=1e-6):
    x, gamma = x.numpy(), gamma.numpy()
    out = np.zeros_like(x)
    for index in np.ndindex(x.shape[:-1]):
        row = [float(value) for value in x[index]]
        rms = math.sqrt(math.fsum(value * value for value in row) / len(row) + eps)
        for i, value in enumerate(row):
            out[(*index, i)] = gamma[i] * x.dtype.type(value / rms)
    return torch.from_numpy(out)
