from collections import Counter


def train_bpe(words, num_merges):
    # words: {词: 词频} → [(左, 右), …]
    ...
