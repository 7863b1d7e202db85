def schedule_1f1b(p, m):
    # 返回 p 个列表，每项是 ("F", 微批) 或 ("B", 微批)
    ...


def peak_in_flight(order):
    # 一段的次序 → 在飞微批的最大个数
    ...
