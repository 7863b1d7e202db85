import torch


def pack(docs, length, pad=0):
    # → ids、labels、position_ids、doc_ids，各 (n, length)
    ...


def document_mask(doc_ids):
    # (n, s) → (n, s, s)
    ...
