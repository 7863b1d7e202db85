import torch


def rope(x, positions, base=10000.0):
    d = x.shape[-1]
    if d % 2 != 0:
        raise ValueError(f"d={d} 是奇数，不能两两配对")
    theta = base ** (-torch.arange(0, d, 2).double() / d)  # (d/2,)
    p = positions.double().unsqueeze(-2).unsqueeze(-1)  # (1, s, 1) 或 (b, 1, s, 1)
    angle = p * theta
    cos, sin = angle.cos(), angle.sin()
    x1, x2 = x.chunk(2, dim=-1)
    return torch.cat([x1 * cos - x2 * sin, x1 * sin + x2 * cos], dim=-1)
