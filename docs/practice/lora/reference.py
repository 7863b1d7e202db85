import torch
from torch import nn


class LoRALinear(nn.Module):
    def __init__(self, base, r, alpha, rng):
        super().__init__()
        self.base, self.scale, self.merged = base, alpha / r, False
        d_out, d_in = base.weight.shape
        self.A = nn.Parameter(torch.from_numpy(0.02 * rng.standard_normal((r, d_in))))
        self.B = nn.Parameter(torch.zeros(d_out, r, dtype=torch.float64))

    def forward(self, x):
        y = self.base(x)
        if not self.merged:
            y = y + x @ self.A.T @ self.B.T * self.scale  # 先降到 r 维
        return y

    @torch.no_grad()
    def merge(self):
        if not self.merged:
            self.base.weight.add_(self.scale * (self.B @ self.A))
        self.merged = True

    @torch.no_grad()
    def unmerge(self):
        if self.merged:
            self.base.weight.add_(-self.scale * (self.B @ self.A))
        self.merged = False
