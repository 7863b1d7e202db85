import math

import torch
from torch import nn


class CachedAttention(nn.Module):
    def __init__(self, h, a, max_len):
        super().__init__()
        self.a, self.d, self.max_len = a, h // a, max_len
        self.qkv, self.out = nn.Linear(h, 3 * h), nn.Linear(h, h)
        self.pos = nn.Embedding(max_len, h)

    def start(self, b): ...

    @torch.no_grad()
    def forward(self, x):
        # x: (b, n, h)，接下来的 n 个 token
        ...
