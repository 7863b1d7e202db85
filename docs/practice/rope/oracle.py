"""独立的见证：每一对看成一个复数，逐个乘 e^{i p θ}。"""

import cmath

import numpy as np
import torch


def rope(x, positions, base=10000.0):
    b, _, s, d = x.shape
    if d % 2:
        raise ValueError
    half, out = d // 2, np.empty(x.shape)
    places = np.broadcast_to(positions.numpy(), (b, s))
    for n, head, t, i in np.ndindex(*x.shape[:3], half):
        turn = cmath.exp(1j * int(places[n, t]) / base ** (2 * i / d))
        z = complex(x[n, head, t, i], x[n, head, t, i + half]) * turn
        out[n, head, t, i], out[n, head, t, i + half] = z.real, z.imag
    return torch.from_numpy(out)
