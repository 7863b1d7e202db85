"""独立的见证：逐个 (样本, query, key) 判断，不用广播。"""

import math

import torch


def document_ids(tokens, eos):
    rows = []
    for row in tokens.tolist():
        ids, current = [], 0
        for token in row:
            ids.append(current)
            if token == eos:
                current += 1
        rows.append(ids)
    return torch.tensor(rows, dtype=torch.int64).reshape(tokens.shape)


def build_mask(keep, s_q, causal=True, doc=None, prefix=None):
    b, s_k = keep.shape
    out = torch.zeros(b, 1, s_q, s_k, dtype=torch.bool)
    for n in range(b):
        for row in range(s_q):
            me = s_k - s_q + row
            for key in range(s_k):
                real = bool(keep[n, key])
                in_prefix = prefix is not None and key < int(prefix[n])
                future = causal and key > me and not in_prefix
                foreign = doc is not None and int(doc[n, me]) != int(doc[n, key])
                out[n, 0, row, key] = real and not future and not foreign
    return out


def to_bias(allowed):
    flat = [0.0 if ok else -math.inf for ok in allowed.flatten().tolist()]
    return torch.tensor(flat, dtype=torch.float64).reshape(allowed.shape)
