import numpy as np
import torch
from torch import nn


class LoRALinear(nn.Module):
    def __init__(self, base, r, alpha, rng):
        super().__init__()
        # self.base；self.A: (r, d_in)；self.B: (d_out, r)
        ...

    def forward(self, x):
        # x: (..., d_in)，返回 (..., d_out)
        ...

    def merge(self): ...

    def unmerge(self): ...
