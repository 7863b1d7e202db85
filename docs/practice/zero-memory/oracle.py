"""独立的见证：逐个参数分给各卡，数最多的一张；卡数从 1 试起（单调，二分）。"""

SPLIT_FROM = {"param": 3, "grad": 2, "optimizer": 1}


def zero_memory(psi, n, stage, grad_bytes=2):
    most = max((psi + n - 1 - rank) // n for rank in range(min(n, 64)))  # 轮流发，0 号卡最多
    each = {"param": [2], "grad": [grad_bytes], "optimizer": [4, 4, 4]}
    return {
        name: sum(width * (most if stage >= SPLIT_FROM[name] else psi) for width in widths)
        for name, widths in each.items()
    }


def min_devices(psi, budget, stage, grad_bytes=2):
    def fits(n):
        return sum(zero_memory(psi, n, stage, grad_bytes).values()) <= budget

    if not fits(psi):
        return None
    low, high = 0, psi
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return high
