from judge import Case

GB = 10**9


def make_cases():
    cases = []

    def memory(name, psi, n, **options):
        inputs = {"psi": psi, "n": n, **options}

        def run(s):
            return [s.zero_memory(psi, n, stage, **options) for stage in range(4)]

        cases.append(Case(name, run, inputs, rtol=0, atol=0))

    def devices(name, psi, budgets, **options):
        inputs = {"psi": psi, "budgets": budgets, **options}

        def run(s):
            return [
                [s.min_devices(psi, budget, stage, **options) for budget in budgets]
                for stage in range(4)
            ]

        cases.append(Case(name, run, inputs, rtol=0, atol=0))

    memory("7B、8 卡，0～3 级", 7 * GB, 8)
    memory("梯度用 fp32 累加", 7 * GB, 8, grad_bytes=4)
    memory("切不均：10 个参数、4 张卡", 10, 4)
    memory("1 张卡：四级一样", 1234, 1)
    memory("卡比参数多", 3, 5)
    devices("13B 至少几张卡", 13 * GB, [40 * GB, 80 * GB, 141 * GB, 300 * GB])
    devices("预算恰好够与差一个字节", 10, [160, 159, 100, 76, 75, 48, 47, 20, 16, 15])
    budgets = [18018, 18017, 9000, 6007, 6006, 2002, 100]
    devices("至少几张卡，fp32 梯度", 1001, budgets, grad_bytes=4)
    return cases
