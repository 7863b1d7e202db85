import numpy as np


def ring_all_reduce(bufs):
    n, size = len(bufs), len(bufs[0])
    ranks = [np.pad(x, (0, -size % n)).reshape(n, -1) for x in bufs]  # ranks[r][c]：r 卡的第 c 块
    log = []
    for k in range(n - 1):  # reduce-scatter
        sent = [(r - k) % n for r in range(n)]
        for r, block in enumerate([ranks[r][sent[r]].copy() for r in range(n)]):
            ranks[(r + 1) % n][sent[r]] += block  # 右邻收到，加上去
        log.append(sent)
    for k in range(n - 1):  # all-gather
        sent = [(r + 1 - k) % n for r in range(n)]
        for r, block in enumerate([ranks[r][sent[r]].copy() for r in range(n)]):
            ranks[(r + 1) % n][sent[r]] = block  # 右邻收到，盖掉
        log.append(sent)
    return [x.reshape(-1)[:size] for x in ranks], log
