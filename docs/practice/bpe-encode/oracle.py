"""独立的见证：tiktoken 载入同一张表。"""

import tiktoken


def _encoding(merges):
    ranks = {bytes([b]): b for b in range(256)}
    ranks |= {left + right: 256 + rank for rank, (left, right) in enumerate(merges)}
    return tiktoken.Encoding("oracle", pat_str=r"[\s\S]+", mergeable_ranks=ranks, special_tokens={})


def encode(text, merges):
    return _encoding(merges).encode(text, disallowed_special=())


def decode(ids, merges):
    return _encoding(merges).decode(ids, errors="replace")
