import math

import torch


def perplexity(batches):
    # batches: [(logits (b, s, V), ids (b, s), mask (b, s)), …] → 浮点数
    ...
