import math
from collections import Counter


def bm25(query, docs, k1=1.2, b=0.75):
    n = len(docs)
    df = Counter(t for doc in docs for t in set(doc))  # 含 t 的文档数
    mean = sum(len(doc) for doc in docs) / max(n, 1)
    scores = []
    for doc in docs:
        tf, score = Counter(doc), 0.0
        for t in query:
            if tf[t] == 0:
                continue
            idf = math.log(1 + (n - df[t] + 0.5) / (df[t] + 0.5))
            norm = k1 * (1 - b + b * len(doc) / mean)  # 长文档更大
            score += idf * tf[t] * (k1 + 1) / (tf[t] + norm)
        scores.append(score)
    return scores
