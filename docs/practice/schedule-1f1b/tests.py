from judge import Case


def make_cases():
    cases = []

    def schedule(name, p, m):
        cases.append(Case(name, lambda s: s.schedule_1f1b(p, m), {"p": p, "m": m}))

    def peak(name, *orders):
        inputs = {"orders": list(orders)}
        cases.append(Case(name, lambda s: [s.peak_in_flight(o) for o in orders], inputs))

    schedule("4 段、8 个微批", 4, 8)
    schedule("2 段、3 个微批", 2, 3)
    schedule("微批数等于段数", 4, 4)
    schedule("微批比段少：5 段、2 个微批", 5, 2)
    schedule("只有一段：一前一反", 1, 3)
    schedule("只有一个微批", 3, 1)
    f, b = [[(kind, j) for j in range(4)] for kind in "FB"]
    peak("在飞峰值：GPipe 的次序", f + b)
    alternate = [f[0], f[1], b[0], f[2], b[1], f[3], b[2], b[3]]
    peak("在飞峰值：交替、先深后浅、空", alternate, [*f[:3], *b[:3], f[3], b[3]], [])
    return cases
