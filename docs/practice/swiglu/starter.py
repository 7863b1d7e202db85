import torch
import torch.nn.functional as F
from torch import nn


class SwiGLU(nn.Module):
    def __init__(self, h, f=None, multiple=256):
        super().__init__()
        # self.gate、self.up、self.down
        ...

    def forward(self, x):
        # x: (..., h)，返回 (..., h)
        ...
