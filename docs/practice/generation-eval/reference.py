import re
import string
import unicodedata
from collections import Counter


def normalize(text):
    text = unicodedata.normalize("NFKC", text).lower()
    text = re.sub(f"[{re.escape(string.punctuation)}]", "", text)
    text = re.sub(r"\b(a|an|the)\b", " ", text)
    return " ".join(text.split())


def majority(answers):
    votes = Counter(a for a in map(normalize, answers) if a)
    return max(votes, key=votes.get, default="")  # 同票：最先出现的


def evaluate(samples, references):
    em = maj = 0.0
    for answers, accepted in zip(samples, references, strict=True):
        golds = {normalize(g) for g in accepted}
        em += sum(normalize(a) in golds for a in answers) / len(answers)
        maj += majority(answers) in golds
    return {"em": em / len(samples), "maj": maj / len(samples)}
