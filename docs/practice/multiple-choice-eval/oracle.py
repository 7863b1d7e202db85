"""独立的见证：NumPy 的 argmax；字节数按码点的大小逐字累加。"""

import math

import numpy as np


def multiple_choice(logprobs, choices, gold):
    rules = {"acc": lambda c: 1, "acc_norm": lambda c: sum(1 for _ in c), "acc_bytes": _utf8}
    out = {}
    for name, length in rules.items():
        picks = [
            int(np.argmax([math.fsum(t) / length(c) for t, c in zip(tokens, texts, strict=True)]))
            for tokens, texts in zip(logprobs, choices, strict=True)
        ]
        out[name] = float(np.mean(np.equal(picks, gold)))
    return out


def _utf8(text):
    return sum(1 + sum(ord(ch) >= bound for bound in (0x80, 0x800, 0x10000)) for ch in text)
