import math

import torch


def clip_grads(grads, max_norm):
    # → (裁剪后的 list 或 None, 裁剪前的范数)
    ...
