"""独立的见证：逐个时刻模拟。能反向就反向；否则在飞不到 p − i 个、输入已到，才前向。"""


def schedule_1f1b(p, m):
    orders = [[] for _ in range(p)]
    done = [{"F": 0, "B": 0} for _ in range(p)]
    while any(d["B"] < m for d in done):
        now = [dict(d) for d in done]  # 这一刻开始时，各段做完了几个
        for i in range(p):
            f, b = now[i]["F"], now[i]["B"]
            gradient_here = b < f and (i == p - 1 or now[i + 1]["B"] > b)
            input_here = f < m and (i == 0 or now[i - 1]["F"] > f)
            if gradient_here:
                kind, j = "B", b
            elif input_here and f - b < p - i:
                kind, j = "F", f
            else:
                continue
            orders[i].append((kind, j))
            done[i][kind] += 1
    return orders


def peak_in_flight(order):
    counts = [0]
    for end in range(1, len(order) + 1):
        begun = {j for kind, j in order[:end] if kind == "F"}
        finished = {j for kind, j in order[:end] if kind == "B"}
        counts.append(len(begun - finished))
    return max(counts)
