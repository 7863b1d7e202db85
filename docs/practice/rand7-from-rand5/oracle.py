"""独立的见证：回收余数。v 在 [0, m) 上均匀；拒绝之后剩下的几种本身是均匀的，接着用。"""


def rand7(rand5):
    v, m = 0, 1
    while True:
        v, m = v + m * rand5(), 5 * m
        seventh = m // 7
        if seventh and v < 7 * seventh:
            return v // seventh
        v, m = v - 7 * seventh, m - 7 * seventh
