import math


def cosine_lr(step, total, warmup, peak, low=0.0):
    if step < warmup:
        return ramp(step, warmup, peak)
    x = min(1.0, (step - warmup) / (total - warmup))
    return low + 0.5 * (peak - low) * (1 + math.cos(math.pi * x))


def wsd_lr(step, total, warmup, decay, peak, low=0.0):
    if step < warmup:
        return ramp(step, warmup, peak)
    begin = total - decay
    if step < begin:
        return peak
    y = min(1.0, (step - begin) / decay)
    return peak + (low - peak) * y


def ramp(step, warmup, peak):
    return peak * (step + 1) / warmup
