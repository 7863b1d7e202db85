import zlib

import numpy as np

P = 2**31 - 1


def shingles(text, n=5):
    # → set
    ...


def signature(items, a, b):
    # a、b: (k,) → (k,)
    ...


def estimate(one, other):
    # → float
    ...
