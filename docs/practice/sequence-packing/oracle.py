"""独立的见证：先算每个文档放在哪一行、从哪一列起，再往数组里填；掩码逐格写。"""

import numpy as np
import torch


def pack(docs, length, pad=0):
    pieces = []
    for doc in docs:
        pieces += [list(p) for p in np.split(np.array(doc, int), range(length, len(doc), length))]
    pieces = [p for p in pieces if p]
    used, places = [], []
    for piece in pieces:
        row = 0
        while row < len(used) and used[row] + len(piece) > length:
            row += 1
        if row == len(used):
            used.append(0)
        places.append((row, used[row]))
        used[row] += len(piece)
    out = np.array([pad, -100, 0, -1])[:, None, None] * np.ones((4, len(used), length), int)
    for number, (piece, (row, start)) in enumerate(zip(pieces, places, strict=True)):
        where = slice(start, start + len(piece))
        out[0, row, where] = out[1, row, where] = piece
        out[1, row, start] = -100
        out[2, row, where] = range(len(piece))
        out[3, row, where] = number
    return tuple(torch.from_numpy(a.copy()) for a in out)


def document_mask(doc_ids):
    n, s = doc_ids.shape
    mask = np.zeros((n, s, s), bool)
    for r, i, j in np.ndindex(n, s, s):
        mask[r, i, j] = j <= i and int(doc_ids[r, i]) == int(doc_ids[r, j])
    return torch.from_numpy(mask)
