import numpy as np
from judge import Case, distribution


def make_cases():
    cases = []

    def exact(name, items, k):
        def run(s):
            return distribution(lambda rng: tuple(sorted(s.reservoir(iter(items), k, rng))))

        cases.append(Case(name, run, {"items": items, "k": k}))

    exact("4 个里抽 2 个：6 个子集等概率", list("甲乙丙丁"), 2)
    exact("5 个里抽 1 个", [0, 1, 2, 3, 4], 1)
    exact("5 个里抽 3 个", [0, 1, 2, 3, 4], 3)
    exact("值有重复", [7, 7, 8, 9], 2)
    exact("不足 k 个：全收", [3, 1], 4)
    exact("正好 k 个", [3, 1, 2], 3)
    exact("k = 0", [3, 1, 2], 0)
    exact("空流", [], 2)

    def first_draw(s):
        """第一次取随机数时，流是否至多读到第 4 个；抽到几个，几个不同，流读了多少。"""
        rng, read, at = np.random.default_rng(0), [0], []

        class Watch:
            def integers(self, *bounds):
                at.append(read[0])
                return rng.integers(*bounds)

        def stream():
            for x in range(50):
                read[0] += 1
                yield x

        pool = s.reservoir(stream(), 3, Watch())
        return [not at or at[0] <= 4, len(pool), len(set(pool) & set(range(50))), read[0]]

    def check(got):
        if not got[0]:
            return "读过第 4 个之后很久才第一次决定去留：要边读边决定，只存 k 个"
        return "" if got[1:] == [3, 3, 50] else "应从 50 个里抽出 3 个不同的，并把流读完"

    cases.append(Case("边读边决定，流没有长度", first_draw, {"n": 50, "k": 3}, check))
    return cases
