import numpy as np


def auc(scores, labels):
    # scores: (n,) float64，labels: (n,) 0 或 1；返回 float
    ...
