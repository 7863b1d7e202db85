import torch


def document_ids(tokens, eos):
    # tokens: (b, s) int64
    ...


def build_mask(keep, s_q, causal=True, doc=None, prefix=None):
    # keep: (b, s_k) 布尔，doc: (b, s_k)，prefix: (b,)；返回 (b, 1, s_q, s_k)
    ...


def to_bias(allowed): ...
