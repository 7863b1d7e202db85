import torch


def ppo_loss(logp, old, adv, mask, eps=0.2):
    ratio = (logp - old).clamp(-20, 20).exp()  # (b, s)
    clipped = ratio.clamp(1 - eps, 1 + eps)
    gain = torch.minimum(ratio * adv, clipped * adv)  # 悲观的一边
    total = gain.masked_fill(~mask, 0.0).sum()
    return -total / mask.sum().clamp(min=1)
