import numpy as np
from judge import Case


def make_cases():
    rng = np.random.default_rng(0)
    cases = []

    def add(name, scores, labels):
        scores, labels = np.array(scores, dtype=np.float64), np.array(labels, dtype=np.int64)
        inputs = {"scores": scores, "labels": labels}
        cases.append(Case(name, lambda s: s.auc(scores, labels), inputs))

    add("没有并列", [0.1, 0.9, 0.4, 0.8, 0.3, 0.6, 0.2], [0, 1, 0, 1, 1, 0, 0])
    add("正负之间有并列", [0.5, 0.5, 0.2, 0.8, 0.5, 0.2], [1, 0, 0, 1, 0, 1])
    add("全部同分：0.5", [3, 3, 3, 3, 3], [1, 1, 0, 0, 0])
    add("全对", [0.1, 0.2, 0.7, 0.9], [0, 0, 1, 1])
    add("负的与很大的分数", [-1e300, 5.0, -3.0, 1e300, 0.0, -3.0], [1, 0, 1, 1, 0, 0])
    add("500 个，只有十个分数", rng.integers(0, 10, 500) / 10, rng.random(500) < 0.1)
    add("只有正样本", [0.3, 0.6], [1, 1])
    add("只有负样本", [0.3, 0.6], [0, 0])
    add("没有样本", [], [])
    return cases
