import math

import torch


def clip_grads(grads, max_norm):
    squares = sum(float((g * g).sum()) for g in grads if g is not None)
    norm = math.sqrt(squares)
    if not math.isfinite(norm):
        return None, norm
    scale = min(1.0, max_norm / (norm + 1e-6))
    return [None if g is None else g * scale for g in grads], norm
