"""独立的见证：用有理数精确地算。由三元组还原出和与平方和，再按定义求，没有舍入。"""

from fractions import Fraction


def _sums(state):
    n, mean, m2 = state[0], Fraction(state[1]), Fraction(state[2])
    return n, n * mean, m2 + n * mean**2


def _state(n, total, squares):
    if n == 0:
        return 0, 0.0, 0.0
    return n, float(total / n), float(squares - total**2 / n)


def update(state, x):
    n, total, squares = _sums(state)
    return _state(n + 1, total + Fraction(x), squares + Fraction(x) ** 2)


def merge(a, b):
    return _state(*(one + other for one, other in zip(_sums(a), _sums(b), strict=True)))


def variance(state, ddof=0):
    free = state[0] - ddof
    return float(Fraction(state[2]) / free) if free > 0 else float("nan")
