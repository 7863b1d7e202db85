import math

import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, h, a):
        super().__init__()
        ...

    def forward(self, x, context=None, mask=None):
        # x: (b, s_q, h)，context: (b, s_k, h)
        ...
