import math
from collections import Counter


def grams(tokens, n):
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def corpus_bleu(candidates, references, max_n=4):
    hits, totals = [0] * max_n, [0] * max_n
    c = r = 0
    for cand, refs in zip(candidates, references, strict=True):
        c += len(cand)
        r += min((abs(len(ref) - len(cand)), len(ref)) for ref in refs)[1]
        for n in range(1, max_n + 1):
            mine, best = grams(cand, n), Counter()
            for ref in refs:
                best = best | grams(ref, n)
            hits[n - 1] += (mine & best).total()
            totals[n - 1] += mine.total()
    if min(hits) == 0:
        return 0.0
    mean = sum(math.log(h / t) for h, t in zip(hits, totals, strict=True)) / max_n
    return math.exp(min(0.0, 1 - r / c) + mean)
