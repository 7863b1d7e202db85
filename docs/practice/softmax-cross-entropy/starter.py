import numpy as np


def cross_entropy(logits, target, ignore_index=-100):
    # logits: (n, V)，target: (n,)；返回 loss（一个数）与 grad (n, V)
    ...
