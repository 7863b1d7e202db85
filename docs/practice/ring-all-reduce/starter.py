import numpy as np


def ring_all_reduce(bufs):
    # bufs: N 个 (S,)；返回 (outs, log)，log[k][r] 是第 k 步第 r 张卡发的块号
    ...
