import torch
import torch.nn.functional as F
from torch import nn


class SwiGLU(nn.Module):
    def __init__(self, h, f=None, multiple=256):
        super().__init__()
        if f is None:
            f = 8 * h // 3  # 3hf = 2 · 4h · h
            f = -(-f // multiple) * multiple  # 向上取整到倍数
        self.gate = nn.Linear(h, f, bias=False)
        self.up = nn.Linear(h, f, bias=False)
        self.down = nn.Linear(f, h, bias=False)

    def forward(self, x):
        return self.down(F.silu(self.gate(x)) * self.up(x))
