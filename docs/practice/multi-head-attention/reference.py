import math

import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, h, a):
        super().__init__()
        if h % a:
            raise ValueError(f"h={h} 不能被 a={a} 整除")
        self.a, self.d = a, h // a
        self.q_proj = nn.Linear(h, h)
        self.k_proj = nn.Linear(h, h)
        self.v_proj = nn.Linear(h, h)
        self.out_proj = nn.Linear(h, h)

    def split(self, t):  # (b, s, h) → (b, a, s, d)
        return t.view(t.shape[0], t.shape[1], self.a, self.d).transpose(1, 2)

    def forward(self, x, context=None, mask=None):
        context = x if context is None else context
        q = self.split(self.q_proj(x))
        k = self.split(self.k_proj(context))
        v = self.split(self.v_proj(context))
        scores = q @ k.transpose(-2, -1) / math.sqrt(self.d)  # (b, a, s_q, s_k)
        if mask is not None:
            scores = scores.masked_fill(~mask, -torch.inf)
        out = torch.softmax(scores, dim=-1) @ v  # (b, a, s_q, d)
        out = out.transpose(1, 2).reshape(x.shape[0], x.shape[1], self.a * self.d)
        return self.out_proj(out)
