"""独立的见证：PyTorch 的 cross_entropy 与自动求导；全被忽略时按题目的约定。"""

import numpy as np
import torch
import torch.nn.functional as F


def cross_entropy(logits, target, ignore_index=-100):
    if (target == ignore_index).all():
        return 0.0, np.zeros_like(logits)
    z = torch.tensor(logits, requires_grad=True)
    loss = F.cross_entropy(z, torch.tensor(target), ignore_index=ignore_index)
    loss.backward()
    return loss.item(), z.grad.numpy()
