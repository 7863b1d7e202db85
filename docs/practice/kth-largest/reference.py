def kth_largest(a, k, rng):
    if not 1 <= k <= len(a):
        raise ValueError("要求 1 ≤ k ≤ n")
    a = list(a)
    lo, hi = 0, len(a)  # 答案在 a[lo:hi] 里
    while True:
        pivot = a[rng.integers(lo, hi)]
        left, i, right = lo, lo, hi
        while i < right:  # [lo, left) 大于，[left, i) 等于，[right, hi) 小于枢轴
            if a[i] > pivot:
                a[left], a[i] = a[i], a[left]
                left, i = left + 1, i + 1
            elif a[i] < pivot:
                right -= 1
                a[i], a[right] = a[right], a[i]
            else:
                i += 1
        if k <= left:
            hi = left
        elif k > right:
            lo = right
        else:
            return pivot
