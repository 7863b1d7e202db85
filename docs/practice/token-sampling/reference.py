import torch
import torch.nn.functional as F


def filtered(logits, temperature=1.0, top_k=0, top_p=1.0):
    if temperature == 0:
        return F.one_hot(logits.argmax(dim=-1), logits.shape[-1]).to(logits.dtype)
    probs = torch.softmax(logits / temperature, dim=-1)
    values, order = probs.sort(dim=-1, descending=True)
    if top_k > 0:
        values[:, top_k:] = 0.0
        values = values / values.sum(dim=-1, keepdim=True)
    if top_p < 1:
        before = values.cumsum(dim=-1) - values  # 在它之前的累计
        values = values.masked_fill(before >= top_p, 0.0)
    kept = values / values.sum(dim=-1, keepdim=True)
    return torch.zeros_like(probs).scatter(-1, order, kept)  # 放回词表的次序


def sample(probs, u):
    cdf = probs.cumsum(dim=-1)
    return (cdf <= u[:, None] * cdf[:, -1:]).sum(dim=-1)
