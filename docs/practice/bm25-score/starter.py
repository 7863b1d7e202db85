import math
from collections import Counter


def bm25(query, docs, k1=1.2, b=0.75):
    # query: 词的列表，docs: n 个词的列表；返回 n 个 float
    ...
