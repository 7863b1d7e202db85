import numpy as np
from judge import Case


class Counted(int):
    """会数比较次数的整数。"""

    compared = 0

    def __lt__(self, other):
        Counted.compared += 1
        return int(self) < int(other)

    def __gt__(self, other):
        Counted.compared += 1
        return int(self) > int(other)

    def __le__(self, other):
        Counted.compared += 1
        return int(self) <= int(other)

    def __ge__(self, other):
        Counted.compared += 1
        return int(self) >= int(other)

    def __eq__(self, other):
        Counted.compared += 1
        return int(self) == int(other)

    def __hash__(self):
        return hash(int(self))


def make_cases():
    rng = np.random.default_rng(0)
    cases = []

    def every(name, a):
        def run(s):
            ks = range(1, len(a) + 1)
            return [int(s.kth_largest(a, k, np.random.default_rng(k))) for k in ks]

        cases.append(Case(name, run, {"a": a}))

    every("没有重复，k 取遍 1..n", rng.permutation(9).tolist())
    every("重复很多，k 取遍 1..n", rng.integers(-3, 3, 14).tolist())
    every("全部相等", [4, 4, 4])
    every("一个元素", [-7])

    def bad(s):
        outcomes = []
        for a, k in (([1, 2], 0), ([1, 2], 3), ([], 1), ([5], -1)):
            try:
                outcomes.append(s.kth_largest(a, k, np.random.default_rng(0)))
            except ValueError:
                outcomes.append("ValueError")
        return outcomes

    cases.append(Case("k 超出范围：ValueError", bad))

    n = 400

    def linear(name, numbers):
        def run(s):
            Counted.compared = 0
            a = [Counted(x) for x in numbers]
            got = s.kth_largest(a, n // 2, np.random.default_rng(1))
            return [int(got), Counted.compared <= 30 * n]

        def check(got):
            right = sorted(numbers, reverse=True)[n // 2 - 1]
            if got[0] != right:
                return f"应是 {right}，得到 {got[0]}"
            return "" if got[1] else f"比较超过 {30 * n} 次：退化了"

        cases.append(Case(name, run, {"n": n, "k": n // 2}, check))

    linear("已经升序，不退化", list(range(n)))
    linear("已经降序，不退化", list(range(n, 0, -1)))
    linear("400 个全相等，不退化", [7] * n)
    return cases
