import torch
import torch.nn.functional as F


def sequence_logprob(logits, ids, mask):
    logp = torch.log_softmax(logits[:, :-1], dim=-1)  # (b, s-1, V)
    token = logp.gather(-1, ids[:, 1:].unsqueeze(-1)).squeeze(-1)  # (b, s-1)
    keep = mask[:, 1:]
    return token.masked_fill(~keep, 0.0).sum(dim=-1)


def dpo_loss(policy_chosen, policy_rejected, ref_chosen, ref_rejected, beta=0.1):
    chosen = policy_chosen - ref_chosen
    rejected = policy_rejected - ref_rejected
    return -F.logsigmoid(beta * (chosen - rejected)).mean()
