from collections import Counter
from itertools import pairwise


def merge(symbols, pair):
    out, i = [], 0
    while i < len(symbols):
        if tuple(symbols[i : i + 2]) == pair:
            out.append(pair[0] + pair[1])
            i += 2
        else:
            out.append(symbols[i])
            i += 1
    return out


def train_bpe(words, num_merges):
    rows = [(list(word), freq) for word, freq in words.items()]
    merges = []
    for _ in range(num_merges):
        pairs = Counter()
        for symbols, freq in rows:
            for pair in pairwise(symbols):
                pairs[pair] += freq
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        rows = [(merge(symbols, best), freq) for symbols, freq in rows]
    return merges
