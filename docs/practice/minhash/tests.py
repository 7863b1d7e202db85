import numpy as np
from judge import Case

P = 2**31 - 1


def make_cases():
    rng = np.random.default_rng(0)
    cases = []

    def hashes(k):
        return rng.integers(1, P, k), rng.integers(0, P, k)

    def add_shingles(name, text, **options):
        inputs = {"text": text, **options}
        cases.append(Case(name, lambda s: s.shingles(text, **options), inputs))

    def add(name, items, k):
        a, b = hashes(k)
        inputs = {"items": items, "a": a, "b": b}
        cases.append(Case(name, lambda s: s.signature(items, a, b), inputs))

    add_shingles("词 3-gram", "我们 都 爱 看 大 模型 的 书", n=3)
    add_shingles("刚好 n 个词", "a b c d e", n=5)
    add_shingles("不足 n 个词：整篇一个", "大 模型")
    add("签名，k = 6", {f"w{i} w{i + 1}" for i in range(40)}, 6)
    add("元素个数与 k 相同", {"一", "二", "三", "四"}, 4)
    add("只有一个元素", {"the only one"}, 5)
    one, other = np.array([3, 9, 4, 7, 5]), np.array([3, 4, 9, 7, 1])
    inputs = {"one": one, "other": other}
    cases.append(Case("估计：相同位置相等的比例", lambda s: s.estimate(one, other), inputs))
    left, right = {f"w{i}" for i in range(53)}, {f"w{i}" for i in range(8, 60)}
    a, b = hashes(2000)

    def run(s):
        return s.estimate(s.signature(left, a, b), s.signature(right, a, b))

    def check(got):
        if not isinstance(got, float):
            return f"应是 float，得到 {type(got).__name__}"
        bound = 6 * (0.75 * 0.25 / 2000) ** 0.5
        return "" if abs(got - 0.75) < bound else f"J = 0.75，估计得 {got:.3f}，差得太远"

    inputs = {"left": left, "right": right, "a": a, "b": b}
    cases.append(Case("估计接近真的 Jaccard", run, inputs, check=check))
    return cases
