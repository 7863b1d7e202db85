"""独立的见证：scikit-learn。"""

from sklearn.metrics import roc_auc_score


def auc(scores, labels):
    if len(set(labels.tolist())) < 2:
        return float("nan")
    return float(roc_auc_score(labels, scores))
