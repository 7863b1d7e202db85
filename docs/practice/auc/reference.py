import numpy as np


def auc(scores, labels):
    positive = labels == 1
    p, n = int(positive.sum()), int((~positive).sum())
    if p == 0 or n == 0:
        return float("nan")
    _, group, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)  # 每组最末一个的名次
    ranks = (last - (counts - 1) / 2)[group]  # 同分取平均秩
    u = ranks[positive].sum() - p * (p + 1) / 2
    return float(u / (p * n))
