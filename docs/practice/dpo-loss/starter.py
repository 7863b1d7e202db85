import torch
import torch.nn.functional as F


def sequence_logprob(logits, ids, mask):
    # logits: (b, s, V)，ids、mask: (b, s) → (b,)
    ...


def dpo_loss(policy_chosen, policy_rejected, ref_chosen, ref_rejected, beta=0.1):
    # 四个都是 (b,) → 标量
    ...
