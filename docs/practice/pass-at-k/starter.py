def pass_at_k(n, c, k):
    # 采 n 个、对 c 个 → 浮点数
    ...


def mean_pass_at_k(results, k):
    # results: 每题一列布尔 → 浮点数
    ...
