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
#     title: 归一化：从前向、反向到深网与精度
#     description: 推出 LayerNorm、RMSNorm、BatchNorm 的梯度，用有限差分和 PyTorch 核对；再算有效学习率、Pre 与 Post 的深网、QK-norm、访存、半精度与序列并行，最后写成白板上的短版本
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
#       - 尺度不变
#       - 有效学习率
#       - Pre-LN
#       - Post-LN
#       - Sandwich-LN
#       - DeepNorm
#       - 残差初始化
#       - QK-norm
#       - QK-clip
#       - Welford
#       - 灾难性抵消
#       - 序列并行 γ 梯度
# ---

# %% [markdown] part="forward" title="前向与统计轴"
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
# 后半本的结论，一行一节：
#
# | 节 | 结论 |
# |---|---|
# | 7 尺度不变 | 梯度垂直于 $w$，范数只增，有效学习率是 $\eta/\lVert w\rVert^2$ |
# | 8 QK-norm | $\lvert q^\top k\rvert/\sqrt d\le\sqrt d$，与权重大小无关 |
# | 9 放法 | 初始化时，末层梯度 Post 不随深度变，Pre 按 $1/\sqrt L$ 变小 |
# | 10 残差 | Pre 的残差流方差线性增长；写回矩阵乘 $1/\sqrt{2L}$ 就与深度无关 |
# | 11 访存 | 融合后每字节 1～2 FLOP，访存受限；不融合多读写数倍 |
# | 12 方差 | $\operatorname{mean}(x^2)-\operatorname{mean}(x)^2$ 会抵消；用两遍或 Welford |
# | 13 半精度 | 统计量用 float32；Llama 先转回再乘 $\gamma$，Gemma 先乘再转回 |
# | 14 序列并行 | 只有 $d\gamma$、$d\beta$ 要通信：各卡求和，不是平均 |
#
# 面试怎么问、各模型怎么选，见考点[归一化](../docs/topics/normalization.md)。这一本把每个结论推出来或算出来，并当面核对。

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

# %% tags=["toolkit"]
from toolkit import BLUE, GRAY, GREEN, ORANGE, RED, check, figure, four_digits, numeric_gradient

# isort: split

# %%
import numpy as np

rng = np.random.default_rng(0)  # 全程 float64，种子固定

# %% [markdown]
# ## 1. 哪些数共用一组统计量
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
fig, axes = figure(2, 3, size=(6.4, 5.6), sharex=True, sharey=True)
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

torch.set_num_threads(1)

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
# ## 2. LayerNorm 前向
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
check("每行均值为 0", xhat.mean(-1), np.zeros(n))
check("每行方差为 v / (v + ε)", xhat.var(-1), x.var(-1) / (x.var(-1) + 1e-5))

# %% tags=["oracle"]
import torch
import torch.nn.functional as F

torch.set_num_threads(1)

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
        np.full(row.shape, np.sqrt((width - 1) / width)),
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
check("常数行输出 β", y_flat, np.full((1, 4), 0.7))

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

# %% [markdown] part="backward" title="反向与几何"
# ## 3. LayerNorm 反向
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
def loss_of(f, dy):
    """返回标量损失 Σ dy∘f(z)：它对 z 的梯度，就是上游梯度为 dy 时的反向。"""
    return lambda z: float((dy * f(z)).sum())


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
    check(label, analytic, numeric_gradient(loss_of(f, g), x), 1e-7)

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
for label, ours, f, at in (
    ("dx", dx, lambda z: layer_norm(z, gamma, beta)[0], x),
    ("dγ", dgamma, lambda z: layer_norm(x, z, beta)[0], gamma),
    ("dβ", dbeta, lambda z: layer_norm(x, gamma, z)[0], beta),
):
    check(f"{label} 对有限差分", ours, numeric_gradient(loss_of(f, dy), at), 1e-7)

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

torch.set_num_threads(1)

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
# 检验也要被检验。下面五种常见的错，用随机的 $\gamma$ 与 $dy$ 都能发现；用「$\gamma$ 全 1、损失是 `y.sum()`」（即 $dy=\mathbf 1$）只能发现一种，因为此时真正的 $dx$ 就是零（第 4 节说明为什么）。
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
# ## 4. 几何：为什么是投影
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


fig, (left, right) = figure(1, 2, size=(6.4, 3.4))
flat_length, height = np.linalg.norm(planar), upstream[0] @ unit_one
arrow(left, (0, 0), (flat_length, height), r"$g$", (-0.1, 0.2), color=GRAY)
arrow(
    left,
    (0, 0),
    (0, height),
    r"$\mathrm{mean}(g)\,\mathbf{1}$",
    (0.1, 0.2),
    color=GRAY,
    linestyle="--",
)
arrow(left, (0, 0), (flat_length, 0), r"$g-\mathrm{mean}(g)$", (-0.3, -0.25), color=BLUE)
left.plot(*four_digits([[flat_length, flat_length], [0, height]]), ":", color=GRAY)
left.axhline(0, color="black", linewidth=0.8)
left.set(xlim=(-0.5, 1.7), ylim=(-0.6, 2.2), title=r"1. remove the $\mathbf{1}$ component")

angle = np.linspace(0, 2 * np.pi, 121)
circle = np.sqrt(3) * np.array([np.cos(angle), np.sin(angle)])
right.plot(*four_digits(circle), color="black", linewidth=0.8)
tip = np.array([np.sqrt(3), 0.0])  # x̂ 放在横轴上
inner = np.array([planar @ radial_unit, planar @ tangent_unit])
along = np.array([0.0, tangent[0] @ tangent_unit])
arrow(right, (0, 0), tip, r"$\hat{x}$", (-0.85, 0.22), color="black")
arrow(right, tip, tip + inner, r"$g-\mathrm{mean}(g)$", (0.3, 0.25), color=BLUE)
arrow(right, tip, tip + inner * [1, 0], "", (0, 0), color=GRAY, linestyle="--")
arrow(right, tip, tip + along, r"$\sigma\,dx$", (-0.3, 0.25), color=RED, linewidth=2.6)
right.plot(*four_digits(np.array([tip + inner, tip + along]).T), ":", color=GRAY)
right.set(xlim=(-1.9, 3.5), ylim=(-1.9, 2.1), title=r"2. remove the $\hat{x}$ component")
for axis in (left, right):
    axis.set_aspect("equal")
    axis.set_anchor("N")
    axis.axis("off")

check("三个分量里只留下切向的 1.3", [along[1], inner[1]], [1.3, 1.3])
check("没有 1 分量", tangent[0] @ unit_one, 0)
check("没有 x̂ 分量", tangent[0] @ radial_unit, 0)

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
pair_dx = layer_norm_backward(np.array([[0.9, 2.0]]), pair_cache)[0]
check("h = 2：梯度恒为零", pair_dx, np.zeros((1, 2)))

big_eps = 0.5  # 故意取大，看得清
_, (eps_hat, eps_sigma, _) = layer_norm(row_x, np.ones(h), np.zeros(h), big_eps)
eps_dx = layer_norm_backward(row_g, (eps_hat, eps_sigma, np.ones(h)))[0]
remainder = h / eps_sigma[0, 0] * (row_g * eps_hat).mean() * big_eps / (row_x.var() + big_eps)
check("ε > 0：Σ dx 仍是 0", eps_dx.sum(), 0)
check("ε > 0：dx · x̂ 等于上式", (eps_dx * eps_hat).sum(), remainder)
assert abs(remainder) > 1e-3
print("ε > 0：dx · x̂ 不再是 0")

# %% [markdown] part="batch" title="RMSNorm 与 BatchNorm"
# ## 5. RMSNorm：少一条路径
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
for label, ours, f, at in (
    ("dx", dx_rms, lambda z: rms_norm(z, gamma)[0], x),
    ("dγ", dgamma_rms, lambda z: rms_norm(x, z)[0], gamma),
):
    check(f"{label} 对有限差分", ours, numeric_gradient(loss_of(f, dy), at), 1e-7)
check("全零行输出 0，不是 NaN", rms_norm(np.zeros((1, h)), gamma)[0], np.zeros((1, h)))

# %% tags=["oracle"]
import torch
import torch.nn.functional as F

torch.set_num_threads(1)

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
check("缩放不变", grown, np.zeros_like(x))
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
# ## 6. BatchNorm：训练与推理是两个函数
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
check("每个通道均值为 0", cache_train[0].mean(0), np.zeros(c))
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
for label, ours, training in (("训练", dx_train, True), ("推理", dx_eval, False)):
    loss = loss_of(lambda z, training=training: forward(z, training), dyb)
    check(f"{label} dx 对有限差分", ours, numeric_gradient(loss, xb), 1e-7)
xhat_b, sigma_b = cache_train[:2]
check(
    "γ 提到括号外的写法相同",
    gamma_b / sigma_b * (dyb - dbeta_b / n - xhat_b * dgamma_b / n),
    dx_train,
)
check("训练：每个通道 Σ dx = 0", dx_train.sum(0), np.zeros(c))
assert np.abs(dx_eval.sum(0)).max() > 1e-2
print("推理：每个通道 Σ dx 不是 0")

# %% tags=["oracle"]
import torch
import torch.nn.functional as F

torch.set_num_threads(1)

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

check("B = 2：输出的绝对值都是 1", np.abs(outputs[2]), np.ones(4000))
theory = np.sqrt(1.5 / sizes)
assert np.all(np.abs(errors[4:] / theory[4:] - 1) < 0.05)
print("B ≥ 32：实测误差与 √(1.5/B) 相差不到 5%")
for size in (2, 8, 32, 256):
    print(f"B = {size}：同一个样本的输出，标准差 {outputs[size].std():.2f}")
assert np.all(np.diff([values.std() for values in outputs.values()]) < 0)

# %% alt="两幅图，横轴都是批大小 B，从 2 到 256。左：同一个样本在 40 个随机批里的输出，B 为 2 时只有正负 1，B 增大后收拢到真值 0.5。右：训练输出与真值之间的均方根误差，B 大时与根号下 1.5 除以 B 的直线重合"
fig, (left, right) = figure(1, 2, size=(6.4, 3.2))
for size in sizes:
    values = four_digits(outputs[int(size)][:40])
    left.plot(np.full(40, size), values, "o", color=BLUE, markersize=3, alpha=0.5)
left.axhline(watched, color="black", linestyle="--", linewidth=1, label="true value")
left.legend(loc="lower right")
left.set(xscale="log", xlabel="batch size $B$", ylabel=r"output of one fixed sample")
left.set(ylim=(-1.7, 2.5))
right.plot(sizes, four_digits(errors), "o", color=BLUE, label="measured")
right.plot(sizes, four_digits(theory), "--", color="black", label=r"$\sqrt{1.5/B}$")
right.set(
    xscale="log", yscale="log", xlabel="batch size $B$", ylabel="RMS error of training output"
)
right.legend()
for axis in (left, right):
    axis.set_xticks(sizes[::2], [str(size) for size in sizes[::2]])
    axis.minorticks_off()
_ = right.set_yticks([0.1, 0.3, 1.0], ["0.1", "0.3", "1"])

# %% [markdown]
# 这也解释了滑动统计为什么存无偏方差：$B=2$ 时有偏方差的期望只有真实方差的一半，平均多少步都一样。

# %%
pairs = rng.normal(size=(20000, 2))
biased, unbiased = pairs.var(1).mean(), pairs.var(1, ddof=1).mean()
assert abs(biased - 0.5) < 0.02 and abs(unbiased - 1) < 0.04
print(f"真实方差 1，B = 2：有偏的平均约 {biased:.1f}，无偏的平均约 {unbiased:.1f}")

# %% [markdown]
# ### 不看批的替代：GroupNorm
#
# 批小又要按通道归一化，就换 GroupNorm。反向不用重推：**把一组摊成一行，它就是 LayerNorm。** 有逐通道的 $\gamma$ 时，照旧先乘成 $g=\gamma\circ dy$ 再摊。


# %%
def group_norm_backward(g, x, groups):
    """g、x (n, c, l) → dx (n, c, l)。"""
    rows, g_rows = (z.reshape(len(x) * groups, -1) for z in (x, g))
    ones = np.ones(rows.shape[1])
    cache = layer_norm(rows, ones, 0 * ones)[1]
    return layer_norm_backward(g_rows, cache)[0].reshape(x.shape)


g3 = np.random.default_rng(9).normal(size=x3.shape)
for groups in (1, 2, 4):
    loss = loss_of(lambda z, groups=groups: group_norm(z, groups), g3)
    dx3 = group_norm_backward(g3, x3, groups)
    check(f"GroupNorm，{groups} 组：dx 对有限差分", dx3, numeric_gradient(loss, x3), 1e-6)

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

# %% [markdown] part="scale" title="尺度不变与 QK-norm"
# ## 7. 尺度不变与有效学习率
#
# 这一部分把归一化放回网络里看，用到前面的 `layer_norm`、`rms_norm` 与它们的反向。
#
# **权重 $w$ 后面紧跟归一化，放大 $c$ 倍输出不变，于是 $\mathcal L(cw)=\mathcal L(w)$（$c>0$，$\epsilon=0$）。** 只凭这一个等式就能推出四件事：
#
# - **梯度垂直于 $w$。** 对 $c$ 求导，取 $c=1$：$w\cdot\nabla\mathcal L(w)=0$。
# - **梯度反比于范数。** 对 $w$ 求导：$\nabla\mathcal L(cw)=\frac1c\nabla\mathcal L(w)$。
# - **范数只增不减。** SGD 走一步，勾股定理：$\lVert w'\rVert^2=\lVert w\rVert^2+\eta^2\lVert\nabla\mathcal L\rVert^2$。
# - **有效学习率是 $\eta/\lVert w\rVert^2$。** 一步转过的角满足 $\tan\theta=\eta\lVert\nabla\mathcal L(w)\rVert/\lVert w\rVert$，梯度自己又带一个 $1/\lVert w\rVert$。

# %%
toy = np.random.default_rng(7)
inputs, ones5 = toy.normal(size=(256, 8)), np.ones(5)
teacher = layer_norm(inputs @ toy.normal(size=(8, 5)), ones5, 0 * ones5, eps=0.0)[0]
targets = teacher + 0.5 * toy.normal(size=(256, 5))


def invariant_loss(w, rows=slice(None)):
    """w (8, 5) 后面跟 LayerNorm 的回归；返回损失与 dw。"""
    y, cache = layer_norm(inputs[rows] @ w, ones5, 0 * ones5, eps=0.0)
    error = y - targets[rows]
    dz = layer_norm_backward(error / len(error), cache)[0]
    return (error**2).sum() / (2 * len(error)), inputs[rows].T @ dz


w0 = toy.normal(size=(8, 5)) / 2
loss, dw = invariant_loss(w0)
check("dw 对有限差分", dw, numeric_gradient(lambda z: invariant_loss(z)[0], w0), 1e-8)
check("w 乘 3，损失不变", invariant_loss(3 * w0)[0], loss)
check("梯度垂直于 w", (w0 * dw).sum(), 0)
check("w 乘 3，梯度除以 3", 3 * invariant_loss(3 * w0)[1], dw)
grown = ((w0 - 0.5 * dw) ** 2).sum()
check("走一步，‖w‖² 增加 η²‖dw‖²", grown, (w0**2).sum() + 0.25 * (dw**2).sum())

# %% [markdown]
# 「有效学习率是 $\eta/\lVert w\rVert^2$」可以说得更硬：**从 $cw$ 出发、学习率用 $c^2\eta$，每一步的方向都与从 $w$ 出发、用 $\eta$ 一模一样。** 只改初始大小而不改 $\eta$，第一步的 $\tan\theta$ 就小 $c^2$ 倍。
#
# 权重衰减 $\lambda$ 在这里限制不了函数，它只把 $\lVert w\rVert$ 拉住：增长与衰减打平，有效学习率停在一个与初始范数无关的值上。


# %%
def train(w, lr, decay=0.0, steps=600):
    """小批 SGD；返回终点与每一步的 ‖w‖²。"""
    order, squares = np.random.default_rng(11), []
    for _ in range(steps):
        squares.append((w**2).sum())
        dw = invariant_loss(w, order.integers(0, 256, 16))[1]
        w = (1 - lr * decay) * w - lr * dw
    return w, np.array(squares)


def first_turn(w, lr):
    """第一步转过的角的正切。"""
    return lr * np.linalg.norm(invariant_loss(w)[1]) / np.linalg.norm(w)


lr, decay = 0.5, 0.01
w_end, free = train(w0, lr)
check("从 4w 出发、学习率 16 倍：终点恰好 4 倍", train(4 * w0, 16 * lr)[0], 4 * w_end, 1e-9)
check("只放大 4 倍：第一步转角的正切是 1/16", first_turn(4 * w0, lr), first_turn(w0, lr) / 16)
assert np.all(np.diff(free) > 0)
held, held_large = (train(start, lr, decay)[1] for start in (w0, 2 * w0))
assert abs(held[-100:].mean() / held_large[-100:].mean() - 1) < 0.1
assert held[-1] < 0.7 * free[-1]
print(f"不加衰减：600 步后有效学习率只剩 {free[0] / free[-1]:.0%}，还在降")
print("加衰减：初始范数差一倍，最后停在同一个 ‖w‖²")

# %% alt="两幅折线图，横轴是训练步数。左：不加衰减时权重的平方范数一直上升；加衰减时，从大的和小的初值出发，都收拢到同一水平。右：有效学习率等于学习率除以平方范数，不加衰减一直下降，加衰减的两条收拢后在同一水平附近波动"
fig, (left, right) = figure(1, 2, size=(6.4, 3.2))
steps = np.arange(0, 600, 20)
for label, squares, style in (
    ("no decay", free, {"color": RED}),
    ("decay", held, {"color": BLUE}),
    ("decay, 2x start", held_large, {"color": BLUE, "linestyle": "--"}),
):
    left.plot(steps, four_digits(squares[steps]), label=label, **style)
    right.plot(steps, four_digits(lr / squares[steps]), label=label, **style)
left.set(xlabel="step", ylabel=r"$\|w\|^2$", ylim=(0, None))
right.set(xlabel="step", ylabel=r"$\eta\,/\,\|w\|^2$", ylim=(0, None))
_ = left.legend(fontsize=10)

# %% [markdown]
# 边界要说清：**归一化前面的权重才有这个性质。** Pre-LN 里归一化后面的 $W_Q$、$W_K$、$W_V$ 与 FFN 第一个矩阵没有（QK-norm 让前两个又有了）。Adam 除掉了梯度的大小，指数不同，见[尺度不变性的后果](../docs/questions/norm-scale-invariance.md)。


# %%
def outside_loss(w):
    """w 在归一化后面：LN(x) w。"""
    z = layer_norm(inputs, np.ones(8), np.zeros(8))[0] @ w
    return ((z - targets) ** 2).sum() / (2 * len(z))


assert abs(outside_loss(3 * w0) - outside_loss(w0)) > 0.1
assert abs((w0 * numeric_gradient(outside_loss, w0)).sum()) > 0.1
print("归一化后面的权重：损失随尺度变，梯度也不垂直")

# %% [markdown]
# ## 8. QK-norm 与 QK-clip
#
# 归一化 $x$ 管不住 $W_Q$、$W_K$：两者各放大 $c$ 倍，logit 放大 $c^2$ 倍，softmax 趋于 one-hot，熵塌到 0，梯度消失。两种办法：
#
# - **QK-norm**：每个头的 $q$、$k$ 做 RMSNorm 再点积。$\gamma=1$ 时 $\lVert q\rVert,\lVert k\rVert\le\sqrt d$，由柯西不等式 $\lvert q^\top k\rvert/\sqrt d\le\sqrt d$，与权重无关。带 $\gamma$ 时上界再乘 $\max\lvert\gamma_q\rvert\max\lvert\gamma_k\rvert$。
# - **QK-clip**：前向不改。更新之后看这一批里每个头的最大 logit $S_{\max}$，超过阈值 $\tau$ 的头，$W_Q$、$W_K$ 各乘 $\sqrt{\tau/S_{\max}}$；没超的头不动。出自 Kimi K2 报告（arXiv 2507.20534 §2.1，那里 $\tau=100$）。
#
# 各乘**根号**，因为 logit 是两者的乘积；各乘 $\tau/S_{\max}$ 就压过了头。

# %%
qk = np.random.default_rng(5)
heads, head_dim, length = 4, 16, 32
width = heads * head_dim
x_qk = norm(qk.normal(size=(length, width)), (1,))  # 进注意力之前已归一化
wq, wk = qk.normal(size=(2, width, width)) / np.sqrt(width)


def logits(wq, wk, qk_norm=False):
    """(a, s, s)：除过 √d 的注意力 logit。"""
    q, k = (
        (x_qk @ w).reshape(length, heads, head_dim).swapaxes(0, 1) for w in (wq, wk)
    )  # (a, s, d)
    if qk_norm:
        q, k = (rms_norm(z, np.ones(head_dim), eps=1e-12)[0] for z in (q, k))
    return q @ k.swapaxes(1, 2) / np.sqrt(head_dim)


def top_and_entropy(scores):
    """每个头的最大 logit 与平均注意力熵（nat）。"""
    p = np.exp(scores - scores.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    return scores.max((1, 2)), -(p * np.log(np.maximum(p, 1e-300))).sum(-1).mean(-1)


def qk_clip(wq, wk, top, tau):
    """每个头一个系数；一个头占 W 的 d 列。"""
    factor = np.minimum(1.0, tau / top)  # (a,)
    columns = np.repeat(np.sqrt(factor), head_dim)  # (h,)
    return wq * columns, wk * columns


base = logits(wq, wk)
check("W_Q、W_K 各乘 3，logit 乘 9", logits(3 * wq, 3 * wk), 9 * base)
check("QK-norm：logit 不变", logits(3 * wq, 3 * wk, True), logits(wq, wk, True), 1e-9)
assert np.abs(logits(3 * wq, 3 * wk, True)).max() <= np.sqrt(head_dim)

tau, boost = 20.0, np.repeat([3.0, 1.0, 1.0, 1.0], head_dim)  # 只放大第 0 个头
grown = (boost * wq, boost * wk)
top, _ = top_and_entropy(logits(*grown))
clipped, _ = top_and_entropy(logits(*qk_clip(*grown, top, tau)))
assert (top > tau).any() and (top < tau).any()
check("QK-clip：超的头恰好回到 τ，没超的不动", clipped, np.minimum(top, tau), 1e-9)
factor = np.repeat(np.minimum(1.0, tau / top), head_dim)
wrong, _ = top_and_entropy(logits(grown[0] * factor, grown[1] * factor))
check("错写成各乘 τ / S_max：压到 τ² / S_max", wrong[top > tau], tau**2 / top[top > tau], 1e-9)

# %% [markdown]
# 让权重一步步变大，对照三种做法。这是一个构造，不是真的训练：第 0 个头的 $W_Q$、$W_K$ 每步放大 4%，其余的头 0.5%，共 120 步，$\tau=20$。

# %%
rates = np.repeat([1.04, 1.005, 1.005, 1.005], head_dim)
free_q, free_k, clip_q, clip_k = wq, wk, wq, wk
curves = {"plain": [], "QK-norm": [], "QK-clip": []}
for _ in range(120):
    free_q, free_k = free_q * rates, free_k * rates
    clip_q, clip_k = clip_q * rates, clip_k * rates
    clip_q, clip_k = qk_clip(clip_q, clip_k, top_and_entropy(logits(clip_q, clip_k))[0], tau)
    curves["plain"].append(top_and_entropy(logits(free_q, free_k)))
    curves["QK-norm"].append(top_and_entropy(logits(free_q, free_k, True)))
    curves["QK-clip"].append(top_and_entropy(logits(clip_q, clip_k)))
curves = {name: np.array(values) for name, values in curves.items()}  # (步, 2, 头)

plain_end, norm_end, clip_end = (curves[name][-1] for name in ("plain", "QK-norm", "QK-clip"))
assert plain_end[0, 0] > 1000 and plain_end[1, 0] < 0.1  # 熵塌到 0
assert norm_end[0, 0] <= np.sqrt(head_dim) and norm_end[1, 0] > 2.5
assert curves["QK-clip"][:, 0].max() < tau + 1e-9 and clip_end[1, 0] > 0.3
check("没超的头，QK-clip 与不管它相同", clip_end[:, 1:], plain_end[:, 1:], 1e-9)
print(f"第 0 个头，120 步之后（均匀时熵是 {np.log(length):.2f}）：")
for name, (tops, entropies) in zip(curves, (plain_end, norm_end, clip_end), strict=True):
    print(f"  {name:8s} 最大 logit {tops[0]:7.1f}，熵 {entropies[0]:.2f}")

# %% alt="两幅折线图，横轴是步数，看权重增长最快的那个头。左：最大 logit，对数刻度，什么都不做时指数上升到四万以上，QK-clip 升到 20 就压平，QK-norm 一直在 4 以下。右：注意力熵，什么都不做时降到 0，QK-clip 停在中间，QK-norm 保持在 2.9 左右不变"
fig, (left, right) = figure(1, 2, size=(6.4, 3.2))
for (name, values), color, style in zip(
    curves.items(), (RED, BLUE, GREEN), ("--", "-", "-."), strict=True
):
    left.plot(four_digits(values[:, 0, 0]), color=color, linestyle=style, label=name)
    right.plot(four_digits(values[:, 1, 0]), color=color, linestyle=style, label=name)
left.set(xlabel="step", ylabel="max logit, head 0", yscale="log")
right.set(xlabel="step", ylabel="entropy (nat), head 0", ylim=(0, 3.6))
_ = left.legend(fontsize=10)

# %% [markdown]
# 读法：QK-norm 从一开始就换了函数，logit 与权重的大小无关；QK-clip 只在超过时拉一把，压住之后熵仍低于初值，因为 $\tau=20$ 远大于初始的最大 logit。位置（RoPE 之前）、粒度与并行见[QK-norm](../docs/questions/qk-norm.md)，各种办法的取舍见[注意力 logit 爆炸](../docs/questions/attention-logit-growth.md)。

# %% [markdown] part="deep" title="深网里的归一化"
# ## 9. 五种放法与深网
#
# $F$ 是一个子层，$N$ 是归一化。一层有两个子层（注意力与 FFN），$L$ 层共 $2L$ 个。
#
# | 放法 | 一个子层 | 残差主路 |
# |---|---|---|
# | Post | $N(x+F(x))$ | 每个子层过一次 $N$ |
# | DeepNorm | $N(\alpha x+F(x))$，初始化乘 $\beta$ | 同上，主路占比更大 |
# | Pre | $x+F(N(x))$，最后再一个 $N$ | 恒等 |
# | Sandwich | $x+N(F(N(x)))$，最后再一个 $N$ | 恒等 |
# | OLMo 2 式 | $x+N(F(x))$，最后再一个 $N$ | 恒等 |
#
# DeepNorm 的常数（只用解码器）：$\alpha=(2L)^{1/4}$，FFN、$W_V$、$W_O$ 的初始化乘 $\beta=(8L)^{-1/4}$，读自微软 torchscale 的 `decoder.py`，论文是 Wang 等 2022（arXiv 2203.00555）。
#
# 实验是简化的：子层只取 FFN，$F(u)=\mathrm{ReLU}(uW_1)W_2$，权重方差 $1/h$；上游梯度取随机的。**只看方向，不当作论文常数的复现。** 反向照前几节拼起来：相加处梯度分两路，过 $N$ 用 `layer_norm_backward`。

# %%
PLACES = {"Post": "sum", "DeepNorm": "sum", "Pre": "in", "Sandwich": "in out", "OLMo 2": "out"}


def unit(x):
    """不带参数的 LayerNorm。"""
    return layer_norm(x, np.ones(x.shape[-1]), np.zeros(x.shape[-1]))


def sublayer(x, w1, w2, places, alpha=1.0):
    """一个 FFN 子层，x (t, h)；places 说在哪里归一化：in 输入、out 输出、sum 相加之后。"""
    u, cache_in = unit(x) if "in" in places else (x, None)
    hidden = np.maximum(u @ w1, 0)
    f, cache_out = unit(hidden @ w2) if "out" in places else (hidden @ w2, None)
    y, cache_sum = unit(alpha * x + f) if "sum" in places else (alpha * x + f, None)
    return y, (u, hidden, w1, w2, alpha, cache_in, cache_out, cache_sum)


def sublayer_backward(dy, saved):
    """返回 dx、dW1、dW2。"""
    u, hidden, w1, w2, alpha, cache_in, cache_out, cache_sum = saved
    ds = layer_norm_backward(dy, cache_sum)[0] if cache_sum else dy
    df = layer_norm_backward(ds, cache_out)[0] if cache_out else ds
    dz = (df @ w2.T) * (hidden > 0)
    du = dz @ w1.T
    dbranch = layer_norm_backward(du, cache_in)[0] if cache_in else du
    return alpha * ds + dbranch, u.T @ dz, hidden.T @ df


def deep_constants(kind, layers):
    """DeepNorm 的 α 与 β；其余放法都是 1。"""
    return ((2 * layers) ** 0.25, (8 * layers) ** -0.25) if kind == "DeepNorm" else (1.0, 1.0)


def deep_forward(x, weights, kind):
    """weights (2L, 2, h, h)；返回输出、反向要的东西、每个子层之后残差流的均方。"""
    alpha, saved, squares = deep_constants(kind, len(weights) // 2)[0], [], []
    for w1, w2 in weights:
        x, cache = sublayer(x, w1, w2, PLACES[kind], alpha)
        saved.append(cache)
        squares.append((x**2).mean())
    y, last = (x, None) if "sum" in PLACES[kind] else unit(x)  # 主路恒等的，末尾补一个 N
    return y, (saved, last), np.array(squares)


def deep_backward(dy, cache):
    """返回 dx 与 dW (2L, 2, h, h)。"""
    saved, last = cache
    d, grads = layer_norm_backward(dy, last)[0] if last else dy, []
    for one in reversed(saved):
        d, dw1, dw2 = sublayer_backward(d, one)
        grads.append((dw1, dw2))
    return d, np.array(grads[::-1])


small = np.random.default_rng(3)
x_net, dy_net = small.normal(size=(2, 3, 6))
w_net = small.normal(size=(4, 2, 6, 6)) / 2
for kind in PLACES:
    y_net, cache, _ = deep_forward(x_net, w_net, kind)
    dx_net, dw_net = deep_backward(dy_net, cache)
    by_x = loss_of(lambda z, kind=kind: deep_forward(z, w_net, kind)[0], dy_net)
    by_w = loss_of(lambda z, kind=kind: deep_forward(x_net, z, kind)[0], dy_net)
    check(f"{kind} 的 dx 对有限差分", dx_net, numeric_gradient(by_x, x_net), 1e-7)
    check(f"{kind} 的 dW 对有限差分", dw_net, numeric_gradient(by_w, w_net), 1e-7)

# %% tags=["oracle"]
import torch
import torch.nn.functional as F

torch.set_num_threads(1)


def torch_net(x, weights, kind):
    """每种放法照定义写一遍，与上面的 places 无关。"""
    layers = len(weights) // 2

    def norm1(z):
        return F.layer_norm(z, z.shape[-1:])

    def ffn(z, w1, w2):
        return torch.relu(z @ w1) @ w2

    for pair in weights:
        if kind == "Post":
            x = norm1(x + ffn(x, *pair))
        elif kind == "DeepNorm":
            x = norm1((2 * layers) ** 0.25 * x + ffn(x, *pair))
        elif kind == "Pre":
            x = x + ffn(norm1(x), *pair)
        elif kind == "Sandwich":
            x = x + norm1(ffn(norm1(x), *pair))
        else:
            x = x + norm1(ffn(x, *pair))
    return x if kind in ("Post", "DeepNorm") else norm1(x)


for kind in PLACES:
    leaves = [torch.from_numpy(v).clone().requires_grad_() for v in (x_net, w_net)]
    torch_net(*leaves, kind).backward(torch.from_numpy(dy_net))
    ours = deep_backward(dy_net, deep_forward(x_net, w_net, kind)[1])
    check(f"{kind} 的 dx 对 autograd", ours[0], leaves[0].grad.numpy(), 1e-10)
    check(f"{kind} 的 dW 对 autograd", ours[1], leaves[1].grad.numpy(), 1e-10)

# %% [markdown]
# 下面取 $h=64$、32 个 token、$L=4,16,64$，三个种子平均。看四个量：末端残差流的均方，第一个与最后一个子层 $W_2$ 的梯度范数，以及**走一步 SGD（学习率 $10^{-4}$）之后输出的相对变化**。DeepNorm 要管住的是最后一个。


# %%
def probe(kind, layers, seeds=3, tokens=32, width=64, lr=1e-4):
    """随机初始化的深网：残差流均方 (2L,)、W2 梯度范数 (2L,)、一步之后输出的相对变化。"""
    total = []
    for seed in range(seeds):
        gen = np.random.default_rng(seed)
        beta = deep_constants(kind, layers)[1]
        weights = beta * gen.normal(size=(2 * layers, 2, width, width)) / np.sqrt(width)
        x, dy = gen.normal(size=(2, tokens, width))
        y, cache, squares = deep_forward(x, weights, kind)
        dw = deep_backward(dy / tokens, cache)[1]
        moved = deep_forward(x, weights - lr * dw, kind)[0] - y
        change = np.linalg.norm(moved) / np.linalg.norm(y)
        total.append((squares, np.sqrt((dw[:, 1] ** 2).sum((1, 2))), change))
    return [np.mean([one[i] for one in total], axis=0) for i in range(3)]


depths = (4, 16, 64)
probes = {kind: {layers: probe(kind, layers) for layers in depths} for kind in PLACES}
for kind, by_depth in probes.items():
    for layers, (squares, norms, change) in by_depth.items():
        print(
            f"{kind:8s} L = {layers:2d}：均方 {squares[-1]:6.1f}，梯度 首 {norms[0]:.2f} "
            f"末 {norms[-1]:.2f}，一步变化 {1000 * change:.2f}‰"
        )


def growth(kind, pick):
    """L 从 4 到 64，这个量变成几倍。"""
    return pick(probes[kind][64]) / pick(probes[kind][4])


def last_norm(one):
    return one[1][-1]


assert all(abs(probes[kind][64][0][-1] - 1) < 1e-2 for kind in ("Post", "DeepNorm"))
for layers in depths:  # Pre 每个子层加 1/2，输出端有归一化的每个子层加 1
    assert abs(probes["Pre"][layers][0][-1] / (1 + layers) - 1) < 0.2
    for kind in ("Sandwich", "OLMo 2"):
        assert abs(probes[kind][layers][0][-1] / (1 + 2 * layers) - 1) < 0.2
assert 0.7 < growth("Post", last_norm) < 1.3  # 末层梯度：不随深度变
for kind in ("Pre", "Sandwich", "OLMo 2"):  # 末层梯度：按 1/√L 变小，64/4 开方是 4
    assert 0.7 < 4 * growth(kind, last_norm) < 1.3
    assert probes[kind][64][1][-1] < 0.3 * probes[kind][64][1][0]  # 首层没有跟着变小
assert np.ptp(np.log(probes["DeepNorm"][64][1])) < np.log(1.3)  # 各层几乎相等
assert growth("Post", lambda one: one[2]) > 20  # 一步的变化：越深越大
assert 0.8 < growth("DeepNorm", lambda one: one[2]) < 1.25  # 与深度无关

# %% alt="两幅折线图，横轴是 32 个子层的序号，都取 16 层的网络。左：残差流的均方，Post 与 DeepNorm 恒为 1，Pre 线性升到约 16，Sandwich 与 OLMo 2 式升到约 32。右：每个子层第二个矩阵的梯度范数，Post 各层相近，DeepNorm 各层几乎相等且小，其余三种从前往后下降"
fig, (left, right) = figure(1, 2, size=(6.4, 3.8))
looks = {
    "Post": {"color": RED, "marker": "o"},
    "DeepNorm": {"color": ORANGE, "marker": "s"},
    "Pre": {"color": BLUE, "marker": "^"},
    "Sandwich": {"color": GREEN, "marker": "v"},
    "OLMo 2": {"color": GRAY, "linestyle": "--"},
}
order = np.arange(1, 33)
for kind, look in looks.items():
    squares, norms, _ = probes[kind][16]
    left.plot(order, four_digits(squares), markevery=4, markersize=5, label=kind, **look)
    right.plot(order, four_digits(norms), markevery=4, markersize=5, **look)
left.set(xlabel="sublayer", ylabel="mean square of the stream", yscale="log")
right.set(xlabel="sublayer", ylabel=r"$\|dW_2\|$", yscale="log")
left.set_yticks([1, 3, 10, 30], ["1", "3", "10", "30"])
right.set_yticks([1, 3, 10], ["1", "3", "10"])
for axis in (left, right):
    axis.minorticks_off()
_ = fig.legend(loc="outside upper center", ncols=5, fontsize=10, columnspacing=1.2)

# %% [markdown]
# 读出四个方向：
#
# - **Post：末层梯度不随深度变小。** Xiong 等 2020 的定理 1 说的就是这一层，给的是上界，而且只说初始化。这个实验里各层都差不多大，没有逐层爆炸。
# - **Pre：末层梯度按 $1/\sqrt L$ 变小。** 残差流的均方是 $1+L$，末尾那个 $N$ 的反向除以它的平方根；第一层没有跟着变小。
# - **Sandwich、OLMo 2 式：走势同 Pre。** 输出端的归一化只把每次的增量定成 1，主路照样线性增长。图里两条几乎重合，因为 ReLU 的 FFN 是齐次的，输入的尺度被输出端除掉了；换成注意力就不是这样。
# - **DeepNorm 管的是更新。** Post 走一步，输出的变化随深度涨了三十多倍；DeepNorm 与深度无关，代价是梯度本身更小。
#
# 论文的条件与证明口径见[Post-LN 与 warmup](../docs/questions/post-norm-warmup.md)、[DeepNorm](../docs/questions/deepnorm.md)与[三明治归一化](../docs/questions/sandwich-norm.md)。
#
# ## 10. 残差方差与初始化
#
# Pre 的主路只加不减。子层的输入已归一化（方差 1），输出方差记作 $s$，各子层近似不相关，$2L$ 次相加之后
#
# $$
# \operatorname{Var}(x_{2L})=1+2L\,s .
# $$
#
# 把写回残差流的矩阵（$W_O$ 与 FFN 的第二个）乘 $\kappa$，$s$ 变成 $\kappa^2 s$。取 $\kappa=1/\sqrt{2L}$ 得 $1+s$，与深度无关。GPT-2 写作 $1/\sqrt N$，$N$ 是残差层的个数，即 $2L$。**写成 $1/\sqrt L$ 是常见的错：一层写回两次**，得到的是 $1+2s$。
#
# ReLU 把零均值高斯的二阶矩减半，所以这里 $s=\frac12$。


# %%
def stream_square(layers, shrink, width=256, tokens=128):
    """Pre 的 2L 个子层，写回矩阵乘 shrink；返回末端残差流的均方。"""
    gen = np.random.default_rng(layers)
    x = gen.normal(size=(tokens, width))
    for _ in range(2 * layers):
        w1, w2 = gen.normal(size=(2, width, width)) / np.sqrt(width)
        x = sublayer(x, w1, shrink * w2, PLACES["Pre"])[0]
    return (x**2).mean()


counts = np.array([2, 4, 8, 16, 32])
plain = np.array([stream_square(layers, 1.0) for layers in counts])
scaled = np.array([stream_square(layers, (2 * layers) ** -0.5) for layers in counts])
short = np.array([stream_square(layers, layers**-0.5) for layers in counts])
assert np.all(np.abs(plain / (1 + counts) - 1) < 0.1)
assert np.all(np.abs(scaled - 1.5) < 0.05) and np.all(np.abs(short - 2.0) < 0.1)
for layers, values in zip(counts, np.stack([plain, scaled, short], 1), strict=True):
    print(
        f"L = {layers:2d}：不缩放 {values[0]:4.1f}，1/√(2L) {values[1]:.2f}，1/√L {values[2]:.2f}"
    )
share = 0.5 / (1 + 32 * 0.5)
print(f"不缩放、L = 16 时，最后一个子层只占末端方差的 {share:.1%}")

# %% alt="折线图，横轴是层数 L，从 2 到 32，纵轴是末端残差流的均方，都是对数刻度。不缩放时与虚线 1 加 L 重合；乘根号 2L 分之一时停在 1.5；错写成根号 L 分之一时停在 2"
fig, axis = figure(size=(6.4, 3.2))
axis.plot(counts, four_digits(plain), "o", color=RED, label="no scaling")
axis.plot(counts, 1 + counts, "--", color=GRAY, label="$1+L$")
axis.plot(counts, four_digits(short), "v-", color=ORANGE, label=r"$1/\sqrt{L}$ (wrong)")
axis.plot(counts, four_digits(scaled), "s-", color=BLUE, label=r"$1/\sqrt{2L}$")
axis.set(xscale="log", yscale="log", xlabel="layers $L$", ylabel="mean square of the stream")
axis.set_xticks(counts, [str(layers) for layers in counts])
axis.set_yticks([1, 2, 5, 10, 30], ["1", "2", "5", "10", "30"])
axis.minorticks_off()
_ = axis.legend(fontsize=10)

# %% [markdown] part="precision" title="精度与并行"
# ## 11. 归约次数与访存
#
# **归一化是访存受限的算子：省时间要省读写次数，不是省运算。** 这一部分讲它在机器上怎么算：读写几次、统计量怎么算得稳、半精度在哪里舍入、切到多张卡上什么要通信。
#
# 先数。把数组包一层：每个 NumPy 算子当成一个单独的核，从显存读它的输入、写它的输出，每个输出（归约则是每个输入）算一次运算。拿前面**原样的** `layer_norm` 与 `rms_norm` 跑一遍，得到不融合时的读写。


# %%
class Counted(np.lib.mixins.NDArrayOperatorsMixin):
    """包着数组的计数器：log 里每个算子一条（读的元素数，写的元素数，运算次数）。"""

    def __init__(self, value, log):
        self.value, self.log, self.ndim = value, log, value.ndim

    def __array_ufunc__(self, ufunc, method, *operands, **options):
        distinct = {id(operand): operand for operand in operands}  # x * x 只读一遍
        arrays = [getattr(operand, "value", operand) for operand in operands]
        result = ufunc(*arrays)
        read = sum(np.size(getattr(one, "value", one)) for one in distinct.values())
        self.log.append((read, result.size, result.size))
        return Counted(result, self.log)

    def _reduce(self, result):
        self.log.append((self.value.size, result.size, self.value.size))
        return Counted(result, self.log)

    def mean(self, axis, keepdims=False):
        return self._reduce(self.value.mean(axis, keepdims=keepdims))

    def sum(self, axis):
        return self._reduce(self.value.sum(axis))


def count_per_element(run, rows=256, width=1024):
    """每个元素平均的（读写次数，运算次数）；(n, 1) 与 (h,) 的小数组摊下来趋于 0。"""
    log = []
    run(Counted(np.random.default_rng(2).normal(size=(rows, width)), log), width)
    read, write, operations = np.array(log).sum(0) / (rows * width)
    return read + write, operations


def run_layer_norm(x, width):
    return layer_norm(x, np.ones(width), np.zeros(width))


def run_rms_norm(x, width):
    return rms_norm(x, np.ones(width))


def run_backward(forward, backward):
    """只数反向：前向照跑，跑完清空。"""

    def run(x, width):
        cache = forward(x, width)[1]
        x.log.clear()
        return backward(Counted(np.ones(x.value.shape), x.log), cache)

    return run


kernels = {  # 名字：（怎么跑，不融合的读写次数，融合的读写次数）
    "LayerNorm 前向": (run_layer_norm, 14, 2),
    "RMSNorm 前向": (run_rms_norm, 7, 2),
    "LayerNorm 反向": (run_backward(run_layer_norm, layer_norm_backward), 21, 3),
    "RMSNorm 反向": (run_backward(run_rms_norm, rms_norm_backward), 17, 3),
}
intensity = {}
for name, (run, unfused, fused) in kernels.items():
    access, operations = count_per_element(run)
    assert abs(access - unfused) < 0.05 and abs(operations - round(operations)) < 0.05
    intensity[name] = operations / (2 * fused)  # bf16：一次读或写 2 字节
    print(
        f"{name}：每个元素 {operations:.0f} 次运算；不融合读写 {access:.0f} 次，融合 {fused} 次，"
        f"融合后 {intensity[name]:.1f} FLOP/字节"
    )

balance = 9.89e14 / 3.35e12  # H100：bf16 稠密峰值 / 带宽
square = 2 * 4096**3 / (2 * 3 * 4096**2)  # 4096 阶方阵相乘：读两个、写一个
assert max(intensity.values()) < 0.01 * balance < balance < square
print(f"H100 的平衡点约 {balance:.0f} FLOP/字节；4096 阶方阵相乘是 {square:.0f}")

# %% [markdown]
# 「融合」数的是理想下限：一行读进寄存器，在片上做完归约，前向读 $x$ 写 $y$，反向读 $dy$ 与 $x$、写 $dx$（$\gamma$、统计量与 $d\gamma$ 的部分和摊到每个元素可忽略）。两个数字值得记：
#
# - **强度只有 1～2 FLOP/字节**，平衡点约 295（H100 的峰值与带宽见 [roofline](../docs/questions/roofline-model.md)），差两个数量级。所以 RMSNorm 少几次运算，省不出同样比例的时间。
# - **不融合就是 7 到 14 次读写，融合是 2 次**，时间按读写算差 3.5 到 7 倍。再往前一步是与残差相加融合，见[融合 add + RMSNorm](../docs/questions/fused-add-rmsnorm.md)。
#
# 归约次数是另一本账，它决定一行要不要来回同步：
#
# | | 前向，每个 token | 反向，每个 token | 跨 token |
# |---|---|---|---|
# | LayerNorm | 两次，方差要等均值 | 两个 mean 一起归约 | $d\gamma$、$d\beta$ |
# | RMSNorm | 一次 | 一次 | $d\gamma$ |
#
# LayerNorm 的两次能不能并成一次？能，但不能用下面第一种写法。
#
# ## 12. 方差怎么算得稳
#
# | 算法 | 读几遍 | 稳不稳 |
# |---|---|---|
# | $\operatorname{mean}(x^2)-\operatorname{mean}(x)^2$ | 一遍 | $\lvert\mu\rvert\gg\sigma$ 时抵消 |
# | 先均值，再 $\operatorname{mean}((x-\mu)^2)$ | 两遍 | 稳 |
# | Welford | 一遍，两段能合并 | 稳 |
#
# **灾难性抵消。** $\mu=10^4$、$\sigma=1$ 时，两个相减的数都约是 $10^8$，float32 在那里的间隔是 8。所以差只能是 8 的倍数：真值是 1，答案却是 0、$\pm8$ 之类。相对误差约 $u(1+\mu^2/\sigma^2)$，$u$ 是舍入单位。
#
# Welford 每来一个数，用**旧差乘新差**更新 $M=\sum(x-\mu)^2$：
#
# $$
# \delta=x_k-\mu_{k-1},\qquad \mu_k=\mu_{k-1}+\frac{\delta}{k},\qquad M_k=M_{k-1}+\delta\,(x_k-\mu_k)
# $$
#
# 两段合并时，除了各自的 $M$，还要补上两个均值之差，记 $\delta=\mu_B-\mu_A$：
#
# $$
# \mu=\mu_A+\delta\,\frac{n_B}{n},\qquad M=M_A+M_B+\delta^2\,\frac{n_An_B}{n}
# $$


# %%
def one_pass_variance(x):
    """错误写法：两个大数相减。"""
    return (x * x).mean(-1) - x.mean(-1) ** 2


def two_pass_variance(x):
    return ((x - x.mean(-1, keepdims=True)) ** 2).mean(-1)


def welford(values):
    """values (n,)；返回（个数，均值，平方和 M）。有偏方差是 M / n。"""
    count, mean, square = 0, values.dtype.type(0), values.dtype.type(0)
    for value in values:
        count += 1
        delta = value - mean  # 用旧均值
        mean = mean + delta / values.dtype.type(count)
        square = square + delta * (value - mean)  # 旧差 × 新差
    return count, mean, square


def merge(a, b):
    """两段的（个数，均值，M）合成一段；空段也行。"""
    (n_a, mean_a, square_a), (n_b, mean_b, square_b) = a, b
    n, delta = n_a + n_b, mean_b - mean_a
    if n == 0:
        return a
    square = square_a + square_b + delta**2 * n_a * n_b / n
    return n, mean_a + delta * n_b / n, square


samples = np.random.default_rng(4)
line = samples.normal(3.0, 2.0, size=1000)
count, mean, square = welford(line)
check("Welford 的均值与方差", [mean, square / count], [line.mean(), line.var()])
pieces = [welford(piece) for piece in np.split(line, [10, 10, 700])]  # 长短不一，含空段
merged = pieces[0]
for piece in pieces[1:]:
    merged = merge(merged, piece)
check("四段合并 = 整段", merged[1:], (mean, square), 1e-9)
apart = merge(welford(np.zeros(8)), welford(np.full(8, 10.0)))
check("两段各自方差为 0，合起来是 25", apart[2] / apart[0], 25.0)

offset = (1e4 + samples.normal(size=4096)).astype(np.float32)
truth = offset.astype(float).var()
assert np.spacing(np.float32(1e8)) == 8 and one_pass_variance(offset) % 8 == 0
stable = {"两遍": two_pass_variance(offset), "Welford": np.divide(*welford(offset)[::-2])}
stable["先减第一个数再单遍"] = one_pass_variance(offset - offset[0])
assert abs(float(one_pass_variance(offset)) / truth - 1) > 0.9
print("均值 1e4、标准差 1，float32：mean(x²) − mean(x)² 是 8 的倍数，一位都不可信")
for name, value in stable.items():
    assert abs(float(value) / truth - 1) < 1e-2
    print(f"  {name}：相对误差 < 1%")

near = (1e4 + 0.01 * samples.normal(size=(64, 256))).astype(np.float32)
assert (one_pass_variance(near) < 0).any() and (two_pass_variance(near) >= 0).all()
print("标准差再小到 0.01：单遍公式算出负方差，开方是 NaN")

# %% [markdown]
# 所以「单遍」不等于「平方的均值减均值的平方」。怎么选：一行放得进寄存器，就用两遍，第二遍不碰显存；放不下，就每个线程跑一段 Welford，再用合并式做树形归约；或者先减去第一个数，把 $\mu/\sigma$ 压小再单遍。RMSNorm 要的是均方本身，都是正数相加，没有这个问题。
#
# ## 13. 半精度与转回的次序
#
# 统计量用 float32 算，第 2 节已经说过。剩下的问题是**什么时候转回半精度**，两家的代码次序相反（transformers 源码）：
#
# | | 最后一行 | 舍入 |
# |---|---|---|
# | Llama | `weight * x̂.to(dtype)` | 两次：转 $\hat x$，再舍入乘积 |
# | Gemma | `(x̂ * (1 + weight)).to(dtype)` | 一次 |
#
# 一次舍入的相对误差至多是 $u$，两次约 $2u$；bf16 有 8 位有效位，$u=2^{-8}$。Gemma 存的是 $w=\gamma-1$，初值 0。
#
# NumPy 没有 bf16，把 float32 的低 16 位按「最近、平局取偶」舍掉就是。


# %%
def to_bf16(x):
    """把 float32 舍入到 bf16 能表示的值（仍用 float32 存）；输入不含 NaN。"""
    bits = np.ascontiguousarray(x, dtype=np.float32).view(np.uint32)
    half_way = np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return ((bits + half_way) & np.uint32(0xFFFF0000)).view(np.float32)


def normalized_fp32(x, eps=1e-6):
    x = x.astype(np.float32)
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + np.float32(eps))


def llama_rms_norm(x, weight, cast):
    """先转回再乘：cast 是半精度的舍入，weight 就是 γ。"""
    return cast(cast(weight) * cast(normalized_fp32(x)))


def gemma_rms_norm(x, weight, cast):
    """在 float32 里乘 1 + w，最后才转回。"""
    return cast(normalized_fp32(x) * (1 + cast(weight)))


def to_fp16(x):
    return np.asarray(x, np.float32).astype(np.float16).astype(np.float32)


assert to_bf16(np.float32(256)) + 1 == 257 and to_bf16(np.float32(257)) == 256
print("bf16：256 加 1 还是 256")
draws = np.random.default_rng(6)
wide, minus_one = draws.normal(size=(64, 4096)), to_bf16(0.3 * draws.normal(size=4096))
for name, cast, unit_roundoff in (("bf16", to_bf16, 2.0**-8), ("fp16", to_fp16, 2.0**-11)):
    rows = cast(wide)
    weight = cast(1 + minus_one)  # 两边用同一个 γ
    exact = rows.astype(float)
    exact = weight * exact / np.sqrt((exact**2).mean(-1, keepdims=True) + 1e-6)
    llama = llama_rms_norm(rows, weight, cast)
    gemma = gemma_rms_norm(rows, weight - 1, cast)
    large = np.abs(exact) > 1e-2  # 避开次正规数
    error_llama, error_gemma = (
        (np.abs(y - exact) / np.abs(exact))[large].max() / unit_roundoff for y in (llama, gemma)
    )
    assert error_gemma < 1.01 < 1.2 < error_llama < 2.02
    assert 0.1 < (llama != gemma).mean() < 0.7
    print(f"{name}：Gemma 的次序误差不超过一个舍入单位，Llama 的超过一个、不到两个")
print("两种次序的结果：有一到七成的元素不同")

tuned = np.float32(1.003)  # 训练把 γ 从 1 推到 1.003
assert to_bf16(tuned) == 1 and abs(to_bf16(tuned - 1) / (tuned - 1) - 1) < 2**-8
print("γ = 1.003 用 bf16 存：存 γ 得到 1，等于没动；存 γ − 1 还在")

# %% tags=["oracle"]
import torch

torch.set_num_threads(1)
torch.manual_seed(0)
bits = torch.randint(-(2**31), 2**31, (200_000,)).to(torch.int32)
values = bits.view(torch.float32)
values = values[torch.isfinite(values)]
assert np.array_equal(to_bf16(values.numpy()), values.bfloat16().float().numpy())
x16, w16 = torch.randn(8, 512).bfloat16(), (1 + 0.3 * torch.randn(512)).bfloat16()
xhat32 = x16.float() * torch.rsqrt(x16.float().pow(2).mean(-1, keepdim=True) + 1e-6)
theirs = (w16 * xhat32.bfloat16()).float().numpy()  # Llama 的次序，真的 bf16 张量
ours = llama_rms_norm(x16.float().numpy(), w16.float().numpy(), to_bf16)
assert (theirs == ours).mean() > 0.99  # 归约次序不同，个别元素差最后一位
print("to_bf16 与 torch 逐位一致（二十万个随机位串）；Llama 的次序与真的 bf16 张量一致")

# %% [markdown]
# 两种都能用，不能混：把 Gemma 的权重按 Llama 的次序算，或者忘了加 1，前者每层差最后一位，后者整个 $\gamma$ 都错了。三种会坏的情形逐个演示见[统计量为什么用 fp32](../docs/questions/norm-fp32-statistics.md)。
#
# ## 14. 序列并行里 γ 的梯度
#
# 序列并行把 token 切到 $t$ 张卡，每张卡各有完整的 $h$。前向与 $dx$ 只在一个 token 之内，不通信。$d\gamma=\sum_{\text{token}}dy\circ\hat x$ 跨 token，每张卡只得到**部分和**：
#
# $$
# d\gamma=\sum_{r=1}^{t}\ \sum_{\text{token}\in\text{卡 }r}dy\circ\hat x,\qquad d\beta\ \text{同理}
# $$
#
# 所以要在组内 all-reduce，而且是**求和**：各卡算的是同一个损失的不同部分。不同步，各卡的 $\gamma$ 悄悄走散；求平均，梯度小了 $t$ 倍。两种都不报错。


# %%
def sequence_parallel(x, dy, gamma, beta, ranks):
    """沿第 0 轴把 token 切成 ranks 段各算各的；返回拼好的 dx 与各卡的 dγ、dβ。"""
    parts = [
        layer_norm_backward(dy_rank, layer_norm(x_rank, gamma, beta)[1])
        for x_rank, dy_rank in zip(np.array_split(x, ranks), np.array_split(dy, ranks), strict=True)
    ]
    dx, dgamma, dbeta = zip(*parts, strict=True)
    return np.concatenate(dx), np.array(dgamma), np.array(dbeta)


x_seq, dy_seq = np.random.default_rng(8).normal(size=(2, 10, h))
full = layer_norm_backward(dy_seq, layer_norm(x_seq, gamma, beta)[1])
for ranks in (2, 3):  # 10 个 token 切成 3 段：4、3、3
    dx_parts, dgamma_parts, dbeta_parts = sequence_parallel(x_seq, dy_seq, gamma, beta, ranks)
    check(f"{ranks} 张卡的 dx 拼起来就是全量", dx_parts, full[0])
    check(f"{ranks} 张卡的 dγ 相加就是全量", dgamma_parts.sum(0), full[1])
    check(f"{ranks} 张卡的 dβ 相加就是全量", dbeta_parts.sum(0), full[2])
    assert np.abs(dgamma_parts[0] - full[1]).max() > 0.1  # 不同步
    assert np.abs(dgamma_parts.mean(0) - full[1]).max() > 0.1  # 求平均
print("只用自己那段、或各段求平均：都是错的")

# %% [markdown]
# 同一个坑还有一处：逐头的 QK-norm，$\gamma\in\mathbb R^d$ 各头共用，张量并行把头切开，$d\gamma$ 就是部分和，没开序列并行也要相加。切法与通信的全表见[序列并行里的归一化](../docs/questions/norm-tensor-sequence-parallel.md)。

# %% [markdown] part="whiteboard" title="面试版与练习"
# ## 15. 面试版：白板上写什么
#
# 写完主动说四句：有偏方差；$\epsilon$ 在根号里；半精度升 float32 算统计量；归一化最后一维。面试官接着会拿来试的，都在断言里。
#
# ### LayerNorm 与 RMSNorm

# %% tags=["oracle"]
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
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
# 追问「转回半精度放在乘 $\gamma$ 之前还是之后」：上面的写法是先乘再转，舍入一次；Llama 先转再乘。两种都有人用（第 13 节），加载别人的权重时要跟着原实现走。
#
# ### BatchNorm

# %% tags=["oracle"]
import torch
from torch import nn

torch.set_num_threads(1)


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
# ## 16. 练习
#
# 先自己推，再展开。最后一格把每个答案都断言了一遍。
#
# ### 练习 1：L2 归一化的梯度
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
# ### 练习 2：测不出错的损失
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
# ### 练习 3：残差相加与 RMSNorm 融合
#
# 融合核先算 $r=x+\text{residual}$，再算 $y=N(r)$，**两个都返回**。上游给 $dy$ 与 $dr$，写出对 $x$ 和 residual 的梯度。
#
# <details>
# <summary>答案</summary>
#
# $r$ 有两个去处，梯度相加：$dr_{\text{总}}=dr+\mathrm{RMSNorm}$ 的反向$(dy)$。加法把它原样分给两个输入，所以 $dx=d\,\text{residual}=dr_{\text{总}}$。只传 $dy$ 那一路，恒等通路就断了。
#
# </details>
#
# ### 练习 4：推理时把 BN 折进线性层
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
# ### 练习 5：DeepNorm 的 α 会被约掉吗
#
# LayerNorm 对缩放不变，$N(\alpha x+F(x))$ 里的 $\alpha$ 是不是白乘了？
#
# <details>
# <summary>答案</summary>
#
# 不是。不变的是**整体**的缩放：$N(\alpha x+F)=N(x+F/\alpha)$，$\alpha$ 等于把分支除以 $\alpha$。$\epsilon>0$ 时，右边的 $\epsilon$ 要换成 $\epsilon/\alpha^2$ 才逐位相等。
#
# </details>
#
# ### 练习 6：h 切到两张卡
#
# 张量并行把隐藏维切成两半，各卡有 $(n,h/2)$。前向 LayerNorm 每个 token 要通信什么？各卡只用自己的统计量会得到什么？
#
# <details>
# <summary>答案</summary>
#
# 每个 token 通信每卡的均值与平方和 $M$（两个标量），用 Welford 的合并式得到全行的 $\mu,v$，比直接加 $\sum x$ 与 $\sum x^2$ 稳。各用各的，就成了两组的 GroupNorm，不是 LayerNorm。
#
# </details>

# %%
vector, up = rng.normal(size=h), rng.normal(size=h)
size = np.linalg.norm(vector)
direction = vector / size
loss = loss_of(lambda z: z / np.linalg.norm(z), up)
ours = (up - direction * (direction @ up)) / size
check("1 L2 归一化的梯度", ours, numeric_gradient(loss, vector), 1e-7)

plain = layer_norm(x, np.ones(h), np.zeros(h), eps=0.0)
zero = np.zeros_like(x)
check("2 损失 y.sum()，dx = 0", layer_norm_backward(np.ones_like(x), plain[1])[0], zero)
check("2 损失 ‖y‖²/2，dx = 0", layer_norm_backward(plain[0], plain[1])[0], zero)

residual, dr = rng.normal(size=(2, *x.shape))


def fused_loss(branch):
    """Σ dy∘y + Σ dr∘r：两个输出都进损失。"""
    r = branch + residual
    return float((dy * rms_norm(r, gamma)[0]).sum() + (dr * r).sum())


total = dr + rms_norm_backward(dy, rms_norm(x + residual, gamma)[1])[0]
check("3 融合核的 dx", total, numeric_gradient(fused_loss, x), 1e-7)

weight, bias, feature = rng.normal(size=(c, 4)), rng.normal(size=c), rng.normal(size=(6, 4))
separate = batch_norm(feature @ weight.T + bias, gamma_b, beta_b, mean_b, var_b, training=False)[0]
a = gamma_b / np.sqrt(var_b + 1e-5)
folded = feature @ (a[:, None] * weight).T + a * (bias - mean_b) + beta_b
check("4 折进线性层，输出不变", folded, separate)

alpha = 3.0
left_side = layer_norm(alpha * x + residual, gamma, beta, eps=1e-5)[0]
right_side = layer_norm(x + residual / alpha, gamma, beta, eps=1e-5 / alpha**2)[0]
check("5 放大主路 = 缩小分支", left_side, right_side)
assert np.abs(left_side - layer_norm(x + residual, gamma, beta)[0]).max() > 0.1

halves = np.split(x, 2, axis=1)
states = [[welford(row) for row in half] for half in halves]
merged = [merge(a, b) for a, b in zip(*states, strict=True)]
mean, var = (np.array([[one[1]] for one in merged]), np.array([[one[2] / h] for one in merged]))
check("6 合并两张卡的统计量 = LayerNorm", (x - mean) / np.sqrt(var + 1e-5), norm(x, (1,)))
alone = np.concatenate([norm(half, (1,)) for half in halves], axis=1)
check("6 各用各的 = 两组的 GroupNorm", alone, group_norm(x[:, :, None], 2)[:, :, 0])
assert np.abs(alone - norm(x, (1,))).max() > 0.1

# %% [markdown]
# 接下来读：[归一化](../docs/topics/normalization.md)（追问与各模型的选择），[手写 LayerNorm](../docs/questions/write-layernorm.md)；推导接着看[注意力](attention.ipynb)与[并行](parallelism.ipynb)。
