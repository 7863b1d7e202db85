import math
from collections import Counter


def corpus_bleu(candidates, references, max_n=4):
    # candidates: [[词, …], …]，references: [[[词, …], …], …] → 浮点数
    ...
