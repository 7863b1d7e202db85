import numpy as np
from judge import Case, distribution


def make_cases():
    cases = []

    def exact(name, items):
        def run(s):
            return distribution(lambda rng: tuple(s.shuffle(list(items), rng)))

        cases.append(Case(name, run, {"items": items}))

    exact("3 个：6 种排列等概率", ["甲", "乙", "丙"])
    exact("4 个：24 种排列等概率", [0, 1, 2, 3])
    exact("有重复的元素", [5, 5, 6])
    exact("2 个", [0, 1])
    exact("1 个", [9])
    exact("空列表", [])

    items = list(range(60))

    def once(s):
        rng, used = np.random.default_rng(0), [0]

        class Watch:
            def integers(self, *bounds):
                used[0] += 1
                return rng.integers(*bounds)

        out = s.shuffle(items, Watch())
        return [sorted(out) == list(range(60)), used[0] <= 60, out is items]

    def check(got):
        if got[2]:
            return "返回的是输入那个列表：要返回新的"
        if not got[0]:
            return "不是原来那 60 个元素的排列"
        return "" if got[1] else "随机数取了不止 n 个"

    cases.append(Case("60 个：是排列，随机数不超过 n 个", once, {"items": items}, check))
    return cases
