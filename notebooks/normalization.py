# ---
# jupyter:
#   jupytext:
#     notebook_metadata_filter: mianjing
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   mianjing:
#     title: 归一化：前向、反向与它们的几何
#     description: 一步步推出 LayerNorm、RMSNorm、BatchNorm 的梯度，用有限差分和 PyTorch 核对，最后写成白板上的短版本
#     topics: [normalization]
#     aliases:
#       - LN
#       - LayerNorm 反向
#       - LayerNorm 梯度
#       - LayerNorm backward
#       - 手推 LayerNorm
#       - 手写 LayerNorm
#       - 手撕 LayerNorm
#       - 手撕 RMSNorm
#       - 手撕 BatchNorm
#       - RMSNorm 反向
#       - BatchNorm 反向
#       - 层归一化
#       - 批归一化
#       - layer norm
#       - batch norm
#       - BN
#       - GroupNorm
#       - InstanceNorm
# ---

# %% [markdown]
# ## 结论：要记的三个式子
#
# 训练时三种归一化的反向是同一个动作：**从上游梯度里减去几个分量，再除以尺度**。记 $g=\gamma\circ dy$，即对 $\hat x$ 的梯度。
#
# $$
# \text{LayerNorm：}\quad dx=\frac{1}{\sigma}\Big[\,g-\operatorname{mean}(g)-\hat x\circ\operatorname{mean}(g\circ\hat x)\Big]
# $$
#
# $$
# \text{RMSNorm：}\quad dx=\frac{1}{r}\Big[\,g-\hat x\circ\operatorname{mean}(g\circ\hat x)\Big]
# $$
#
# BatchNorm 训练时与 LayerNorm 同式，mean 改在批上取；推理时统计量是常数，什么都不减，$dx=g/\sigma$。
#
# 口诀：**减均值，减 $\hat x$ 方向的分量，除以 $\sigma$**。RMSNorm 前向没有减均值，反向就少减一项。
#
# 参数的梯度都一样：$d\gamma=\sum dy\circ\hat x$，$d\beta=\sum dy$，对没有参数的那些轴求和（RMSNorm 没有 $\beta$）。
#
# 面试怎么问、各模型怎么选，见考点[归一化](../docs/topics/normalization.md)。这一本只做一件事：把这些式子推出来，并当面核对。

# %% [markdown]
# ### 记号与准备
#
# | 记号 | 含义 | 形状 |
# |---|---|---|
# | $x$ | 输入，$n=b\cdot s$ 个 token，每个 $h$ 维 | $(n,h)$ |
# | $\mu,\ v$ | 每个 token 的均值与有偏方差 | $(n,1)$ |
# | $\sigma=\sqrt{v+\epsilon}$ | 尺度，$\epsilon$ 在根号里 | $(n,1)$ |
# | $\hat x=(x-\mu)/\sigma$ | 归一化结果 | $(n,h)$ |
# | $\gamma,\ \beta$ | 可学的缩放与平移，$y=\gamma\circ\hat x+\beta$ | $(h,)$ |
# | $dy$ | 损失对 $y$ 的梯度，其余 $d\,\cdot$ 同理 | $(n,h)$ |
#
# 全部用 float64。`check` 断言误差小于上限，只打印结论。

# %%
import matplotlib.pyplot as plt
import numpy as np
from matplotlib_inline.backend_inline import set_matplotlib_formats

set_matplotlib_formats("svg")
plt.rcParams.update({"svg.hashsalt": "normalization", "font.size": 10})
plt.rcParams.update({"figure.facecolor": "none", "axes.facecolor": "none"})


def check(label, actual, expected, limit=1e-12):
    """断言两者之差处处小于 limit，并打印结论。"""
    error = np.max(np.abs(np.asarray(actual) - expected))
    assert error < limit, f"{label}：误差 {error}"
    print(f"{label}：成立（误差 < {limit:g}）")


def four_digits(values):
    """画图的数取四位有效数字：换一台机器，图也一样。"""
    return np.array([float(f"{v:.4g}") for v in np.ravel(values)]).reshape(np.shape(values))


# %% [markdown]
# ## 一、哪些数共用一组统计量
#
# **五种归一化只差两件事：沿哪些轴求统计量，减不减均值。** 所以一个函数就够。


# %%
def norm(x, axes, center=True, eps=1e-5):
    """沿 axes 归一化（不含 γ、β）；center=False 就是 RMSNorm。"""
    z = x - x.mean(axes, keepdims=True) if center else x
    return z / np.sqrt((z * z).mean(axes, keepdims=True) + eps)


def group_norm(x, groups):
    """x (n, c, l)：把通道分成 groups 组，组内的通道与位置一起归一化。"""
    n, c, length = x.shape
    return norm(x.reshape(n, groups, c // groups, length), (2, 3)).reshape(x.shape)


methods = {  # 输入都是 (n, c, l)：样本、通道、位置
    "BatchNorm": lambda x: norm(x, (0, 2)),
    "LayerNorm": lambda x: norm(x, (1,)),
    "RMSNorm (no mean)": lambda x: norm(x, (1,), center=False),
    "InstanceNorm": lambda x: norm(x, (2,)),
    "GroupNorm, G = 2": lambda x: group_norm(x, 2),
    "LayerNorm on (C, L)": lambda x: norm(x, (1, 2)),
}

rng = np.random.default_rng(0)
x3 = rng.normal(size=(3, 4, 3))  # (n, c, l)
check("GroupNorm 一组 = 在 (C, L) 上做 LayerNorm", group_norm(x3, 1), norm(x3, (1, 2)))
check("GroupNorm 每通道一组 = InstanceNorm", group_norm(x3, 4), norm(x3, (2,)))
check(
    "先减均值再做 RMSNorm = LayerNorm",
    norm(x3 - x3.mean(1, keepdims=True), (1,), False),
    norm(x3, (1,)),
)

# %% [markdown]
# 下面的图不是画出来的，是算出来的：只改动打点的那一个输入，把跟着变的输出涂上颜色。涂色的范围就是共用统计量的范围。

# %% alt="六个小图，行是三个样本各三个位置，列是四个通道。改动一个输入后变化的输出：BatchNorm 是该通道的一整列，LayerNorm 与 RMSNorm 是该位置的一行，InstanceNorm 是该样本该通道的三格，GroupNorm 是该样本的两列，在 C 与 L 上做的 LayerNorm 是该样本的全部"
figure, axes = plt.subplots(2, 3, figsize=(6.4, 5.6), sharex=True, sharey=True)
bumped = x3.copy()
bumped[1, 1, 1] += 0.5
counts = {}
for axis, (name, method) in zip(axes.flat, methods.items(), strict=True):
    changed = np.abs(method(bumped) - method(x3)) > 1e-9  # (n, c, l)
    counts[name] = int(changed.sum())
    cells = changed.transpose(0, 2, 1).reshape(9, 4)  # 行：样本 × 位置；列：通道
    axis.pcolormesh(cells, cmap="Greys", vmin=0, vmax=2, edgecolors="0.6", linewidth=0.8)
    axis.hlines([3, 6], 0, 4, color="black", linewidth=2)
    axis.plot(1.5, 4.5, "o", color="black", markersize=5)
    axis.set_title(name, fontsize=10)
    axis.set_xticks([0.5, 1.5, 2.5, 3.5], ["$c_1$", "$c_2$", "$c_3$", "$c_4$"])
    axis.set_yticks([1.5, 4.5, 7.5], ["$n_1$", "$n_2$", "$n_3$"])
    axis.tick_params(length=0)
    axis.set_ylim(9, 0)
figure.tight_layout()

assert list(counts.values()) == [9, 4, 4, 3, 6, 12], counts

# %% [markdown]
# 每个小图的行是 3 个样本（粗线隔开），每个样本 3 个位置；列是 4 个通道。换成 Transformer 的 $(b,s,h)$：样本是 $b$，位置是 $s$，通道是 $h$。
#
# | 方法 | 共用统计量的轴 | 统计量组数 | 看不看同批样本 |
# |---|---|---|---|
# | BatchNorm | $N,L$ | $C$ | 看 |
# | LayerNorm（Transformer） | $C$ | $N\cdot L$ | 不看 |
# | RMSNorm | $C$，不减均值 | $N\cdot L$ | 不看 |
# | InstanceNorm | $L$ | $N\cdot C$ | 不看 |
# | GroupNorm | 组内通道与 $L$ | $N\cdot G$ | 不看 |
# | LayerNorm（图像论文的口径） | $C,L$ | $N$ | 不看 |
#
# !!! warning "LayerNorm 有两个口径"
#     Transformer 用的是表里第二行：**每个 token 只看自己的 $h$ 维**。说成「在 $(s,h)$ 上一起归一化」是错的：那样每个位置的输出都会用到后面的 token，自回归模型就泄漏了未来。

# %%
tokens = rng.normal(size=(2, 5, 8))  # (b, s, h)
future = tokens.copy()
future[:, 3:] += rng.normal(size=(2, 2, 8))  # 只改第 4、5 个 token
right = norm(future, (2,)) - norm(tokens, (2,))
wrong = norm(future, (1, 2)) - norm(tokens, (1, 2))
assert np.all(right[:, :3] == 0) and np.all(np.abs(wrong[:, :3]).max(-1) > 1e-3)
print("只在 h 上：前 3 个 token 的输出一点不变")
print("在 (s, h) 上：前 3 个 token 的输出都变了，未来泄漏了")

# %% tags=["oracle"]
import torch
import torch.nn.functional as F

t = torch.from_numpy(x3)
last = t.transpose(1, 2)  # (n, l, c)：PyTorch 的 layer_norm 归一化最后几维
references = [
    F.batch_norm(t, None, None, training=True),
    F.layer_norm(last, (4,)).transpose(1, 2),
    F.rms_norm(last, (4,), eps=1e-5).transpose(1, 2),
    F.instance_norm(t),
    F.group_norm(t, 2),
    F.layer_norm(t, (4, 3)),
]
for (name, method), reference in zip(methods.items(), references, strict=True):
    check(name, method(x3), reference.numpy())

# %% [markdown]
# ## 二、LayerNorm 前向
#
# 四步：均值、有偏方差、归一化、缩放平移。每个 token（一行）独立。
#
# $$
# \mu=\frac1h\sum_i x_i,\qquad v=\frac1h\sum_i (x_i-\mu)^2,\qquad \hat x=\frac{x-\mu}{\sqrt{v+\epsilon}},\qquad y=\gamma\circ\hat x+\beta
# $$


# %%
def layer_norm(x, gamma, beta, eps=1e-5):
    """x (..., h)，gamma、beta (h,)；返回 y (..., h) 和反向要用的 (x̂, σ, γ)。"""
    mu = x.mean(-1, keepdims=True)  # (..., 1)
    var = ((x - mu) ** 2).mean(-1, keepdims=True)  # (..., 1)，除以 h
    sigma = np.sqrt(var + eps)  # (..., 1)
    xhat = (x - mu) / sigma  # (..., h)
    return gamma * xhat + beta, (xhat, sigma, gamma)


n, h = 6, 8
x = rng.normal(loc=2.0, scale=3.0, size=(n, h))
gamma, beta = rng.normal(size=h), rng.normal(size=h)
y, (xhat, sigma, _) = layer_norm(x, gamma, beta)
check("每行均值为 0", xhat.mean(-1), 0)
check("每行方差为 v / (v + ε)", xhat.var(-1), x.var(-1) / (x.var(-1) + 1e-5))

# %% tags=["oracle"]
import torch
import torch.nn.functional as F

reference = F.layer_norm(
    torch.from_numpy(x), (h,), torch.from_numpy(gamma), torch.from_numpy(beta), 1e-5
)
check("与 F.layer_norm 一致", y, reference.numpy())

# %% [markdown]
# ### 方差除以元素个数，不减一
#
# **用有偏方差。** 这里不是在估计总体，只是把这 $h$ 个数缩放到单位均方。写成除以 $h-1$，$\hat x$ 就整体小了 $\sqrt{(h-1)/h}$ 倍；$h=1$ 时变成 $0/0$。
#
# 陷阱在默认值：`numpy.var` 缺省有偏，`torch.var` 缺省**无偏**，要写 `unbiased=False`。


# %%
def layer_norm_unbiased(x, eps=0.0):
    """错误写法：方差除以 h − 1。"""
    with np.errstate(invalid="ignore", divide="ignore"):
        var = ((x - x.mean(-1, keepdims=True)) ** 2).sum(-1, keepdims=True) / (x.shape[-1] - 1)
        return (x - x.mean(-1, keepdims=True)) / np.sqrt(var + eps)


for width in (4, 64, 4096):
    row = rng.normal(size=(1, width))
    scale = layer_norm_unbiased(row) / norm(row, (-1,), eps=0.0)
    check(
        f"h = {width}：错误写法是正确结果的 {np.sqrt((width - 1) / width):.4f} 倍",
        scale,
        np.sqrt((width - 1) / width),
        1e-9,
    )

single = np.array([[5.0]])
assert norm(single, (-1,))[0, 0] == 0 and np.isnan(layer_norm_unbiased(single)[0, 0])
print("h = 1：正确写法得 0（于是 y = β），除以 h − 1 得 NaN")

# %% [markdown]
# $h=4096$ 时只差万分之一，所以这个错在大模型里看不出来，在 $h=4$ 的单元测试里一眼可见。**测试归一化要用小 $h$。**
#
# ### ε 放在根号里面
#
# $\sigma=\sqrt{v+\epsilon}$，不是 $\sqrt v+\epsilon$。两个理由：
#
# - **同一个 $\epsilon$ 意思不同。** $v\to0$ 时前者把输入最多放大 $1/\sqrt\epsilon$ 倍，后者放大 $1/\epsilon$ 倍。$\epsilon=10^{-5}$ 时是约 316 倍与 100000 倍。
# - **反向会坏。** $\sqrt v$ 在 $v=0$ 处的导数是 $1/(2\sqrt v)=\infty$，乘上 $\partial v/\partial x=0$ 得 NaN；写在根号里，分母至少是 $2\sqrt\epsilon$。
#
# 常数行（$v=0$）就是检查它的边界情形：前向两种写法都得 $\beta$，反向才分出对错。

# %%
eps = 1e-5
tiny = 1e-5 * np.array([[1.0, -1.0, 1.0, -1.0]])  # v = 1e-10，远小于 ε
inside = tiny / np.sqrt(tiny.var() + eps)
outside = tiny / (np.sqrt(tiny.var()) + eps)
print(f"几乎是常数的一行：ε 在里面，输出幅度 {inside.max():.4f}；在外面，{outside.max():.4f}")

flat = np.full((1, 4), 3.0)
y_flat, (_, sigma_flat, _) = layer_norm(flat, np.ones(4), np.full(4, 0.7))
check("常数行输出 β", y_flat, 0.7)

v0 = flat.var()
with np.errstate(divide="ignore", invalid="ignore"):
    outside_slope = (1 / (2 * np.sqrt(v0))) * (2 * (flat - flat.mean()) / 4)  # dσ/dv · dv/dx
    inside_slope = (1 / (2 * np.sqrt(v0 + eps))) * (2 * (flat - flat.mean()) / 4)
assert np.isnan(outside_slope).all() and np.all(inside_slope == 0)
print("常数行的 ∂σ/∂x：ε 在里面得 0，在外面得 NaN")

# %% [markdown]
# ### 半精度会溢出
#
# **统计量用 float32 算，结果再转回去。** fp16 最大有限值是 65504，于是 $\lvert x\rvert\ge 256$ 的数一平方就是 inf。麻烦在于**不报错**：$\sigma=\infty$，$\hat x=x/\infty=0$，整行输出悄悄变成 $\beta$，没有一个 NaN。
#
# 另外两处：单个平方没溢出，$h$ 个加起来溢出；以及 $\epsilon=10^{-12}$ 在 fp16 里等于 0，保护就没了。


# %%
def mixed_layer_norm(x, gamma, beta, eps=1e-5):
    """统计量升到 float32，结果转回输入的类型。"""
    y, _ = layer_norm(x.astype(np.float32), gamma, beta, eps)
    return y.astype(x.dtype)


ones, shift = np.ones(4096, np.float16), np.full(4096, 0.5, np.float16)
large = (300 * rng.normal(size=(1, 4096))).astype(np.float16)
with np.errstate(over="ignore", invalid="ignore"):
    bad, _ = layer_norm(large, ones, shift, np.float16(1e-5))
    below, above = np.float16(255.875) ** 2, np.float16(256) ** 2
    medium = np.full(4096, 16.0, np.float16)
    total = (medium * medium).sum(dtype=np.float16)  # 每项 256，和是 1048576
good = mixed_layer_norm(large, ones.astype(np.float32), shift.astype(np.float32))

assert np.isfinite(below) and np.isinf(above)
print("fp16 里 255.875 的平方有限，256 的平方是 inf")
assert np.all(bad == np.float16(0.5))
print("全程 fp16：整行输出都等于 β，没有 NaN")
assert np.isfinite(good).all() and abs(good.astype(float).std() - 1) < 1e-2
print("float32 统计：输出有限，标准差约为 1")
assert np.isfinite(medium * medium).all() and np.isinf(total)
print("每一项平方都不溢出，4096 项的和溢出")
assert np.float16(1e-12) == 0 and np.float16(1e-5) > 0
print("ε = 1e-12 在 fp16 里是 0，1e-5 还不是")

# %% [markdown]
# bf16 的范围与 float32 相当，不会这样溢出；它的问题是尾数短，均值和方差的舍入误差大。结论一样：统计量用 float32。

# %% [markdown]
# ## 三、LayerNorm 反向
#
# ### 先去掉 γ 与 β
#
# $y=\gamma\circ\hat x+\beta$ 是逐元素的，$\gamma,\beta$ 被所有 token 共用，所以它们的梯度沿 token 求和：
#
# $$
# d\gamma=\sum_{\text{token}} dy\circ\hat x\ \ (h,),\qquad d\beta=\sum_{\text{token}} dy\ \ (h,),\qquad g:=d\hat x=\gamma\circ dy\ \ (n,h)
# $$
#
# 剩下的问题只在一行之内：已知 $g$，求 $dx$。
#
# ### 三条路径
#
# $\hat x_i=(x_i-\mu)/\sigma$ 里，$x$ 出现三次：分子里的 $x_i$，$\mu$，$\sigma$。**全导数 = 三条路径之和。**
#
# **路径一，直接。** 把 $\mu,\sigma$ 当常数，$\partial\hat x_i/\partial x_i=1/\sigma$：
#
# $$
# dx^{(1)}=\frac{g}{\sigma}
# $$
#
# **路径二，经过 $\mu$。** 先求损失对 $\mu$ 的梯度，再乘 $\partial\mu/\partial x_i=1/h$：
#
# $$
# d\mu=\sum_j g_j\cdot\Big(-\frac1\sigma\Big),\qquad dx^{(2)}_i=\frac{d\mu}{h}=-\frac1\sigma\operatorname{mean}(g)
# $$
#
# **路径三，经过 $\sigma$。** $\partial\hat x_j/\partial\sigma=-(x_j-\mu)/\sigma^2=-\hat x_j/\sigma$。又 $\sigma=\sqrt{v+\epsilon}$，故 $\partial\sigma/\partial v=1/(2\sigma)$，$\partial v/\partial x_i=2(x_i-\mu)/h$，相乘得 $\partial\sigma/\partial x_i=\hat x_i/h$：
#
# $$
# d\sigma=-\frac1\sigma\sum_j g_j\hat x_j,\qquad dx^{(3)}_i=d\sigma\cdot\frac{\hat x_i}{h}=-\frac1\sigma\,\hat x_i\operatorname{mean}(g\circ\hat x)
# $$
#
# !!! question "v 里也有 μ，为什么不算第四条路径？"
#     因为它恰好是零：$\partial v/\partial\mu=-\frac2h\sum_j(x_j-\mu)=0$。面试时主动说这一句，推导就完整了。


# %%
def layer_norm_paths(g, xhat, sigma):
    """三条路径各自的 dx；g、x̂ (..., h)，σ (..., 1)。"""
    width = g.shape[-1]
    direct = g / sigma
    dmu = -(g / sigma).sum(-1, keepdims=True)  # (..., 1)
    through_mu = np.broadcast_to(dmu / width, g.shape)
    dsigma = -(g * xhat / sigma).sum(-1, keepdims=True)  # (..., 1)
    through_sigma = dsigma * xhat / width
    return direct, through_mu, through_sigma


dy = rng.normal(size=(n, h))
g = gamma * dy
direct, through_mu, through_sigma = layer_norm_paths(g, xhat, sigma)


# %% [markdown]
# 每条路径都能单独验证：**把另外两处冻结成常数，只让这一处随输入变，做中心差分。**


# %%
def numeric_gradient(f, x, dy, step=1e-6):
    """中心差分：f 返回数组，上游梯度 dy，求 Σ dy∘f 对 x 的梯度。"""
    grad = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        shift = np.zeros_like(x)
        shift[index] = step
        grad[index] = (dy * (f(x + shift) - f(x - shift))).sum() / (2 * step)
    return grad


mu = x.mean(-1, keepdims=True)
frozen = {
    "路径一，只有分子动": (lambda z: (z - mu) / sigma, direct),
    "路径二，只有 μ 动": (lambda z: (x - z.mean(-1, keepdims=True)) / sigma, through_mu),
    "路径三，只有 σ 动": (
        lambda z: (x - mu) / np.sqrt(z.var(-1, keepdims=True) + 1e-5),
        through_sigma,
    ),
}
for label, (f, analytic) in frozen.items():
    check(label, analytic, numeric_gradient(f, x, g), 1e-7)

# %% [markdown]
# ### 合并成一行
#
# 三项都有 $1/\sigma$，提出来就是结论：
#
# $$
# dx=\frac1\sigma\Big[\,g-\operatorname{mean}(g)-\hat x\circ\operatorname{mean}(g\circ\hat x)\Big]
# $$
#
# 两个 mean 都在 $h$ 上取，每个 token 一个数，形状 $(n,1)$。反向只需存 $\hat x$ 与 $\sigma$（或存 $x,\mu,\sigma$ 现算 $\hat x$）。


# %%
def layer_norm_backward(dy, cache):
    """dy (..., h) → dx (..., h)，dγ (h,)，dβ (h,)。"""
    xhat, sigma, gamma = cache
    tokens = tuple(range(dy.ndim - 1))  # h 以外的轴
    dgamma, dbeta = (dy * xhat).sum(tokens), dy.sum(tokens)
    g = gamma * dy
    dx = (g - g.mean(-1, keepdims=True) - xhat * (g * xhat).mean(-1, keepdims=True)) / sigma
    return dx, dgamma, dbeta


y, cache = layer_norm(x, gamma, beta)
dx, dgamma, dbeta = layer_norm_backward(dy, cache)
check("三条路径之和 = 合并式", direct + through_mu + through_sigma, dx)

# %% [markdown]
# ### 三个见证
#
# 见证一：有限差分，只用到前向。

# %%
check("dx 对有限差分", dx, numeric_gradient(lambda z: layer_norm(z, gamma, beta)[0], x, dy), 1e-7)
check(
    "dγ 对有限差分", dgamma, numeric_gradient(lambda w: layer_norm(x, w, beta)[0], gamma, dy), 1e-7
)
check(
    "dβ 对有限差分", dbeta, numeric_gradient(lambda b: layer_norm(x, gamma, b)[0], beta, dy), 1e-7
)

x_bsh, dy_bsh = rng.normal(size=(2, 3, h)), rng.normal(size=(2, 3, h))
dx_bsh, dgamma_bsh, _ = layer_norm_backward(dy_bsh, layer_norm(x_bsh, gamma, beta)[1])
flat_result = layer_norm_backward(
    dy_bsh.reshape(6, h), layer_norm(x_bsh.reshape(6, h), gamma, beta)[1]
)
check("(b, s, h) 与展平成 (b·s, h) 的 dx 相同", dx_bsh.reshape(6, h), flat_result[0])
check("(b, s, h) 与展平成 (b·s, h) 的 dγ 相同", dgamma_bsh, flat_result[1])

# %% [markdown]
# 见证二：PyTorch 的自动求导。见证三：把上面的 NumPy 前向与反向包成 `autograd.Function`，交给 `torch.autograd.gradcheck`。

# %% tags=["oracle"]
import torch
import torch.nn.functional as F

leaves = [torch.from_numpy(a).clone().requires_grad_() for a in (x, gamma, beta)]
F.layer_norm(leaves[0], (h,), leaves[1], leaves[2], 1e-5).backward(torch.from_numpy(dy))
for label, ours, leaf in zip(("dx", "dγ", "dβ"), (dx, dgamma, dbeta), leaves, strict=True):
    check(f"{label} 对 autograd", ours, leaf.grad.numpy())


class NumpyLayerNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, gamma, beta):
        y, ctx.cache = layer_norm(*(a.detach().numpy() for a in (x, gamma, beta)))
        return torch.from_numpy(y)

    @staticmethod
    def backward(ctx, dy):
        return tuple(map(torch.from_numpy, layer_norm_backward(dy.numpy(), ctx.cache)))


fresh = [torch.from_numpy(a).clone().requires_grad_() for a in (x, gamma, beta)]
assert torch.autograd.gradcheck(NumpyLayerNorm.apply, fresh)
print("gradcheck：通过")

# %% [markdown]
# ### 错误写法抓得住吗
#
# 检验也要被检验。下面五种常见的错，用随机的 $\gamma$ 与 $dy$ 都能发现；用「$\gamma$ 全 1、损失是 `y.sum()`」（即 $dy=\mathbf 1$）只能发现一种，因为此时真正的 $dx$ 就是零（第四节说明为什么）。
#
# 「$\gamma$ 乘在括号外」值得单独记：$\gamma$ 沿 $h$ 变化，**不能**从 $h$ 上的 mean 里提出来，必须先乘成 $g$。BatchNorm 可以提，因为它的 mean 不在 $\gamma$ 的轴上。


# %%
def wrong_backwards(dy, xhat, sigma, gamma):
    """常见的错误写法，名字 → dx。"""
    g = gamma * dy
    mean_g = g.mean(-1, keepdims=True)
    mean_gx = (g * xhat).mean(-1, keepdims=True)
    mean_dyx = (dy * xhat).mean(-1, keepdims=True)
    width = g.shape[-1]
    return {
        "漏掉 μ 路径": (g - xhat * mean_gx) / sigma,
        "漏掉 σ 路径": (g - mean_g) / sigma,
        "γ 乘在括号外": gamma * (dy - dy.mean(-1, keepdims=True) - xhat * mean_dyx) / sigma,
        "忘了除以 σ": g - mean_g - xhat * mean_gx,
        "第三项除以 h − 1": (g - mean_g - xhat * mean_gx * width / (width - 1)) / sigma,
    }


def is_caught(dy, gamma, limit=1e-6):
    """每种错误写法是否偏离正确的 dx。"""
    cache = layer_norm(x, gamma, beta)[1]
    truth = layer_norm_backward(dy, cache)[0]
    wrongs = wrong_backwards(dy, *cache)
    return {name: bool(np.abs(wrong - truth).max() > limit) for name, wrong in wrongs.items()}


careful = is_caught(dy, gamma)
lazy = is_caught(np.ones_like(dy), np.ones(h))
for name in careful:
    verdicts = ["发现" if caught[name] else "没发现" for caught in (careful, lazy)]
    print(f"{name}：随机检验{verdicts[0]}，y.sum() 检验{verdicts[1]}")
assert all(careful.values()) and sum(lazy.values()) == 1

# %% [markdown]
# ## 四、几何：为什么是投影
#
# **$dx$ 就是 $g$ 去掉 $\mathbf 1$ 方向和 $\hat x$ 方向的分量，再除以 $\sigma$。** 看一行，写成矩阵（取 $\epsilon=0$）：
#
# $$
# dx=\frac1\sigma P g,\qquad P=I-\frac1h\mathbf 1\mathbf 1^\top-\frac1h\hat x\hat x^\top\qquad (h,h)
# $$
#
# $\mathbf 1\perp\hat x$（均值为零），且 $\lVert\mathbf 1\rVert^2=\lVert\hat x\rVert^2=h$，所以后两项正是向两个互相垂直的单位向量的投影，$P$ 是到它们正交补的正交投影，秩 $h-2$。
#
# 不用算也该知道是这样。LayerNorm 有两个不变性：$\mathrm{LN}(x+c\mathbf 1)=\mathrm{LN}(x)$，$\mathrm{LN}(cx)=\mathrm{LN}(x)$（$c>0$）。沿这两个方向移动，输出不变，损失也不变，所以梯度在这两个方向上没有分量：
#
# $$
# \sum_i dx_i=0,\qquad dx\cdot\hat x=0
# $$

# %%
row_x, row_g = x[:1], g[:1]  # 取一行，(1, h)
_, (row_xhat, row_sigma, _) = layer_norm(row_x, np.ones(h), np.zeros(h), eps=0.0)
u = row_xhat[0]
projection = np.eye(h) - np.ones((h, h)) / h - np.outer(u, u) / h
check("P 是投影：P² = P", projection @ projection, projection)
check("P 是正交投影：P 对称", projection, projection.T)
check("P 的秩（迹）是 h − 2", np.trace(projection), h - 2)

row_dx = layer_norm_backward(row_g, (row_xhat, row_sigma, np.ones(h)))[0]
check("dx = P g / σ", row_dx[0], projection @ row_g[0] / row_sigma[0, 0])
check("正交之一：Σ dx = 0", row_dx.sum(), 0)
check("正交之二：dx · x̂ = 0", (row_dx * row_xhat).sum(), 0)
assert np.linalg.norm(row_dx) <= np.linalg.norm(row_g) / row_sigma[0, 0]
print("投影只会变短：‖dx‖ ≤ ‖g‖ / σ")

# %% [markdown]
# ### 图：先落到平面，再落到切线
#
# $h=3$ 时看得见。减均值把 $g$ 压到平面 $\sum_i x_i=0$ 上（左）；在这个平面里，$\hat x$ 总在半径 $\sqrt h$ 的圆上，再去掉沿半径的分量，剩下圆的切向（右）。

# %% alt="两幅图。左：横轴是平面内的方向，纵轴是全 1 方向；向量 g 去掉竖直的 mean(g) 分量后落到横轴上。右：平面内半径为根号 h 的圆，从圆上的点 x̂ 出发，g − mean(g) 分解为沿半径的虚线分量与沿切线的分量，切向分量就是 σ 乘 dx"
point = np.array([[2.0, -0.5, -0.3]])
_, (point_hat, point_sigma, _) = layer_norm(point, np.ones(3), np.zeros(3), eps=0.0)
unit_one = np.ones(3) / np.sqrt(3)
radial_unit = point_hat[0] / np.sqrt(3)
tangent_unit = np.cross(unit_one, radial_unit)
upstream = (1.6 * unit_one + 0.9 * radial_unit + 1.3 * tangent_unit)[None]  # g 由三个分量拼成
tangent = layer_norm_backward(upstream, (point_hat, point_sigma, np.ones(3)))[0] * point_sigma
planar = upstream[0] - upstream.mean()  # 减均值之后


def arrow(axis, start, end, label, offset, **style):
    """画一个箭头，并在终点旁标字。"""
    start, end = four_digits(start), four_digits(end)
    options = {"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0, "linewidth": 1.8, **style}
    axis.annotate("", end, start, arrowprops=options)
    axis.annotate(label, four_digits(end + np.array(offset)), ha="center", va="center")


figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.4))
flat_length, height = np.linalg.norm(planar), upstream[0] @ unit_one
arrow(left, (0, 0), (flat_length, height), r"$g$", (-0.1, 0.2), color="0.45")
arrow(
    left,
    (0, 0),
    (0, height),
    r"$\mathrm{mean}(g)\,\mathbf{1}$",
    (0.1, 0.2),
    color="0.45",
    linestyle="--",
)
arrow(left, (0, 0), (flat_length, 0), r"$g-\mathrm{mean}(g)$", (-0.3, -0.25), color="C0")
left.plot(*four_digits([[flat_length, flat_length], [0, height]]), ":", color="0.45")
left.axhline(0, color="black", linewidth=0.8)
left.set(xlim=(-0.5, 1.7), ylim=(-0.6, 2.2), title=r"1. remove the $\mathbf{1}$ component")

angle = np.linspace(0, 2 * np.pi, 121)
circle = np.sqrt(3) * np.array([np.cos(angle), np.sin(angle)])
right.plot(*four_digits(circle), color="black", linewidth=0.8)
tip = np.array([np.sqrt(3), 0.0])  # x̂ 放在横轴上
inner = np.array([planar @ radial_unit, planar @ tangent_unit])
along = np.array([0.0, tangent[0] @ tangent_unit])
arrow(right, (0, 0), tip, r"$\hat{x}$", (-0.85, 0.22), color="black")
arrow(right, tip, tip + inner, r"$g-\mathrm{mean}(g)$", (0.3, 0.25), color="C0")
arrow(right, tip, tip + inner * [1, 0], "", (0, 0), color="0.45", linestyle="--")
arrow(right, tip, tip + along, r"$\sigma\,dx$", (0.0, 0.27), color="C3", linewidth=2.6)
right.plot(*four_digits(np.array([tip + inner, tip + along]).T), ":", color="0.45")
right.set(xlim=(-1.9, 3.5), ylim=(-1.9, 2.1), title=r"2. remove the $\hat{x}$ component")
for axis in (left, right):
    axis.set_aspect("equal")
    axis.set_anchor("N")
    axis.axis("off")
figure.tight_layout()

check("三个分量里只留下切向的 1.3", [along[1], inner[1]], 1.3)
check("它没有 1 分量，也没有 x̂ 分量", [tangent[0] @ unit_one, tangent[0] @ radial_unit], 0)

# %% [markdown]
# ### 四个推论
#
# - **尺度。** $dx\propto1/\sigma$：输入放大 $c$ 倍，输出不变，梯度缩小 $c$ 倍。
# - **$h=2$ 时 $P=0$。** 两个数归一化后只能是 $\pm1$，梯度恒为零。
# - **有些损失测不出错。** $g\propto\mathbf 1$ 或 $g\propto\hat x$ 时 $dx=0$。所以 `y.sum()` 不能用来检验 LayerNorm 的反向。
# - **$\epsilon>0$ 时只有一个正交是严格的。** $\sum_i dx_i=0$ 总成立；另一个剩下一点：
#
# $$
# dx\cdot\hat x=\frac h\sigma\operatorname{mean}(g\circ\hat x)\cdot\frac{\epsilon}{v+\epsilon}
# $$
#
# 因为 $\operatorname{mean}(\hat x^2)=v/(v+\epsilon)$，不恰好是 1。合并式本身对任何 $\epsilon$ 都是精确的，近似的只是「投影」这个说法。

# %%
scaled_dx = layer_norm_backward(row_g, layer_norm(10 * row_x, np.ones(h), np.zeros(h), 0.0)[1])[0]
check("输入乘 10，梯度除以 10", scaled_dx * 10, row_dx)

pair = np.array([[1.3, -0.4]])
pair_y, pair_cache = layer_norm(pair, np.ones(2), np.zeros(2), eps=0.0)
check("h = 2：输出是 ±1", pair_y, np.array([[1.0, -1.0]]))
check("h = 2：梯度恒为零", layer_norm_backward(np.array([[0.9, 2.0]]), pair_cache)[0], 0)

big_eps = 0.5  # 故意取大，看得清
_, (eps_hat, eps_sigma, _) = layer_norm(row_x, np.ones(h), np.zeros(h), big_eps)
eps_dx = layer_norm_backward(row_g, (eps_hat, eps_sigma, np.ones(h)))[0]
remainder = h / eps_sigma[0, 0] * (row_g * eps_hat).mean() * big_eps / (row_x.var() + big_eps)
check("ε > 0：Σ dx 仍是 0", eps_dx.sum(), 0)
check("ε > 0：dx · x̂ 等于上式", (eps_dx * eps_hat).sum(), remainder)
assert abs(remainder) > 1e-3
print("ε > 0：dx · x̂ 不再是 0")

# %% [markdown]
# ## 五、RMSNorm：少一条路径
#
# 均方根归一化（RMSNorm）不减均值，没有 $\beta$：
#
# $$
# r=\sqrt{\operatorname{mean}(x^2)+\epsilon}\ \ (n,1),\qquad \hat x=\frac xr\ \ (n,h),\qquad y=\gamma\circ\hat x
# $$
#
# $x$ 只出现两次，所以只有两条路径。直接：$g/r$。经过 $r$：$\partial\hat x_j/\partial r=-\hat x_j/r$，$\partial r/\partial x_i=x_i/(hr)=\hat x_i/h$，相乘求和：
#
# $$
# dx=\frac1r\Big[\,g-\hat x\circ\operatorname{mean}(g\circ\hat x)\Big]
# $$
#
# 与 LayerNorm 相比只少了 $\operatorname{mean}(g)$ 一项。


# %%
def rms_norm(x, gamma, eps=1e-5):
    """x (..., h)，gamma (h,)；返回 y (..., h) 和 (x̂, r, γ)。"""
    r = np.sqrt((x * x).mean(-1, keepdims=True) + eps)  # (..., 1)
    xhat = x / r
    return gamma * xhat, (xhat, r, gamma)


def rms_norm_backward(dy, cache):
    """dy (..., h) → dx (..., h)，dγ (h,)。"""
    xhat, r, gamma = cache
    g = gamma * dy
    dx = (g - xhat * (g * xhat).mean(-1, keepdims=True)) / r
    return dx, (dy * xhat).sum(tuple(range(dy.ndim - 1)))


y_rms, cache_rms = rms_norm(x, gamma)
dx_rms, dgamma_rms = rms_norm_backward(dy, cache_rms)
check("dx 对有限差分", dx_rms, numeric_gradient(lambda z: rms_norm(z, gamma)[0], x, dy), 1e-7)
check("dγ 对有限差分", dgamma_rms, numeric_gradient(lambda w: rms_norm(x, w)[0], gamma, dy), 1e-7)
check("全零行输出 0，不是 NaN", rms_norm(np.zeros((1, h)), gamma)[0], 0)

# %% tags=["oracle"]
import torch
import torch.nn.functional as F

leaves = [torch.from_numpy(a).clone().requires_grad_() for a in (x, gamma)]
reference = F.rms_norm(leaves[0], (h,), leaves[1], 1e-5)
reference.backward(torch.from_numpy(dy))
check("前向对 F.rms_norm", y_rms, reference.detach().numpy())
check("dx 对 autograd", dx_rms, leaves[0].grad.numpy())
check("dγ 对 autograd", dgamma_rms, leaves[1].grad.numpy())

# %% [markdown]
# ### 几何：只剩一个正交
#
# RMSNorm 只对缩放不变，对平移不是。所以梯度只与 $\hat x$（即 $x$）垂直，投影的秩是 $h-1$；**$\sum_i dx_i$ 一般不是零**。

# %%
one_row = rms_norm_backward(row_g, rms_norm(row_x, np.ones(h), eps=0.0)[1])[0]
unit = (row_x / np.linalg.norm(row_x))[0]
check(
    "dx = (I − u uᵀ) g / r",
    one_row[0],
    (row_g[0] - unit * (unit @ row_g[0])) / np.sqrt((row_x**2).mean()),
)
check("dx · x = 0", (one_row * row_x).sum(), 0)
print(
    f"同一行、同一个 g：LayerNorm 的 Σ dx = {abs(row_dx.sum()):.3f}，"
    f"RMSNorm 的 Σ dx = {one_row.sum():.3f}"
)
assert abs(one_row.sum()) > 1e-2

moved = rms_norm(x + 1.0, gamma)[0] - y_rms
grown = rms_norm(3.0 * x, gamma, eps=0.0)[0] - rms_norm(x, gamma, eps=0.0)[0]
check("缩放不变", grown, 0)
assert np.abs(moved).max() > 0.1
print("平移不变：不成立（RMSNorm 没有减均值）")

centered = row_x - row_x.mean()
check(
    "输入先减均值，RMSNorm 的前向就是 LayerNorm",
    rms_norm(centered, gamma)[0],
    layer_norm(row_x, gamma, np.zeros(h))[0],
)

# %% [markdown]
# | | LayerNorm | RMSNorm |
# |---|---|---|
# | 前向的归约 | 均值，再方差 | 均方，一次 |
# | 反向的归约（每个 token） | $\operatorname{mean}(g)$、$\operatorname{mean}(g\circ\hat x)$ | $\operatorname{mean}(g\circ\hat x)$ |
# | 参数个数 | $2h$ | $h$ |
# | 不变性 | 平移、缩放 | 缩放 |
# | 梯度垂直于 | $\mathbf 1$ 与 $\hat x$ | $\hat x$ |
#
# 注意 LayerNorm 相当于先减均值再做 RMSNorm；去掉减均值不等于「结果一样」，而是换了一个函数。它够用是实验结论，不是恒等式。

# %% [markdown]
# ## 六、BatchNorm：训练与推理是两个函数
#
# 统计量沿批（卷积再加空间）取，每个通道一组。以 $x\ (n,c)$ 为例，$\mu,v,\gamma,\beta$ 都是 $(c,)$。卷积的 $(N,C,H,W)$ 先换成 $(N\cdot H\cdot W,\ C)$，其余不变。
#
# ### 前向与滑动统计
#
# 训练时用**这一批**的统计量，同时更新滑动统计；推理时用滑动统计，不看同批的其他样本。三个细节，按 PyTorch 的约定：
#
# - **momentum 是新值的比例**：$\text{running}\leftarrow(1-m)\cdot\text{running}+m\cdot\text{batch}$，缺省 $m=0.1$。Keras 的 momentum 是旧值的比例，缺省 0.99，方向相反。
# - **归一化用有偏方差，滑动统计存无偏方差**（乘 $n/(n-1)$）。
# - **训练时每个通道至少两个数**，否则方差恒为零，PyTorch 直接报错。


# %%
def batch_norm(x, gamma, beta, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    """x (n, c)，其余 (c,)；训练时就地更新滑动统计。返回 y 和反向要用的中间量。"""
    if training:
        n = len(x)
        if n < 2:
            raise ValueError("训练时每个通道至少要有两个数")
        mu, var = x.mean(0), x.var(0)  # (c,)，有偏，用来归一化
        running_mean += momentum * (mu - running_mean)
        running_var += momentum * (var * n / (n - 1) - running_var)  # 无偏，用来推理
    else:
        mu, var = running_mean, running_var
    sigma = np.sqrt(var + eps)
    xhat = (x - mu) / sigma
    return gamma * xhat + beta, (xhat, sigma, gamma, training)


n, c = 5, 3
xb = rng.normal(loc=1.0, scale=2.0, size=(n, c))
gamma_b, beta_b, dyb = rng.normal(size=c), rng.normal(size=c), rng.normal(size=(n, c))
mean_b, var_b = np.zeros(c), np.ones(c)
yb, cache_train = batch_norm(xb, gamma_b, beta_b, mean_b, var_b, training=True)
check("每个通道均值为 0", cache_train[0].mean(0), 0)
check("running_mean = 0.9 · 旧 + 0.1 · 批均值", mean_b, 0.1 * xb.mean(0))
check("running_var = 0.9 · 旧 + 0.1 · 无偏方差", var_b, 0.9 + 0.1 * xb.var(0, ddof=1))

ye, cache_eval = batch_norm(xb, gamma_b, beta_b, mean_b, var_b, training=False)
alone = batch_norm(xb[:1], gamma_b, beta_b, mean_b, var_b, training=False)[0]
check("推理：一个样本单独算，结果不变", alone, ye[:1])
try:
    batch_norm(xb[:1], gamma_b, beta_b, mean_b, var_b, training=True)
except ValueError as error:
    print(f"训练时批大小为 1，报错：{error}")
else:
    raise AssertionError("应当报错")

print(f"m = 0.1 时，10 步之后初始值还占 {0.9**10:.0%}，50 步之后占 {0.9**50:.1%}")

# %% [markdown]
# ### 反向：推理时只剩一条路径
#
# **训练**：与 LayerNorm 同构，mean 改在批上取。$\gamma$ 在每个通道内是常数，可以提到括号外，还能复用 $d\gamma,d\beta$：
#
# $$
# dx=\frac{1}{\sigma}\Big[\,g-\operatorname{mean}_n(g)-\hat x\circ\operatorname{mean}_n(g\circ\hat x)\Big]
# =\frac{\gamma}{\sigma}\Big[\,dy-\frac{d\beta}{n}-\hat x\circ\frac{d\gamma}{n}\Big]
# $$
#
# **推理**：滑动统计是常数，只有直接那条路径，$dx=g/\sigma$。微调时冻结 BN（`eval()`）走的就是这个式子，用训练的式子就错了。


# %%
def batch_norm_backward(dy, cache):
    """dy (n, c) → dx (n, c)，dγ (c,)，dβ (c,)。"""
    xhat, sigma, gamma, training = cache
    g = gamma * dy
    if training:
        g = g - g.mean(0) - xhat * (g * xhat).mean(0)
    return g / sigma, (dy * xhat).sum(0), dy.sum(0)


def forward(z, training):
    """不影响外面滑动统计的前向，供有限差分用。"""
    return batch_norm(z, gamma_b, beta_b, mean_b.copy(), var_b.copy(), training)[0]


dx_train, dgamma_b, dbeta_b = batch_norm_backward(dyb, cache_train)
dx_eval = batch_norm_backward(dyb, cache_eval)[0]
check("训练 dx 对有限差分", dx_train, numeric_gradient(lambda z: forward(z, True), xb, dyb), 1e-7)
check("推理 dx 对有限差分", dx_eval, numeric_gradient(lambda z: forward(z, False), xb, dyb), 1e-7)
xhat_b, sigma_b = cache_train[:2]
check(
    "γ 提到括号外的写法相同",
    gamma_b / sigma_b * (dyb - dbeta_b / n - xhat_b * dgamma_b / n),
    dx_train,
)
check("训练：每个通道 Σ dx = 0", dx_train.sum(0), 0)
assert np.abs(dx_eval.sum(0)).max() > 1e-2
print("推理：每个通道 Σ dx 不是 0")

# %% tags=["oracle"]
import torch
import torch.nn.functional as F

layer = torch.nn.BatchNorm2d(c, dtype=torch.float64)  # 缺省 momentum=0.1, eps=1e-5
with torch.no_grad():
    layer.weight.copy_(torch.from_numpy(gamma_b))
    layer.bias.copy_(torch.from_numpy(beta_b))
means, variances, oracle_rng = np.zeros(c), np.ones(c), np.random.default_rng(1)
for _ in range(4):
    image = oracle_rng.normal(size=(2, c, 3, 3))
    flat_image = image.transpose(0, 2, 3, 1).reshape(-1, c)  # (n·h·w, c)
    ours = batch_norm(flat_image, gamma_b, beta_b, means, variances, training=True)[0]
    theirs = layer(torch.from_numpy(image)).detach().numpy()
    assert np.allclose(ours, theirs.transpose(0, 2, 3, 1).reshape(-1, c), atol=1e-12)
check("四步之后的 running_mean 对 BatchNorm2d", means, layer.running_mean.numpy())
check("四步之后的 running_var 对 BatchNorm2d", variances, layer.running_var.numpy())

for training, ours in ((True, dx_train), (False, dx_eval)):
    leaf = torch.from_numpy(xb).clone().requires_grad_()
    stats = [torch.from_numpy(a.copy()) for a in (mean_b, var_b)]
    weights = [torch.from_numpy(a) for a in (gamma_b, beta_b)]
    F.batch_norm(leaf, *stats, *weights, training=training).backward(torch.from_numpy(dyb))
    check(f"{'训练' if training else '推理'} dx 对 autograd", ours, leaf.grad.numpy())

# %% [markdown]
# ### 批太小会怎样
#
# **同一个样本的输出取决于它和谁分在一批。** 批越小，这个噪声越大。设通道服从正态分布，把训练时的 $\hat x$ 与用真实均值方差算的相比，一阶近似下均方根误差是 $\sqrt{1.5/B}$：均值的估计误差贡献 $1/B$，标准差的贡献 $\frac12\cdot\frac1B$。
#
# 极端是 $B=2$（没有空间维）：输出只能是 $\pm1$，除了谁大谁小，什么都不剩。

# %%
sizes = 2 ** np.arange(1, 9)  # 2, 4, …, 256
watched = 0.5  # 盯住的样本：比均值高半个标准差
outputs, errors = {}, []
for size in sizes:
    companions = rng.normal(size=(4000, size - 1))
    batches = np.concatenate([np.full((4000, 1), watched), companions], axis=1)
    outputs[int(size)] = norm(batches, (1,), eps=0.0)[:, 0]
    everyone = rng.normal(size=(4000, size))
    errors.append(np.sqrt(((norm(everyone, (1,), eps=0.0) - everyone) ** 2).mean()))
errors = np.array(errors)

check("B = 2：输出的绝对值都是 1", np.abs(outputs[2]), 1)
theory = np.sqrt(1.5 / sizes)
assert np.all(np.abs(errors[4:] / theory[4:] - 1) < 0.05)
print("B ≥ 32：实测误差与 √(1.5/B) 相差不到 5%")
for size in (2, 8, 32, 256):
    print(f"B = {size}：同一个样本的输出，标准差 {outputs[size].std():.2f}")
assert np.all(np.diff([values.std() for values in outputs.values()]) < 0)

# %% alt="两幅图，横轴都是批大小 B，从 2 到 256。左：同一个样本在 40 个随机批里的输出，B 为 2 时只有正负 1，B 增大后收拢到真值 0.5。右：训练输出与真值之间的均方根误差，B 大时与根号下 1.5 除以 B 的直线重合"
figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.2))
for size in sizes:
    values = four_digits(outputs[int(size)][:40])
    left.plot(np.full(40, size), values, "o", color="C0", markersize=3, alpha=0.5)
left.axhline(watched, color="black", linestyle="--", linewidth=1, label="true value")
left.legend(frameon=False, loc="lower right")
left.set(xscale="log", xlabel="batch size $B$", ylabel=r"output of one fixed sample")
left.set(ylim=(-1.7, 2.5))
right.plot(sizes, four_digits(errors), "o", color="C0", label="measured")
right.plot(sizes, four_digits(theory), "--", color="black", label=r"$\sqrt{1.5/B}$")
right.set(
    xscale="log", yscale="log", xlabel="batch size $B$", ylabel="RMS error of training output"
)
right.legend(frameon=False)
for axis in (left, right):
    axis.set_xticks(sizes[::2], [str(size) for size in sizes[::2]])
    axis.minorticks_off()
right.set_yticks([0.1, 0.3, 1.0], ["0.1", "0.3", "1"])
figure.tight_layout()

# %% [markdown]
# 这也解释了滑动统计为什么存无偏方差：$B=2$ 时有偏方差的期望只有真实方差的一半，平均多少步都一样。

# %%
pairs = rng.normal(size=(20000, 2))
biased, unbiased = pairs.var(1).mean(), pairs.var(1, ddof=1).mean()
assert abs(biased - 0.5) < 0.02 and abs(unbiased - 1) < 0.04
print(f"真实方差 1，B = 2：有偏的平均约 {biased:.1f}，无偏的平均约 {unbiased:.1f}")

# %% [markdown]
# ### 批不独立会怎样
#
# 批里的样本若不是随机抽的，批再大也没用。极端情形：按类别排好序，每批只有一类。训练时 BN 把这一类的均值也减掉了，两类的输出分不开；推理时用滑动统计，输出又完全是另一个分布。

# %%
class_means = {"甲": -2.0, "乙": 2.0}
run_mean, run_var = np.zeros(1), np.ones(1)
for step in range(200):
    center = (-2.0, 2.0)[step % 2]
    batch = center + 0.5 * rng.normal(size=(256, 1))  # 一批只有一类
    batch_norm(batch, np.ones(1), np.zeros(1), run_mean, run_var, training=True)
for name, center in class_means.items():
    batch = center + 0.5 * rng.normal(size=(256, 1))
    seen = batch_norm(batch, 1.0, 0.0, run_mean.copy(), run_var.copy(), training=True)[0].mean()
    used = batch_norm(batch, 1.0, 0.0, run_mean, run_var, training=False)[0].mean()
    assert abs(seen) < 1e-9 and abs(used) > 3
    print(f"{name}类的平均输出：训练 {abs(seen):.1f}，推理 {used:.0f}")

# %% [markdown]
# LayerNorm 没有这两个问题：它不看同批样本，训练和推理是同一个函数。变长序列、每卡小批、逐 token 生成，都是 Transformer 不用 BN 的理由；「BN 慢」不是。

# %%
batch_result = layer_norm(x, gamma, beta)[0]
check("LayerNorm：单独算与放在批里算相同", layer_norm(x[:1], gamma, beta)[0], batch_result[:1])

# %% [markdown]
# ## 面试版：白板上写什么
#
# 写完主动说四句：有偏方差；$\epsilon$ 在根号里；半精度升 float32 算统计量；归一化最后一维。面试官接着会拿来试的，都在断言里。
#
# ### LayerNorm 与 RMSNorm

# %% tags=["oracle"]
import torch
import torch.nn.functional as F
from torch import nn


def widen(x):
    """半精度升到 float32，其余不动。"""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


class LayerNorm(nn.Module):
    def __init__(self, h, eps=1e-5):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(h))
        self.bias = nn.Parameter(torch.zeros(h))
        self.eps = eps

    def forward(self, x):  # (..., h)
        z = widen(x)
        mean = z.mean(-1, keepdim=True)  # (..., 1)
        var = z.var(-1, unbiased=False, keepdim=True)  # (..., 1)
        z = (z - mean) * torch.rsqrt(var + self.eps)
        return (z * self.weight + self.bias).to(x.dtype)


class RMSNorm(nn.Module):
    def __init__(self, h, eps=1e-5):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(h))
        self.eps = eps

    def forward(self, x):  # (..., h)
        z = widen(x)
        z = z * torch.rsqrt(z.pow(2).mean(-1, keepdim=True) + self.eps)
        return (z * self.weight).to(x.dtype)


def layer_reference(z, m):
    return F.layer_norm(z, z.shape[-1:], m.weight, m.bias, m.eps)


def rms_reference(z, m):
    return F.rms_norm(z, z.shape[-1:], m.weight, m.eps)  # 不给 eps 会用机器精度


torch.manual_seed(0)
for module_class, reference in ((LayerNorm, layer_reference), (RMSNorm, rms_reference)):
    name = module_class.__name__
    module = module_class(4).double()  # 小 h：有偏与无偏分得开
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    for shape in ((4,), (5, 4), (2, 3, 4)):
        z = torch.randn(shape, dtype=torch.float64)
        assert torch.allclose(module(z), reference(z, module), atol=1e-12)
    z = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    inputs = (z, *module.parameters())
    upstream = torch.randn_like(z)
    got = torch.autograd.grad(module(z), inputs, upstream)
    want = torch.autograd.grad(reference(z, module), inputs, upstream)
    assert all(torch.allclose(a, b, atol=1e-12) for a, b in zip(got, want, strict=True))
    assert torch.autograd.gradcheck(module, (z,))
    flat = torch.full((1, 4), 0.0 if name == "RMSNorm" else 3.0, dtype=torch.float64)
    flat.requires_grad_()
    module(flat).backward(torch.randn_like(flat))
    assert torch.isfinite(flat.grad).all()  # 常数行：反向没有 NaN
    half = (300 * torch.randn(2, 4096)).half()
    wide = module_class(4096)
    assert wide(half).dtype == torch.float16
    assert torch.allclose(wide(half).float(), reference(half.float(), wide), atol=2e-2)
    print(f"{name}：前向、全部梯度、任意前导维、常数行、fp16 大数，都通过")
assert torch.equal(LayerNorm(1)(torch.randn(3, 1)), torch.zeros(3, 1))
print("LayerNorm：h = 1 时输出 β，不是 NaN")

# %% [markdown]
# 追问「转回半精度放在乘 $\gamma$ 之前还是之后」：Hugging Face 的 Llama 先转回再乘，Gemma 先乘 $(1+w)$ 再转回。两种都有人用，差一次舍入；加载别人的权重时要跟着原实现走。
#
# ### BatchNorm

# %% tags=["oracle"]
import torch
from torch import nn


class BatchNorm(nn.Module):
    def __init__(self, c, eps=1e-5, momentum=0.1):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(c))
        self.bias = nn.Parameter(torch.zeros(c))
        self.register_buffer("running_mean", torch.zeros(c))
        self.register_buffer("running_var", torch.ones(c))
        self.eps, self.momentum = eps, momentum

    def forward(self, x):  # (n, c, ...)
        dims = [0, *range(2, x.ndim)]  # 除了通道
        if self.training:
            m = x.numel() // x.shape[1]  # 每个通道有几个数
            if m < 2:
                raise ValueError("训练时每个通道至少要有两个数")
            mean, var = x.mean(dims), x.var(dims, unbiased=False)  # (c,)
            with torch.no_grad():  # lerp_：(1 − momentum) · 旧 + momentum · 新
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(var * m / (m - 1), self.momentum)
        else:
            mean, var = self.running_mean, self.running_var
        shape = (1, -1) + (1,) * (x.ndim - 2)
        z = (x - mean.view(shape)) * torch.rsqrt(var.view(shape) + self.eps)
        return z * self.weight.view(shape) + self.bias.view(shape)


torch.manual_seed(0)
ours = BatchNorm(3).double()
theirs = nn.BatchNorm2d(3).double()
for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
    nn.init.normal_(mine)
    other.data.copy_(mine.data)

for training in (True, True, True, False):  # 三步训练，再推理
    ours.train(training)
    theirs.train(training)
    z = (2 * torch.randn(2, 3, 2, 2, dtype=torch.float64) + 1).requires_grad_()
    upstream = torch.randn_like(z)
    got = torch.autograd.grad(ours(z), (z, *ours.parameters()), upstream)
    want = torch.autograd.grad(theirs(z), (z, *theirs.parameters()), upstream)
    assert all(torch.allclose(a, b, atol=1e-12) for a, b in zip(got, want, strict=True))
    assert torch.allclose(ours(z), theirs(z), atol=1e-12)
print("训练与推理的前向、全部梯度：通过")

assert torch.allclose(ours.running_mean, theirs.running_mean, atol=1e-12)
assert torch.allclose(ours.running_var, theirs.running_var, atol=1e-12)
print("滑动统计（momentum 方向、无偏方差）：通过")

assert len(list(ours.parameters())) == 2 and "running_var" in ours.state_dict()
print("滑动统计是 buffer：存进 state_dict，不进优化器")

z = torch.randn(4, 3, dtype=torch.float64)
assert torch.allclose(ours(z)[:1], ours(z[:1]), atol=1e-12)
print("推理：不看同批样本，(n, c) 也能用")
for module in (ours.train(), theirs.train()):
    try:
        module(torch.randn(1, 3, 1, 1, dtype=torch.float64))
    except ValueError:
        continue
    raise AssertionError("应当报错")
print("训练时每个通道只有一个数：报错，nn.BatchNorm2d 也一样")

# %% [markdown]
# ## 练习
#
# 先自己推，再展开。最后一格把每个答案都断言了一遍。
#
# ### 一、L2 归一化的梯度
#
# $y=x/\lVert x\rVert_2$，$x\ (h,)$。不重新求导，从 RMSNorm 的结论写出 $dx$。
#
# <details>
# <summary>答案</summary>
#
# $\lVert x\rVert=\sqrt h\,r$（$\epsilon=0$），所以 $y=\hat x/\sqrt h$，等于 $\gamma=1/\sqrt h$ 的 RMSNorm。代入：
#
# $$
# dx=\frac{1}{\lVert x\rVert}\big[\,dy-y\,(y\cdot dy)\big]
# $$
#
# 仍是投影：去掉 $dy$ 沿 $y$ 的分量，除以长度。
#
# </details>
#
# ### 二、测不出错的损失
#
# 同事取 $\gamma=\mathbf 1,\beta=0$，先用 `y.sum()`，再用 $\frac12\lVert y\rVert^2$ 检验手写的 LayerNorm 反向，梯度都接近零，与 PyTorch 一致，于是放心了。问题在哪？
#
# <details>
# <summary>答案</summary>
#
# 第一个损失 $g=\mathbf 1$，第二个 $g=\hat x$，正是 $P$ 去掉的两个方向，真正的 $dx$ 就是零（第二个在 $\epsilon>0$ 时剩 $\frac{\hat x}{\sigma}\cdot\frac{\epsilon}{v+\epsilon}$）。「忘了除以 $\sigma$」之类的错乘在零上，看不见。要用随机的 $dy$ 与随机的 $\gamma$。
#
# </details>
#
# ### 三、单遍方差
#
# 为了少读一遍数据，用 $v=\operatorname{mean}(x^2)-\operatorname{mean}(x)^2$。什么时候会出事？怎样单遍又稳？
#
# <details>
# <summary>答案</summary>
#
# $\lvert\mu\rvert\gg\sigma$ 时两个大数相减，有效数字全部抵消，甚至得到负方差，开方成 NaN。Welford 算法单遍且稳：每来一个数，
#
# $$
# \delta=x_k-\mu_{k-1},\qquad \mu_k=\mu_{k-1}+\frac{\delta}{k},\qquad M_k=M_{k-1}+\delta\,(x_k-\mu_k),\qquad v=\frac{M_h}{h}
# $$
#
# 两段的统计量也能合并，分块并行归约用得上。
#
# </details>
#
# ### 四、推理时把 BN 折进线性层
#
# 线性层 $z=Wx+b$，$W\ (c,k)$，后面接推理模式的 BN。写出等价的 $W',b'$。为什么 LayerNorm 不能这样折？
#
# <details>
# <summary>答案</summary>
#
# 推理时 BN 是逐通道的仿射，令 $a=\gamma/\sqrt{v_{\text{run}}+\epsilon}\ (c,)$：
#
# $$
# W'=\mathrm{diag}(a)\,W,\qquad b'=a\circ(b-\mu_{\text{run}})+\beta
# $$
#
# LayerNorm 的 $\mu,\sigma$ 由当前输入算出，不是常数，所以不是线性映射。能折的只有它的 $\gamma,\beta$：折进**后面**的线性层。
#
# </details>
#
# ### 五、token 分在两张卡上
#
# 序列并行把 token 切到两张卡，每张卡各有完整的 $h$。前向、$dx$、$d\gamma$ 哪个需要通信？
#
# <details>
# <summary>答案</summary>
#
# 前向和 $dx$ 都在一个 token 之内，不通信。$d\gamma=\sum_{\text{token}}dy\circ\hat x$ 跨 token，每张卡只得到一部分，要 all-reduce 求和；$d\beta$ 同理。漏掉这一步不会报错，只是各卡的 $\gamma$ 悄悄走散。
#
# </details>

# %%
vector, up = rng.normal(size=h), rng.normal(size=h)
length = np.linalg.norm(vector)
unit = vector / length
check(
    "一：L2 归一化的梯度",
    (up - unit * (unit @ up)) / length,
    numeric_gradient(lambda z: z / np.linalg.norm(z), vector, up),
    1e-7,
)

plain = layer_norm(x, np.ones(h), np.zeros(h), eps=0.0)
check("二：损失 y.sum()，dx = 0", layer_norm_backward(np.ones_like(x), plain[1])[0], 0)
check("二：损失 ‖y‖²/2，dx = 0", layer_norm_backward(plain[0], plain[1])[0], 0)

shifted = 1e9 + rng.normal(size=1000)
one_pass = (shifted**2).mean() - shifted.mean() ** 2
mean, square = 0.0, 0.0
for k, value in enumerate(shifted, 1):
    delta = value - mean
    mean += delta / k
    square += delta * (value - mean)
assert abs(one_pass / shifted.var() - 1) > 0.9
print("三：均值 1e9、方差约 1 时，单遍公式一位有效数字也不剩")
check("三：Welford 与两遍算法一致", square / 1000, shifted.var(), 1e-6)

weight, bias, feature = rng.normal(size=(c, 4)), rng.normal(size=c), rng.normal(size=(6, 4))
separate = batch_norm(feature @ weight.T + bias, gamma_b, beta_b, mean_b, var_b, training=False)[0]
a = gamma_b / np.sqrt(var_b + 1e-5)
folded = feature @ (a[:, None] * weight).T + a * (bias - mean_b) + beta_b
check("四：折进线性层，输出不变", folded, separate)

halves = [
    layer_norm_backward(dy[part], layer_norm(x[part], gamma, beta)[1])
    for part in (slice(0, 3), slice(3, 6))
]
check("五：两张卡的 dx 拼起来就是全量", np.concatenate([one[0] for one in halves]), dx)
check("五：dγ 要相加", halves[0][1] + halves[1][1], dgamma)
assert np.abs(halves[0][1] - dgamma).max() > 1e-2
print("五：只用一张卡的 dγ 是错的")
