import math

import torch


def perplexity(batches):
    total, count = 0.0, 0
    for logits, ids, mask in batches:
        logp = torch.log_softmax(logits[:, :-1], dim=-1)  # (b, s-1, V)
        token = logp.gather(-1, ids[:, 1:].unsqueeze(-1)).squeeze(-1)  # (b, s-1)
        keep = mask[:, 1:]
        total += token.masked_fill(~keep, 0.0).sum().item()
        count += keep.sum().item()
    if count == 0:
        raise ValueError("没有可计的 token")
    return math.exp(-total / count)
