"""独立的见证：束够宽时枚举全部序列；否则在 (B, V) 的分数表上展平取最大，再拆下标。"""

import itertools

import numpy as np


def beam_search(log_probs, beam, max_len, eos, alpha=0.0):
    def score(tokens):
        total = sum(log_probs(tokens[:i])[tokens[i]] for i in range(len(tokens)))
        return float(total / np.exp(alpha * np.log((5 + len(tokens)) / 6)))

    vocab = len(log_probs(()))
    if beam >= vocab**max_len:
        candidates = _all_sequences(vocab, max_len, eos)
    else:
        candidates = _search(log_probs, vocab, beam, max_len, eos)
    best = max(candidates, key=score)
    return list(best), score(best)


def _all_sequences(vocab, max_len, eos):
    for n in range(1, max_len + 1):
        for tokens in itertools.product(range(vocab), repeat=n):
            if eos not in tokens[:-1] and (tokens[-1] == eos or n == max_len):
                yield tokens


def _search(log_probs, vocab, beam, max_len, eos):
    prefixes, totals, found = [()], np.zeros(1), []
    for _ in range(max_len):
        if not prefixes:
            break
        table = totals[:, None] + np.stack([log_probs(p) for p in prefixes])
        order = np.argsort(table.ravel())[::-1]
        found += [(*prefixes[i // vocab], eos) for i in order[:beam].tolist() if i % vocab == eos]
        table[:, eos] = -np.inf
        order = np.argsort(table.ravel())[::-1][: min(beam, len(prefixes) * (vocab - 1))]
        totals = table.ravel()[order]
        prefixes = [(*prefixes[i // vocab], i % vocab) for i in order.tolist()]
    return found + prefixes
