import numpy as np


def cross_entropy(logits, target, ignore_index=-100):
    keep = target != ignore_index
    count = max(keep.sum(), 1)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    logp = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    rows, columns = np.flatnonzero(keep), target[keep]
    loss = -logp[rows, columns].sum() / count
    grad = np.exp(logp)
    grad[rows, columns] -= 1  # p − onehot
    return loss, grad * keep[:, None] / count
