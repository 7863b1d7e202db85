"""独立的见证：逐对算余弦，两个方向各用交叉熵。"""

import torch
import torch.nn.functional as F


def clip_loss(image, text, temperature=0.07):
    cosine = F.cosine_similarity(image[:, None, :], text[None, :, :], dim=-1)
    target = torch.arange(image.shape[0])
    rows = F.cross_entropy(cosine / temperature, target)
    columns = F.cross_entropy(cosine.transpose(0, 1) / temperature, target)
    return torch.stack([rows, columns]).mean()
