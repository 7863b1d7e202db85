import numpy as np
from judge import Case

EMPTY = (0, 0.0, 0.0)


def gather(s, xs):
    """从空的开始，一个一个加进去。"""
    state = EMPTY
    for x in xs:
        state = s.update(state, x)
    return state


def make_cases():
    rng = np.random.default_rng(0)
    cases = []

    def add(name, xs, **tolerance):
        def run(s):
            state = gather(s, xs)
            return [state, s.variance(state), s.variance(state, ddof=1)]

        cases.append(Case(name, run, {"xs": xs}, **tolerance))

    def pieces(name, *parts, **tolerance):
        def run(s):
            total = gather(s, parts[0])
            for part in parts[1:]:
                total = s.merge(total, gather(s, part))
            return [total, s.variance(total)]

        cases.append(Case(name, run, {"parts": list(parts)}, **tolerance))

    add("20 个数", (2 + 3 * rng.standard_normal(20)).tolist())
    add("一个数：方差 0，ddof = 1 时 NaN", [5.0])
    add("空的：NaN", [])
    add("全相等：方差 0", [0.1] * 6)
    big = (1e8 + rng.standard_normal(200)).tolist()
    add("均值 1e8、标准差 1：不能抵消", big, rtol=1e-5)
    pieces("合并：个数与均值都不同", [1.0, 4.0, 2.5], [10.0, 12.0, 9.0, 7.5, 11.0])
    pieces("合并：均值 1e8", big[:30], big[30:], rtol=1e-5)
    pieces("合并：三段，其中有空的", [], [3.0, -1.0], [], [8.0])
    pieces("合并：两段都空", [], [])
    return cases
