"""独立的见证：和直接求；块号按「这一步收的就是下一步发的」递推。"""

import numpy as np


def ring_all_reduce(bufs):
    n = len(bufs)
    total = np.stack(bufs).sum(axis=0)
    log = [list(range(n))]
    while len(log) < 2 * (n - 1):
        log.append([log[-1][r - 1] for r in range(n)])
    return [total.copy() for _ in range(n)], log[: 2 * (n - 1)]
