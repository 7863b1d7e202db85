"""独立的见证：词不动，只记切口的位置；合并就是去掉一个切口。"""


def train_bpe(words, num_merges):
    cuts = {word: list(range(len(word) + 1)) for word in words}
    merges = []
    while len(merges) < num_merges:
        found = [pair for word in words for pair in _pairs(word, cuts[word]) * words[word]]
        if not found:
            break
        most = max(map(found.count, set(found)))
        best = sorted(pair for pair in set(found) if found.count(pair) == most)[0]
        for word in words:
            start = 0
            while start + 2 < len(cuts[word]):
                if _pairs(word, cuts[word][start : start + 3]) == [best]:
                    del cuts[word][start + 1]
                start += 1
        merges.append(best)
    return merges


def _pairs(word, cuts):
    edges = zip(cuts, cuts[1:], cuts[2:], strict=False)
    return [(word[i:j], word[j:k]) for i, j, k in edges]
