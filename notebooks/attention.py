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
#     description: 从加权平均出发，推导并手写多头注意力的前向与反向，再到 FLOPs 计数、KV cache、GQA、RoPE、MLA、online softmax，每一步有断言与错误写法，最后是白板上的 PyTorch 版
#     topics: [multi-head-attention, kv-cache, position-encoding]
#     aliases: [注意力推导, 注意力反向传播, 手推 attention, 手推反向, 手撕 MHA, 手写 MHA, MHA, multi-head attention, self-attention, scaled dot-product attention, softmax 雅可比, softmax Jacobian, attention backward, attention mask, causal mask, 因果掩码, 根号 d, FLOPs 计数, 增量解码, GQA 推导, MLA 矩阵吸收, RoPE 推导, online softmax 推导]
# ---

# %% [markdown] part="forward" title="前向与掩码"
# 这一本从「加权平均」走到白板上的多头注意力（Multi-Head Attention，MHA），前向和反向都推一遍、写一遍；然后数 FLOPs，写 KV cache、GQA、RoPE、MLA 和 online softmax。[MiniMax](../docs/experiences/minimax-2023.md#handwriting) 与 [商汤](../docs/experiences/sensetime-2023.md#round-1) 的记录里都有手写 MHA；概念、数字与追问在 [多头注意力](../docs/topics/multi-head-attention.md) 那一页。
#
# 时间只够看一眼，就记住这张表；后面逐行证明，并用断言检查。
#
# | 问题 | 结论 |
# |---|---|
# | 公式 | $O=\mathrm{softmax}\!\left(QK^\top/\sqrt d+M\right)V$，逐行是 $V$ 的加权平均 |
# | 为什么除以 $\sqrt d$ | 独立、零均值、单位方差时 $\mathrm{Var}(q^\top k)=d$ |
# | 掩码 | softmax **之前**填 $-\infty$；整行被遮时输出约定为 0 |
# | 拆头 | `view(b, s, a, d).transpose(1, 2)`，不能直接 `view(b, a, s, d)` |
# | softmax 雅可比 | $\mathrm{diag}(P)-PP^\top$：对称、行和为 0 |
# | 反向 | $dS=P\circ(dP-D)$，$D=\mathrm{rowsum}(dO\circ O)$ |
# | 一层前向 FLOPs | 投影 $8bsh^2$，分数与加权 $4bs^2h$；加 $4h$ 的 FFN，$s=6h$ 才打平 |
# | KV cache | 省重算，不省读取；16 位时 MHA 解码约 1 FLOP/字节，GQA 约 $a/h_{kv}$ |
# | GQA | 第 $i$ 个 query 头用第 $\lfloor i/g\rfloor$ 个 KV 头：`repeat_interleave` |
# | RoPE | $R_m^\top R_n=R_{n-m}$，只看位置差；两种配对不能混用 |
# | MLA | 上投影并进 query；RoPE 夹在中间就并不了，所以另分一段 |
# | online softmax | 最大值变了，$\ell$ 与 $\tilde O$ 都要乘 $e^{\mu-\mu'}$ |

# %% tags=["toolkit"]
from toolkit import (
    BLUE,
    GRAY,
    GREEN,
    ORANGE,
    RED,
    check,
    figure,
    four_digits,
    gap,
    numeric_gradient,
)

# isort: split

# %%
import numpy as np

rng = np.random.default_rng(2023)  # 全程 float64，种子固定

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
fig, axes = figure(2, 2, size=(6.4, 5.0))
for column, (axis, title) in enumerate(zip(axes.flat, titles, strict=True)):
    before, after = four_digits(raw[:, column]), four_digits(scaled[:, column])
    axis.plot(dims, before, "o--", color=RED, label=r"$q^\top k$")
    axis.plot(dims, after, "s-", color=BLUE, label=r"$q^\top k/\sqrt{d}$")
    axis.set(title=title, xlabel="$d$", xscale="log", xticks=dims, xticklabels=dims)
    axis.minorticks_off()
axes[0, 0].set_yscale("log")
_ = axes[0, 0].legend()

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
    S = Q @ K.mT / Q.shape[-1] ** 0.5  # (..., s_q, s_k)
    if allowed is not None:
        S = np.where(allowed, S, -np.inf)  # 在 softmax 之前
    P = softmax(S)
    return P @ V, P  # (..., s_q, d)，(..., s_q, s_k)


big = np.array([[1000.0, 1001.0]])
with np.errstate(over="ignore", invalid="ignore"):
    naive = np.exp(big) / np.exp(big).sum()  # inf / inf
assert np.isnan(naive).all()
assert np.allclose(softmax(big), softmax(big - 1000.0))
print("直接 exp：", naive[0], "　先减最大值：", np.round(softmax(big)[0], 3))

# 矩阵式与「逐个 query 加权平均」相同
Q, K, V = rng.standard_normal((3, 5, 4))  # 各 (s, d) = (5, 4)
O, P = attention(Q, K, V)
slow = np.zeros_like(O)
for i in range(5):
    e = np.array([np.exp(Q[i] @ K[j] / np.sqrt(4)) for j in range(5)])
    slow[i] = sum(e[j] / e.sum() * V[j] for j in range(5))
check("矩阵式 = 逐个加权平均", O, slow)

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


fig, axes = figure(2, 2, size=(5.6, 5.6))
for axis, (title, allowed) in zip(axes.flat, masks.items(), strict=True):
    draw(axis, allowed, title)

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
check("拼在一起 = 分开算", packed, np.concatenate([first, second]))

K2, V2 = K.copy(), V.copy()
K2[6:], V2[6:] = 1e3 * rng.standard_normal((2, 2, 4))  # 改填充处的内容
check(
    "填充处的内容不影响输出",
    attention(Q, K, V, masks["padding"])[0],
    attention(Q, K2, V2, masks["padding"])[0],
)

last, _ = attention(Q[-2:], K, V, causal(2, 8))  # 只算最后两个 query
check("s_q < s_k 的因果掩码", last, attention(Q, K, V, causal(8, 8))[0][-2:])

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
check("F.scaled_dot_product_attention", fused[0].numpy(), attention(Q, K, V, allowed)[0])

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

# %% [markdown] part="backward" title="多头与反向传播"
# ## 4. 多头：拆头与合头
#
# 这一页把单头拼成多头，再从后往前推一遍梯度；`softmax`、`attention` 与三种掩码沿用上一页。
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
fig, axes = figure(2, 2, size=(5.6, 5.8))
for axis, (title, matrix) in zip(axes.flat, found.items(), strict=True):
    draw(axis, matrix, title)
    axis.set(xlabel="input $j$", ylabel="output $i$")

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
check("concat 再乘 = 逐头乘再加", mha(X, W, a, should), summed)
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
#
# 核对用中心差分 `numeric_gradient`：步长 $10^{-5}$，截断误差是步长的平方量级。

# %%
S = rng.standard_normal(6)  # 一行分数，s = 6
P = softmax(S)
J = np.diag(P) - np.outer(P, P)
numeric = np.stack([numeric_gradient(lambda z, i=i: softmax(z)[i], S) for i in range(6)])
check("J 与数值雅可比", J, numeric, 1e-9)
check("J 对称", J, J.T)
check("J 的行和为 0", J.sum(axis=1), np.zeros(6))
assert np.linalg.eigvalsh(J).min() > -1e-12 and np.linalg.matrix_rank(J) == 5  # 半正定，秩 s − 1

g = rng.standard_normal(6)
check("J g = P∘(g − Pᵀg)", J @ g, P * (g - P @ g))
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
check("dV 与有限差分", dV, numeric_gradient(lambda z: loss(P @ z), V), 1e-8)
check("dP 与有限差分", dP, numeric_gradient(lambda z: loss(z @ V), P), 1e-8)

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
check("两种 D 相同", D, (P * dP).sum(axis=1, keepdims=True))
check("dS 与有限差分", dS, numeric_gradient(lambda z: loss(softmax(z) @ V), S), 1e-8)
check("dS 的行和为 0", dS.sum(axis=1), np.zeros(s))
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
    dQ,
    numeric_gradient(lambda z: loss(attention(z, K, V, allowed)[0]), Q),
    1e-8,
)
check(
    "dK 与有限差分",
    dK,
    numeric_gradient(lambda z: loss(attention(Q, z, V, allowed)[0]), K),
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
    scale = Q.shape[-1] ** -0.5
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


check("dX 与有限差分", dX, numeric_gradient(lambda z: total(z, W), X), 1e-8)
for n in "qkvo":
    numeric = numeric_gradient(lambda z, n=n: total(X, W | {n: z}), W[n])
    check(f"dW_{n.upper()} 与有限差分", dW[n], numeric, 1e-8)
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

check("前向与 PyTorch", Y, y.detach().numpy())
check("dX 与自动求导", dX, x.grad.numpy())
for n in "qkvo":
    check(f"dW_{n.upper()} 与自动求导", dW[n], w[n].grad.numpy())

# %% [markdown] part="cost" title="因果性与复杂度"
# ## 7. 因果性与对齐
#
# 这一页先用行为检查前两页写的 `mha`，再数它的 FLOPs 与显存，最后写 KV cache。
#
# ### 因果性怎么测
#
# 两种测法，等价但抓的错不同：
#
# - **扰动未来**：改第 $j$ 个 token，$i<j$ 的输出一个都不能变；同时 $i\ge j$ 的输出都该变（防止「什么都看不到」也能通过）。
# - **截断**：只喂前 $t$ 个 token，输出应等于整段输出的前 $t$ 行。KV cache 能成立，靠的就是这一条。

# %%
b, s, h, a = 2, 10, 8, 2
X, W = rng.standard_normal((b, s, h)), weights(h)


def model(Z):
    return mha(Z, W, a, causal(Z.shape[1], Z.shape[1]))


assert np.array_equal(dependence(model, X), np.tril(np.ones((s, s), dtype=bool)))
print("扰动：依赖矩阵恰为下三角：True")
alone = np.stack([model(X[:, : t + 1])[:, t] for t in range(s)], axis=1)  # 各取最后一行
check("截断：前 t 个 token 单独算", alone, model(X))

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
    check(name, ours, F.scaled_dot_product_attention(q, k, v, **options).numpy())

tail = q[:, :, -2:]  # 解码：只有最后两个 query
top_left = F.scaled_dot_product_attention(tail, k, v, is_causal=True)
assert torch.equal(top_left[:, :, 0], v[:, :, 0])  # 只看到第 0 个 key
right = F.scaled_dot_product_attention(tail, k, v, attn_mask=torch.from_numpy(causal(2, 6)))
check("s_q < s_k 时自己传右下角对齐的掩码", ours[:, :, -2:], right.numpy())

layer = torch.nn.MultiheadAttention(8, 2, bias=False, batch_first=True, dtype=torch.float64)
x = torch.from_numpy(X)
with torch.no_grad():  # nn.Linear 存的是 (输出, 输入)，所以转置
    layer.in_proj_weight.copy_(torch.from_numpy(np.concatenate([W[n].T for n in "qkv"])))
    layer.out_proj.weight.copy_(torch.from_numpy(W["o"].T))
    y = layer(x, x, x, attn_mask=torch.ones(s, s, dtype=torch.bool).triu(1), need_weights=False)[0]
check("nn.MultiheadAttention，True 遮住", model(X), y.numpy())

# %% [markdown]
# ## 8. 复杂度：FLOPs 与显存
#
# ### 逐项数
#
# 一次乘加记 2 FLOPs，所以 $(m,k)$ 乘 $(k,n)$ 是 $2mkn$。只数矩阵乘：softmax、掩码每个分数只花几次运算，矩阵乘每个分数花 $4d$ 次。设 $a\cdot d=h$：
#
# | 一层前向 | 参数（元素） | FLOPs |
# |---|---|---|
# | $Q,K,V,O$ 四个投影 | $4h^2$ | $8bsh^2$ |
# | $QK^\top$ 与 $PV$ | 0 | 各 $2bs^2h$ |
# | FFN，两层、宽 $4h$ | $8h^2$ | $16bsh^2$ |
#
# 公式容易背错，所以让代码自己数：`Counted` 是 NumPy 数组的子类，每做一次矩阵乘就记一笔，前面写的 `mha` 一个字不改。


# %%
class Counted(np.ndarray):
    """照常计算的数组；每次矩阵乘把 2 × 结果元素数 × 内维 记进 total。"""

    total = 0

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        inputs = [np.asarray(x) for x in inputs]
        result = getattr(ufunc, method)(*inputs, **options)
        if ufunc is np.matmul:
            Counted.total += 2 * result.size * inputs[0].shape[-1]
        return result.view(Counted)

    def __array_function__(self, f, types, args, options):  # np.where、np.concatenate 也不脱掉计数
        result = super().__array_function__(f, types, args, options)
        return result.view(Counted) if isinstance(result, np.ndarray) else result


def count(f, *arrays):
    """f(*arrays) 里矩阵乘的 FLOPs。"""
    Counted.total = 0
    f(*(x.view(Counted) for x in arrays))
    return Counted.total


def flops(b, s_q, s_k, h, a, h_kv=None):
    """一层注意力前向的 FLOPs：新算 s_q 个 token，一共看 s_k 个；h_kv 是 KV 头数，默认 a。"""
    d, h_kv = h // a, h_kv or a
    projections = 2 * b * s_q * h * (2 * a + 2 * h_kv) * d  # Q、O 各 a 个头，K、V 各 h_kv 个
    return {"projections": projections, "scores": 2 * (2 * b * a * s_q * s_k * d)}


b, s, h = 2, 12, 16
X, W, dY = rng.standard_normal((b, s, h)), weights(h), rng.standard_normal((b, s, h))
expected = flops(b, s, s, h, 4)
assert expected == {"projections": 8 * b * s * h**2, "scores": 4 * b * s**2 * h}

for a in (1, 2, 4, 8, 16):  # 头数不影响 FLOPs
    assert count(lambda z, a=a: mha(z, W, a), X) == sum(expected.values())
forward = count(lambda z: mha(z, W, 4, causal(s, s)), X)
assert forward == sum(expected.values())  # 只写掩码，一个 FLOP 也没省

up, down = rng.standard_normal((h, 4 * h)), rng.standard_normal((4 * h, h))
assert count(lambda z: np.maximum(z @ up, 0) @ down, X) == 16 * b * s * h**2

_, saved = mha_forward(X, W, 4, causal(s, s))
backward = count(lambda g: mha_backward(g, W, 4, [x.view(Counted) for x in saved]), dY)
assert backward == 2 * forward
print("前向的计数 = 8bsh² + 4bs²h，与头数、掩码无关：True")
print("反向恰是前向的", backward // forward, "倍，所以训练一步按前向的 3 倍算")

# %% [markdown]
# 反向是两倍，因为每个矩阵乘 $C=AB$ 的反向是两个同样大小的乘法。因果掩码要省一半分数，得靠内核真的跳过上三角；报算力利用率之前先问清是哪个口径。
#
# 独立的见证：PyTorch 自带的计数器数它自己的实现。

# %% tags=["oracle"]
import torch
from torch.utils.flop_counter import FlopCounterMode

layer = torch.nn.MultiheadAttention(h, 4, bias=False, batch_first=True)
x = torch.randn(b, s, h)
with FlopCounterMode(display=False) as counter:
    layer(x, x, x, need_weights=True)
assert counter.get_total_flops() == sum(flops(b, s, s, h, 4).values())
print("torch 的 FlopCounterMode 数出同样的 FLOPs：True")

# %% [markdown]
# ### 序列多长才轮到平方项
#
# 「注意力是 $O(s^2)$」没有说错，但平方项要到很长才成为大头。比什么要说清：分子总是 $QK^\top$ 与 $PV$（$4bs^2h$，不减半），分母是同一层里其余的矩阵乘。
#
# | 分母 | 比值 | 打平处 |
# |---|---|---|
# | 四个投影，$8bsh^2$ | $s/(2h)$ | $s=2h$ |
# | 投影加两层 $4h$ 的 FFN，$24bsh^2$ | $s/(6h)$ | $s=6h$ |
# | 投影加门控 FFN，三个 $h\times4h$，$32bsh^2$ | $s/(8h)$ | $s=8h$ |
#
# 门控 FFN 取 $f=8h/3$ 时又回到 $s/(6h)$，因为 $3\cdot\frac83=8$。内核跳过上三角时，分子减半，打平处各推后一倍。


# %%
def crossover(h, ffn):
    """分数追上其余矩阵乘的最小 s；ffn 是 FFN 的参数个数。"""
    low, high = 1, 100 * h  # 二分：比值随 s 单调增
    while low < high:
        s = (low + high) // 2
        layer = flops(1, s, s, h, a=32)
        reached = layer["scores"] >= layer["projections"] + 2 * s * ffn
        low, high = (low, s) if reached else (s + 1, high)
    return low


h = 4096
ffn = {
    "projections only": 0,
    "+ FFN, 2 x (h, 4h)": 8 * h * h,
    "+ gated FFN, 3 x (h, 4h)": 12 * h * h,
}
crossings = {name: crossover(h, size) for name, size in ffn.items()}
assert list(crossings.values()) == [2 * h, 6 * h, 8 * h] == [8192, 24576, 32768]
assert crossover(768, 3 * 768 * 2048) == 6 * 768  # f = 8h/3 = 2048
print("h = 4096 时的打平处：", list(crossings.values()))

# %% alt="对数坐标，横轴是序列长 s，纵轴是每个 token 每层的 FLOPs，h 等于 4096。分数一项是斜率为 1 的上升直线；三条水平线从低到高是只算投影、加两层 FFN、加门控 FFN；上升线依次在 s 等于 2h 即 8192、6h 即 24576、8h 即 32768 处穿过它们，此前平方项都是小头"
lengths = np.array([2.0**n for n in range(7, 18)])  # 128 到 131072
fig, axis = figure(size=(6.4, 4.0))
axis.plot(lengths, four_digits(4 * lengths * h), color=BLUE, label=r"$QK^T$ and $PV$: $4sh$")
for (name, size), color, style in zip(
    ffn.items(), (GRAY, RED, ORANGE), ("--", "-.", ":"), strict=True
):
    level, cross = 8 * h * h + 2 * size, crossings[name]
    axis.axhline(level, color=color, linestyle=style, label=name)
    axis.plot([cross], [level], "o", color=color)
    place = (-24, 6) if cross == 8 * h else (6, -14)
    axis.annotate(f"{cross // h}h", (cross, level), place, textcoords="offset points")
axis.set(xscale="log", yscale="log", xlabel="sequence length $s$")
axis.set(ylabel="FLOPs per token and layer", title="$h = 4096$")
_ = axis.legend()

# %% [markdown]
# ### 分数要占多少显存
#
# 朴素实现要为反向留下 $P$，每层 $b\,a\,s^2$ 个元素；$Q,K,V,O$ 一共才 $4bsh$ 个。两者之比 $as^2/(4sh)=s/(4d)$：$d=128$ 时 $s$ 一过 512，$P$ 就比它们加起来还大。FlashAttention 不存 $P$，每行只留一个 log-sum-exp（LSE，第 13 节），$b\,a\,s$ 个。

# %%
_, (_, Q, K, V, P, O, _) = mha_forward(X, W, 4)
b, a, s, d = Q.shape
assert P.size == b * a * s * s and Q.size + K.size + V.size + O.size == 4 * b * s * a * d

GiB = 2**30
heads, width = 32, 128  # h = 4096
assert 2 * heads * 4096**2 == 1 * GiB  # b = 1、s = 4096、bf16：一层的 P
assert 2 * heads * 32768**2 == 64 * GiB  # s 乘 8，显存乘 64
assert heads * (4 * width) ** 2 == 4 * (4 * width) * heads * width  # s = 4d 时打平
print("bf16、a = 32：一层的 P 在 s = 4096 时 1 GiB，s = 32768 时 64 GiB")

# %% alt="对数坐标，横轴是序列长 s，纵轴是一层占的 GiB，b 等于 1、a 等于 32、d 等于 128。朴素实现的 P 斜率为 2，s 等于 4096 时 1 GiB，131072 时 1024 GiB；Q、K、V、O 之和斜率为 1；LSE 也是斜率 1 而且小两到三个数量级。P 与 Q、K、V、O 在 s 等于 4d 即 512 处相交"
fig, axis = figure(size=(6.4, 3.8))
lines = {
    "$P$: $as^2$": (2 * heads * lengths**2, RED, "-"),
    "$Q, K, V, O$: $4sh$": (2 * 4 * lengths * heads * width, BLUE, "--"),
    "LSE only: $as$ (fp32)": (4 * heads * lengths, GREEN, "-."),
}
for name, (size, color, style) in lines.items():
    axis.plot(lengths, four_digits(size / GiB), style, color=color, label=name)
axis.plot([512], [four_digits(2 * heads * 512**2 / GiB)], "o", color=GRAY)
axis.annotate("$s = 4d$", (512, 2 * heads * 512**2 / GiB), (8, -12), textcoords="offset points")
axis.set(xscale="log", yscale="log", xlabel="sequence length $s$", ylabel="GiB per layer (bf16)")
_ = axis.legend()

# %% [markdown]
# ## 9. KV cache：增量解码
#
# ### 增量等于全量
#
# 第 7 节的截断测试说：因果注意力里，后来的 token 改变不了前面的任何东西，包括前面的 $K$ 和 $V$。所以它们算一次就能存起来。旧的 $Q$ 不用存：$q_i$ 只用来算 $o_i$，而 $o_i$ 已经算完。
#
# 预填充（prefill）和解码（decode）是同一个函数，只差一次喂几个 token；掩码按右下角对齐，正是 `causal(s_q, s_k)`。


# %%
def step(x, W, a, cache=None, mask=causal):
    """x: (b, n, h)，新来的 n 个 token；cache: 历史的 (K, V)，各 (b, a, s, d)。返回输出与新的 cache。"""
    Q, K, V = (split(x @ W[name], a) for name in "qkv")  # 只投影新 token
    if cache is not None:
        K, V = (np.concatenate(pair, axis=2) for pair in zip(cache, (K, V), strict=True))
    O, _ = attention(Q, K, V, mask(Q.shape[2], K.shape[2]))
    return merge(O) @ W["o"], (K, V)


def generate(X, W, a, cuts, step=step, **options):
    """按 cuts 一段一段喂进去，把输出接起来。"""
    cache, outputs = None, []
    for part in np.split(X, np.cumsum(cuts)[:-1], axis=1):
        output, cache = step(part, W, a, cache, **options)
        outputs.append(output)
    return np.concatenate(outputs, axis=1), cache


b, s, h, a = 2, 10, 8, 2
X, W = rng.standard_normal((b, s, h)), weights(h)
full = mha(X, W, a, causal(s, s))
ways = {"逐个": [1] * s, "预填充 6 个再逐个": [6, 1, 1, 1, 1], "分块预填充": [4, 3, 3]}
for name, cuts in ways.items():
    output, (K, V) = generate(X, W, a, cuts)
    check(f"{name} = 一次算完", output, full)
    assert K.shape == V.shape == (b, a, s, h // a)


def top_left(s_q, s_k):  # 错：按左上角对齐
    return np.tril(np.ones((s_q, s_k), dtype=bool))


def no_mask(s_q, s_k):
    return np.ones((s_q, s_k), dtype=bool)


for cuts in ways.values():
    assert gap(generate(X, W, a, cuts, mask=top_left)[0], full) > 0.01
assert gap(generate(X, W, a, [1] * s, mask=no_mask)[0], full) < 1e-12  # 逐个解码不需要掩码
assert gap(generate(X, W, a, [4, 3, 3], mask=no_mask)[0], full) > 0.01  # 分块就需要
print("左上对齐的掩码：三种喂法全错；不写掩码：逐个时对，分块预填充时错")

# %% [markdown]
# 最后一行是测试的教训：只测「逐个解码」，漏写掩码也能通过。
#
# ### 省了什么，没省什么
#
# 从头生成 $T$ 个 token，逐步把序列加长：
#
# | | 不缓存，每步重算 | 缓存 |
# |---|---|---|
# | 投影过的 token | $T(T+1)/2$ | $T$ |
# | 分数个数，每头 | $\sum_t t^2$ | $\sum_t t=T(T+1)/2$ |
# | 每步读的历史 | 无缓存可读 | $2\,a\,t\,d$ 个元素 |
#
# 省的是重算。每步仍要把全部历史的 $K,V$ 读一遍，所以缓存没有把一步变成 $O(1)$。

# %%
T, h, a = 16, 16, 2
X, W = rng.standard_normal((1, T, h)), weights(h)
without = sum(count(lambda z, t=t: mha(z, W, a, causal(t, t)), X[:, :t]) for t in range(1, T + 1))
with_cache = count(lambda z: generate(z, W, a, [1] * T), X)

one = 8 * h**2  # 一个 token 的投影；一个分数连同加权是 4h
assert without == T * (T + 1) // 2 * one + 4 * h * sum(t * t for t in range(1, T + 1))
assert with_cache == T * one + 4 * h * T * (T + 1) // 2
assert with_cache == sum(sum(flops(1, 1, t, h, a).values()) for t in range(1, T + 1))
print(f"T = {T}、h = {h}：缓存把 FLOPs 降到 {with_cache / without:.0%}，两个式子都与计数相等")

# %% [markdown]
# ### 解码的算术强度
#
# 算术强度是每从显存搬一字节做多少 FLOPs，低于机器的「峰值算力 ÷ 带宽」就受限于带宽。按理想情形数：每个数只读一次、写一次，分数留在片上；16 位，每元素 2 字节。一次喂 $n$ 个 query，连它们在内共 $s$ 个 token，$h_{kv}$ 个 KV 头（MHA 里 $h_{kv}=a$）：
#
# $$
# I=\frac{4b\,a\,n\,s\,d}{2\,(2b\,h_{kv}sd+2b\,a\,n\,d)}=\frac{a\,n\,s}{h_{kv}s+a\,n}
# \quad\xrightarrow{\;n=1,\ s\to\infty\;}\quad \frac{a}{h_{kv}} .
# $$
#
# 分母第一项是读 $K,V$，第二项是读 $Q$、写 $O$。结论三条：
#
# - MHA 解码的强度约等于 **1 FLOP/字节**，与批大小无关：每条序列读自己的缓存，加大 batch 只摊薄权重。
# - 位数不变时，要提高它就让一份缓存多用几次：几个 query 头共用（下一节的 GQA，乘 $a/h_{kv}$），或一次多喂几个 token（投机解码、预填充，$n\ll s$ 时约乘 $n$）。
# - 线性层不同：一个权重 2 字节做 $2b$ FLOPs，强度约等于 $b$。


# %%
def intensity(a, h_kv, n, s):
    """分数与加权的 FLOPs ÷ 理想读写的字节（每元素 2 字节）；与 b、d 无关。"""
    return a * n * s / (h_kv * s + a * n)


for b, a, n, s, d in [(1, 4, 1, 64, 8), (3, 4, 1, 64, 8), (2, 2, 16, 64, 4)]:
    q, k, v = (rng.standard_normal((b, a, size, d)) for size in (n, s, s))
    moved = 2 * (q.size + k.size + v.size + q.size)  # 读 Q、K、V，写 O
    counted = count(lambda x, y, z: attention(x, y, z)[0], q, k, v) / moved
    assert np.isclose(counted, intensity(a, a, n, s))
assert abs(intensity(32, 32, 1, 4096) - 1) < 1e-3  # MHA 解码
assert abs(intensity(32, 8, 1, 4096) - 4) < 1e-2  # GQA，h_kv = 8
print(f"s = 4096 解码：MHA {intensity(32, 32, 1, 4096):.2f}，", end="")
print(f"h_kv = 8 {intensity(32, 8, 1, 4096):.2f} FLOP/字节")

# %% [markdown] part="variants" title="GQA、RoPE 与 MLA"
# ## 10. GQA 与 MQA：共用 KV 头
#
# 这一页是注意力的四个改动，都只动前面 `attention` 的一处：GQA 让 query 头共用 KV 头，RoPE 在点积之前旋转 $q,k$，MLA 只缓存一个压缩向量，online softmax 换一种次序求和。
#
# ### 分组，不复制
#
# 分组查询注意力（Grouped-Query Attention，GQA）有 $a$ 个 query 头、$h_{kv}$ 个 KV 头，第 $i$ 个 query 头用第 $\lfloor i/g\rfloor$ 个 KV 头，$g=a/h_{kv}$。$h_{kv}=a$ 是 MHA，$h_{kv}=1$ 是多查询注意力（Multi-Query Attention，MQA）。
#
# 两种写法：把 $K,V$ 复制 $g$ 份再做 MHA，或把 $Q$ 看成 $(b,h_{kv},g,s,d)$ 直接 einsum。后一种不复制，缓存里永远只有 $h_{kv}$ 个头。


# %%
def gqa(Q, K, V, allowed=None):
    """Q: (b, a, s_q, d)，K、V: (b, h_kv, s_k, d)；allowed 可广播到 (b, a, s_q, s_k)。"""
    b, a, s_q, d = Q.shape
    h_kv = K.shape[1]
    assert a % h_kv == 0, f"a={a} 不能被 h_kv={h_kv} 整除"
    groups = Q.reshape(b, h_kv, a // h_kv, s_q, d)  # 相邻的 query 头在一组
    S = np.einsum("bkgsd,bktd->bkgst", groups, K).reshape(b, a, s_q, -1) / d**0.5
    P = softmax(S if allowed is None else np.where(allowed, S, -np.inf))
    O = np.einsum("bkgst,bktd->bkgsd", P.reshape(b, h_kv, a // h_kv, s_q, -1), V)
    return O.reshape(Q.shape)


b, a, s, d = 2, 6, 5, 4
Q, mask = rng.standard_normal((b, a, s, d)), causal(s, s)
tile_is_right = []
for h_kv in (6, 3, 2, 1):
    K, V = rng.standard_normal((2, b, h_kv, s, d))
    g = a // h_kv
    copied = attention(Q, K.repeat(g, axis=1), V.repeat(g, axis=1), mask)[0]  # 0 0 1 1 2 2
    tiled = attention(Q, np.tile(K, (1, g, 1, 1)), np.tile(V, (1, g, 1, 1)), mask)[0]  # 0 1 2 0 1 2
    check(f"h_kv = {h_kv}：分组 = 复制", gqa(Q, K, V, mask), copied)
    tile_is_right.append(bool(np.allclose(tiled, copied)))
assert tile_is_right == [True, False, False, True]
print("tile 写法对不对，h_kv = 6、3、2、1：", tile_is_right)

try:
    gqa(Q, np.zeros((b, 4, s, d)), np.zeros((b, 4, s, d)))
    refused = False
except AssertionError as error:
    refused = True
    print("h_kv = 4：", error)
assert refused

# %% [markdown]
# `np.repeat` 即 torch 的 `repeat_interleave`（0,0,1,1），`np.tile` 即 torch 的 `repeat`（0,1,0,1）。后者配错组，形状全对；而且**只测 MHA 与 MQA 两头，测不出来**：$g=1$ 或 $h_{kv}=1$ 时两种排法相同。从头训练时用错也照样能学，拿别人的权重来用才会全错。
#
# ### 省的是缓存，不是分数
#
# | 每层每 token | 缓存（元素） | $QK^\top$ 与 $PV$ | 解码强度 |
# |---|---|---|---|
# | MHA | $2ad$ | $4asd$ | 1 |
# | GQA | $2h_{kv}d$ | $4asd$ | $a/h_{kv}$ |
# | MQA | $2d$ | $4asd$ | $a$ |
#
# 分数仍按 $a$ 个头算，FLOPs 不变。解码变快，是因为每步少读缓存；$W_K,W_V$ 变小是次要的。各模型的字节数在 [KV cache 与推理](../docs/topics/kv-cache.md#每-token-与每条序列的显存)。

# %%
b, s, h, a, h_kv = 1, 8, 16, 4, 2
q, k = rng.standard_normal((b, a, s, h // a)), rng.standard_normal((b, h_kv, s, h // a))
wide = count(lambda x, y: attention(x, y.repeat(2, axis=1), y.repeat(2, axis=1))[0], q, k)
assert wide == flops(b, s, s, h, a, h_kv)["scores"] == flops(b, s, s, h, a)["scores"]
saved = flops(b, s, s, h, a)["projections"] - flops(b, s, s, h, a, h_kv)["projections"]
assert saved == 2 * b * s * h * 2 * (a - h_kv) * (h // a)  # 省下的只有 K、V 投影
print("GQA 的分数 FLOPs 与 MHA 相同：True")

# %% alt="对数坐标，横轴是一次喂的 query 数 n，从 1 到 4096，纵轴是注意力的算术强度，共 4096 个 token，32 个 query 头。三条线是 h_kv 等于 32、8、1，n 等于 1 时分别约为 1、4、32，都远在 295 的水平线之下；随 n 增大上升，h_kv 等于 32 的到 n 等于 319 才越过 295，h_kv 越小越早越过"
tokens, balance = 4096, 989e12 / 3.35e12
queries = np.array([2.0**n for n in range(13)])
fig, axis = figure(size=(6.4, 3.8))
for h_kv, color, style in [(32, RED, "o-"), (8, BLUE, "s--"), (1, GREEN, "^-.")]:
    values = four_digits(intensity(32, h_kv, queries, tokens))
    axis.plot(queries, values, style, color=color, label=f"$h_{{kv}} = {h_kv}$", markersize=4)
axis.axhline(four_digits(balance), color=GRAY, linestyle=":", label="H100 bf16: 295")
axis.set(xscale="log", yscale="log", xlabel="queries per pass $n$", ylabel="FLOP per byte")
_ = axis.legend()
assert round(balance) == 295 and intensity(32, 8, 1, tokens) < 5
first = next(n for n in range(1, 4096) if intensity(32, 32, n, tokens) > balance)
assert first == 319

# %% [markdown]
# 水平线按 H100 的 989 TFLOP/s（bf16 稠密）比 3.35 TB/s，数字的来源在 [预填充与解码](../docs/topics/kv-cache.md#预填充与解码)。最左边是解码，三条线全在线下：GQA 只是少等一会儿，没有让解码变成算力受限；右边是预填充。曲线没有计因果减半。
#
# ## 11. RoPE：相对性与配对
#
# ### 为什么只看相对位置
#
# 旋转位置编码（Rotary Position Embedding，RoPE）把 $d$ 维分成 $d/2$ 对，第 $i$ 对在位置 $m$ 转 $m\theta_i$ 角，$\theta_i=\text{base}^{-2i/d}$。旋转矩阵 $R_m$ 正交，且 $R_m^\top R_n=R_{n-m}$，所以
#
# $$
# (R_mq)^\top(R_nk)=q^\top R_m^\top R_n k=q^\top R_{n-m}\,k .
# $$
#
# 位置 $m,n$ 从式子里消失，只剩差。它转 $q$ 和 $k$，不转 $v$：$v$ 只被加权求和，没有第二次旋转来相消。


# %%
def rope(x, pos, base=1e4, interleaved=False):
    """x: (..., s, d)，pos: (s,)。interleaved：第 2i、2i+1 维一对；否则第 i、i+d/2 维一对。"""
    d = x.shape[-1]
    assert d % 2 == 0, f"d={d} 应是偶数"
    theta = base ** (-np.arange(0, d, 2) / d)  # (d/2,)
    angle = np.asarray(pos)[:, None] * theta  # (s, d/2)
    cos, sin = np.cos(angle), np.sin(angle)
    u, v = (x[..., 0::2], x[..., 1::2]) if interleaved else (x[..., : d // 2], x[..., d // 2 :])
    u, v = u * cos - v * sin, u * sin + v * cos
    pair = np.stack([u, v], axis=-1 if interleaved else -2)
    return pair.reshape(x.shape)


s, d = 9, 8
x, pos = rng.standard_normal((2, s, d)), np.arange(s)
turn = np.exp(1j * pos[:, None] * 1e4 ** (-np.arange(0, d, 2) / d))  # 独立的写法：复数乘法
z = (x[..., 0::2] + 1j * x[..., 1::2]) * turn
check("interleaved = 复数乘法", rope(x, pos, interleaved=True)[..., 0::2], z.real)
check("interleaved 的虚部", rope(x, pos, interleaved=True)[..., 1::2], z.imag)
order = np.concatenate([np.arange(0, d, 2), np.arange(1, d, 2)])
check("两种配对只差一次重排", rope(x[..., order], pos), rope(x, pos, interleaved=True)[..., order])
check("模长不变", np.linalg.norm(rope(x, pos), axis=-1), np.linalg.norm(x, axis=-1))
assert np.array_equal(rope(x, pos)[:, 0], x[:, 0])  # 位置 0 不转

G = rng.standard_normal(x.shape)
numeric = numeric_gradient(lambda t: float((G * rope(t, pos)).sum()), x)
check("反向就是反着转", rope(G, -pos), numeric, 1e-8)

# %% [markdown]
# ### 混用两种配对
#
# 相邻配对与半半配对各自都对，差一次固定的重排。错在一个用一种：转换权重时忘了重排，或 $q$、$k$ 走了两个函数。形状全对，位置 0 也全对，只是相对性没了。下面固定 $q,k$ 的内容和位置差 3，一起往后平移。

# %%
q, k = rng.standard_normal((2, 1, 16))
shifts = np.arange(0, 64)


def shifted(q_pairs, k_pairs):
    """q 在 m + 3、k 在 m，m 从 0 到 63 的分数。"""
    turned_q = rope(np.broadcast_to(q, (64, 16)), shifts + 3, interleaved=q_pairs)
    turned_k = rope(np.broadcast_to(k, (64, 16)), shifts, interleaved=k_pairs)
    return (turned_q * turned_k).sum(axis=1)


halves, pairs, mixed = shifted(False, False), shifted(True, True), shifted(True, False)
assert np.ptp(halves) < 1e-12 and np.ptp(pairs) < 1e-12  # 平移不变
assert np.ptp(mixed) > 1.0  # 混用：随绝对位置变
backwards = (rope(q, [0]) * rope(k, [3])).sum()
assert abs(halves[0] - backwards) > 0.01  # 方向有别：差 3 与差 −3 不同
print("半半、相邻：平移不变；混用：随绝对位置变")

# %% alt="横轴是位置 m，纵轴是 q 在 m+3、k 在 m 时的分数。前后两半配对与相邻配对各是一条水平线，不随 m 变；q 用相邻配对、k 用前后两半配对时，曲线随 m 大幅起伏，说明分数不再只依赖位置差"
fig, axis = figure(size=(6.4, 3.4))
axis.plot(shifts, four_digits(halves), "-", color=BLUE, label="halves for both")
axis.plot(shifts, four_digits(pairs), "--", color=GREEN, label="pairs for both")
axis.plot(shifts, four_digits(mixed), ".-", color=RED, label="pairs for $q$, halves for $k$")
axis.set(xlabel="$m$", ylabel="score of $(m+3,\\ m)$")
_ = axis.legend()

# %% [markdown]
# ### 解码时的位置
#
# 新 token 的位置从缓存长度数起，不是从 0；$k$ 先转再进缓存，绝对位置已定，转一次就够。


# %%
def rope_step(x, W, a, cache=None, offset=True):
    """带 RoPE 的 step；offset=False 是错的写法：每一步都从位置 0 数起。"""
    Q, K, V = (split(x @ W[name], a) for name in "qkv")
    old = 0 if cache is None else cache[0].shape[2]
    pos = np.arange(Q.shape[2]) + (old if offset else 0)
    Q, K = rope(Q, pos), rope(K, pos)  # v 不转
    if cache is not None:
        K, V = (np.concatenate(pair, axis=2) for pair in zip(cache, (K, V), strict=True))
    O, _ = attention(Q, K, V, causal(Q.shape[2], K.shape[2]))
    return merge(O) @ W["o"], (K, V)


X, W = rng.standard_normal((2, 10, 8)), weights(8)
full, _ = rope_step(X, W, 2)
for cuts in ([1] * 10, [6, 1, 1, 1, 1], [4, 3, 3]):
    check(f"喂法 {cuts} = 一次算完", generate(X, W, 2, cuts, step=rope_step)[0], full)
    assert gap(generate(X, W, 2, cuts, step=rope_step, offset=False)[0], full) > 0.01
print("每步都从位置 0 数起：三种喂法全错")

# %% [markdown]
# 拉长上下文（位置插值、NTK-aware、YaRN）改的是 $\theta_i$，见 [位置编码](../docs/topics/position-encoding.md#rope-的长度外推)。
#
# ## 12. MLA：矩阵吸收与解耦 RoPE
#
# ### 还原与吸收
#
# 多头潜在注意力（Multi-head Latent Attention，MLA）只缓存压缩向量 $C=XW^{DKV}\in\mathbb R^{s\times d_c}$，各头的 $K_i=CW_i^{UK}$、$V_i=CW_i^{UV}$ 由它还原（官方实现里 $C$ 先过一次 RMSNorm，query 也可以低秩，不影响下面的等式）。先不管位置，矩阵乘有结合律：
#
# $$
# Q_iK_i^\top=Q_i\bigl(CW_i^{UK}\bigr)^\top=\bigl(Q_iW_i^{UK\top}\bigr)C^\top,
# \qquad
# P_iV_i=P_i\bigl(CW_i^{UV}\bigr)=\bigl(P_iC\bigr)W_i^{UV}.
# $$
#
# 右边全程只碰 $C$：上投影并进 query 和输出，$K,V$ 不必还原。吸收之后像一个头维为 $d_c$ 的 MQA，但**缩放仍是还原后的头维**，不是 $d_c$。
#
# ### RoPE 为什么吸收不了
#
# 若对 $K_i$ 做 RoPE，位置 $m$ 的 query 查位置 $n$ 的 key，分数是
#
# $$
# q_m^\top R_m^\top R_n W_i^{UK\top}c_n=q_m^\top R_{n-m}W_i^{UK\top}c_n ,
# $$
#
# 中间的 $R_{n-m}W_i^{UK\top}$ 随 $n-m$ 变（这里 $q,c$ 写成列向量），没有一个固定的矩阵可以预先乘好。反例只要两对：让 $q$ 和 $c$ 的**内容**完全相同，只改距离。任何固定的矩阵都给出同一个分数，RoPE 给出两个。

# %%
dc, dn = 6, 4
q, c, up = rng.standard_normal(dn), rng.standard_normal(dc), rng.standard_normal((dc, dn))
far, near = (
    float(rope(q[None], [m])[0] @ rope((c @ up)[None], [n])[0]) for m, n in [(9, 1), (9, 8)]
)
assert abs(far - near) > 0.01  # 内容相同，距离 8 与 1，分数不同
middle = [rope(np.eye(dn), [m] * dn) @ rope(up, [n] * dc).T for m, n in [(9, 1), (9, 8), (19, 11)]]
check(
    "q 与 c 之间的矩阵给出同样的分数", np.array([q @ middle[0] @ c, q @ middle[1] @ c]), [far, near]
)
check("它只依赖 m − n", middle[0], middle[2])
assert gap(middle[0], middle[1]) > 0.01  # 但每个距离一个，不能预先合并
print("内容相同、距离不同，分数不同：没有固定的矩阵可以吸收")

# %% [markdown]
# ### 解耦 RoPE
#
# 办法是把位置放到另一小段维度上：$k=[k^C;\,k^R]$，$k^C$ 由 $C$ 还原、不转，$k^R=\mathrm{RoPE}(XW^{KR})$ 各头共用、单独缓存；query 也分成 $[q^C;\,q^R]$。
#
# $$
# S=\frac{Q^CK^{C\top}+Q^RK^{R\top}}{\sqrt{d_n+d_r}} .
# $$
#
# 第一项可以吸收，第二项直接算。每层每 token 缓存 $d_c+d_r$ 个元素，与头数无关。DeepSeek-V3 的[推理代码](https://github.com/deepseek-ai/DeepSeek-V3/blob/main/inference/model.py)里 $d_c=512$、$d_n=128$、$d_r=64$、$d_v=128$，还原（naive）与吸收（absorb）两支都有。


# %%
def mla(x, W, start=0, cache=None, absorb=True, root=None):
    """x: (n, h)，新来的 n 个 token，第一个在位置 start；cache: (C, KR)，各 (s, d_c)、(s, d_r)。"""
    pos = start + np.arange(len(x))
    C, KR = x @ W["dkv"], rope(x @ W["kr"], pos)  # (n, d_c)，(n, d_r)：要缓存的只有这两样
    if cache is not None:
        C, KR = (np.concatenate(pair) for pair in zip(cache, (C, KR), strict=True))
    QC, QR = x @ W["q"], rope(x @ W["qr"], pos)  # (a, n, d_n)，(a, n, d_r)
    root = root or (QC.shape[-1] + QR.shape[-1]) ** 0.5  # 还原后的头维
    allowed = causal(len(x), len(C))
    if absorb:
        S = (QC @ W["uk"].mT @ C.T + QR @ KR.T) / root  # W["uk"]: (a, d_c, d_n)
        O = softmax(np.where(allowed, S, -np.inf)) @ C @ W["uv"]  # 先对 C 加权，再上投影
    else:
        K = np.concatenate([C @ W["uk"], np.broadcast_to(KR, (len(QC), *KR.shape))], axis=-1)
        O, _ = attention(np.concatenate([QC, QR], axis=-1), K, C @ W["uv"], allowed)
    return np.einsum("and,adh->nh", O, W["o"]), (C, KR)


s, h, a, dc, dn, dr, dv = 9, 16, 3, 8, 4, 2, 5
shapes = {"dkv": (h, dc), "kr": (h, dr), "q": (a, h, dn), "qr": (a, h, dr)}
shapes |= {"uk": (a, dc, dn), "uv": (a, dc, dv), "o": (a, dv, h)}
W = {name: rng.standard_normal(shape) / shape[-2] ** 0.5 for name, shape in shapes.items()}
X = rng.standard_normal((s, h))
naive, cache = mla(X, W, absorb=False)
check("吸收 = 还原", mla(X, W)[0], naive)
check("整段平移 100 位，输出不变", mla(X, W, start=100)[0], naive)  # 位置只经过 q^R、k^R
assert sum(x.size for x in cache) == s * (dc + dr)  # 与头数 a 无关

rows, cache = [], None
for t in range(s):
    row, cache = mla(X[t : t + 1], W, t, cache)
    rows.append(row)
check("吸收式逐个解码 = 一次还原", np.concatenate(rows), naive)
assert gap(mla(X, W, root=(dc + dr) ** 0.5)[0], naive) > 0.01  # 错：按缓存的维数缩放
print("按 √(d_c + d_r) 缩放是错的，要按 √(d_n + d_r)")

absorbed = 2 * (512 + 64) + 2 * 512  # 每个 query 头、每个历史 token：分数与加权
restored = 2 * (128 + 64) + 2 * 128
print(f"DeepSeek-V3 的维度：吸收式每对的 FLOPs 是还原式的 {absorbed / restored} 倍")

# %% [markdown]
# 吸收省的是读缓存，代价是更多 FLOPs，所以解码用吸收，预填充用还原。更完整的题见 [MLA 的矩阵吸收](../docs/questions/mla-absorb.md)。
#
# ## 13. online softmax 的前向
#
# ### 一块一块地归一
#
# softmax 要整行的最大值与和，分块时一次只看得见一块。每行维护三个量：目前的最大值 $\mu$、分母 $\ell=\sum e^{S_j-\mu}$、没有归一的输出 $\tilde O=\sum e^{S_j-\mu}V_j$。新来一块 $S$：
#
# $$
# \mu'=\max(\mu,\mathrm{rowmax}\,S),\quad
# \ell\leftarrow e^{\mu-\mu'}\ell+\mathrm{rowsum}\,e^{S-\mu'},\quad
# \tilde O\leftarrow e^{\mu-\mu'}\tilde O+e^{S-\mu'}V .
# $$
#
# 旧的两个量都是以 $e^{-\mu}$ 为单位记的，换了 $\mu'$ 就要乘 $e^{\mu-\mu'}$；这是恒等变形，不是近似。扫完得 $O=\tilde O/\ell$，每行再留一个 $\mathrm{LSE}=\mu+\ln\ell$ 给反向用。
#
# 三处容易写错：$\tilde O$ 忘了重缩放；尾块不满；一块全被遮时 $\mu'$ 仍是 $-\infty$，$-\infty-(-\infty)$ 是 NaN。


# %%
def online_attention(Q, K, V, block, allowed=None, rescale=True):
    """按每块 block 个 key 扫一趟，返回 O 与每行的 LSE；rescale=False 是错的写法：Õ 忘了乘。"""
    top = np.full((*Q.shape[:-1], 1), -np.inf, dtype=Q.dtype)  # μ
    Z, O = np.zeros_like(top), np.zeros((*Q.shape[:-1], V.shape[-1]), dtype=Q.dtype)
    for start in range(0, K.shape[-2], block):
        part = slice(start, start + block)  # 尾块可以不满
        S = Q @ K[..., part, :].mT / Q.shape[-1] ** 0.5  # (..., s_q, block)
        if allowed is not None:
            S = np.where(allowed[..., part], S, -np.inf)
        new = np.maximum(top, S.max(axis=-1, keepdims=True))
        finite = np.where(new == -np.inf, 0.0, new)  # 至今全被遮：减 0，不减 −inf
        E, shrink = np.exp(S - finite), np.exp(top - finite)
        Z = shrink * Z + E.sum(axis=-1, keepdims=True)
        O = (shrink * O if rescale else O) + E @ V[..., part, :]
        top = new
    with np.errstate(divide="ignore"):
        lse = (top + np.log(Z))[..., 0]  # 整行被遮：−inf
    return O / np.where(Z == 0.0, 1.0, Z), lse


b, a, s_q, s_k, d = 2, 2, 6, 11, 4
Q = 3 * rng.standard_normal((b, a, s_q, d))  # 放大：最大值会换几次
K, V = rng.standard_normal((2, b, a, s_k, d))
valid = np.ones((b, s_k), dtype=bool)
valid[1, :7] = False  # 左填充 7 个：第二个样本的前几行整行被遮
allowed = causal(s_q, s_k) & padding(valid)
assert not allowed[1, 0, 0].any() and allowed[1, 0, -1].any()

right, _ = attention(Q, K, V, allowed)
S = np.where(allowed, Q @ K.mT / d**0.5, -np.inf)
truth = np.logaddexp.reduce(S, axis=-1)  # 独立的 log-sum-exp
for block in (1, 2, 3, 4, 5, 11, 64):
    out, lse = online_attention(Q, K, V, block, allowed)
    assert gap(out, right) < 1e-12, block
    assert np.array_equal(np.isneginf(lse), np.isneginf(truth))
    assert gap(np.exp(lse), np.exp(truth)) < 1e-9, block
assert not right[1, :, 0].any() and np.isneginf(truth[1, :, 0]).all()
print("块大小 1、2、3、4、5、11、64：O 与 LSE 都相同，整行被遮的输出 0")
assert gap(online_attention(Q, K, V, 64, allowed, rescale=False)[0], right) < 1e-12  # 一块：测不出
assert gap(online_attention(Q, K, V, 4, allowed, rescale=False)[0], right) > 0.01
print("忘了重缩放：只有一块时测不出，分块就错")

# %% [markdown]
# 前向到这里为止。IO 复杂度、反向重算与完整的 FlashAttention 在 [FlashAttention](flash-attention.ipynb) 那一本。

# %% [markdown] part="whiteboard" title="面试版与练习"
# ## 14. 面试版：白板上的 MHA
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
# ### 追加：缓存、GQA 与 RoPE
#
# 面试官多半接着问「加上 KV cache 呢」「换成 GQA 呢」。改四处：K、V 只投影 $h_{kv}$ 个头；位置从缓存长度数起；先转再进缓存；掩码右下对齐。

# %% tags=["oracle"]
import torch
import torch.nn.functional as F
from torch import nn


def rotate(x, pos, base=1e4):  # x: (b, a, s, d)，前后两半配对
    d = x.shape[-1]
    theta = base ** (-torch.arange(0, d, 2, device=x.device).float() / d)
    angle = pos[:, None] * theta  # (s, d/2)，角度用 float32 算
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    u, v = x.chunk(2, dim=-1)
    return torch.cat([u * cos - v * sin, u * sin + v * cos], dim=-1)


class CachedGQA(nn.Module):
    def __init__(self, h, a, h_kv):
        super().__init__()
        assert h % a == 0 and a % h_kv == 0
        self.d, self.g = h // a, a // h_kv
        self.wq, self.wo = (nn.Linear(h, h, bias=False) for _ in range(2))
        self.wk, self.wv = (nn.Linear(h, h_kv * self.d, bias=False) for _ in range(2))

    def forward(self, x, cache=None):  # x: (b, n, h)；cache: (k, v)，各 (b, h_kv, s, d)
        b, n, h = x.shape
        q, k, v = (w(x).view(b, n, -1, self.d).transpose(1, 2) for w in (self.wq, self.wk, self.wv))
        old = 0 if cache is None else cache[0].shape[2]
        pos = torch.arange(old, old + n, device=x.device)
        q, k = rotate(q, pos), rotate(k, pos)
        if cache is not None:
            k, v = torch.cat([cache[0], k], dim=2), torch.cat([cache[1], v], dim=2)
        cache = (k, v)  # 只有 h_kv 个头，已经转过
        k, v = (t.repeat_interleave(self.g, dim=1) for t in cache)
        allowed = torch.ones(n, old + n, dtype=torch.bool, device=x.device).tril(old)
        o = F.scaled_dot_product_attention(q, k, v, attn_mask=allowed)
        return self.wo(o.transpose(1, 2).reshape(b, n, h)), cache


torch.manual_seed(0)
x = torch.randn(2, 9, 16, dtype=torch.float64)
for h_kv in (4, 2, 1):
    layer = CachedGQA(16, 4, h_kv).double()
    full, (k, v) = layer(x)
    assert k.shape == v.shape == (2, h_kv, 9, 4)
    for cuts in ([1] * 9, [5, 1, 1, 1, 1], [4, 3, 2]):  # 逐个、预填充再逐个、分块预填充
        cache, outputs = None, []
        for part in x.split(cuts, dim=1):
            output, cache = layer(part, cache)
            outputs.append(output)
        assert torch.allclose(torch.cat(outputs, dim=1), full, atol=1e-12)

with torch.no_grad():  # 与前面的 NumPy 版相同
    layer = CachedGQA(16, 4, 4).double()
    linear = {"q": layer.wq, "k": layer.wk, "v": layer.wv, "o": layer.wo}
    numpy_version = rope_step(x.numpy(), {n: w.weight.T.numpy() for n, w in linear.items()}, 4)[0]
    check("h_kv = a 时与 NumPy 的 rope_step", layer(x)[0].numpy(), numpy_version, 1e-6)
print("h_kv = 4、2、1，三种喂法都等于一次算完")

# %% [markdown]
# ## 15. 练习
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
# **3.** GQA 里 $a/h_{kv}$ 个 query 头共用一个 KV 头。$dK$、$dV$ 怎么改？
#
# <details>
# <summary>答案 3</summary>
#
# 前向等于把 KV 头复制 $a/h_{kv}$ 份再做 MHA。复制的反向是求和：先按 MHA 算出每个 query 头的 $dK,dV\in\mathbb R^{b\times a\times s\times d}$，再改成 $(b,\,h_{kv},\,a/h_{kv},\,s,\,d)$，对组内那一维求和。$dQ$ 不变。
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
#
# **6.** 把 $K,V$ 切成两段，分别算出 $(O_1,\mathrm{LSE}_1)$、$(O_2,\mathrm{LSE}_2)$。怎样合成整段的 $O$？
#
# <details>
# <summary>答案 6</summary>
#
# 每段的 $O_i$ 是各自归一过的，权重之比就是分母之比 $e^{\mathrm{LSE}_1}:e^{\mathrm{LSE}_2}$：
#
# $$
# \mathrm{LSE}=\ln\bigl(e^{\mathrm{LSE}_1}+e^{\mathrm{LSE}_2}\bigr),\qquad
# O=e^{\mathrm{LSE}_1-\mathrm{LSE}}\,O_1+e^{\mathrm{LSE}_2-\mathrm{LSE}}\,O_2 .
# $$
#
# 直接取平均，或按两段的长度加权，都是错的。长序列解码把 $K,V$ 分给几组线程块，ring attention 把它们分给几张卡，最后都用这个式子合并。
#
# </details>

# %%
# 练习 1：key 偏置的梯度为 0，query 偏置的不是
s, d = 6, 4
Q, K, V, G = rng.standard_normal((4, s, d))


def with_bias(bq, bk):
    return float((G * attention(Q + bq, K + bk, V, causal(s, s))[0]).sum())


zero = np.zeros(d)
check("1 db_K = 0", numeric_gradient(lambda z: with_bias(zero, z), zero), zero, 1e-8)
assert np.abs(numeric_gradient(lambda z: with_bias(z, zero), zero)).max() > 0.01

# 练习 2：dropout 下的反向
Z = (rng.random((s, s)) > 0.3) / 0.7
S = Q @ K.T / np.sqrt(d)
P = softmax(S)
O = (P * Z) @ V
dS = P * (Z * (G @ V.T) - (G * O).sum(axis=1, keepdims=True))
numeric = numeric_gradient(lambda z: float((G * ((softmax(z) * Z) @ V)).sum()), S)
check("2 dropout 下的 dS", dS, numeric, 1e-8)

# 练习 3：GQA，4 个 query 头、2 个 KV 头
q, g = rng.standard_normal((2, 1, 4, s, d))
k, v = rng.standard_normal((2, 1, 2, s, d))


wide_k, wide_v = k.repeat(2, axis=1), v.repeat(2, axis=1)
o, p = attention(q, wide_k, wide_v)
_, dk, dv = attention_backward(g, q, wide_k, wide_v, p, o)
dk, dv = (t.reshape(1, 2, 2, s, d).sum(axis=2) for t in (dk, dv))  # 组内求和
check("3 GQA 的 dK", dk, numeric_gradient(lambda z: float((g * gqa(q, z, v)).sum()), k), 1e-8)
check("3 GQA 的 dV", dv, numeric_gradient(lambda z: float((g * gqa(q, k, z)).sum()), v), 1e-8)

# 练习 4：置换等变
X, W, order = rng.standard_normal((1, s, 8)), weights(8), np.array([3, 0, 5, 1, 4, 2])
check("4 不加掩码时置换等变", mha(X[:, order], W, 2), mha(X, W, 2)[:, order])
mask = causal(s, s)
assert gap(mha(X[:, order], W, 2, mask), mha(X, W, 2, mask)[:, order]) > 0.01

# 练习 5：吸收 1/√d，前向相同，梯度差 √d 倍
root = np.sqrt(X.shape[-1] / 2)  # a = 2，d = 4


def absorbed(wq):  # 分数不再除以 √d
    Q, K, V = (split(X @ w, 2) for w in (wq, W["k"], W["v"]))
    return merge(softmax(Q @ K.mT) @ V) @ W["o"]


check("5 前向相同", absorbed(W["q"] / root), mha(X, W, 2))
before = numeric_gradient(lambda z: float(mha(X, W | {"q": z}, 2).sum()), W["q"])
after = numeric_gradient(lambda z: float(absorbed(z).sum()), W["q"] / root)
check("5 梯度差根号 d 倍", after, root * before, 1e-7)

# 练习 6：两段按 LSE 合并
Q, K, V = rng.standard_normal((3, s, d))
(O1, lse1), (O2, lse2) = (online_attention(Q, K[part], V[part], 2) for part in np.s_[:4, 4:])
lse = np.logaddexp(lse1, lse2)
joined = np.exp(lse1 - lse)[:, None] * O1 + np.exp(lse2 - lse)[:, None] * O2
check("6 两段合并 = 整段", joined, attention(Q, K, V)[0])
assert gap((4 * O1 + 2 * O2) / 6, attention(Q, K, V)[0]) > 0.01  # 按长度加权是错的

# %% [markdown]
# 接下来读：[KV cache 与显存](kv-cache.ipynb)、[FlashAttention](flash-attention.ipynb) 两本推导，[多头注意力](../docs/topics/multi-head-attention.md) 的追问，以及 [注意力机制](../docs/questions/attention-mechanism.md)、[Transformer](../docs/questions/transformer.md) 两道题。
