"""独立的见证：不用正则，逐字过滤、逐词去冠词；投票按首次出现的次序数。"""

import string
import unicodedata
from statistics import fmean


def normalize(text):
    kept = [ch for ch in unicodedata.normalize("NFKC", text) if ch not in string.punctuation]
    words = "".join(kept).lower().split()
    return " ".join(word for word in words if word not in ("a", "an", "the"))


def majority(answers):
    ballots = [word for word in (normalize(a) for a in answers) if word != ""]
    best = ""
    for one in ballots:
        if best == "" or ballots.count(one) > ballots.count(best):
            best = one
    return best


def evaluate(samples, references):
    right = [
        [any(normalize(a) == normalize(g) for g in golds) for a in answers]
        for answers, golds in zip(samples, references, strict=True)
    ]
    voted = [
        any(majority(answers) == normalize(g) for g in golds)
        for answers, golds in zip(samples, references, strict=True)
    ]
    return {"em": fmean(map(fmean, right)), "maj": fmean(voted)}
