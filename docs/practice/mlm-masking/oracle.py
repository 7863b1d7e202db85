"""独立的见证：逐个位置抽签。"""

import numpy as np


def mlm_mask(ids, special, mask_id, vocab_size, rng, rate=0.15):
    inputs, labels = ids.tolist(), [[-100] * len(row) for row in ids]
    for row, marks in zip(inputs, labels, strict=True):
        for i, token in enumerate(row):
            if token in special or rng.random() >= rate:
                continue
            marks[i] = token
            way = rng.choice(10)
            if way < 8:
                row[i] = mask_id
            elif way == 8:
                row[i] = int(rng.integers(0, vocab_size))
    shape = ids.shape
    return np.array(inputs, dtype=np.int64).reshape(shape), np.array(labels).reshape(shape)
