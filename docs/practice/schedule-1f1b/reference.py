def schedule_1f1b(p, m):
    orders = []
    for i in range(p):
        warmup = min(p - 1 - i, m)
        order = [("F", j) for j in range(warmup)]  # 预热
        for j in range(m - warmup):  # 稳态：一前一反
            order += [("F", warmup + j), ("B", j)]
        order += [("B", j) for j in range(m - warmup, m)]  # 排空
        orders.append(order)
    return orders


def peak_in_flight(order):
    alive = peak = 0
    for kind, _ in order:
        alive += 1 if kind == "F" else -1
        peak = max(peak, alive)
    return peak
