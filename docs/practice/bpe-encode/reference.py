from itertools import pairwise


def vocabulary(merges):
    return [bytes([b]) for b in range(256)] + [left + right for left, right in merges]


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


def encode(text, merges):
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    ids = {token: i for i, token in enumerate(vocabulary(merges))}
    symbols = [bytes([b]) for b in text.encode()]
    while len(symbols) > 1:
        best = min(pairwise(symbols), key=lambda pair: ranks.get(pair, len(ranks)))
        if best not in ranks:
            break
        symbols = merge(symbols, best)
    return [ids[token] for token in symbols]


def decode(ids, merges):
    vocab = vocabulary(merges)
    return b"".join(vocab[i] for i in ids).decode(errors="replace")
