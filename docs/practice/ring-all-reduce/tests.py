import numpy as np
from judge import Case


def make_cases():
    rng = np.random.default_rng(0)
    cases = []

    def add(name, n, size):
        bufs = [rng.standard_normal(size) for _ in range(n)]
        cases.append(Case(name, lambda s: s.ring_all_reduce(bufs), {"bufs": bufs}))

    add("4 张卡，正好切成 4 块", 4, 8)
    add("2 张卡", 2, 6)
    add("5 张卡，长度不能整除", 5, 13)
    add("8 张卡，每块只有一个数", 8, 8)
    add("元素比卡还少", 6, 4)
    add("1 张卡：一步也不走", 1, 5)
    add("空数组：步数照走", 3, 0)
    return cases
