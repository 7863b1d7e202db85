"""独立的见证：留着原权重的副本，前向总用稠密的 W₀ + (α/r)BA，逐个元素求和得到。"""

import numpy as np
import torch
from torch import nn


class LoRALinear(nn.Module):
    def __init__(self, base, r, alpha, rng):
        super().__init__()
        self.base, self.r, self.alpha = base, r, alpha
        self.original = base.weight.detach().clone()
        self.A = nn.Parameter(torch.tensor(rng.uniform(0.01, 0.02, (r, base.in_features))))
        self.B = nn.Parameter(torch.tensor(np.zeros((base.out_features, r))))

    def dense(self):
        weight = self.original.numpy().copy()
        a, b = self.A.detach().numpy(), self.B.detach().numpy()
        for i, j in np.ndindex(weight.shape):
            weight[i, j] += self.alpha * sum(b[i, k] * a[k, j] for k in range(self.r)) / self.r
        return torch.from_numpy(weight)

    def forward(self, x):
        bias = 0.0 if self.base.bias is None else self.base.bias
        return torch.einsum("oi,...i->...o", self.dense(), x) + bias

    def merge(self):
        self.base.weight = nn.Parameter(self.dense())

    def unmerge(self):
        self.base.weight = nn.Parameter(self.original.clone())
