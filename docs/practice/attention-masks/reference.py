import torch


def document_ids(tokens, eos):
    ends = (tokens == eos).long()
    return ends.cumsum(-1) - ends  # 自己之前有几个结束符


def build_mask(keep, s_q, causal=True, doc=None, prefix=None):
    b, s_k = keep.shape
    shift = s_k - s_q
    i, j = torch.arange(s_q)[:, None] + shift, torch.arange(s_k)
    allowed = keep[:, None, :].expand(b, s_q, s_k)
    if causal:
        seen = j <= i  # (s_q, s_k)
        if prefix is not None:
            seen = seen | (j < prefix[:, None, None])  # (b, s_q, s_k)
        allowed = allowed & seen
    if doc is not None:
        allowed = allowed & (doc[:, shift:, None] == doc[:, None, :])
    return allowed[:, None]


def to_bias(allowed):
    return torch.zeros(allowed.shape, dtype=torch.float64).masked_fill(~allowed, -torch.inf)
