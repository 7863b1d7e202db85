"""独立的见证：求和的交叉熵，与标签恒为 1 的二元交叉熵。"""

import torch
import torch.nn.functional as F


def sequence_logprob(logits, ids, mask):
    labels = torch.where(mask, ids, torch.full_like(ids, -100))
    rows = [
        -F.cross_entropy(row[:-1], label[1:], ignore_index=-100, reduction="sum")
        for row, label in zip(logits, labels, strict=True)
    ]
    return torch.stack(rows)


def dpo_loss(policy_chosen, policy_rejected, ref_chosen, ref_rejected, beta=0.1):
    policy, reference = policy_chosen - policy_rejected, ref_chosen - ref_rejected
    return F.binary_cross_entropy_with_logits(
        beta * policy - beta * reference, torch.ones_like(policy)
    )
