from judge import Case


def make_cases():
    cases = []

    def add(name, *sizes):
        inputs = [dict(zip("nck", size, strict=True)) for size in sizes]
        cases.append(Case(name, lambda s: [s.pass_at_k(*size) for size in sizes], {"各组": inputs}))

    def mean(name, rows, k):
        inputs = {"results": rows, "k": k}
        cases.append(Case(name, lambda s: s.mean_pass_at_k(rows, k), inputs))

    add("n = 10，c = 3，k = 5", (10, 3, 5))
    add("k = 1 就是正确率", (8, 3, 1), (5, 5, 1))
    add("一个都不对是 0；错的不足 k 个是 1", (6, 0, 2), (6, 4, 3), (6, 5, 2))
    add("k = n：看有没有对的", (4, 1, 4), (4, 0, 4))
    add("n = 2000 不溢出", (2000, 1, 700), (2000, 5, 100), (200, 100, 10))
    rows = [[True, False, False, False], [False, True, True, False], [False, False, False, False]]
    mean("三题取平均，k = 2", rows, 2)
    rows = [[False, True], [False, False, False, True, False, True, False, False]]
    mean("各题样本数不同，每题权重相同", rows, 1)
    cases.append(Case("k > n 抛 ValueError", _refuses, {"n": 3, "c": 2, "k": 4}))
    return cases


def _refuses(answer):
    try:
        answer.pass_at_k(3, 2, 4)
    except ValueError:
        return "ValueError"
    return "没有抛异常"
