import math

import numpy as np
from judge import Case


class Script:
    """代替 rng：按给定的路径依次给出整数，好把全部可能走一遍。"""

    def __init__(self, path):
        self.path, self.sizes = path, []

    def integers(self, low, high=None):
        low, high = (0, low) if high is None else (low, high)
        if low >= high:
            raise ValueError("rng.integers(a, b) 要求 a < b")
        if len(self.sizes) == len(self.path):
            self.path.append(0)
        self.sizes.append(high - low)
        return low + self.path[len(self.sizes) - 1]

    def __getattr__(self, name):
        raise AttributeError(f"随机数只用 rng.integers(a, b)，不用 rng.{name}")


def distribution(run):
    """run(rng) 在全部随机数下的结果：{结果: 概率}，概率是精确的。"""
    chance, path = {}, []
    for _ in range(20_000):
        script = Script(path)
        result = run(script)
        chance[result] = chance.get(result, 0) + 1 / math.prod(script.sizes)
        while path and path[-1] + 1 == script.sizes[len(path) - 1]:
            path.pop()
        if not path:
            return chance
        path[-1] += 1
    raise RuntimeError("取的随机数太多，可能的结果列不完")


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
