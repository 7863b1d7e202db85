import numpy as np
from judge import Case


class Enough(BaseException):
    """这一条路径调用的次数到了。"""


def paths(rand7, depth):
    """枚举 rand5 的序列：逐个给出（返回值，用了几次）；到 depth 次还没返回的，返回值是 None。"""
    path = []
    for _ in range(10_000):
        used = 0

        def rand5():
            nonlocal used
            if used == depth:
                raise Enough
            if used == len(path):
                path.append(0)
            used += 1
            return path[used - 1]

        try:
            value = rand7(rand5)
        except Enough:
            value = None
        yield value, used
        while path and path[-1] == 4:
            path.pop()
        if not path:
            return
        path[-1] += 1
    raise RuntimeError("可能的序列太多，列不完：一轮里 rand5 调用得太多")


def chances(rand7, depth):
    """0..6 各自的概率，接着是别的值的概率，最后是 depth 次之内没有返回的概率。"""
    mass = [0.0] * 9
    for value, used in paths(rand7, depth):
        place = 8 if value is None else value if value in range(7) else 7
        mass[int(place)] += 5.0**-used
    return mass


def expected_calls(rand7, depth):
    """期望调用次数里，前 depth 次的那部分。"""
    return sum(used * 5.0**-used for _, used in paths(rand7, depth))


def make_cases():
    cases = []

    def real(s):
        rng = np.random.default_rng(0)
        return sorted({s.rand7(lambda: int(rng.integers(0, 5))) for _ in range(300)}, key=str)

    def in_range(got):
        wrong = [v for v in got if v not in range(7)]
        if wrong:
            return f"返回了 {wrong[0]!r}：只能是 0 到 6 的整数"
        missing = sorted(set(range(7)) - set(got))
        return f"300 次里从没有返回 {missing}" if missing else ""

    cases.append(Case("返回 0 到 6 的整数，七个都会出现", real, {"次数": 300}, in_range))

    def uniform(depth):
        def check(got):
            if got[7]:
                return "有的序列返回的不是 0 到 6"
            for value, chance in enumerate(got[:7]):
                if chance > 1 / 7 + 1e-12:
                    return f"前 {depth} 次调用里，返回 {value} 的概率已是 {chance:.5f}，超过 1/7"
                if chance + got[8] < 1 / 7 - 1e-12:
                    return f"返回 {value} 的概率至多 {chance + got[8]:.5f}，不到 1/7"
            return ""

        name = f"恰好等概率：枚举前 {depth} 次调用"
        cases.append(Case(name, lambda s: chances(s.rand7, depth), {"depth": depth}, check))

    uniform(2)
    uniform(4)
    uniform(6)

    def few(got):
        return "" if got <= 2.5 else f"期望至少 {got:.3f} 次：拒绝得太多"

    cases.append(Case("期望调用不超过 2.5 次", lambda s: expected_calls(s.rand7, 4), {}, few))

    def twice(s):
        first, second = (list(paths(s.rand7, 4)) for _ in range(2))
        return first == second

    def stateless(got):
        return "" if got else "两遍的返回值不同：别存状态，别用 rand5 之外的随机数"

    cases.append(Case("同样的 rand5 序列，同样的返回值", twice, {}, stateless))
    return cases
