import torch


def rope(x, positions, base=10000.0):
    # x: (b, a, s, d)，positions: (s,) 或 (b, s)；第 i 维与第 i + d/2 维一对
    ...
