"""与独立的库对照时共用的小工具。"""

from __future__ import annotations

from typing import Any

import torch


def randn(*shape: int, seed: int = 0) -> torch.Tensor:
    """双精度的标准正态；种子与形状决定值。"""
    generator = torch.Generator().manual_seed(seed + sum(shape))
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def same(mine: Any, theirs: Any, atol: float = 1e-8) -> bool:
    """形状相同，值在误差之内；数组、张量、数都行。"""
    a, b = (torch.as_tensor(x).detach().double() for x in (mine, theirs))
    return bool(a.shape == b.shape and torch.allclose(a, b, rtol=1e-7, atol=atol))


def differentiates(loss: Any, *inputs: torch.Tensor) -> bool:
    """autograd 的梯度与有限差分一致；不一致时 gradcheck 报出两边的值。"""
    return bool(torch.autograd.gradcheck(loss, [x.clone().requires_grad_() for x in inputs]))
