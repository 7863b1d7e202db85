import math


def cosine_lr(step, total, warmup, peak, low=0.0):
    # → float
    ...


def wsd_lr(step, total, warmup, decay, peak, low=0.0):
    # → float
    ...
