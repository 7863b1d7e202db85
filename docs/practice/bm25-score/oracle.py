"""独立的见证：文档 × 词的计数矩阵，整块地算。"""

import numpy as np


def bm25(query, docs, k1=1.2, b=0.75):
    words = sorted({t for doc in docs for t in doc})
    if not words:
        return [0.0] * len(docs)
    f = np.array([[doc.count(t) for t in words] for doc in docs], dtype=np.float64)
    length = f.sum(axis=1, keepdims=True)
    present = (f > 0).sum(axis=0)
    idf = np.log((len(docs) + 1) / (present + 0.5))  # 1 + (n − n_t + 0.5) / (n_t + 0.5) 通分
    k = k1 * ((1 - b) + b * length / length.mean())
    weight = np.divide(f * (k1 + 1), f + k, out=np.zeros_like(f), where=f > 0)
    wanted = np.array([query.count(t) for t in words], dtype=np.float64)
    return (weight * idf @ wanted).tolist()
