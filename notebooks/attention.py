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
#     title: 注意力：从加权平均到反向传播
#     description: 从加权平均出发，推导并手写多头注意力的前向与反向：根号 d、掩码、拆头与合头、softmax 雅可比、三方核对的梯度，最后是白板上的 PyTorch 版
#     topics: [multi-head-attention]
#     aliases: [注意力推导, 注意力反向传播, 手推 attention, 手推反向, 手撕 MHA, 手写 MHA, MHA, multi-head attention, self-attention, scaled dot-product attention, softmax 雅可比, softmax Jacobian, attention backward, attention mask, causal mask, 因果掩码, 根号 d]
# ---

# %% [markdown]
# 这一本从「加权平均」走到白板上的多头注意力（Multi-Head Attention，MHA），前向和反向都推一遍、写一遍。[MiniMax](../docs/experiences/minimax-2023.md#handwriting) 与 [商汤](../docs/experiences/sensetime-2023.md#round-1) 的记录里都有手写 MHA；概念、数字与追问在 [多头注意力](../docs/topics/multi-head-attention.md) 那一页。
#
# 时间只够看一眼，就记住这张表；后面每一节证明其中一行，并用断言检查。
#
# | 问题 | 结论 |
# |---|---|
# | 公式 | $O=\mathrm{softmax}\!\left(QK^\top/\sqrt d+M\right)V$，逐行是 $V$ 的加权平均 |
# | 为什么除以 $\sqrt d$ | 独立、零均值、单位方差时 $\mathrm{Var}(q^\top k)=d$ |
# | 掩码 | softmax **之前**填 $-\infty$；整行被遮时输出约定为 0 |
# | 拆头 | `view(b, s, a, d).transpose(1, 2)`，不能直接 `view(b, a, s, d)` |
# | softmax 雅可比 | $\mathrm{diag}(P)-PP^\top$：对称、行和为 0 |
# | 反向 | $dS=P\circ(dP-D)$，$D=\mathrm{rowsum}(dO\circ O)$ |

# %%
import matplotlib.pyplot as plt
import numpy as np
from matplotlib_inline.backend_inline import set_matplotlib_formats

set_matplotlib_formats("svg")
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
    }
)
rng = np.random.default_rng(2023)  # 全程 float64，种子固定


def gap(x, y):
    """两个数组的最大绝对差；形状必须相同。"""
    assert x.shape == y.shape, (x.shape, y.shape)
    return np.abs(x - y).max()


def check(name, error, limit=1e-12):
    """先断言，再打印；打印的是结论，不是机器相关的舍入误差。"""
    assert error < limit, (name, error)
    print(f"{name}：最大误差 < {limit:g}，通过")


# %% [markdown]
# ## 1. 记号与直觉
#
# ### 形状表
#
# 白板上先写这张表，再写代码。$b$ 是批大小，$s$ 是序列长，$h$ 是隐藏维，$a$ 是头数，$d$ 是每头维度，通常 $a\cdot d=h$。
#
# | 量 | 形状 | 是什么 |
# |---|---|---|
# | $X$ | $(b,s,h)$ | 输入，一行是一个 token |
# | $W_Q,W_K,W_V$ | $(h,\,a\cdot d)$ | 三个投影 |
# | $Q,K,V$ | $(b,a,s,d)$ | 投影后拆成 $a$ 个头 |
# | $S=QK^\top/\sqrt d$ | $(b,a,s,s)$ | 分数：行是 query，列是 key |
# | $M$ | 可广播到 $(b,a,s,s)$ | 掩码：能看处为 0，不能看处为 $-\infty$ |
# | $P=\mathrm{softmax}(S+M)$ | $(b,a,s,s)$ | 权重，每行和为 1 |
# | $O=PV$ | $(b,a,s,d)$ | 每头的输出 |
# | $Y=\mathrm{concat}(O)\,W_O$ | $(b,s,h)$ | 合头后再投影，$W_O$ 是 $(a\cdot d,\,h)$ |
#
# query 与 key 的个数可以不同（交叉注意力、带缓存的解码），那时 $S$ 是 $(b,a,s_q,s_k)$。
#
# ### 软查表
#
# 一次注意力是一次「软」查表：拿 $q$ 与每个 $k_j$ 算相似度，变成和为 1 的权重 $p_j$，输出
#
# $$
# o=\sum_j p_j v_j,\qquad p_j=\frac{e^{q^\top k_j/\sqrt d}}{\sum_l e^{q^\top k_l/\sqrt d}} .
# $$
#
# 权重全正、和为 1，所以 $o$ 落在各 $v_j$ 的凸包里。分数全相等时它是平均；一个分数远大于其他时，它退化成「取出那一个」。下面用三个 key、三个标量 value 看这两头。

# %%
q = np.array([1.0, 0.0])
keys = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])  # (3, 2)
values = np.array([10.0, 20.0, 30.0])  # (3,)

for factor, meaning in [(0.0, "分数全相等"), (1.0, "正常"), (50.0, "分数放大 50 倍")]:
    score = factor * keys @ q / np.sqrt(q.size)  # (3,)
    weight = np.exp(score) / np.exp(score).sum()
    output = weight @ values
    assert np.isclose(weight.sum(), 1.0) and values.min() <= output <= values.max()
    print(f"{meaning}：权重 {np.round(weight, 3)}，输出 {output:.2f}")

# %% [markdown]
# 把 $s$ 个 query 叠成 $Q$，就得到矩阵式 $O=PV$：$O$ 的第 $i$ 行只用 $P$ 的第 $i$ 行。掩码、因果性和反向里「按行」的操作都由此而来。
#
# ## 2. 为什么除以根号 d
#
# ### 方差是多少
#
# **结论：不缩放时分数的方差是 $d$，除以 $\sqrt d$ 后是 1，与 $d$ 无关。** 假设要说全：$q,k\in\mathbb R^{d}$ 的各分量相互独立、均值 0、方差 1（初始化时近似如此）。
#
# 单独一项：$\mathbb E[q_ik_i]=\mathbb E[q_i]\,\mathbb E[k_i]=0$，$\mathrm{Var}(q_ik_i)=\mathbb E[q_i^2]\,\mathbb E[k_i^2]=1$。各项独立，方差相加：
#
# $$
# \mathrm{Var}(q^\top k)=\sum_{i=1}^{d}\mathrm{Var}(q_ik_i)=d
# \quad\Longrightarrow\quad
# \mathrm{Var}\!\left(\frac{q^\top k}{\sqrt d}\right)=1 .
# $$
#
# ### 方差大了会怎样
#
# 分数悬殊，softmax 就接近 one-hot；此时雅可比 $J=\mathrm{diag}(P)-PP^\top$（第 5 节推）趋于零矩阵，梯度传不回 $Q$ 和 $K$。实验：64 个 key，$d\in\{16,64,128,256\}$，比较缩放前后的四个量——分数的方差、权重的平均熵、最大权重超过 0.99 的行占多少、$\lVert J\rVert_F$ 的中位数。

# %%
n, s = 1000, 64  # n 个 query，每个看 s 个 key
dims = [16, 64, 128, 256]


def statistics(S):  # S: (n, s)
    E = np.exp(S - S.max(axis=1, keepdims=True))
    P = E / E.sum(axis=1, keepdims=True)
    entropy = -(P * np.log(np.maximum(P, 1e-300))).sum(axis=1).mean()
    saturated = (P.max(axis=1) > 0.99).mean()
    J = P[:, :, None] * (np.eye(s) - P[:, None, :])  # (n, s, s)，第 i 行 P_i(δ_ij − P_j)
    return S.var(), entropy, saturated, np.median(np.sqrt((J**2).sum(axis=(1, 2))))


raw, scaled = [], []
for d in dims:
    q, k = rng.standard_normal((n, s, d)), rng.standard_normal((n, s, d))
    S = (q * k).sum(axis=2)  # (n, s)，每个分数用一对新的 q、k
    raw.append(statistics(S))
    scaled.append(statistics(S / np.sqrt(d)))
raw, scaled = np.array(raw), np.array(scaled)  # (4, 4)：行是 d，列是四个量

print("  d |   方差         | 熵          | 饱和行        | ‖J‖ 中位数")
for d, x, y in zip(dims, raw, scaled, strict=True):
    print(
        f"{d:3d} | {x[0]:6.1f} → {y[0]:.2f} | {x[1]:.2f} → {y[1]:.2f} "
        f"| {x[2]:5.1%} → {y[2]:.1%} | {x[3]:.3f} → {y[3]:.3f}"
    )

assert np.allclose(raw[:, 0], dims, rtol=0.03)  # Var(q·k) = d
assert np.allclose(scaled[:, 0], 1.0, rtol=0.03)  # 缩放后是 1
assert np.all(np.diff(raw[:, 1]) < 0) and np.ptp(scaled[:, 1]) < 0.06  # 熵：越来越小 / 几乎不变
assert np.all(np.diff(raw[:, 3]) < 0) and np.ptp(scaled[:, 3]) < 0.01  # ‖J‖：同上

# %% alt="四幅折线图，横轴都是每头维度 d 等于 16、64、128、256。不缩放时方差沿 y 等于 d 上升，熵从 1.3 左右降到 0.3 左右，饱和行的比例升到近一半，雅可比范数的中位数降到接近 0；除以根号 d 后四条线都是水平的"
titles = ["variance of scores", "mean entropy (nat)", "rows with max P > 0.99", r"median $\|J\|_F$"]
fig, axes = plt.subplots(2, 2, figsize=(6.4, 5.0), constrained_layout=True)
for column, (axis, title) in enumerate(zip(axes.flat, titles, strict=True)):
    before = [float(f"{x:.4g}") for x in raw[:, column]]
    after = [float(f"{x:.4g}") for x in scaled[:, column]]
    axis.plot(dims, before, "o--", color="#c0392b", label=r"$q^\top k$")
    axis.plot(dims, after, "s-", color="#1f5fa8", label=r"$q^\top k/\sqrt{d}$")
    axis.set(title=title, xlabel="$d$", xscale="log", xticks=dims, xticklabels=dims)
    axis.minorticks_off()
axes[0, 0].set_yscale("log")
axes[0, 0].legend(frameon=False)
plt.show()

# %% [markdown]
# 四条读法：
#
# - 方差与公式一致：缩放前约等于 $d$，缩放后约等于 1。
# - 缩放后熵几乎不随 $d$ 变，接近 $\ln 64-\tfrac12\approx 3.66$：分数近似标准正态时，$H\approx\ln s-\tfrac{\sigma^2}{2}$，$\sigma^2=1$（$s$ 大时成立）。
# - 不缩放时，饱和的行随 $d$ 增多，这些行的 $J$ 几乎是零矩阵：这是梯度**消失**，不是爆炸。
# - $d=16$ 时不缩放的 $\lVert J\rVert_F$ 反而比缩放后大：权重集中在几个 key 上时 $J$ 最大，再集中才变小。所以准确的说法是「缩放让 softmax 的工作点与 $d$ 无关」，而不是「缩放总让梯度变大」。
#
# 追问「为什么不除以 $d$」：$\sqrt d$ 靠的是独立。若 $q$ 与 $k$ 相关，极端时 $q=k$，则 $q^\top k=\sum_i q_i^2$ 的均值就是 $d$，量级是 $\Theta(d)$；μP 因此用 $1/d$。式中的 $d$ 始终是每头维度，不是 $h$。

# %%
assert abs(scaled[:, 1].mean() - (np.log(64) - 0.5)) < 0.05
q = rng.standard_normal((5000, 256))
ratio = (q * q).sum(axis=1).mean() / 256  # q = k：均值是 d，不再是 0
assert abs(ratio - 1) < 0.02
print(f"q = k 时 E[q·k] / d = {ratio:.2f}")

# %% [markdown]
# ## 3. 单头前向与掩码
#
# ### 稳定的 softmax
#
# softmax 对整行加减一个常数不变：$\dfrac{e^{S_j-c}}{\sum_l e^{S_l-c}}=\dfrac{e^{S_j}}{\sum_l e^{S_l}}$。取 $c=\max_j S_j$，指数不超过 1，不会上溢；分母里至少有一项是 $e^0=1$，也不会除以 0。
#
# 唯一的例外是整行都是 $-\infty$：最大值也是 $-\infty$，减出来是 NaN。这里约定这一行的权重全为 0，输出和梯度也就是 0。


# %%
def softmax(S):
    """最后一轴的 softmax；整行都是 −inf 时约定为全 0，输入里的 NaN 照样传出去。"""
    top = S.max(axis=-1, keepdims=True)
    E = np.exp(S - np.where(top == -np.inf, 0.0, top))
    Z = E.sum(axis=-1, keepdims=True)
    return E / np.where(Z == 0.0, 1.0, Z)


def attention(Q, K, V, allowed=None):
    """Q: (..., s_q, d)，K、V: (..., s_k, d)，allowed: 可广播到 (..., s_q, s_k)，True 表示能看。"""
    S = Q @ K.mT / np.sqrt(Q.shape[-1])  # (..., s_q, s_k)
    if allowed is not None:
        S = np.where(allowed, S, -np.inf)  # 在 softmax 之前
    P = softmax(S)
    return P @ V, P  # (..., s_q, d)，(..., s_q, s_k)


big = np.array([1000.0, 1001.0])
with np.errstate(over="ignore", invalid="ignore"):
    naive = np.exp(big) / np.exp(big).sum()  # inf / inf
assert np.isnan(naive).all()
assert np.allclose(softmax(big), softmax(big - 1000.0))
print("直接 exp：", naive, "　先减最大值：", np.round(softmax(big), 3))

# 矩阵式与「逐个 query 加权平均」相同
Q, K, V = rng.standard_normal((3, 5, 4))  # 各 (s, d) = (5, 4)
O, P = attention(Q, K, V)
slow = np.zeros_like(O)
for i in range(5):
    e = np.array([np.exp(Q[i] @ K[j] / np.sqrt(4)) for j in range(5)])
    slow[i] = sum(e[j] / e.sum() * V[j] for j in range(5))
check("矩阵式 = 逐个加权平均", gap(O, slow))

# %% [markdown]
# ### 三种掩码
#
# 统一写成布尔矩阵 `allowed`，True 表示「第 $i$ 个 query 能看第 $j$ 个 key」；几种条件同时要，就按位与。
#
# | 掩码 | 第 $i$ 行能看的 $j$ | 形状 |
# |---|---|---|
# | 因果（causal） | $j\le i+(s_k-s_q)$ | $(s_q,s_k)$ |
# | 填充（padding） | $j$ 是真 token | $(b,1,1,s_k)$ |
# | 文档（packing） | $i,j$ 在同一篇文档 | $(b,1,s,s)$ |
#
# 因果那一行的 $s_k-s_q$ 是给带缓存的解码用的：只算最后 $s_q$ 个 query 时，第 0 行对应的位置是 $s_k-s_q$，不是 0。


# %%
def causal(s_q, s_k):
    i = np.arange(s_q)[:, None] + (s_k - s_q)  # query 的真实位置
    return np.arange(s_k)[None, :] <= i  # (s_q, s_k)


def padding(valid):  # valid: (b, s_k)
    return valid[:, None, None, :]  # (b, 1, 1, s_k)：只遮 key，不遮 query


def document(doc):  # doc: (b, s)，文档编号
    return (doc[:, :, None] == doc[:, None, :])[:, None]  # (b, 1, s, s)


valid = np.array([[True] * 6 + [False] * 2])
doc = np.array([[0, 0, 0, 1, 1, 1, 1, 1]])
masks = {
    "causal": causal(8, 8),
    "padding": np.broadcast_to(padding(valid), (1, 1, 8, 8))[0, 0],
    "document": document(doc)[0, 0],
    "causal & document": causal(8, 8) & document(doc)[0, 0],
}


# %% alt="四个 8 乘 8 的掩码方阵，行是 query，列是 key，深色表示能看。因果是下三角；填充是最后两列全遮；文档是 3 和 5 两个对角方块；因果与文档同时要是两个下三角方块"
def draw(axis, allowed, title):
    axis.pcolormesh(~allowed, cmap="gray", vmin=-0.6, vmax=1, edgecolors="#999999", linewidth=0.6)
    axis.set(title=title, xlabel="key $j$", ylabel="query $i$", aspect="equal")
    axis.set(xticks=[0.5, 7.5], xticklabels=[0, 7], yticks=[0.5, 7.5], yticklabels=[0, 7])
    axis.invert_yaxis()


fig, axes = plt.subplots(2, 2, figsize=(5.6, 5.6), constrained_layout=True)
for axis, (title, allowed) in zip(axes.flat, masks.items(), strict=True):
    draw(axis, allowed, title)
plt.show()

# %% [markdown]
# 掩码对不对，要用**行为**检查，不要只看图：
#
# - 文档掩码对，则两篇拼在一起算，等于分开算；
# - 填充掩码对，则随便改填充处的内容，真 token 的输出不变。
#
# 第二条有个前提：填充处的内容得是有限数。权重是 0，但 $0\times\mathrm{NaN}=\mathrm{NaN}$。

# %%
Q, K, V = rng.standard_normal((3, 8, 4))
packed, _ = attention(Q, K, V, masks["causal & document"])
first, _ = attention(Q[:3], K[:3], V[:3], causal(3, 3))
second, _ = attention(Q[3:], K[3:], V[3:], causal(5, 5))
check("拼在一起 = 分开算", gap(packed, np.concatenate([first, second])))

K2, V2 = K.copy(), V.copy()
K2[6:], V2[6:] = 1e3 * rng.standard_normal((2, 2, 4))  # 改填充处的内容
check(
    "填充处的内容不影响输出",
    gap(attention(Q, K, V, masks["padding"])[0], attention(Q, K2, V2, masks["padding"])[0]),
)

last, _ = attention(Q[-2:], K, V, causal(2, 8))  # 只算最后两个 query
check("s_q < s_k 的因果掩码", gap(last, attention(Q, K, V, causal(8, 8))[0][-2:]))

# %% [markdown]
# ### 整行都被遮住
#
# 这不是凑出来的边界：左填充加因果，第 0 行就一个 key 也看不到。三种处理，结果完全不同：
#
# | 写法 | 这一行的结果 |
# |---|---|
# | 填 $-\infty$，直接 softmax | NaN，反向时参数的梯度也成 NaN |
# | 填 $-10^{9}$ | 权重均匀，悄悄看到了所有被遮的 key |
# | 填 $-\infty$，整行约定为 0 | 输出 0，梯度 0 |
#
# 第二种最危险，因为它不报错。若不是「填」而是「加」$-10^9$，整行一起平移，softmax 不变，结果等于没有掩码（float32 里加上去以后原来的差别被舍入掉，又变回均匀）。

# %%
valid = np.array([[False, True, True, True]])  # 左填充：第 0 个是填充
allowed = (causal(4, 4) & padding(valid))[0, 0]
assert not allowed[0].any()  # 第 0 行一个也看不到

Q, K, V = rng.standard_normal((3, 4, 4))
S = Q @ K.T / np.sqrt(4)


def plain(S):  # 没有特别处理的稳定 softmax
    E = np.exp(S - S.max(axis=-1, keepdims=True))
    return E / E.sum(axis=-1, keepdims=True)


with np.errstate(invalid="ignore"):
    with_inf = plain(np.where(allowed, S, -np.inf))
filled = plain(np.where(allowed, S, -1e9))
added = plain(S + np.where(allowed, 0.0, -1e9))
_, ours = attention(Q, K, V, allowed)

assert np.isnan(with_inf[0]).all()
assert np.allclose(filled[0], 0.25)  # 均匀
assert np.allclose(added[0], plain(S)[0], atol=1e-5)  # 等于没有掩码
assert not ours[0].any() and np.allclose(ours[1:].sum(axis=1), 1.0)
for name, P in [("填 −inf", with_inf), ("填 −1e9", filled), ("加 −1e9", added), ("约定为 0", ours)]:
    print(f"{name}：第 0 行 {np.round(P[0], 3)}")

# %% [markdown]
# PyTorch 里两个常用入口对这一行的处理也不一样，所以约定要自己写明，不能指望框架。下面这一格是当前版本的实际行为。

# %% tags=["oracle"]
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(0)
mask = torch.from_numpy(allowed)  # (4, 4)，第 0 行全 False
q, k, v = torch.from_numpy(np.stack([Q, K, V]))[:, None]  # 各 (1, 4, 4)

fused = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
check("F.scaled_dot_product_attention", gap(fused[0].numpy(), attention(Q, K, V, allowed)[0]))

layer = torch.nn.MultiheadAttention(4, 2, bias=False, batch_first=True, dtype=torch.float64)
x = torch.randn(1, 4, 4, dtype=torch.float64)
with_weights = layer(x, x, x, attn_mask=~mask, need_weights=True)[0]
without = layer(x, x, x, attn_mask=~mask, need_weights=False)[0]
assert with_weights[0, 0].isnan().all() and not without.isnan().any()
print(f"torch {torch.__version__.split('+')[0]}，整行被遮时：")
print("  F.scaled_dot_product_attention 输出 0：", bool((fused[0, 0] == 0).all()))
print(
    "  nn.MultiheadAttention(need_weights=True) 输出 NaN：", bool(with_weights[0, 0].isnan().all())
)
print("  nn.MultiheadAttention(need_weights=False) 输出 0：", bool((without[0, 0] == 0).all()))

# %% [markdown]
# ## 4. 多头：拆头与合头
#
# 一个头只有一套权重 $P$，一个 query 只能有一种「看法」；$a$ 个头在 $a$ 个 $d$ 维子空间里各算各的，再由 $W_O$ 混合。$a\cdot d=h$ 时参数量是 $4h^2$，与 $a$ 无关：头数不增加参数。
#
# **拆头的要点：先把最后一维切成 $(a,d)$，再换轴。** 内存里一个 token 的 $h$ 个数是连着的，第 $i$ 个头要的是**每个** token 的第 $i\cdot d$ 到 $(i+1)\cdot d$ 个数。直接改成 $(b,a,s,d)$ 形状也对得上，内容却是把前几个 token 的全部特征塞给了第 0 个头。


# %%
def split(x, a):  # (b, s, h) → (b, a, s, d)
    b, s, h = x.shape
    assert h % a == 0, f"h={h} 不能被 a={a} 整除"
    return x.reshape(b, s, a, h // a).swapaxes(1, 2)


def merge(x):  # (b, a, s, d) → (b, s, h)，split 的逆
    b, a, s, d = x.shape
    return x.swapaxes(1, 2).reshape(b, s, a * d)


def split_wrong(x, a):  # 错：没有换轴
    b, s, h = x.shape
    return x.reshape(b, a, s, h // a)


def merge_reshape(x):  # 错：没有换轴
    b, a, s, d = x.shape
    return x.reshape(b, s, a * d)


def merge_last_two(x):  # 错：transpose(-1, -2)，换了 s 与 d
    b, a, s, d = x.shape
    return x.mT.reshape(b, s, a * d)


x = (10 * np.arange(4)[:, None] + np.arange(4))[None]  # 十位是 token，个位是通道；(1, 4, 4)
assert np.array_equal(merge(split(x, 2)), x)
assert split(x, 2).shape == split_wrong(x, 2).shape
assert not np.array_equal(split(x, 2), split_wrong(x, 2))
print("对：第 0 个头\n", split(x, 2)[0, 0], "\n错：第 0 个头\n", split_wrong(x, 2)[0, 0], sep="")

# %% [markdown]
# 对的那个头有四个 token（十位 0、1、2、3），各取通道 0、1；错的那个头里只有 token 0 和 1，而且同一个 token 占了两行。
#
# 错的写法形状全对、不报错，也能训练，所以要会答「怎么发现」。办法是量**依赖矩阵**：逐个扰动第 $j$ 个输入 token，看哪些输出位置 $i$ 变了。因果注意力的依赖矩阵必须恰好是下三角。


# %%
def mha(X, W, a, allowed=None, split=split, merge=merge):
    """X: (b, s, h)，W: 四个投影，返回 (b, s, h)。"""
    Q, K, V = (split(X @ W[name], a) for name in "qkv")  # 各 (b, a, s, d)
    O, _ = attention(Q, K, V, allowed)  # (b, a, s, d)
    return merge(O) @ W["o"]


def dependence(f, X):
    """(s, s) 的布尔矩阵：改动第 j 个 token，第 i 个输出变没变。"""
    base, columns = f(X), []
    for j in range(X.shape[1]):
        Z = X.copy()
        Z[:, j] += 1.0
        columns.append(np.abs(f(Z) - base).max(axis=(0, 2)) > 1e-9)
    return np.stack(columns, axis=1)


def weights(h):
    return {name: rng.standard_normal((h, h)) / np.sqrt(h) for name in "qkvo"}


b, s, h, a = 1, 8, 8, 2
X, W = rng.standard_normal((b, s, h)), weights(h)
pairs = {
    "right": (split, merge),
    "reshape, right merge": (split_wrong, merge),
    "reshape, reshape back": (split_wrong, merge_reshape),
    "right, merge by .mT": (split, merge_last_two),
}
should = causal(s, s)
found = {
    name: dependence(lambda Z, p=pair: mha(Z, W, a, should, *p), X) for name, pair in pairs.items()
}
for name, matrix in found.items():
    leaks, lost = (matrix & ~should).sum(), (~matrix & should).sum()
    print(f"{name}：看到未来 {leaks} 处，该看而看不到 {lost} 处")
assert np.array_equal(found["right"], should)
assert found["reshape, right merge"][0, 4]  # 输出 0 看到了 token 4
assert not found["reshape, reshape back"][4:, :4].any()  # 后一半看不到前一半
assert found["right, merge by .mT"].all()  # 每个输出混进所有位置

# %% alt="四个 8 乘 8 的依赖矩阵，行是输出位置，列是被扰动的输入，深色表示有影响。写对时恰好是下三角；拆错合对时上方也有深色，即看到未来；拆错合也错时只剩两个下三角方块，后一半看不到前一半；用 mT 合头时几乎全是深色"
fig, axes = plt.subplots(2, 2, figsize=(5.6, 5.8), constrained_layout=True)
for axis, (title, matrix) in zip(axes.flat, found.items(), strict=True):
    draw(axis, matrix, title)
    axis.set(xlabel="input $j$", ylabel="output $i$")
plt.show()

# %% [markdown]
# - 拆错、合对：输出 0 依赖输入 4，泄漏未来，训练时能偷看答案。
# - 拆错、合也「对称地」错：没有泄漏，但后一半看不到前一半（$a$ 整除 $s$ 时，序列恰好被切成互不相见的 $a$ 段）。因果测试**查不出**这一种，要同时检查「该看的看得到」。
# - 用 `transpose(-1, -2)` 合头：每个输出都混进所有位置。
#
# 另一个能写在白板上的核对：多头等于各头分别乘 $W_O$ 的对应行块，再相加。拼接后乘一个大矩阵，与分块相乘再求和是同一件事。

# %%
Q, K, V = (split(X @ W[name], a) for name in "qkv")
d = h // a
summed = sum(
    attention(Q[:, i], K[:, i], V[:, i], should)[0] @ W["o"][i * d : (i + 1) * d] for i in range(a)
)
check("concat 再乘 = 逐头乘再加", gap(mha(X, W, a, should), summed))
for heads in (1, 2, 4, 8):
    assert sum(w.size for w in W.values()) == 4 * h * h and mha(X, W, heads).shape == (b, s, h)
print("a = 1、2、4、8 用的是同一套参数：4h² =", 4 * h * h)

# %% [markdown]
# PyTorch 里多一个坑：`transpose` 之后内存不连续，`view` 会报错，要 `contiguous().view(…)` 或 `reshape`。

# %% tags=["oracle"]
import torch

x = torch.arange(2 * 3 * 8, dtype=torch.float64).view(2, 3, 8)
heads = x.view(2, 3, 4, 2).transpose(1, 2)  # (b, a, s, d)
assert np.array_equal(heads.numpy(), split(x.numpy(), 4))
back = heads.transpose(1, 2)
try:
    heads.view(2, 3, 8)
except RuntimeError as error:
    print("transpose 之后直接 view：", type(error).__name__)
assert torch.equal(back.contiguous().view(2, 3, 8), x) and torch.equal(back.reshape(2, 3, 8), x)
print("transpose 回去，再 contiguous().view 或 reshape：还原")

# %% [markdown]
# ## 5. softmax 的雅可比
#
# 只看一行：$P_i=e^{S_i}/Z$，$Z=\sum_l e^{S_l}$。对数最省事：$\ln P_i=S_i-\ln Z$，而 $\dfrac{\partial \ln Z}{\partial S_j}=\dfrac{e^{S_j}}{Z}=P_j$，于是
#
# $$
# \frac{\partial \ln P_i}{\partial S_j}=\delta_{ij}-P_j
# \quad\Longrightarrow\quad
# \frac{\partial P_i}{\partial S_j}=P_i(\delta_{ij}-P_j),
# \qquad
# J=\mathrm{diag}(P)-PP^\top\in\mathbb R^{s\times s}.
# $$
#
# 三个性质，面试里常各问一句：
#
# - **对称**：$\mathrm{diag}(P)$ 与 $PP^\top$ 都对称。所以反向时乘 $J^\top$ 还是 $J$，不用分。
# - **行和为 0**：$\sum_j P_i(\delta_{ij}-P_j)=P_i-P_i=0$，因为给一行分数加同一个常数，$P$ 不变。
# - **半正定**：$u^\top Ju=\sum_i P_iu_i^2-\bigl(\sum_i P_iu_i\bigr)^2$，正是 $u$ 在分布 $P$ 下的方差。
#
# 反向不用真的造出 $J$。给定 $g=\partial\mathcal L/\partial P\in\mathbb R^{s}$：
#
# $$
# \frac{\partial\mathcal L}{\partial S}=Jg=P\circ g-P\,(P^\top g)=P\circ\bigl(g-P^\top g\bigr),
# $$
#
# 代价从 $O(s^2)$ 降到 $O(s)$。常见的错误是写成 $P\circ(1-P)\circ g$：那只是 $J$ 的对角线，把 softmax 当成了逐元素的 sigmoid。


# %%
def numeric_gradient(f, x, step=1e-5):
    """中心差分：f 把数组变成标量，返回与 x 同形的梯度。"""
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += step
        down[index] -= step
        gradient[index] = (f(up) - f(down)) / (2 * step)
    return gradient


S = rng.standard_normal(6)  # 一行分数，s = 6
P = softmax(S)
J = np.diag(P) - np.outer(P, P)
numeric = np.stack([numeric_gradient(lambda z, i=i: softmax(z)[i], S) for i in range(6)])
check("J 与数值雅可比", gap(J, numeric), 1e-9)
check("J 对称", gap(J, J.T))
check("J 的行和为 0", np.abs(J.sum(axis=1)).max())
assert np.linalg.eigvalsh(J).min() > -1e-12 and np.linalg.matrix_rank(J) == 5  # 半正定，秩 s − 1

g = rng.standard_normal(6)
check("J g = P∘(g − Pᵀg)", gap(J @ g, P * (g - P @ g)))
assert gap(J @ g, P * (1 - P) * g) > 0.01  # 常见的错误：与正确值差得远
print("P∘(1−P)∘g 是错的：差值大于 0.01")

# %% [markdown]
# ## 6. 反向传播
#
# 约定：$dA$ 是标量损失 $\mathcal L$ 对 $A$ 的梯度，与 $A$ 同形。整段推导只用两条规则：
#
# - **矩阵乘** $C=AB$：$dA=dC\,B^\top$，$dB=A^\top dC$。按下标写：$C_{ij}=\sum_l A_{il}B_{lj}$，所以 $dA_{il}=\sum_j dC_{ij}B_{lj}$。忘了次序就凑形状，只有一种凑法。
# - **softmax**：上一节的 $P\circ(g-P^\top g)$，逐行用。
#
# 先做单头：$Q,K,V\in\mathbb R^{s\times d}$，上游给 $dO\in\mathbb R^{s\times d}$。为了能用有限差分检查每一步，取损失 $\mathcal L=\sum_{ic}G_{ic}O_{ic}$，$G$ 固定，于是 $dO=G$。

# %%
s, d = 6, 4
Q, K, V, G = rng.standard_normal((4, s, d))
allowed = causal(s, s)
S = np.where(allowed, Q @ K.T / np.sqrt(d), -np.inf)  # (s, s)
P = softmax(S)
O = P @ V  # (s, d)
dO = G


def loss(O):
    return float((G * O).sum())


# %% [markdown]
# ### 第一步：过加权平均
#
# $O=PV$ 是一次矩阵乘：
#
# $$
# dV=P^\top dO\ \in\mathbb R^{s\times d},\qquad dP=dO\,V^\top\ \in\mathbb R^{s\times s}.
# $$
#
# 读法：$V_j$ 收到的梯度，是所有看过它的 query 按权重寄回来的；$dP_{ij}$ 是 $dO_i$ 与 $V_j$ 的内积，即「多看 $j$ 一点，损失变多少」。

# %%
dV = P.T @ dO  # (s, d)
dP = dO @ V.T  # (s, s)
check("dV 与有限差分", gap(dV, numeric_gradient(lambda z: loss(P @ z), V)), 1e-8)
check("dP 与有限差分", gap(dP, numeric_gradient(lambda z: loss(z @ V), P)), 1e-8)

# %% [markdown]
# ### 第二步：过 softmax
#
# 逐行套用雅可比：
#
# $$
# dS_{ij}=P_{ij}\,(dP_{ij}-D_i),\qquad D_i=\sum_{l}P_{il}\,dP_{il}.
# $$
#
# $D$ 有一个不需要 $P$ 的写法。把 $dP_{il}=\sum_c dO_{ic}V_{lc}$ 代进去，交换求和：
#
# $$
# D_i=\sum_l P_{il}\sum_c dO_{ic}V_{lc}=\sum_c dO_{ic}\sum_l P_{il}V_{lc}=\sum_c dO_{ic}\,O_{ic}.
# $$
#
# 所以 $D=\mathrm{rowsum}(dO\circ O)\in\mathbb R^{s}$，只要 $O(sd)$ 的量。FlashAttention 的反向用的就是它：$P$ 不存，分块重算，而分块时拿不到整行的 $P\circ dP$，却总拿得到 $O$。
#
# 两个性质随之而来：$dS$ 每行和为 0；被遮处 $P_{ij}=0$，所以 $dS_{ij}=0$，掩码不需要单独的反向代码。

# %%
D = (dO * O).sum(axis=1, keepdims=True)  # (s, 1)
dS = P * (dP - D)  # (s, s)
check("两种 D 相同", gap(D, (P * dP).sum(axis=1, keepdims=True)))
check("dS 与有限差分", gap(dS, numeric_gradient(lambda z: loss(softmax(z) @ V), S)), 1e-8)
check("dS 的行和为 0", np.abs(dS.sum(axis=1)).max())
assert not dS[~allowed].any()
print("被遮处的 dS 恰为 0：True")

# %% [markdown]
# ### 第三步：过点积
#
# $S=QK^\top/\sqrt d$ 又是一次矩阵乘，别丢了 $1/\sqrt d$；$K$ 在转置的位置，所以 $dK$ 用 $dS^\top$：
#
# $$
# dQ=\frac{dS\,K}{\sqrt d},\qquad dK=\frac{dS^\top Q}{\sqrt d}.
# $$

# %%
dQ = dS @ K / np.sqrt(d)  # (s, d)
dK = dS.T @ Q / np.sqrt(d)  # (s, d)
check(
    "dQ 与有限差分",
    gap(dQ, numeric_gradient(lambda z: loss(attention(z, K, V, allowed)[0]), Q)),
    1e-8,
)
check(
    "dK 与有限差分",
    gap(dK, numeric_gradient(lambda z: loss(attention(Q, z, V, allowed)[0]), K)),
    1e-8,
)

# %% [markdown]
# 三种常见的错，形状都对，只有数值检查抓得到。所以手推完要主动说「我会用有限差分核对」。

# %%
wrong = {
    "dS 当成 sigmoid：P∘(1−P)∘dP": (P * (1 - P) * dP, dS),
    "dQ 忘了除以根号 d": (dS @ K, dQ),
    "dK 忘了转置：dS Q": (dS @ Q / np.sqrt(d), dK),
}
for name, (mistake, right) in wrong.items():
    assert mistake.shape == right.shape and gap(mistake, right) > 0.01
    print(f"{name}：形状对，数值错")

# %% [markdown]
# ### 第四步：过投影与合头
#
# 合头与拆头只是搬动元素的位置，互为逆，所以**合头的反向是拆头，拆头的反向是合头**。四个投影都是矩阵乘。记 $C=\mathrm{concat}(O)\in\mathbb R^{b\times s\times h}$，$Y=CW_O$，则从后往前：
#
# | 步 | 式子 | 形状 |
# |---|---|---|
# | 1 | $dW_O=C^\top dY$，$dC=dY\,W_O^\top$ | $(h,h)$；$(b,s,h)$ |
# | 2 | $dO=\mathrm{split}(dC)$ | $(b,a,s,d)$ |
# | 3 | $dV=P^\top dO$，$dP=dO\,V^\top$ | $(b,a,s,d)$；$(b,a,s,s)$ |
# | 4 | $dS=P\circ(dP-\mathrm{rowsum}(dO\circ O))$ | $(b,a,s,s)$ |
# | 5 | $dQ=dS\,K/\sqrt d$，$dK=dS^\top Q/\sqrt d$ | $(b,a,s,d)$ |
# | 6 | $dW_n=X^\top\,\mathrm{merge}(dn)$，$n\in\{Q,K,V\}$ | $(h,h)$ |
# | 7 | $dX=\sum_{n}\mathrm{merge}(dn)\,W_n^\top$ | $(b,s,h)$ |
#
# 两处要小心：$dW$ 要对批和位置都求和（先把 $(b,s,h)$ 摊成 $(b\cdot s,\,h)$ 再乘）；$X$ 用了三次，所以 $dX$ 是三项之和。


# %%
def mha_forward(X, W, a, allowed=None):
    Q, K, V = (split(X @ W[name], a) for name in "qkv")  # (b, a, s, d)
    O, P = attention(Q, K, V, allowed)
    C = merge(O)  # (b, s, h)
    return C @ W["o"], (X, Q, K, V, P, O, C)


def attention_backward(dO, Q, K, V, P, O):
    scale = 1 / np.sqrt(Q.shape[-1])
    dV = P.mT @ dO  # (b, a, s, d)
    dP = dO @ V.mT  # (b, a, s, s)
    dS = P * (dP - (dO * O).sum(axis=-1, keepdims=True))  # (b, a, s, s)
    return scale * dS @ K, scale * dS.mT @ Q, dV


def mha_backward(dY, W, a, saved):
    X, Q, K, V, P, O, C = saved

    def weight_gradient(x, dy):  # 对批与位置求和
        return x.reshape(-1, x.shape[-1]).T @ dy.reshape(-1, dy.shape[-1])

    dO = split(dY @ W["o"].T, a)
    grads = {n: merge(g) for n, g in zip("qkv", attention_backward(dO, Q, K, V, P, O), strict=True)}
    dW = {n: weight_gradient(X, g) for n, g in grads.items()} | {"o": weight_gradient(C, dY)}
    dX = sum(g @ W[n].T for n, g in grads.items())  # X 用了三次
    return dX, dW


# %% [markdown]
# ### 三方核对
#
# 三个互相独立的见证：手推的 NumPy、有限差分、PyTorch 自动求导（前向用它自己的 `scaled_dot_product_attention`，不是照抄这里的）。掩码取最难的一种：因果加左填充，第二个样本的第 0 行整行被遮。

# %%
b, s, h, a = 2, 5, 8, 2
X, W = rng.standard_normal((b, s, h)), weights(h)
valid = np.array([[True] * 5, [False] + [True] * 4])  # 第二个样本左填充
allowed = causal(s, s) & padding(valid)  # (b, 1, s, s)
assert not allowed[1, 0, 0].any()

Y, saved = mha_forward(X, W, a, allowed)
dY = rng.standard_normal(Y.shape)
dX, dW = mha_backward(dY, W, a, saved)


def total(X, W):
    return float((dY * mha(X, W, a, allowed)).sum())


check("dX 与有限差分", gap(dX, numeric_gradient(lambda z: total(z, W), X)), 1e-8)
for n in "qkvo":
    numeric = numeric_gradient(lambda z, n=n: total(X, W | {n: z}), W[n])
    check(f"dW_{n.upper()} 与有限差分", gap(dW[n], numeric), 1e-8)
assert np.isfinite(dX).all() and not dX[1, 0].any()  # 填充 token：没人看它，它也看不到谁
print("整行被遮的位置梯度为 0，没有 NaN：True")

# %% tags=["oracle"]
import torch
import torch.nn.functional as F

x = torch.tensor(X, requires_grad=True)
w = {n: torch.tensor(W[n], requires_grad=True) for n in "qkvo"}
q, k, v = ((x @ w[n]).view(b, s, a, h // a).transpose(1, 2) for n in "qkv")
o = F.scaled_dot_product_attention(q, k, v, attn_mask=torch.tensor(allowed))
y = o.transpose(1, 2).reshape(b, s, h) @ w["o"]
y.backward(torch.tensor(dY))

check("前向与 PyTorch", gap(Y, y.detach().numpy()))
check("dX 与自动求导", gap(dX, x.grad.numpy()))
for n in "qkvo":
    check(f"dW_{n.upper()} 与自动求导", gap(dW[n], w[n].grad.numpy()))

# %% [markdown]
# ## 7. 因果性与对齐
#
# ### 因果性怎么测
#
# 两种测法，等价但抓的错不同：
#
# - **扰动未来**：改第 $j$ 个 token，$i<j$ 的输出一个都不能变；同时 $i\ge j$ 的输出都该变（防止「什么都看不到」也能通过）。
# - **截断**：只喂前 $t$ 个 token，输出应等于整段输出的前 $t$ 行。KV cache 能成立，靠的就是这一条。

# %%
s = 10
X, W = rng.standard_normal((2, s, h)), weights(h)


def model(Z):
    return mha(Z, W, a, causal(Z.shape[1], Z.shape[1]))


assert np.array_equal(dependence(model, X), np.tril(np.ones((s, s), dtype=bool)))
print("扰动：依赖矩阵恰为下三角：True")
worst = max(gap(model(X[:, :t]), model(X)[:, :t]) for t in range(1, s + 1))
check("截断：前 t 个 token 单独算", worst)

# %% [markdown]
# ### 错误的掩码并排看
#
# | 写法 | 错在哪 |
# |---|---|
# | `S + (1 - m) * -1e-9` | 手误：该是 `-1e9`。加上去约等于 0，等于没有掩码 |
# | `S * m` | 被遮处的分数变成 0，而 $e^0=1$，照样分到权重 |
# | `softmax(S) * m` | 行和小于 1；分母里仍有未来，过去的输出随未来变 |
# | 上一种再除以行和 | 数学上等于对的；被遮处的分数太大时，能看处的权重下溢成 0，得到 $0/0$ |
#
# 最后一种值得会说：先 softmax 再乘 0 再归一，精确算术里与先填 $-\infty$ 相同，因为分母约掉了；错在数值，不在公式。


# %%
def masked_weights(S, m, way):
    if way == "−inf，softmax 之前":
        return softmax(np.where(m, S, -np.inf))
    if way == "加 −1e-9":
        return softmax(S + (1 - m) * -1e-9)
    if way == "分数乘 0":
        return softmax(S * m)
    P = softmax(S) * m  # softmax 之后才乘
    return P / P.sum(axis=-1, keepdims=True) if way == "之后乘 0 再归一" else P


def one_head(Z, way):  # Z: (1, s, h)
    Q, K, V = (Z @ W[n] for n in "qkv")
    P = masked_weights(Q @ K.mT / np.sqrt(h), causal(s, s), way)
    return P @ V, P


def verdict(way):
    P = one_head(X[:1], way)[1]
    leak = np.triu(dependence(lambda Z: one_head(Z, way)[0], X[:1]), k=1).any()
    return bool(np.allclose(P.sum(axis=-1), 1.0)), bool(leak)


expected = {  # 行和为 1？过去随未来变？
    "−inf，softmax 之前": (True, False),
    "加 −1e-9": (True, True),
    "分数乘 0": (True, True),
    "之后乘 0": (False, True),
    "之后乘 0 再归一": (True, False),
}
for way, answer in expected.items():
    assert verdict(way) == answer, way
    print(f"{way}：行和为 1 {answer[0]}，过去随未来变 {answer[1]}")

extreme, m = np.array([[0.0, 1000.0]]), np.array([[True, False]])  # 被遮的分数很大
with np.errstate(invalid="ignore"):
    late = masked_weights(extreme, m, "之后乘 0 再归一")
assert np.isnan(late[0, 0]) and masked_weights(extreme, m, "−inf，softmax 之前")[0, 0] == 1.0
print("被遮的分数为 1000 时，之后归一得到", late[0], "，之前填 −inf 得到 [1. 0.]")

# %% [markdown]
# ### 与框架对齐
#
# 与 `F.scaled_dot_product_attention`（SDPA）对齐时，三处语义要分清：
#
# - SDPA 的布尔掩码 True 表示**能看**；`nn.MultiheadAttention` 的 `attn_mask`、`key_padding_mask` 正相反，True 表示**遮住**。
# - SDPA 的浮点掩码是**加**到分数上的，能看处写 0，不能看处写 $-\infty$。
# - `is_causal=True` 按左上角对齐：$s_q<s_k$ 时第 0 个 query 只看第 0 个 key。带缓存的解码要的是右下角对齐，得自己传掩码。

# %% tags=["oracle"]
import torch
import torch.nn.functional as F

torch.manual_seed(0)
q, k, v = torch.randn(3, 2, 2, 6, 4, dtype=torch.float64)  # 各 (b, a, s, d) = (2, 2, 6, 4)
m = torch.ones(6, 6, dtype=torch.bool).tril()
ours = attention(q.numpy(), k.numpy(), v.numpy(), causal(6, 6))[0]
added = torch.zeros(6, 6, dtype=torch.float64).masked_fill(~m, float("-inf"))
for name, options in {
    "布尔掩码，True 能看": {"attn_mask": m},
    "浮点掩码，加上去": {"attn_mask": added},
    "is_causal=True": {"is_causal": True},
}.items():
    check(name, gap(ours, F.scaled_dot_product_attention(q, k, v, **options).numpy()))

tail = q[:, :, -2:]  # 解码：只有最后两个 query
top_left = F.scaled_dot_product_attention(tail, k, v, is_causal=True)
assert torch.equal(top_left[:, :, 0], v[:, :, 0])  # 只看到第 0 个 key
right = F.scaled_dot_product_attention(tail, k, v, attn_mask=torch.from_numpy(causal(2, 6)))
check("s_q < s_k 时自己传右下角对齐的掩码", gap(ours[:, :, -2:], right.numpy()))

layer = torch.nn.MultiheadAttention(8, 2, bias=False, batch_first=True, dtype=torch.float64)
x = torch.from_numpy(X)
with torch.no_grad():  # nn.Linear 存的是 (输出, 输入)，所以转置
    layer.in_proj_weight.copy_(torch.from_numpy(np.concatenate([W[n].T for n in "qkv"])))
    layer.out_proj.weight.copy_(torch.from_numpy(W["o"].T))
    y = layer(x, x, x, attn_mask=torch.ones(s, s, dtype=torch.bool).triu(1), need_weights=False)[0]
check("nn.MultiheadAttention，True 遮住", gap(model(X), y.numpy()))

# %% [markdown]
# ## 8. 面试版：白板上的 MHA
#
# 边写边说五句话，每句对应一行：
#
# 1. 「先断言 $h$ 能被 $a$ 整除，$d=h/a$。」
# 2. 「投影后 `view(b, s, a, d)` 再 `transpose(1, 2)`，得到 $(b,a,s,d)$；不能直接 `view(b, a, s, d)`。」
# 3. 「除以 $\sqrt d$，$d$ 是每头维度；掩码在 softmax 之前填 $-\infty$。」
# 4. 「半精度时 softmax 用 float32 算；整行被遮会出 NaN，所以之后再把被遮处填 0。」
# 5. 「合头要 `transpose` 回来再 `reshape`，最后乘 $W_O$。dropout 加在 $P$ 上，只在训练时生效。」
#
# 第 4 句的第二次 `masked_fill` 连反向也救了：softmax 的反向在那一行算出 NaN，但第一次 `masked_fill` 的反向把被遮处的梯度写成 0。用 `nan_to_num` 也行，坏处是别处真正的 NaN 一起被藏起来。

# %% tags=["oracle"]
import torch
import torch.nn.functional as F
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, h, a, dropout=0.0):
        super().__init__()
        assert h % a == 0
        self.a, self.d = a, h // a
        self.wq, self.wk, self.wv, self.wo = (nn.Linear(h, h, bias=False) for _ in range(4))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, mask=None, causal=False):  # x: (b, s, h)，mask: True 表示能看
        b, s, h = x.shape
        q, k, v = (
            w(x).view(b, s, self.a, self.d).transpose(1, 2)  # (b, a, s, d)
            for w in (self.wq, self.wk, self.wv)
        )
        scores = q @ k.transpose(-2, -1) / self.d**0.5  # (b, a, s, s)
        allowed = torch.ones(s, s, dtype=torch.bool, device=x.device)
        if causal:
            allowed = allowed.tril()
        if mask is not None:
            allowed = allowed & mask  # 可广播到 (b, a, s, s)
        scores = scores.masked_fill(~allowed, float("-inf"))
        wide = torch.promote_types(scores.dtype, torch.float32)  # 半精度 → float32
        p = scores.softmax(dim=-1, dtype=wide).to(v.dtype).masked_fill(~allowed, 0.0)
        o = self.dropout(p) @ v  # (b, a, s, d)
        return self.wo(o.transpose(1, 2).reshape(b, s, h))


# 面试官会试的八件事
torch.manual_seed(0)
layer = MultiHeadAttention(16, 4).double()
x = torch.randn(2, 7, 16, dtype=torch.float64)
y = layer(x, causal=True)
assert y.shape == x.shape  # 1 形状

changed = x.clone()
changed[:, 4:] += 1.0
z = layer(changed, causal=True)
assert torch.allclose(z[:, :4], y[:, :4], atol=1e-12)  # 2 未来不影响过去
assert not torch.isclose(z[:, 4:], y[:, 4:]).all(dim=-1).any()  #   该变的都变了
assert torch.allclose(layer(x[:, :3], causal=True), y[:, :3], atol=1e-12)  # 3 截断

q, k, v = (w(x).view(2, 7, 4, 4).transpose(1, 2) for w in (layer.wq, layer.wk, layer.wv))
o = F.scaled_dot_product_attention(q, k, v, is_causal=True)
reference = layer.wo(o.transpose(1, 2).reshape(2, 7, 16))
assert torch.allclose(reference, y, atol=1e-12)  # 4 与 SDPA 相同

valid = torch.ones(2, 7, dtype=torch.bool)
valid[1, :2] = False  # 左填充：第二个样本的前两行整行被遮
masked = layer(x, mask=valid[:, None, None, :], causal=True)
masked.sum().backward()
assert not masked.isnan().any() and (masked[1, :2] == 0).all()  # 5 整行被遮
assert all(p.grad.isfinite().all() for p in layer.parameters())  #   梯度也没有 NaN

half = MultiHeadAttention(16, 4).to(torch.bfloat16)
out = half(100 * x.to(torch.bfloat16), causal=True)
assert out.dtype == torch.bfloat16 and out.isfinite().all()  # 6 半精度

noisy = MultiHeadAttention(16, 4, dropout=0.5).double()
assert not torch.equal(noisy(x), noisy(x))  # 7 dropout 只在训练时
noisy.eval()
assert torch.equal(noisy(x), noisy(x))

try:
    MultiHeadAttention(16, 3)
except AssertionError:
    print("8 h 不能被 a 整除时报错")  # 8
print("形状、因果、截断、SDPA、整行被遮、半精度、dropout、整除：全部通过")

# %% [markdown]
# ## 9. 练习
#
# 先自己推，再展开答案；本节末尾的代码逐题核对。
#
# **1.** 给 key 的投影加偏置 $b_K\in\mathbb R^{d}$：$K=XW_K+\mathbf 1b_K^\top$。它的梯度是多少？
#
# <details>
# <summary>答案 1</summary>
#
# 恒为 0。每个 key 都加同一个向量，第 $i$ 行的分数整行加上 $q_i^\top b_K/\sqrt d$，softmax 不变，所以损失与 $b_K$ 无关。
#
# 从公式看：$db_K=\sum_j dK_j=\frac{1}{\sqrt d}\sum_j\sum_i dS_{ij}\,q_i=\frac{1}{\sqrt d}\sum_i q_i\sum_j dS_{ij}=0$，因为 $dS$ 的行和为 0。query 的偏置没有这个性质。
#
# </details>
#
# **2.** 在 $P$ 上加 dropout：$\tilde P=P\circ Z$，$O=\tilde PV$，$Z_{ij}\in\{0,\,1/(1-r)\}$。$D=\mathrm{rowsum}(dO\circ O)$ 还成立吗？
#
# <details>
# <summary>答案 2</summary>
#
# 成立。$d\tilde P=dO\,V^\top$，$dP=Z\circ d\tilde P$，所以
#
# $$
# D_i=\sum_j P_{ij}\,dP_{ij}=\sum_j P_{ij}Z_{ij}\,d\tilde P_{ij}=\sum_j\tilde P_{ij}\,d\tilde P_{ij}=\sum_c dO_{ic}\,O_{ic}.
# $$
#
# 要改的是另外两处：$dV=\tilde P^\top dO$，$dS=P\circ(Z\circ d\tilde P-D)$。外面的 $P$ 是 dropout 之前的。
#
# </details>
#
# **3.** 分组查询注意力（GQA）让 $a/h_{kv}$ 个 query 头共用一个 KV 头。$dK$、$dV$ 怎么改？
#
# <details>
# <summary>答案 3</summary>
#
# 前向等于把 KV 头复制 $a/h_{kv}$ 份再做 MHA。复制的反向是求和：先按 MHA 算出每个 query 头的 $dK,dV\in\mathbb R^{b\times a\times s\times d}$，再改成 $(b,\,h_{kv},\,a/h_{kv},\,s,\,d)$，对组内那一维求和。$dQ$ 不变。
#
# 复制时相邻的 query 头共用一个 KV 头，对应 `repeat_interleave`；用 `repeat` 会配错组。
#
# </details>
#
# **4.** 不加掩码、不加位置编码，把输入 token 打乱，输出会怎样？加了因果掩码呢？
#
# <details>
# <summary>答案 4</summary>
#
# 不加掩码时，输出按同样的次序打乱（置换等变）：$S$ 的行列一起置换，softmax 逐行，与列的次序无关，$P$ 也只是行列置换，乘 $V$ 时列的置换被抵消。所以它分不清词序，要靠位置编码。
#
# 加了因果掩码就不再等变：第 $i$ 行只能看前 $i+1$ 个，次序已经进了掩码。
#
# </details>
#
# **5.** 把 $1/\sqrt d$ 吸收进 $W_Q$（令 $W_Q'=W_Q/\sqrt d$，分数不再除），前向相同。训练也相同吗？
#
# <details>
# <summary>答案 5</summary>
#
# 不同。函数一样，参数化不一样：由 $W_Q=\sqrt d\,W_Q'$ 得 $dW_Q'=\sqrt d\,dW_Q$，而 $W_Q'$ 本身小了 $\sqrt d$ 倍。用同一学习率的 SGD，步长相对参数的比例大了 $d$ 倍；Adam 的步长不随梯度的尺度变，相对比例大了 $\sqrt d$ 倍。推理时可以放心吸收，训练时要连学习率和初始化一起改。
#
# </details>

# %%
# 练习 1：key 偏置的梯度为 0，query 偏置的不是
s, d = 6, 4
Q, K, V, G = rng.standard_normal((4, s, d))


def with_bias(bq, bk):
    return float((G * attention(Q + bq, K + bk, V, causal(s, s))[0]).sum())


zero = np.zeros(d)
check("1 db_K = 0", np.abs(numeric_gradient(lambda z: with_bias(zero, z), zero)).max(), 1e-8)
assert np.abs(numeric_gradient(lambda z: with_bias(z, zero), zero)).max() > 0.01

# 练习 2：dropout 下的反向
Z = (rng.random((s, s)) > 0.3) / 0.7
S = Q @ K.T / np.sqrt(d)
P = softmax(S)
O = (P * Z) @ V
dS = P * (Z * (G @ V.T) - (G * O).sum(axis=1, keepdims=True))
numeric = numeric_gradient(lambda z: float((G * ((softmax(z) * Z) @ V)).sum()), S)
check("2 dropout 下的 dS", gap(dS, numeric), 1e-8)

# 练习 3：GQA，4 个 query 头、2 个 KV 头
q, g = rng.standard_normal((2, 1, 4, s, d))
k, v = rng.standard_normal((2, 1, 2, s, d))


def gqa(k, v):
    return attention(q, k.repeat(2, axis=1), v.repeat(2, axis=1))  # np.repeat 即 repeat_interleave


o, p = gqa(k, v)
_, dk, dv = attention_backward(g, q, k.repeat(2, axis=1), v.repeat(2, axis=1), p, o)
dk, dv = (t.reshape(1, 2, 2, s, d).sum(axis=2) for t in (dk, dv))  # 组内求和
check("3 GQA 的 dK", gap(dk, numeric_gradient(lambda z: float((g * gqa(z, v)[0]).sum()), k)), 1e-8)
check("3 GQA 的 dV", gap(dv, numeric_gradient(lambda z: float((g * gqa(k, z)[0]).sum()), v)), 1e-8)

# 练习 4：置换等变
X, W, order = rng.standard_normal((1, s, 8)), weights(8), np.array([3, 0, 5, 1, 4, 2])
check("4 不加掩码时置换等变", gap(mha(X[:, order], W, 2), mha(X, W, 2)[:, order]))
mask = causal(s, s)
assert gap(mha(X[:, order], W, 2, mask), mha(X, W, 2, mask)[:, order]) > 0.01

# 练习 5：吸收 1/√d，前向相同，梯度差 √d 倍
root = np.sqrt(X.shape[-1] / 2)  # a = 2，d = 4


def absorbed(wq):  # 分数不再除以 √d
    Q, K, V = (split(X @ w, 2) for w in (wq, W["k"], W["v"]))
    return merge(softmax(Q @ K.mT) @ V) @ W["o"]


check("5 前向相同", gap(absorbed(W["q"] / root), mha(X, W, 2)))
before = numeric_gradient(lambda z: float(mha(X, W | {"q": z}, 2).sum()), W["q"])
after = numeric_gradient(lambda z: float(absorbed(z).sum()), W["q"] / root)
check("5 梯度差根号 d 倍", gap(after, root * before), 1e-7)

# %% [markdown]
# 接下来读：[多头注意力](../docs/topics/multi-head-attention.md)（复杂度、KV cache、GQA 与 MLA、追问），[注意力机制](../docs/questions/attention-mechanism.md) 与 [Transformer](../docs/questions/transformer.md) 两道题。
