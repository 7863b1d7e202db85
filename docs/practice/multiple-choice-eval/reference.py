def multiple_choice(logprobs, choices, gold):
    hits = {"acc": 0, "acc_norm": 0, "acc_bytes": 0}
    for tokens, texts, answer in zip(logprobs, choices, gold, strict=True):
        total = [sum(t) for t in tokens]
        chars = [len(c) for c in texts]
        sizes = [len(c.encode("utf-8")) for c in texts]
        scores = {
            "acc": total,
            "acc_norm": [s / n for s, n in zip(total, chars, strict=True)],
            "acc_bytes": [s / n for s, n in zip(total, sizes, strict=True)],
        }
        for name, row in scores.items():
            pick = row.index(max(row))  # 同分取下标小的
            hits[name] += pick == answer
    return {name: hit / len(gold) for name, hit in hits.items()}
