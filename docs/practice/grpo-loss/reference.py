import torch


def group_advantages(rewards, eps=1e-4):
    center = rewards - rewards.mean(dim=1, keepdim=True)
    return center / (rewards.std(dim=1, keepdim=True) + eps)


def grpo_loss(logp, old, ref, adv, mask, clip=0.2, beta=0.04):
    ratio = (logp - old).exp()  # (n, g, s)
    a = adv.unsqueeze(-1)  # 一个回答一个优势
    gain = torch.minimum(ratio * a, ratio.clamp(1 - clip, 1 + clip) * a)
    d = ref - logp
    kl = d.exp() - 1 - d  # k3
    token = (gain - beta * kl).masked_fill(~mask, 0.0)
    answer = token.sum(dim=-1) / mask.sum(dim=-1).clamp(min=1)  # (n, g)
    return -answer.mean()
