"""推导共用的小工具：核对、有限差分、画图。

源里写 `from toolkit import …`；执行时这一格换成本文件的全文，所以每本 `.ipynb` 单独拿走也能跑。
"""

import numpy as np

BLUE, RED, GREEN, ORANGE, GRAY = "#1f5fa8", "#c0392b", "#2e7d4f", "#b9770e", "#7f8c8d"


def gap(actual, expected):
    """两个数组的最大绝对差；形状必须相同，有 NaN 时结果是 NaN。"""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, f"形状不同：{actual.shape} 与 {expected.shape}"
    return np.abs(actual - expected).max()


def check(label, actual, expected, limit=1e-12):
    """断言最大绝对差小于 limit，再打印结论；舍入误差因机器而异，不打印。"""
    error = gap(actual, expected)
    assert error < limit, f"{label}：最大误差 {error:.3g}，应小于 {limit:g}"
    print(f"{label}：最大误差 < {limit:g}，通过")


def numeric_gradient(f, x, step=1e-5):
    """标量函数 f 在 x 处的梯度：逐个分量做中心差分，截断误差 O(step²)。x 要是 float64。"""
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += step
        down[i] -= step
        gradient[i] = (f(up) - f(down)) / (2 * step)
    return gradient


def four_digits(values):
    """画图的数取四位有效数字：换一台机器，图也一样。"""
    values = np.asarray(values, dtype=float)
    return np.array([float(f"{v:.4g}") for v in values.ravel()]).reshape(values.shape)


def figure(rows=1, columns=1, size=(6.4, 3.6), **options):
    """一张图与它的坐标轴，全站同一种样式：背景透明、只留左下两条轴线。用到时才加载 matplotlib。"""
    import matplotlib.pyplot as plt

    plt.rcParams.update(
        {
            "svg.hashsalt": "mianjing",
            "svg.fonttype": "path",
            "figure.facecolor": "none",
            "axes.facecolor": "none",
            "savefig.facecolor": "none",
            "font.size": 11,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "legend.frameon": False,
        }
    )
    return plt.subplots(rows, columns, figsize=size, constrained_layout=True, **options)
