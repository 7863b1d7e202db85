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
#     title: FlashAttention 前向与反向
#     description: 从三元组的合并律推出 online softmax，写出分块的前向与反向，逐个元素数显存读写与 FLOPs，再用同一条合并律做拆 KV 解码与环形注意力
#     topics: [flash-attention]
#     aliases: [FlashAttention 推导, flash attention, flash-attn, 手写 FlashAttention, 手撕 FlashAttention, online softmax, 在线 softmax, FlashAttention 反向, 反向重算, LSE, logsumexp, IO 复杂度, Flash-Decoding, split-KV, 环形注意力, ring attention, FA2, FA3]
# ---

# %% [markdown] part="forward" title="合并律与前向"
# FlashAttention 只靠一条规则：两段 key 各自的 softmax 结果可以**精确**合并。分块前向、拆 KV 解码、环形注意力都是这条规则的用法，反向则靠每行存下的一个数重算概率。[潞晨](../docs/experiences/luchen-2023.md#frameworks) 的一面问到它；概念、实测数字与四代的对比在 [FlashAttention](../docs/topics/flash-attention.md) 那一页；标准注意力的前向与反向在[注意力](attention.ipynb)那一本。
#
# 时间只够看一眼，就记住这张表；后面每一节证明其中一行，并用断言检查。
#
# | 问题 | 结论 |
# |---|---|
# | 合并律 | $\mu=\max$，$\ell=\sum e^{\mu_k-\mu}\ell_k$，$\tilde o=\sum e^{\mu_k-\mu}\tilde o_k$；可结合、可交换 |
# | 前向存什么 | $O$ 与每行一个 $\mathrm{LSE}=\mu+\ln\ell$，不存 $S$、$P$ |
# | 整行被遮 | 输出 0，$\mathrm{LSE}=-\infty$；减最大值前把 $-\infty$ 换成 0 |
# | 反向 | $P=e^{S-\mathrm{LSE}}$ 重算，$dS=P\circ(dP-D)$，$D=\mathrm{rowsum}(dO\circ O)$ |
# | FLOPs（每头） | 前向 $4s^2d$ 不变，反向 $8s^2d\to10s^2d$ |
# | 显存读写 | $\Theta(s^2d^2/M)$，对 $s$ 仍是二次；标准是 $\Theta(sd+s^2)$ |
# | 额外显存 | $O(s^2)\to O(s)$ |
# | 拆 KV、环形 | 各段的 $o_k$ 按 $e^{\mathrm{LSE}_k-\mathrm{LSE}}$ 加权，反向各段独立 |

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
import itertools

import numpy as np

rng = np.random.default_rng(2205)  # 除了写明的地方，全程 float64

# %% [markdown]
# ## 1. 合并律
#
# ### 一段 key 的三元组
#
# 记号：一个头，$Q\in\mathbb R^{s\times d}$，$K,V\in\mathbb R^{s'\times d}$（$s'$ 是 key 的个数，常等于 $s$），$S=QK^\top/\sqrt d$。论文把 $s$ 写作 $N$，把 $\mu$ 写作 $m$。
#
# 只看一行分数 $x\in\mathbb R^{n}$ 与它的 $V$。一段 key 留下三样东西：
#
# $$
# \mu=\max_j x_j,\qquad \ell=\sum_j e^{x_j-\mu},\qquad \tilde o=\sum_j e^{x_j-\mu}v_j\in\mathbb R^{d},\qquad o=\tilde o/\ell .
# $$
#
# 两段 key 拼在一起，三元组怎么合？令 $\mu=\max(\mu_1,\mu_2)$，第一段里的每一项 $e^{x_j-\mu_1}$ 都要变成 $e^{x_j-\mu}=e^{\mu_1-\mu}\,e^{x_j-\mu_1}$，整段同乘一个数，所以
#
# $$
# \ell=e^{\mu_1-\mu}\ell_1+e^{\mu_2-\mu}\ell_2,\qquad \tilde o=e^{\mu_1-\mu}\tilde o_1+e^{\mu_2-\mu}\tilde o_2 .
# $$
#
# 没有近似。两个因子都不超过 1，至少一个等于 1，不会上溢。


# %%
def shift(mu):
    """减最大值时用的数：整段被遮时 mu 是 −inf，换成 0，避免 −inf − (−inf) = NaN。"""
    return np.where(mu == -np.inf, 0.0, mu)


def state(S, V):
    """一段 key 的三元组。S: (..., r, n)，V: (..., n, d)；n 可以是 0。"""
    mu = S.max(axis=-1, keepdims=True, initial=-np.inf)  # (..., r, 1)
    P = np.exp(S - shift(mu))  # (..., r, n)，没有归一
    return mu, P.sum(axis=-1, keepdims=True), P @ V


def merge(first, second):
    mu = np.maximum(first[0], second[0])
    x, y = np.exp(first[0] - shift(mu)), np.exp(second[0] - shift(mu))
    return mu, x * first[1] + y * second[1], x * first[2] + y * second[2]


def finish(triple):
    """三元组 → 输出 O: (..., r, d) 与 LSE: (..., r)；一个 key 也没有的行是 0 与 −inf。"""
    mu, ell, acc = triple
    some = np.where(ell == 0.0, 1.0, ell)
    return acc / some, (mu + np.log(some))[..., 0]


def attention(Q, K, V, allowed=None):
    """标准做法，作为裁判：造出整个 S 与 P。"""
    S = Q @ K.mT / Q.shape[-1] ** 0.5
    if allowed is not None:
        S = np.where(allowed, S, -np.inf)
    P = np.exp(S - shift(S.max(axis=-1, keepdims=True)))
    Z = P.sum(axis=-1, keepdims=True)
    P = P / np.where(Z == 0.0, 1.0, Z)
    return P @ V, P


x, v = np.array([[1.0, 3.0, 2.0, 5.0]]), np.array([[10.0], [20.0], [30.0], [40.0]])
now = (np.full((1, 1), -np.inf), np.zeros((1, 1)), np.zeros((1, 1)))
for j in range(4):  # 一次进一个 key
    now = merge(now, state(x[:, j : j + 1], v[j : j + 1]))
    print(
        f"分数 {x[0, j]:.0f}：μ = {now[0].item():.0f}，ℓ = {now[1].item():.4f}，o = {finish(now)[0].item():.3f}"
    )
e = np.exp(x[0])
check("四个 key 逐个进，等于一次 softmax", finish(now)[0].item(), e @ v[:, 0] / e.sum())

# %% [markdown]
# ### 结合律与交换律
#
# 不必展开硬算。把三元组映到 $F(\mu,\ell,\tilde o)=e^{\mu}(\ell,\tilde o)=\bigl(\sum_je^{x_j},\ \sum_je^{x_j}v_j\bigr)$，合并就是**相加**：
#
# $$
# F(a\oplus b)=e^{\mu}\bigl(e^{\mu_1-\mu}\ell_1+e^{\mu_2-\mu}\ell_2,\ \dots\bigr)=F(a)+F(b),
# $$
#
# 而 $\mu$ 这一格是 $\max$。加法与 $\max$ 都可结合、可交换，所以 $\oplus$ 也是；单位元是空段 $(-\infty,0,0)$。换句话说，三元组只是 $\sum e^{x_j}$ 的一种不会溢出的写法：指数存在 $\mu$ 里，尾数存在 $\ell$ 里。
#
# 它**不**幂等：$a\oplus a$ 的 $\ell$ 加倍，$o$ 不变而 $\mathrm{LSE}$ 多 $\ln2$。段与段不能重叠。
#
# 只留归一后的 $(o,\mathrm{LSE})$ 也能合并，这是跨线程块、跨卡时用的形式：
#
# $$
# \mathrm{LSE}=\ln\sum_k e^{\mathrm{LSE}_k},\qquad o=\sum_k e^{\mathrm{LSE}_k-\mathrm{LSE}}\,o_k .
# $$
#
# 权重为正、和为 1：总输出是各段输出的加权平均，权重是各段分到的概率。

# %%
S, V = 300 * rng.standard_normal((3, 23)), rng.standard_normal((23, 2))  # 分数很大，直接 exp 会溢出
S[0, :7] = -np.inf  # 第 0 行的第一段全被遮
cuts = [0, 7, 7, 12, 20, 23]  # 五段，其中一段是空的
parts = [state(S[:, i:j], V[i:j]) for i, j in itertools.pairwise(cuts)]
whole = finish(state(S, V))


def fold(triples):
    total = triples[0]
    for triple in triples[1:]:
        total = merge(total, triple)
    return finish(total)


for order in itertools.permutations(range(5)):  # 120 种次序
    for got, want in zip(fold([parts[i] for i in order]), whole, strict=True):
        assert gap(got, want) < 1e-11, order
a, b, c, d, e = parts
for tree in (merge(merge(a, b), merge(c, merge(d, e))), merge(a, merge(merge(merge(b, c), d), e))):
    assert gap(finish(tree)[0], whole[0]) < 1e-11 and gap(finish(tree)[1], whole[1]) < 1e-11
twice = finish(merge(parts[2], parts[2]))
check("自己与自己合并：LSE 多 ln 2", twice[1], finish(parts[2])[1] + np.log(2))
print("五段的 120 种次序、不同的括号：O 与 LSE 都相同；空段与全被遮的段是单位元")

# %% [markdown]
# ## 2. 分块前向
#
# 把合并律写成循环，就是 FlashAttention-2 的前向（[2307.08691](https://arxiv.org/abs/2307.08691) 算法 1）：外层取 $Q$ 的 $B_r$ 行，内层扫 $K$、$V$ 的 $B_c$ 行，一块一块并进来。新的一块直接用**合并后的** $\mu'$ 算指数，于是只有旧的要乘 $e^{\mu-\mu'}$：
#
# $$
# \mu'=\max(\mu,\mathrm{rowmax}\,S_{ij}),\quad \tilde P=e^{S_{ij}-\mu'},\quad
# \ell\leftarrow e^{\mu-\mu'}\ell+\mathrm{rowsum}\,\tilde P,\quad \tilde O\leftarrow e^{\mu-\mu'}\tilde O+\tilde PV_j .
# $$
#
# 最后 $O=\tilde O/\ell$，$\mathrm{LSE}=\mu+\ln\ell$。形状：$\mu,\ell$ 是 $(B_r,1)$，$\tilde O$ 是 $(B_r,d)$，$\tilde P$ 是 $(B_r,B_c)$，都在片上。
#
# 因果掩码按右下角对齐：第 $i$ 行能看 $j\le i+(s'-s)$。一块有三种情形：整块在未来就跳过；整块都看得见就不加掩码；只有跨对角线的块要逐元素掩。


# %%
def blocks(length, size):
    return [slice(i, min(i + size, length)) for i in range(0, length, size)]  # 尾块可以短


def kind(rows, cols, offset):
    """因果下的一块：skip 整块在未来，full 整块看得见，mask 跨对角线。offset = s' − s。"""
    if cols.start > rows.stop - 1 + offset:
        return "skip"
    return "full" if cols.stop - 1 <= rows.start + offset else "mask"


def late(rows, cols, offset):
    """(B_r, B_c)：True 是未来，要遮住。"""
    return np.arange(cols.start, cols.stop) > np.arange(rows.start, rows.stop)[:, None] + offset


def scores(Q, K, rows, cols, causal, allowed):
    """一块分数 (..., B_r, B_c)；整块在未来时返回 None。"""
    offset = K.shape[-2] - Q.shape[-2]
    what = kind(rows, cols, offset) if causal else "full"
    if what == "skip":
        return None
    S = Q[..., rows, :] @ K[..., cols, :].mT / Q.shape[-1] ** 0.5
    if what == "mask":
        S = np.where(late(rows, cols, offset), -np.inf, S)
    return S if allowed is None else np.where(allowed[..., rows, cols], S, -np.inf)


def flash_forward(Q, K, V, br, bc, causal=False, allowed=None):
    """Q: (..., s, d)，K、V: (..., s', d)，allowed: (..., s, s')，True 能看。返回 O 与 LSE。"""
    O, LSE = np.zeros_like(Q), np.zeros_like(Q[..., 0])
    for rows in blocks(Q.shape[-2], br):
        acc = np.zeros_like(Q[..., rows, :])
        ell = np.zeros_like(acc[..., :1])
        mu = ell - np.inf
        for cols in blocks(K.shape[-2], bc):
            S = scores(Q, K, rows, cols, causal, allowed)
            if S is None:
                break  # 以后的块更在未来
            new = np.maximum(mu, S.max(axis=-1, keepdims=True))
            P, fix = np.exp(S - shift(new)), np.exp(mu - shift(new))
            ell = fix * ell + P.sum(axis=-1, keepdims=True)
            acc = fix * acc + P @ V[..., cols, :]
            mu = new
        O[..., rows, :], LSE[..., rows] = finish((mu, ell, acc))
    return O, LSE


def causal_mask(s_q, s_k):
    return ~late(slice(0, s_q), slice(0, s_k), s_k - s_q)


def logsumexp(S):
    mu = S.max(axis=-1)
    return mu + np.log(np.exp(S - mu[..., None]).sum(axis=-1))


shapes = [(16, 16), (13, 13), (5, 11), (1, 9), (1, 1)]
sizes = [(4, 4), (3, 5), (64, 2), (1, 1), (64, 64)]  # 不整除、比序列还长、一行一列
for (s_q, s_k), (br, bc), causal in itertools.product(shapes, sizes, (False, True)):
    Q = 5 * rng.standard_normal((2, s_q, 6))
    K, V = rng.standard_normal((2, 2, s_k, 6))
    mask = causal_mask(s_q, s_k) if causal else np.ones((s_q, s_k), dtype=bool)
    O, LSE = flash_forward(Q, K, V, br, bc, causal)
    S = np.where(mask, Q @ K.mT / 6**0.5, -np.inf)
    assert gap(O, attention(Q, K, V, mask)[0]) < 1e-12, (s_q, s_k, br, bc, causal)
    assert gap(LSE, logsumexp(S)) < 1e-12, (s_q, s_k, br, bc, causal)
print(f"{len(shapes)} 种长度 × {len(sizes)} 种分块 × 因果与否：O 与 LSE 都对")

# %% [markdown]
# ### 跳掉多少块
#
# $s=s'$、$B_r=B_c$、一共 $T=s/B$ 个块行时，第 $i$ 个块行（从 0 数）留下 $i+1$ 块，合计 $T(T+1)/2$ 块，占 $\frac12+\frac1{2T}$：块越小越接近一半。要逐元素掩码的只有对角线上的 $T$ 块。

# %% alt="左图是 16 个 query、20 个 key 的因果分块图，块是 4 乘 4：对角线右上方的块标着 skip，左下方标着 full，只有跨对角线的一条标着 mask。右图是算的块占全部块的比例随块行数 T 的变化，计数的点落在二分之一加二 T 分之一的曲线上，趋于 0.5"
fig, axes = figure(1, 2, size=(6.4, 3.3), width_ratios=[1.5, 1])
colors = {"skip": "#eeeeee", "full": BLUE, "mask": ORANGE}
for rows, cols in itertools.product(blocks(16, 4), blocks(20, 4)):
    what = kind(rows, cols, 4)
    axes[0].bar(cols.start, 4, 4, rows.start, align="edge", color=colors[what], edgecolor="white")
    ink = "black" if what == "skip" else "white"
    axes[0].text(
        cols.start + 2, rows.start + 2, what, ha="center", va="center", fontsize=10, color=ink
    )
_ = axes[0].set(
    xlabel="key $j$", ylabel="query $i$", xticks=range(0, 21, 4), yticks=range(0, 17, 4)
)
axes[0].invert_yaxis()

counts = np.array([1, 2, 4, 8, 16, 32])  # T
kept = np.array(
    [
        sum(kind(r, c, 0) != "skip" for r in blocks(64, 64 // T) for c in blocks(64, 64 // T))
        / T**2
        for T in counts
    ]
)
assert gap(kept, 0.5 + 0.5 / counts) < 1e-12
_ = axes[1].plot(counts, four_digits(kept), "o", color=ORANGE, label="counted")
_ = axes[1].plot(counts, four_digits(0.5 + 0.5 / counts), "-", color=GRAY, label="$1/2+1/(2T)$")
_ = axes[1].set(xscale="log", xticks=counts, xticklabels=counts, ylim=(0.4, 1.05))
_ = axes[1].set(xlabel="block rows $T$", ylabel="blocks computed / all")
axes[1].minorticks_off()
_ = axes[1].legend()

# %% [markdown]
# ## 3. 写错的前向并排看
#
# | 写法 | 错在哪 |
# |---|---|
# | $\ell$、$\tilde O$ 都不缩放 | 旧项还以旧的 $\mu$ 为基准 |
# | 只缩放 $\ell$ | 分子分母不在同一基准，最常见 |
# | 每块除以 $\ell'$，旧的没乘回 $\ell$ | $O$ 已归一，接着累加要先还原 |
# | 各块各自 softmax，再平均 | 权重该是 $e^{\mathrm{LSE}_k-\mathrm{LSE}}$，不是 $1/T$ |
# | $\mathrm{LSE}$ 存成 $\mu$ | 前向的 $O$ 全对，反向才错 |
#
# 每块都除以 $\ell'$ **可以**是对的，第一代就这么写：$O\leftarrow\bigl(\ell e^{\mu-\mu'}O+\tilde PV_j\bigr)/\ell'$。第二代把除法挪到循环外，少做非矩阵乘的运算，结果相同。


# %%
def variant(Q, K, V, bc, way):
    """一个 Q 块扫过各个 K、V 块；way 决定更新怎么写。"""
    O = np.zeros_like(Q)
    ell = np.zeros_like(O[:, :1])
    mu = ell - np.inf
    for cols in blocks(len(K), bc):
        S = Q @ K[cols].T / Q.shape[-1] ** 0.5
        new = np.maximum(mu, S.max(axis=-1, keepdims=True))
        P, fix = np.exp(S - new), np.exp(mu - new)
        grown = (1.0 if way == "both unscaled" else fix) * ell + P.sum(axis=-1, keepdims=True)
        if way == "FA1":  # 每块都归一：旧的先乘回 ℓ
            O = (fix * ell * O + P @ V[cols]) / grown
        elif way == "divide, no ell":
            O = fix * O + P @ V[cols] / grown
        elif way == "mean of blocks":
            O = O + P @ V[cols] / P.sum(axis=-1, keepdims=True) / len(blocks(len(K), bc))
        elif way == "FA2":
            O = fix * O + P @ V[cols]
        else:  # both unscaled、ell only
            O = O + P @ V[cols]
        mu, ell = new, grown
    return O / ell if way in ("FA2", "both unscaled", "ell only") else O


mistakes = ["both unscaled", "ell only", "divide, no ell", "mean of blocks"]
Q, K, V = rng.standard_normal((3, 64, 8))
Q = 2 * Q
want = attention(Q, K, V)[0]
for way in ("FA1", "FA2"):
    check(f"{way} 的更新", variant(Q, K, V, 8, way), want)

pieces = [1, 2, 4, 8, 16, 32]
errors = {way: [gap(variant(Q, K, V, 64 // T, way), want) for T in pieces] for way in mistakes}
easy_q = np.pad(Q, ((0, 0), (0, 1)), constant_values=7.0)
easy_k = np.pad(K, ((1, 0), (0, 1)))
easy_k[0, -1] = 7.0  # 多一个第 0 个 key，每行的最大分数都是它
easy_v = rng.standard_normal((65, 9))
assert ((easy_q @ easy_k.T).argmax(axis=1) == 0).all()
easy = attention(easy_q, easy_k, easy_v)[0]
for way in mistakes:
    assert errors[way][0] < 1e-12 and min(errors[way][1:]) > 0.01, way  # 一块时对，多块时错
    hidden = gap(variant(easy_q, easy_k, easy_v, 8, way), easy) < 1e-12
    print(f"{way:15s} 只有一块：对；多块：错；最大分数在第一块时：{'看不出来' if hidden else '错'}")
    assert hidden == (way in ("both unscaled", "ell only"))

# %% alt="横轴是 key 被切成几块，从 1 到 32，纵轴是输出的最大误差。四种写错的更新在只有一块时误差都是 0，从两块起误差都在 0.1 以上，说明只用一块的测试一个错也抓不到"
fig, axis = figure(size=(6.4, 3.4))
for way, color, marker in zip(mistakes, [RED, ORANGE, BLUE, GREEN], "osD^", strict=True):
    shown = four_digits([0.0 if error < 1e-9 else error for error in errors[way]])
    _ = axis.plot(pieces, shown, marker + "-", color=color, label=way)
_ = axis.set(xscale="log", xticks=pieces, xticklabels=pieces, xlabel="number of key blocks")
_ = axis.set(ylabel="max error of $O$", ylim=(-0.1, None))
axis.minorticks_off()
_ = axis.legend(fontsize=10)

# %% [markdown]
# 测试的取法会把错藏起来：块不比序列短，四种错全过；最大分数恰在第一块（比如有一个很强的第 0 个 key），不缩放的两种也看不出来，因为 $\mu$ 再没变过。测试要让 $\mu$ 在中途变大，块数不止一个，长度不整除。
#
# ### 被遮的块出 NaN
#
# 一行在第一块里一个 key 也看不到，$\mu'=-\infty$，$S-\mu'=-\infty-(-\infty)=\mathrm{NaN}$，此后整行都是 NaN，即使后面的块看得见。因果加 $s\le s'$、从左往右扫时碰不到（第 0 列人人可见）；文档掩码、左填充、滑动窗口、$s>s'$、倒着扫都会碰到。办法是上面的 `shift`：最大值是 $-\infty$ 就减 0，指数自然是 0。官方仓库（2026-08）也是这样写的：`csrc/flash_attn/src/softmax.h` 里的 `max(mi) == -INFINITY ? 0.f`。
#
# 整行全被遮则 $\ell=0$，再防一次除零：输出 0，$\mathrm{LSE}=-\infty$，正是单位元。

# %%
allowed = np.ones((6, 8), dtype=bool)
allowed[1, :4] = False  # 第 1 行在第一块里看不到
allowed[3] = False  # 第 3 行一个也看不到
Q, K, V = rng.standard_normal((6, 4)), *rng.standard_normal((2, 8, 4))
O, LSE = flash_forward(Q, K, V, 3, 4, allowed=allowed)
check("第一块被遮、后面看得见", O, attention(Q, K, V, allowed)[0])
assert not O[3].any() and LSE[3] == -np.inf and np.isfinite(np.delete(LSE, 3)).all()

S = np.where(allowed, Q @ K.T / 2, -np.inf)
mu, acc = np.full((6, 1), -np.inf), np.zeros((6, 4))
with np.errstate(invalid="ignore"):
    for cols in blocks(8, 4):  # 没有 shift 的写法
        new = np.maximum(mu, S[:, cols].max(axis=1, keepdims=True))
        acc = np.exp(mu - new) * acc + np.exp(S[:, cols] - new) @ V[cols]
        mu = new
assert [i for i in range(6) if np.isnan(acc[i]).any()] == [1, 3]
O, LSE = flash_forward(*rng.standard_normal((1, 6, 4)), K[:4], V[:4], 2, 3, causal=True)
assert not O[:2].any() and (LSE[:2] == -np.inf).all() and np.isfinite(O).all()  # s > s'
print("没有 shift 时，第 1、3 行是 NaN；有 shift 时第 1 行正确，第 3 行输出 0、LSE 为 −inf")

# %% [markdown] part="backward" title="分块反向"
# ## 4. 反向：重算 P
#
# 标准反向（推导见[注意力](attention.ipynb)）要用整个 $P$：
#
# $$
# dV=P^\top dO,\quad dP=dO\,V^\top,\quad dS=P\circ(dP-D),\quad dQ=\frac{dS\,K}{\sqrt d},\quad dK=\frac{dS^\top Q}{\sqrt d}.
# $$
#
# 分块时有两个障碍，各有一个解法：
#
# | 障碍 | 解法 |
# |---|---|
# | $P$ 没存 | 块内重算 $S_{ij}$，$P_{ij}=e^{S_{ij}-\mathrm{LSE}_i}$，一步就归一 |
# | $D_i=\sum_jP_{ij}dP_{ij}$ 要整行 | 换成 $D_i=\sum_cdO_{ic}O_{ic}$，不需要 $P$ |
#
# 有了 $\mathrm{LSE}$，反向不必再做 online 的最大值与缩放，比前向还直白：每块算出 $P_{ij}$、$dS_{ij}$，三个梯度各加一份。
#
# | 量 | 形状 | 累加在哪一维 |
# |---|---|---|
# | $P_{ij},\ dS_{ij}$ | $(B_r,B_c)$ | 用完即丢 |
# | $dV_j \mathrel{+}= P_{ij}^\top dO_i$ | $(B_c,d)$ | 对 $i$，即对 query |
# | $dK_j \mathrel{+}= dS_{ij}^\top Q_i/\sqrt d$ | $(B_c,d)$ | 对 $i$ |
# | $dQ_i \mathrel{+}= dS_{ij}K_j/\sqrt d$ | $(B_r,d)$ | 对 $j$，即对 key |
#
# 外层走 $K$、$V$（两代都如此，[2205.14135](https://arxiv.org/abs/2205.14135) 附录 B.4 算法 4）：$dK_j$、$dV_j$ 留在片上，$dQ_i$ 每次读出、加上、写回。
#
# 整行被遮的行 $\mathrm{LSE}=-\infty$，重算时 $-\infty-(-\infty)$ 又是 NaN。把它换成 $+\infty$ 就行：$e^{-\infty-\infty}=0$，这一行的 $P$ 与梯度恰为 0。官方第二代前向干脆就给这种行存 $+\infty$（`softmax.h` 的 `Split ? -INFINITY : INFINITY`），Hopper 版存 $-\infty$、反向前换成 0（`hopper/flash_bwd_preprocess_kernel.h`）。


# %%
def safe_lse(LSE):
    """整行被遮：−inf 换成 +inf，重算出的 P 就是 0。"""
    return np.where(np.isneginf(LSE), np.inf, LSE)[..., None]


def flash_backward(Q, K, V, O, LSE, dO, br, bc, causal=False, allowed=None):
    """只用 O 与 LSE，按块重算 P；外层 K、V，内层 Q。返回 dQ、dK、dV。"""
    scale = Q.shape[-1] ** -0.5
    L, D = safe_lse(LSE), (dO * O).sum(axis=-1, keepdims=True)  # (..., s, 1)
    dQ, dK, dV = np.zeros_like(Q), np.zeros_like(K), np.zeros_like(V)
    for cols in blocks(K.shape[-2], bc):
        for rows in blocks(Q.shape[-2], br):
            S = scores(Q, K, rows, cols, causal, allowed)  # 重算，第 1 个矩阵乘
            if S is None:
                continue  # 这一块在未来；下面的行更靠后，还要看
            P = np.exp(S - L[..., rows, :])
            dP = dO[..., rows, :] @ V[..., cols, :].mT  # 2
            dS = P * (dP - D[..., rows, :])
            dV[..., cols, :] += P.mT @ dO[..., rows, :]  # 3
            dK[..., cols, :] += scale * dS.mT @ Q[..., rows, :]  # 4
            dQ[..., rows, :] += scale * dS @ K[..., cols, :]  # 5
    return dQ, dK, dV


def standard_backward(Q, K, V, P, O, dO):
    """标准反向：P 是存下来的，四个矩阵乘。"""
    scale = Q.shape[-1] ** -0.5
    dS = P * (dO @ V.mT - (dO * O).sum(axis=-1, keepdims=True))
    return scale * dS @ K, scale * dS.mT @ Q, P.mT @ dO


# %% [markdown]
# ### 三方核对
#
# 手推的分块、有限差分、PyTorch 自动求导。形状取难的：$s_q\ne s_k$ 的因果、尾块不整除、有一行整行被遮。

# %%
s_q, s_k, d = 5, 7, 4
Q, dO = rng.standard_normal((2, s_q, d))
K, V = rng.standard_normal((2, s_k, d))
allowed = rng.random((s_q, s_k)) < 0.8
allowed[2] = False  # 整行被遮
O, LSE = flash_forward(Q, K, V, 2, 3, True, allowed)
dQ, dK, dV = flash_backward(Q, K, V, O, LSE, dO, 2, 3, True, allowed)


def loss(Q, K, V):
    return float((dO * attention(Q, K, V, allowed & causal_mask(s_q, s_k))[0]).sum())


check("dQ 与有限差分", dQ, numeric_gradient(lambda z: loss(z, K, V), Q), 1e-8)
check("dK 与有限差分", dK, numeric_gradient(lambda z: loss(Q, z, V), K), 1e-8)
check("dV 与有限差分", dV, numeric_gradient(lambda z: loss(Q, K, z), V), 1e-8)
assert not dQ[2].any() and LSE[2] == -np.inf
with np.errstate(invalid="ignore"):
    assert np.isnan(np.exp(-np.inf - LSE[2]))  # 不换成 +inf 就是 NaN
print("整行被遮：dQ 恰为 0，没有 NaN")

# %% tags=["oracle"]
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(0)
for s_q, s_k, br, bc in [(16, 16, 4, 4), (13, 13, 4, 5), (5, 11, 3, 4), (9, 6, 2, 4), (1, 7, 8, 3)]:
    for causal in (False, True):
        q, g = torch.randn(2, 2, 3, s_q, 4, dtype=torch.float64)  # (b, a, s, d) = (2, 3, s, 4)
        k, v = torch.randn(2, 2, 3, s_k, 4, dtype=torch.float64)
        keep = torch.ones(s_q, s_k, dtype=torch.bool)
        keep = keep.tril(s_k - s_q) if causal else keep
        leaves = [t.clone().requires_grad_() for t in (q, k, v)]
        o = F.scaled_dot_product_attention(*leaves, attn_mask=keep)
        o.backward(g)
        n = [t.numpy() for t in (q, k, v)]
        out, lse = flash_forward(*n, br, bc, causal)
        assert gap(out, o.detach().numpy()) < 1e-12
        for got, leaf in zip(
            flash_backward(*n, out, lse, g.numpy(), br, bc, causal), leaves, strict=True
        ):
            assert gap(got, leaf.grad.numpy()) < 1e-12, (s_q, s_k, br, bc, causal)
print("五种形状 × 因果与否：O、dQ、dK、dV 与 PyTorch 自动求导相同（s > s' 时有整行被遮）")

# %% [markdown]
# ### 写错的反向并排看
#
# | 写法 | 后果 |
# |---|---|
# | $\mathrm{LSE}$ 存成 $\mu$ | 重算的 $P$ 行和是 $\ell$，不是 1 |
# | $D$ 用块内的 $\mathrm{rowsum}(P_{ij}\circ dP_{ij})$ | 只减了一部分 |
# | 重算时忘了掩码 | 未来的 key 收到梯度 |
# | $dQ_i$ 写成赋值，不是累加 | 只剩最后一块的 |
# | 丢了 $1/\sqrt d$ | $dQ$、$dK$ 大 $\sqrt d$ 倍，$dV$ 对 |
#
# 第二、第四种在 $K$ 只有一块时全对，又是「单块测试」藏住的错。


# %%
def wrong_backward(Q, K, V, dO, bc, way):
    """因果、一个 Q 块、若干 K 块；way 指明错在哪里。"""
    s, d = Q.shape
    S = Q @ K.T / d**0.5
    masked = np.where(causal_mask(s, s), S, -np.inf)
    O, _ = attention(Q, K, V, causal_mask(s, s))
    L = masked.max(axis=1) if way == "LSE 存成 μ" else logsumexp(masked)
    D = (dO * O).sum(axis=1, keepdims=True)
    dQ, dK, dV = np.zeros_like(Q), np.zeros_like(K), np.zeros_like(V)
    for cols in blocks(s, bc):
        P = np.exp((S if way == "重算忘了掩码" else masked)[:, cols] - L[:, None])
        dP = dO @ V[cols].T
        dS = P * (dP - ((P * dP).sum(axis=1, keepdims=True) if way == "D 只在块内求和" else D))
        dS = dS if way == "丢了根号 d" else dS / d**0.5
        dQ = dS @ K[cols] + (0 if way == "dQ 赋值" else dQ)
        dK[cols], dV[cols] = dS.T @ Q, P.T @ dO
    return dQ, dK, dV


Q, K, V, dO = rng.standard_normal((4, 12, 4))
O, P = attention(Q, K, V, causal_mask(12, 12))
truth = standard_backward(Q, K, V, P, O, dO)
for got, want in zip(wrong_backward(Q, K, V, dO, 4, "没有错"), truth, strict=True):
    assert gap(got, want) < 1e-12
for way, hidden in [
    ("LSE 存成 μ", False),
    ("D 只在块内求和", True),
    ("重算忘了掩码", False),
    ("dQ 赋值", True),
    ("丢了根号 d", False),
]:
    many, one = (
        max(gap(a, b) for a, b in zip(wrong_backward(Q, K, V, dO, bc, way), truth, strict=True))
        for bc in (4, 12)
    )
    assert many > 0.01 and (one < 1e-12) == hidden, way
    print(f"{way}：三块时错，一块时{'看不出来' if hidden else '也错'}")

# %% [markdown]
# ## 5. 循环次序与 FLOPs
#
# 前向只要一个量跨块累加（$O_i$），所以外层放 $Q$，各行块互不相干。反向两个方向都要累加：$dQ_i$ 对 $j$，$dK_j,dV_j$ 对 $i$，哪个放外层都有一边要跨块写。三种办法：
#
# | 办法 | 跨块累加 | 矩阵乘 |
# |---|---|---|
# | 外层 $K$、$V$，$dQ$ 读改写 | 有，次序不定 | 5 |
# | 外层 $Q$，$dK$、$dV$ 读改写 | 有，量是上面的两倍 | 5 |
# | 两遍：一遍出 $dQ$，一遍出 $dK$、$dV$ | 无 | 7 |
#
# 官方第二代用第一种，并行的线程块对 $dQ$ 做原子加（论文 §3.2），求和次序不定，浮点加法不可结合，末位就不固定；它另有 `deterministic` 开关，各写各的缓冲区再求和。下面在 float32 里换一次累加次序看。
#
# FLOPs 由一个会数矩阵乘的数组类型来数，被测的就是上面那几个函数，一字未改。


# %%
def two_pass_backward(Q, K, V, O, LSE, dO, br, bc):
    """两遍：没有跨块的写，S 与 dP 各多算一次。"""
    scale, L = Q.shape[-1] ** -0.5, safe_lse(LSE)
    D = (dO * O).sum(axis=-1, keepdims=True)
    dQ, dK, dV = np.zeros_like(Q), np.zeros_like(K), np.zeros_like(V)

    def tile(rows, cols):
        P = np.exp(scores(Q, K, rows, cols, False, None) - L[rows])
        return P, P * (dO[rows] @ V[cols].T - D[rows])

    for rows in blocks(len(Q), br):  # 外层 Q
        for cols in blocks(len(K), bc):
            dQ[rows] += scale * tile(rows, cols)[1] @ K[cols]
    for cols in blocks(len(K), bc):  # 外层 K、V
        for rows in blocks(len(Q), br):
            P, dS = tile(rows, cols)
            dK[cols] += scale * dS.T @ Q[rows]
            dV[cols] += P.T @ dO[rows]
    return dQ, dK, dV


class Counted(np.ndarray):
    """会数矩阵乘的数组：(m, k) 乘 (k, n) 记 2mkn。"""

    flops = 0

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        if ufunc is np.matmul:
            Counted.flops += 2 * inputs[0].shape[-2] * inputs[0].shape[-1] * inputs[1].shape[-1]
        plain = [x.view(np.ndarray) if isinstance(x, Counted) else x for x in inputs]
        if out is not None:
            options["out"] = tuple(x.view(np.ndarray) for x in out)
        result = getattr(ufunc, method)(*plain, **options)
        return result.view(Counted) if isinstance(result, np.ndarray) else result


def flops(f, *arguments):
    """f 用掉的矩阵乘 FLOPs，以 s²d 为单位。"""
    Counted.flops = 0
    f(*(x.view(Counted) if isinstance(x, np.ndarray) else x for x in arguments))
    return Counted.flops / (s * s * d)


s, d = 64, 8
Q, K, V, dO = rng.standard_normal((4, s, d))
O, P = attention(Q, K, V)
_, LSE = flash_forward(Q, K, V, 16, 16)
O_causal, LSE_causal = flash_forward(Q, K, V, 16, 16, True)
table = {  # 前向、反向
    "standard": (flops(attention, Q, K, V), flops(standard_backward, Q, K, V, P, O, dO)),
    "flash": (
        flops(flash_forward, Q, K, V, 16, 16),
        flops(flash_backward, Q, K, V, O, LSE, dO, 16, 16),
    ),
    "flash, two-pass": (4.0, flops(two_pass_backward, Q, K, V, O, LSE, dO, 16, 16)),
    "flash, causal": (
        flops(flash_forward, Q, K, V, 16, 16, True),
        flops(flash_backward, Q, K, V, O_causal, LSE_causal, dO, 16, 16, True),
    ),
}
for name, (forward, backward) in table.items():
    print(
        f"{name:16s} 前向 {forward:g} s²d，反向 {backward:g} s²d，合计 {forward + backward:g} s²d"
    )
assert table["standard"] == (4, 8) and table["flash"] == (4, 10)
assert table["flash, two-pass"][1] == 14 and table["flash, causal"] == (
    4 * 5 / 8,
    10 * 5 / 8,
)  # T = 4

for got, want in zip(
    two_pass_backward(Q, K, V, O, LSE, dO, 16, 16),
    standard_backward(Q, K, V, P, O, dO),
    strict=True,
):
    assert gap(got, want) < 1e-12
low = [x.astype(np.float32) for x in (Q, K, V, O, LSE, dO)]
down = flash_backward(*low, 16, 16)[0]
up = flash_backward(low[0], low[1][::-1], low[2][::-1], *low[3:], 16, 16)[0]  # key 倒着扫
assert gap(down, up) < 1e-5 and not np.array_equal(down, up)
print("float32 里倒着累加：dQ 的差 < 1e-5，但不是逐位相同")

# %% alt="横放的条形图，单位是 s 平方 d。标准做法前向 4、反向 8，合计 12；FlashAttention 前向 4、反向 10，合计 14；两遍的反向合计 18；四个块行的因果合计 8.75。重算只让总量从 12 变成 14，跳块省下的更多"
fig, axis = figure(size=(6.4, 2.8))
names = list(table)[::-1]
forward, backward = (four_digits([table[name][i] for name in names]) for i in (0, 1))
_ = axis.barh(names, forward, color=BLUE, label="forward")
_ = axis.barh(names, backward, left=forward, color=ORANGE, label="backward")
for y, (f, b) in enumerate(zip(forward, backward, strict=True)):
    _ = axis.text(f + b + 0.2, y, f"{f:g} + {b:g}", va="center")
_ = axis.set(xlabel="matmul FLOPs / $(s^2 d)$", xlim=(0, 22))
_ = axis.legend(loc="lower right")

# %% [markdown]
# 合计 14 比 12，多 $1/6$；论文图 2 左报的 GFLOPs 是 75.2 比 66.6，多 13%（GPT-2 medium，前向加反向）。多做的这些换来的是下一节的读写：反向要的 $P$ 不必写出、再读回。

# %% [markdown] part="io" title="读写、显存与精度"
# ## 6. 数显存读写
#
# 显存（HBM）大而慢，片上（SRAM）小而快。下面的「显存」每次读写都记账，单位是**元素**，不是字节；片上同时放着多少元素也记下最大值。$M$ 是片上放得下的元素数。
#
# 三种前向，每个头独立：
#
# | 做法 | 循环 | 反复搬的 |
# |---|---|---|
# | 标准 | 三个算子：$S$、$P$、$O$ | $S$、$P$ 各写一次、读一次 |
# | FA1 次序 | 外层 $K$、$V$，内层 $Q$ | $Q$ 读，$O,\ell,\mu$ 读改写 |
# | FA2 次序 | 外层 $Q$，内层 $K$、$V$ | $K$、$V$ 读 |
#
# 标准做法按最有利的数：每个矩阵乘的操作数只读一遍，掩码、dropout 不算。


# %%
class Memory:
    """记账的显存：读写都数元素；片上同时放着的元素数取最大。"""

    def __init__(self, **arrays):
        self.arrays, self.moved, self.peak = arrays, 0, 0

    def read(self, name, rows=slice(None)):
        part = self.arrays[name][rows]
        self.moved += part.size
        return part.copy()

    def write(self, name, value, rows=slice(None)):
        self.moved += value.size
        self.arrays[name][rows] = value

    def on_chip(self, *arrays):
        self.peak = max(self.peak, sum(x.size for x in arrays))


def run_standard(m, s, d):
    m.write("S", m.read("Q") @ m.read("K").T / d**0.5)
    S = m.read("S")
    P = np.exp(S - S.max(axis=1, keepdims=True))
    m.write("P", P / P.sum(axis=1, keepdims=True))
    m.write("O", m.read("P") @ m.read("V"))


def run_fa1(m, s, d, br, bc):
    m.write("O", np.zeros((s, d)))
    m.write("ell", np.zeros((s, 1)))
    m.write("mu", np.full((s, 1), -np.inf))
    for cols in blocks(s, bc):
        k, v = m.read("K", cols), m.read("V", cols)
        for rows in blocks(s, br):
            q, o, ell, mu = (m.read(name, rows) for name in ("Q", "O", "ell", "mu"))
            S = q @ k.T / d**0.5
            m.on_chip(k, v, q, o, ell, mu, S)  # P 就地覆盖 S
            new = np.maximum(mu, S.max(axis=1, keepdims=True))
            P, fix = np.exp(S - new), np.exp(mu - new)
            grown = fix * ell + P.sum(axis=1, keepdims=True)
            m.write("O", (fix * ell * o + P @ v) / grown, rows)  # 每次都写回归一的 O
            m.write("ell", grown, rows)
            m.write("mu", new, rows)


def run_fa2(m, s, d, br, bc):
    for rows in blocks(s, br):
        q = m.read("Q", rows)
        acc = np.zeros_like(q)  # 三元组一直在片上
        ell = np.zeros_like(q[:, :1])
        mu = ell - np.inf
        for cols in blocks(s, bc):
            k, v = m.read("K", cols), m.read("V", cols)
            S = q @ k.T / d**0.5
            m.on_chip(k, v, q, acc, ell, mu, S)
            new = np.maximum(mu, S.max(axis=1, keepdims=True))
            P, fix = np.exp(S - new), np.exp(mu - new)
            acc, ell, mu = fix * acc + P @ v, fix * ell + P.sum(axis=1, keepdims=True), new
        m.write("O", acc / ell, rows)
        m.write("LSE", mu + np.log(ell), rows)


def simulate(run, s, d, *sizes):
    q, k, v = np.random.default_rng(7).standard_normal((3, s, d))
    empty = {"S": (s, s), "P": (s, s), "O": (s, d), "LSE": (s, 1), "ell": (s, 1), "mu": (s, 1)}
    m = Memory(Q=q, K=k, V=v, **{name: np.zeros(shape) for name, shape in empty.items()})
    run(m, s, d, *sizes)
    assert gap(m.arrays["O"], attention(q, k, v)[0]) < 1e-12  # 三种都精确
    return m


def ceil(x, y):
    return -(-x // y)


for s, d, br, bc in [(256, 16, 16, 16), (250, 16, 64, 32), (37, 5, 7, 4), (8, 4, 99, 99)]:
    assert simulate(run_standard, s, d).moved == 4 * s * d + 4 * s * s
    fa1, fa2 = simulate(run_fa1, s, d, br, bc), simulate(run_fa2, s, d, br, bc)
    assert fa1.moved == 3 * s * d + 2 * s + ceil(s, bc) * (3 * s * d + 4 * s)
    assert fa2.moved == 2 * s * d + s + ceil(s, br) * 2 * s * d
    R, C = min(br, s), min(bc, s)
    assert fa1.peak == fa2.peak == 2 * R * d + 2 * C * d + R * C + 2 * R
print("四组形状：模拟数出的读写与片上峰值，逐个元素等于公式")

# %% [markdown]
# 数出来的式子（$T_r=\lceil s/B_r\rceil$，$T_c=\lceil s/B_c\rceil$）：
#
# $$
# \begin{aligned}
# \text{标准}&: 4s^2+4sd\\
# \text{FA1}&: T_c\,(3sd+4s)+3sd+2s\\
# \text{FA2}&: T_r\cdot 2sd+2sd+s
# \end{aligned}
# $$
#
# 片上要放 $Q$、$O$、$K$、$V$ 的块、$S$ 块与每行两个数：$2B_rd+2B_cd+B_rB_c+2B_r\le M$。
#
# ### 与定理 2 对照
#
# 论文定理 2：$d\le M\le sd$ 时，FlashAttention 的读写是 $\Theta(s^2d^2/M)$。理由就在式子里：外层的块数乘 $sd$，而块的行数受 $M$ 限制，$B=\Theta(M/d)$，块数是 $\Theta(sd/M)$。
#
# 常数取决于块怎么选。按论文的 $B_c=\lceil M/4d\rceil$、$B_r=\min(B_c,d)$（FA2 次序对调两者），首项是 FA1 的 $3sd\cdot\frac{4sd}{M}=12\,\frac{s^2d^2}{M}$、FA2 的 $8\,\frac{s^2d^2}{M}$，差 1.5 倍：FA1 每轮搬 $Q$、$O$（读、写）三份，FA2 每轮只搬 $K$、$V$ 两份，并且只读。下面模拟数一遍。


# %%
def paper_blocks(M, d):
    wide = ceil(M, 4 * d)
    return wide, min(wide, d)


def traffic(s, d, M):
    """模拟：标准、FA1 次序、FA2 次序各搬多少元素。"""
    wide, narrow = paper_blocks(M, d)
    fa1, fa2 = simulate(run_fa1, s, d, narrow, wide), simulate(run_fa2, s, d, wide, narrow)
    return simulate(run_standard, s, d).moved, fa1.moved, fa2.moved, fa2.peak / M


s, d = 256, 16
sizes_m = np.array([128, 256, 512, 1024, 2048, 4096])  # d = 16 ≤ M ≤ sd = 4096
by_m = np.array([traffic(s, d, M) for M in sizes_m])
print("   M |   标准 |     FA1 |     FA2 | ×M/(s²d²)：FA1、FA2 | 片上峰值/M")
for M, (std, fa1, fa2, peak) in zip(sizes_m, by_m, strict=True):
    unit = s * s * d * d / M
    print(
        f"{M:4d} | {std:.0f} | {fa1:7.0f} | {fa2:7.0f} |      {fa1 / unit:5.2f}、{fa2 / unit:5.2f}      |   {peak:.2f}"
    )
    assert np.isclose(fa1 / unit, 12 + 16 / d + (3 * s * d + 2 * s) / unit)
    assert np.isclose(fa2 / unit, 8 + (2 * s * d + s) / unit) and peak < 1.3
    assert (fa1 < std) == (3 * d * d < M) and (fa2 < std) == (2 * d * d <= M)

lengths = np.array([64, 128, 256, 512, 1024])
by_s = np.array([traffic(n, d, 1024)[:3] for n in lengths])
assert np.all(np.diff(by_s[:, 0] / by_s[:, 2]) > 0) and by_s[-1, 0] / by_s[-1, 2] < 2.0

# %% alt="两幅双对数图，d 等于 16。左图横轴是片上容量 M，s 等于 256：标准做法是水平线，FA1 与 FA2 次序的点落在 12 与 8 倍 s 平方 d 平方除以 M 的斜率负一的虚线附近，FA2 在 M 约为 2 d 平方等于 512 处低于标准。右图横轴是序列长 s，M 等于 1024：三条线后段斜率都是 2，说明读写对 s 仍是二次，省的是常数倍"
fig, axes = figure(1, 2, size=(6.4, 3.7))
for i, (name, color, marker) in enumerate(
    [("standard", GRAY, "o"), ("FA1 order", RED, "s"), ("FA2 order", BLUE, "^")]
):
    _ = axes[0].plot(sizes_m, four_digits(by_m[:, i]), marker, color=color)
    _ = axes[1].plot(lengths, four_digits(by_s[:, i]), marker + "-", color=color, label=name)
_ = axes[0].plot(sizes_m, four_digits(0 * sizes_m + 4 * s * s + 4 * s * d), "-", color=GRAY)
for constant, color in ((12, RED), (8, BLUE)):
    _ = axes[0].plot(sizes_m, four_digits(constant * s * s * d * d / sizes_m), "--", color=color)
_ = axes[0].axvline(2 * d * d, color=GRAY, linewidth=0.8, linestyle=":")
_ = axes[0].text(2 * d * d * 1.1, 1.3e6, "$M=2d^2$", fontsize=10)
for axis in axes:
    _ = axis.set(xscale="log", yscale="log")
    axis.minorticks_off()
_ = axes[0].set(xlabel="$M$ (elements), $s=256$", ylabel="elements moved")
_ = axes[0].set(xticks=[128, 512, 2048], xticklabels=[128, 512, 2048])
_ = axes[1].set(xlabel="$s$, $M=1024$", xticks=[64, 256, 1024], xticklabels=[64, 256, 1024])
_ = axes[1].legend()

# %% [markdown]
# 四条读法：
#
# - 片上峰值是 $M$ 的 0.9 到 1.3 倍：论文的取法只保证阶，$S$ 块没算进那四份。
# - 虚线只是首项。$M$ 大时点在虚线上方，零头 $\Theta(sd)$（输入输出至少各搬一次）显出来，所以定理要 $M\le sd$。
# - FA2 次序比标准省，要 $M>2d^2$（$s\gg d$ 时），等价于 $B_r>d/2$。$d$ 翻倍，要的片上容量翻四倍。
# - 对 $s$ **仍是二次**，省的是常数倍 $\approx M/(2d^2)$。说「读写降到线性」是错的。
#
# 论文命题 3 的下界也要说准：没有算法能对 $[d,sd]$ 里**所有**的 $M$ 都做到 $o(s^2d^2/M)$。证明只用了 $M=\Theta(sd)$ 这一点，那时 $s^2d^2/M=\Theta(sd)$，正是读一遍输入的量；它没有说每个 $M$ 上都最优。
#
# ### 反向的读写
#
# 照论文附录的算法 3（标准，逐个算子）与算法 4（分块，外层 $K$、$V$）数。标准反向里 $P$ 读两次、$dP$ 写读、$dS$ 写一次读两次，共 $7s^2$；分块时每块搬 $Q,O,dO$ 与 $\mathrm{LSE}$，$dQ$ 读改写。


# %%
def run_standard_backward(m):
    m.write("dV", m.read("P").T @ m.read("dO"))
    m.write("dP", m.read("dO") @ m.read("V").T)
    P, dP = m.read("P"), m.read("dP")
    m.write("dS", P * (dP - (P * dP).sum(axis=1, keepdims=True)))
    m.write("dQ", m.read("dS") @ m.read("K"))
    m.write("dK", m.read("dS").T @ m.read("Q"))


def run_flash_backward(m, s, br, bc):
    m.write("dQ", np.zeros_like(m.arrays["Q"]))
    for cols in blocks(s, bc):
        k, v = m.read("K", cols), m.read("V", cols)
        dk, dv = np.zeros_like(k), np.zeros_like(v)
        for rows in blocks(s, br):
            q, o, do, dq, L = (m.read(name, rows) for name in ("Q", "O", "dO", "dQ", "LSE"))
            P = np.exp(q @ k.T - L)  # 缩放已并进 Q
            dS = P * (do @ v.T - (do * o).sum(axis=1, keepdims=True))
            dv, dk = dv + P.T @ do, dk + dS.T @ q
            m.write("dQ", dq + dS @ k, rows)
        m.write("dK", dk, cols)
        m.write("dV", dv, cols)


s, d = 256, 16
q, k, v, do = rng.standard_normal((4, s, d)) / d**0.25
o, p = attention(q * d**0.5, k, v)  # 裁判里会除以 √d
inputs = {"Q": q, "K": k, "V": v, "dO": do, "O": o, "P": p, "LSE": logsumexp(q @ k.T)[:, None]}
outputs = {"dQ": (s, d), "dK": (s, d), "dV": (s, d), "dP": (s, s), "dS": (s, s)}
pair = [Memory(**inputs, **{n: np.zeros(shape) for n, shape in outputs.items()}) for _ in range(2)]
run_standard_backward(pair[0])
run_flash_backward(pair[1], s, 16, 64)
for name in ("dQ", "dK", "dV"):
    check(f"{name}：两种搬法结果相同", pair[1].arrays[name], pair[0].arrays[name])
T_c = ceil(s, 64)
assert pair[0].moved == 7 * s * s + 8 * s * d
assert pair[1].moved == 5 * s * d + T_c * (5 * s * d + s)
print(f"反向读写：标准 7s²+8sd = {pair[0].moved}，分块 T_c(5sd+s)+5sd = {pair[1].moved}")

# %% [markdown]
# ## 7. 额外显存
#
# 输入输出之外，前向留给反向的：标准是 $P$，$s^2$ 个元素；FlashAttention 是 $\mathrm{LSE}$，$s$ 个（第一代存 $\mu,\ell$ 两个）。反向另要 $D$，也是 $s$ 个。不是 $O(1)$。
#
# 图按 $a=32$ 个头、一层、批为 1，$P$ 用 2 字节、$\mathrm{LSE}$ 用 4 字节，单位 GiB（$2^{30}$ 字节）。

# %% alt="双对数图，横轴序列长从 1024 到 131072，纵轴一层的额外显存，单位 GiB。标准做法的 P 沿斜率 2 上升，s 等于 8192 时 4 GiB、131072 时 1024 GiB；FlashAttention 的 LSE 沿斜率 1 上升，131072 时只有 0.016 GiB"
spans = 2 ** np.arange(10, 18)
saved_p, saved_lse = 32 * spans.astype(float) ** 2 * 2 / 2**30, 32 * spans * 4 / 2**30
assert saved_p[3] == 4.0 and saved_lse[3] == 1 / 1024 and saved_p[-1] == 1024.0  # s = 8192、131072
fig, axis = figure(size=(6.4, 3.4))
_ = axis.plot(spans, four_digits(saved_p), "o-", color=RED, label="standard: $P$, $2as^2$ bytes")
_ = axis.plot(spans, four_digits(saved_lse), "s-", color=BLUE, label="flash: LSE, $4as$ bytes")
_ = axis.set(xscale="log", yscale="log", xlabel="$s$", ylabel="GiB per layer")
_ = axis.set(xticks=spans[::2], xticklabels=["1k", "4k", "16k", "64k"])
axis.minorticks_off()
_ = axis.legend()

# %% [markdown]
# ## 8. 低精度里谁要 fp32
#
# 输入与 $\tilde P$ 用半精度，三样要留在 fp32：$\mu$、$\ell$、$\tilde O$。理由各不相同：
#
# - 不减最大值，$e^{x}$ 在 fp16 里 $x>11.09$ 就溢出（最大 65504）；减了以后 $\tilde P\in[0,1]$，半精度放得下。
# - $\ell$ 是 $s$ 个不超过 1 的数之和。fp16 在 2048 以上间隔是 2，再加 1 就加不动了：分数全相等时逐个加到 $s=4096$，$\ell$ 停在 2048。
# - $\tilde O$ 要累加 $s/B_c$ 次，每次都舍入，误差随块数长。
#
# 下面用 NumPy 的 float16 模拟：每块的 $\tilde PV_j$ 用 fp32 累加（内核里的累加器也是 fp32），只换存放 $\ell$、$\tilde O$ 的类型。只打印结论。


# %%
def half_forward(Q, K, V, bc, keep):
    """Q、K、V 与 P 是 fp16；ℓ、Õ 存成 keep。"""
    f16, f32 = np.float16, np.float32
    Q, K, V = (x.astype(f16).astype(f32) for x in (Q, K, V))
    acc, ell = np.zeros(Q.shape, keep), np.zeros((len(Q), 1), keep)
    mu = np.full((len(Q), 1), -np.inf, f32)
    for cols in blocks(len(K), bc):
        S = Q @ K[cols].T / Q.shape[1] ** 0.5
        new = np.maximum(mu, S.max(axis=1, keepdims=True))
        P, fix = np.exp(S - new).astype(f16), np.exp(mu - new)
        acc = (fix * acc + P.astype(f32) @ V[cols]).astype(keep)
        ell = (fix * ell + P.sum(axis=1, keepdims=True, dtype=f32)).astype(keep)
        mu = new
    return acc.astype(np.float64) / ell.astype(np.float64)


Q, K = rng.standard_normal((2, 4096, 16))
Q, V = Q[:32], 1.0 + rng.standard_normal((4096, 16))
exact = attention(*(x.astype(np.float16).astype(np.float64) for x in (Q, K, V)))[0]
narrow, wide = (gap(half_forward(Q, K, V, 16, t), exact) for t in (np.float16, np.float32))
assert narrow > 100 * wide and wide < 1e-4
print("ℓ、Õ 存 fp16 的误差比存 fp32 大 100 倍以上；存 fp32 时误差 < 1e-4")

total = np.float16(0)
for _ in range(4096):
    total += np.float16(1)
with np.errstate(over="ignore"):
    edge = np.exp([11.0, 11.2]).astype(np.float16)
assert total == 2048 and np.isfinite(edge[0]) and np.isinf(edge[1])
print("fp16 里把 1 加 4096 次得到", int(total), "；exp(11.2) 溢出")

# %% [markdown] part="merge" title="拆 KV、环形与面试"
# ## 9. 拆 KV 解码
#
# 解码时 $Q$ 只有一行，没有 $s\times s$ 的矩阵可省，瓶颈是读 KV cache；外层按 $Q$ 分块，每个头就只有一个线程块在干活。于是沿 key 切成 $c$ 段，各段并行算出 $(o_k,\mathrm{LSE}_k)$ 写回显存，再由另一个内核合并（FlashAttention-2 论文 §3.2；常叫 Flash-Decoding）。合并就是第 1 节的第二种形式：
#
# $$
# \mathrm{LSE}=\ln\sum_ke^{\mathrm{LSE}_k},\qquad o=\sum_k e^{\mathrm{LSE}_k-\mathrm{LSE}}\,o_k .
# $$
#
# 代价是中间结果 $c(d+1)$ 个元素写一次、读一次，相对 $2s'd$ 的 KV 很小；串行的块数从 $s'/B_c$ 变成它的 $1/c$。有的段可能整段被遮（缓存长短不一），$\mathrm{LSE}_k=-\infty$，权重自然是 0；全部段都是 $-\infty$ 时又要防 NaN。


# %%
def combine(outputs, lses):
    """c 段的 (O, LSE) 合并。outputs: (c, ..., s, d)，lses: (c, ..., s)。"""
    weight = np.exp(lses - shift(lses.max(axis=0)))  # (c, ..., s)
    total = weight.sum(axis=0)
    some = np.where(total == 0.0, 1.0, total)
    return (weight[..., None] * outputs).sum(axis=0) / some[..., None], shift(
        lses.max(axis=0)
    ) + np.where(total == 0.0, -np.inf, np.log(some))


s_k, d, c = 1000, 16, 7
q = 3 * rng.standard_normal((4, 1, d))  # 4 个头，各一行 query
K, V = rng.standard_normal((2, 4, s_k, d))
allowed = np.arange(s_k) < np.array([1000, 700, 143, 0])[:, None, None]  # 有效长度不同，末一个是 0
split = [
    flash_forward(q, K[:, part], V[:, part], 1, 64, allowed=allowed[..., part])
    for part in blocks(s_k, ceil(s_k, c))
]
outputs, lses = (np.stack(items) for items in zip(*split, strict=True))
O, LSE = combine(outputs, lses)
want = flash_forward(q, K, V, 1, 64, allowed=allowed)
check("7 段合并的 O", O, want[0])
check("7 段合并的 LSE", LSE[:3], want[1][:3])
assert not O[3].any() and LSE[3] == -np.inf  # 空的缓存：0 与 −inf
mean = outputs.mean(axis=0)
assert gap(mean[0], O[0]) > 0.1
extra = 2 * c * (d + 1) / (2 * s_k * d)
print(
    f"直接平均各段：错；中间结果的读写是 KV 的 {extra:.1%}；串行块数 {ceil(s_k, 64)} → {ceil(ceil(s_k, c), 64)}"
)

# %% [markdown]
# ## 10. 环形注意力：同一条合并律
#
# 上下文并行把序列切到 $c$ 张卡，每张卡留住自己的 $Q$，$K$、$V$ 沿环传一圈，来一块并一块。论文 Ring Attention（[2310.01889](https://arxiv.org/abs/2310.01889)）与上面的拆 KV 是同一条合并律，只是「段」在别的卡上，到达的次序各卡不同，结果靠交换律相同。
#
# **反向**也分得开。有了全局的 $\mathrm{LSE}$ 与 $D$，每块的 $P$、$dS$ 只用这一块就能算：$dQ$ 在本卡累加；$dK$、$dV$ 跟着 $K$、$V$ 一起传，一路累加，多走一步回到主人手里。记 $u=s/c$，每卡每个头：
#
# | | 传什么 | 元素数 |
# |---|---|---|
# | 前向 | $K,V$，$c-1$ 步 | $2(c-1)ud$ |
# | 反向 | $K,V$，$c-1$ 步；$dK,dV$，$c$ 步 | $2(c-1)ud+2cud$ |
#
# 因果时，连续切会让前面的卡闲着；切成 $2c$ 块、第 $r$ 卡取第 $r$ 块与倒数第 $r$ 块，每一步各卡的活都一样多。


# %%
def ring(Q, K, V, dO, owners):
    """模拟 c 张卡，因果。owners[r]：第 r 卡的位置。返回 O、dQ、dK、dV、各步的活、每卡发送的元素数。"""
    c, d = len(owners), Q.shape[1]
    work, sent = np.zeros((c, c), dtype=int), 0

    def block(r, step, k):
        """第 r 卡在第 step 步拿着第 r − step 卡的 key：分数，未来处 −inf。"""
        mask = owners[r][:, None] >= owners[(r - step) % c]
        work[r, step] = mask.sum()
        return np.where(mask, Q[owners[r]] @ k.T / d**0.5, -np.inf)

    def send(items):
        nonlocal sent
        sent += sum(x.size for x in items[0])
        return items[-1:] + items[:-1]  # 第 r 卡交给第 r + 1 卡

    kv = [(K[o], V[o]) for o in owners]
    triples = [state(np.empty((len(o), 0)), np.empty((0, d))) for o in owners]
    for step in range(c):
        kv = send(kv) if step else kv
        triples = [merge(triples[r], state(block(r, step, kv[r][0]), kv[r][1])) for r in range(c)]
    done = [finish(triple) for triple in triples]

    kv = [(K[o], V[o]) for o in owners]
    grads = [(np.zeros_like(k), np.zeros_like(v)) for k, v in kv]
    dQ = [np.zeros_like(Q[o]) for o in owners]
    for step in range(c):
        kv, grads = (send(kv), send(grads)) if step else (kv, grads)
        for r, o in enumerate(owners):
            k, v = kv[r]
            P = np.exp(block(r, step, k) - safe_lse(done[r][1]))
            dS = P * (dO[o] @ v.T - (dO[o] * done[r][0]).sum(axis=1, keepdims=True)) / d**0.5
            dQ[r] += dS @ k
            grads[r] = grads[r][0] + dS.T @ Q[o], grads[r][1] + P.T @ dO[o]
    grads = send(grads)  # 最后一步：回到主人
    where = np.argsort(np.concatenate(owners))  # 拼回原来的次序
    columns = [x for x, _ in done], dQ, [x for x, _ in grads], [x for _, x in grads]
    return *(np.concatenate(x)[where] for x in columns), work, sent


s, d, c = 32, 4, 4
Q, K, V, dO = rng.standard_normal((4, s, d))
O, P = attention(Q, K, V, causal_mask(s, s))
chunks = np.arange(s).reshape(2 * c, -1)
layouts = {
    "contiguous": list(np.arange(s).reshape(c, -1)),
    "zigzag": [np.concatenate([chunks[r], chunks[-1 - r]]) for r in range(c)],
}
loads = {}
for name, owners in layouts.items():
    *results, loads[name], sent = ring(Q, K, V, dO, owners)
    truth = O, *standard_backward(Q, K, V, P, O, dO)
    assert max(gap(got, want) for got, want in zip(results, truth, strict=True)) < 1e-12, name
    assert sent == (4 * (c - 1) + 2 * c) * (s // c) * d  # 每卡，前向加反向
    assert loads[name].sum() == s * (s + 1) // 2
    steps = loads[name].max(axis=0)  # 每一步等最慢的卡
    print(
        f"{name:10s} 每步最慢的卡：{steps}，合计 {steps.sum()}；平均每卡 {s * (s + 1) / 2 / c:.0f}"
    )
assert loads["contiguous"].max(axis=0).sum() == 228 and loads["zigzag"].max(axis=0).sum() == 132
assert np.ptp(loads["zigzag"], axis=0).max() == 0
print("4 卡的 O、dQ、dK、dV 与单卡相同")

# %% alt="两个 4 乘 4 的格子图，行是卡，列是步，数字是这一步算的 query 与 key 的对数。连续切时第 0 步各卡 36，之后卡 0 三步都是 0，卡 3 三步都是 64，忙闲不均；首尾配对时第 0 步都是 36，之后每卡每步都是 32，完全均衡"
fig, axes = figure(1, 2, size=(6.4, 3.3))
for axis, (name, load) in zip(axes, loads.items(), strict=True):
    _ = axis.pcolormesh(load, cmap="Blues", vmin=0, vmax=90, edgecolors="white", linewidth=1.5)
    for r, step in itertools.product(range(4), range(4)):
        _ = axis.text(step + 0.5, r + 0.5, load[r, step], ha="center", va="center")
    ticks = {"xticks": np.arange(4) + 0.5, "yticks": np.arange(4) + 0.5}
    _ = axis.set(title=name, xlabel="step", ylabel="rank", aspect="equal", **ticks)
    _ = axis.set(xticklabels=range(4), yticklabels=range(4))
    axis.invert_yaxis()

# %% [markdown]
# ## 11. 三代改了什么
#
# 数学始终是上面这一套。只列读过原文的改动，各代的实测数字见[四代的区别](../docs/questions/flash-attention-versions.md)。
#
# | 代 | 改动 | 出处 |
# |---|---|---|
# | FA1 | 分块、存 $(\mu,\ell)$、反向重算；外层 $K,V$，每步写回归一的 $O$ | 2205.14135 §3.1、附录 B |
# | FA2 | 除以 $\ell$ 挪到最后；只存 $\mathrm{LSE}$；外层 $Q$，沿 $s$ 也并行；warp 间切 $Q$ 不切 $K$ | 2307.08691 §3 |
# | FA3 | Hopper：生产者、消费者 warp 分工；两组 warp 轮流做矩阵乘与 softmax；FP8 按块量化 | 2407.08608 §3 |
#
# - **FA2 为什么在意除法**：论文举 A100，矩阵乘峰值 312 TFLOPs/s，非矩阵乘的 FP32 只有 19.5，一次贵 16 倍。
# - **FA3 为什么要交错**：论文举 H100，FP16 矩阵乘 989 TFLOPs/s，指数只有 3.9。$d=128$ 时每个分数 $4d=512$ 次矩阵乘运算、1 次指数，指数的时间约是矩阵乘的一半。

# %%
assert 312 / 19.5 == 16
share = (1 / 3.9) / (4 * 128 / 989)
assert 0.49 < share < 0.5
print(f"d = 128：指数的时间是矩阵乘的 {share:.1%}")

# %% [markdown]
# ## 12. 面试版
#
# 边写边说六句话：
#
# 1. 「外层 $Q$ 块，内层 $K$、$V$ 块；片上三样：$\mu$、$\ell$、没归一的 $\tilde O$，都用 fp32。」
# 2. 「先求新的最大值，再用它算 $\tilde P$ 和旧项的因子；$\ell$ 与 $\tilde O$ 都要缩放。」
# 3. 「因果按右下角对齐，整块在未来就 `break`。」
# 4. 「最大值还是 $-\infty$ 时减 0，否则 $-\infty-(-\infty)$ 是 NaN。」
# 5. 「循环完才除 $\ell$；整行被遮时 $\ell=0$，输出 0。」
# 6. 「返回 $\mathrm{LSE}=\mu+\ln\ell$：反向重算和跨卡合并都靠它。」

# %% tags=["oracle"]
import torch
import torch.nn.functional as F


def flash(q, k, v, mask=None, causal=False, br=64, bc=64):
    """q (..., s, d)，k、v (..., s', d)，mask (..., s, s') True 能看；返回 O (..., s, d)、LSE (..., s)。"""
    (s, d), sk = q.shape[-2:], k.shape[-2]
    wide, inf = torch.promote_types(q.dtype, torch.float32), float("inf")
    outs, lses = [], []
    for i in range(0, s, br):
        qi = q[..., i : i + br, :].to(wide) / d**0.5
        rows = torch.arange(i, i + qi.shape[-2])[:, None] + sk - s  # 真实位置
        acc = torch.zeros_like(qi)
        ell = torch.zeros_like(qi[..., :1])
        mu = ell - inf
        for j in range(0, sk, bc):
            if causal and j > rows[-1]:
                break  # 以后的块更在未来
            S = qi @ k[..., j : j + bc, :].to(wide).transpose(-1, -2)  # (..., B_r, B_c)
            if causal:
                S = S.masked_fill(torch.arange(j, j + S.shape[-1]) > rows, -inf)
            if mask is not None:
                S = S.masked_fill(~mask[..., i : i + br, j : j + bc], -inf)
            new = torch.maximum(mu, S.amax(-1, keepdim=True))
            safe = new.masked_fill(new == -inf, 0.0)
            P, fix = (S - safe).exp(), (mu - safe).exp()
            ell = fix * ell + P.sum(-1, keepdim=True)
            acc = fix * acc + P @ v[..., j : j + bc, :].to(wide)
            mu = new
        outs.append((acc / ell.masked_fill(ell == 0, 1.0)).to(q.dtype))
        lses.append((mu + ell.log())[..., 0])
    return torch.cat(outs, -2), torch.cat(lses, -1)


# 面试官会试的八件事
torch.manual_seed(0)
q = 4 * torch.randn(2, 3, 13, 8, dtype=torch.float64)
k, v = torch.randn(2, 2, 3, 17, 8, dtype=torch.float64)
keep = torch.ones(13, 17, dtype=torch.bool).tril(4)
S = q @ k.transpose(-1, -2) / 8**0.5
for br, bc in [(4, 4), (5, 3), (64, 64), (1, 1)]:
    o, lse = flash(q, k, v, br=br, bc=bc)
    assert torch.allclose(o, F.scaled_dot_product_attention(q, k, v), atol=1e-12)  # 1 与 SDPA 相同
    assert torch.allclose(lse, S.logsumexp(-1), atol=1e-12)  # 2 LSE
    o, lse = flash(q, k, v, causal=True, br=br, bc=bc)  # 3 s ≠ s' 的因果、尾块
    assert torch.allclose(o, F.scaled_dot_product_attention(q, k, v, attn_mask=keep), atol=1e-12)
assert flash(q[..., :1, :], k[..., :1, :], v[..., :1, :])[0].equal(
    v[..., :1, :]
)  # 4 一个 query、一个 key

mask = torch.rand(2, 3, 13, 17) < 0.5
mask[0, 0, 2] = False  # 整行被遮
mask[1, 2, 5, :4] = False  # 第一块被遮
o, lse = flash(q, k, v, mask, br=4, bc=4)
assert torch.allclose(o, F.scaled_dot_product_attention(q, k, v, attn_mask=mask), atol=1e-12)
assert (o[0, 0, 2] == 0).all() and lse[0, 0, 2] == -torch.inf and not o.isnan().any()  # 5 整行被遮
assert flash(100 * q, 100 * k, v)[0].isfinite().all()  # 6 大分数不溢出

half = [t.to(torch.bfloat16) for t in (q, k, v)]
o, lse = flash(*half, br=4, bc=4)
exact = F.scaled_dot_product_attention(*(t.double() for t in half))
assert o.dtype == torch.bfloat16 and lse.dtype == torch.float32  # 7 半精度进出，fp32 累加
assert torch.allclose(o.double(), exact, atol=0.05)

(o1, l1), (o2, l2) = flash(q, k[..., :6, :], v[..., :6, :]), flash(q, k[..., 6:, :], v[..., 6:, :])
both = torch.logaddexp(l1, l2)
merged = (l1 - both).exp()[..., None] * o1 + (l2 - both).exp()[..., None] * o2
assert torch.allclose(merged, flash(q, k, v)[0], atol=1e-12)  # 8 两段合并
print("SDPA、LSE、因果与尾块、单个 key、整行被遮、大分数、半精度、两段合并：全部通过")

# %% [markdown]
# ## 13. 练习
#
# 先自己推，再展开答案；本节末尾的代码逐题核对。
#
# **1.** 在 softmax 的分母里多加一项 $e^{z}$（$z$ 是可学的数，没有对应的 value，一种 attention sink）。已经有了 $(O,\mathrm{LSE})$，怎么一步改出新的输出？
#
# <details>
# <summary>答案 1</summary>
#
# 它是一个三元组 $(z,1,0)$，并进去即可。只留 $(O,\mathrm{LSE})$ 时，$\mathrm{LSE}'=\ln(e^{\mathrm{LSE}}+e^{z})$，
#
# $$
# O'=e^{\mathrm{LSE}-\mathrm{LSE}'}O=\sigma(\mathrm{LSE}-z)\,O ,
# $$
#
# 即给每行输出乘一个 sigmoid。内核不用改。
#
# </details>
#
# **2.** 损失还直接用到 $\mathrm{LSE}$（例如对它加正则，或对合并后的结果求导），上游多给一个 $d\mathrm{LSE}\in\mathbb R^{s}$。反向改哪里？
#
# <details>
# <summary>答案 2</summary>
#
# $\partial\,\mathrm{LSE}_i/\partial S_{ij}=P_{ij}$，所以 $dS=P\circ(dP-D)+P\circ d\mathrm{LSE}=P\circ\bigl(dP-(D-d\mathrm{LSE})\bigr)$。把 $D$ 换成 $D-d\mathrm{LSE}$，别的一行不动；$dV$ 不变。
#
# </details>
#
# **3.** 第 6 节按论文取块，首项常数是 12（FA1 次序）和 8（FA2 次序）。片上容量 $M$ 不变，只追求读写少，常数最小能到多少？
#
# <details>
# <summary>答案 3</summary>
#
# 约束 $2B_rd+2B_cd+B_rB_c+2B_r\le M$。内层的块不影响读写次数，取 1 最省地方：FA2 次序 $B_c=1$，$B_r\approx M/2d$，常数 $2\times2=4$；FA1 次序 $B_r=1$，$B_c\approx M/2d$，常数 $3\times2=6$。真内核不会这样取：一行一行算，矩阵乘单元吃不饱。论文说 FA2 的块在 $\{64,128\}\times\{64,128\}$ 里按头维手选。
#
# </details>
#
# **4.** $s=s'=8192$、块 128，因果跳块后矩阵乘剩多少？为什么论文报的加速只有 1.7 到 1.8 倍（2307.08691 §3.1.1）而不是 2 倍？
#
# <details>
# <summary>答案 4</summary>
#
# $T=64$，剩 $\frac12+\frac1{128}\approx50.8\%$，只看矩阵乘的上限是 1.97 倍。其余差在不随块数减半的部分：每个 $Q$ 块的读写与收尾、各线程块长短不一造成的等待（这两条是分析，论文没有逐项给出）。
#
# </details>
#
# **5.** 滑动窗口向右移一格，能不能从三元组里「减去」离开的 key，不重算？
#
# <details>
# <summary>答案 5</summary>
#
# 精确算术里可以：$F$ 是加法，有逆，$\ell\leftarrow\ell-e^{x-\mu}$。浮点里不行：若离开的恰是最大的一个，剩下的和是两个几乎相等的数相减，有效数字全丢；$\mu$ 也退不回去，$\max$ 没有逆。所以窗口是跳块加掩码来做，不做减法。
#
# </details>

# %%
# 练习 1：多一项 e^z
s, d, z = 6, 4, 0.7
Q, K, V, dO = rng.standard_normal((4, s, d))
S = Q @ K.T / d**0.5
O, LSE = flash_forward(Q, K, V, 2, 3)
E = np.exp(S)
check(
    "1 O 乘 sigmoid(LSE − z)",
    O / (1 + np.exp(z - LSE))[:, None],
    E @ V / (E.sum(axis=1) + np.exp(z))[:, None],
)

# 练习 2：LSE 也有梯度
dL = rng.standard_normal(s)


def both_losses(K):
    scores = Q @ K.T / d**0.5
    return float((dO * attention(Q, K, V)[0]).sum() + (dL * logsumexp(scores)).sum())


P = np.exp(S - LSE[:, None])
dS = P * (dO @ V.T - ((dO * O).sum(axis=1) - dL)[:, None])
check("2 D 换成 D − dLSE", dS.T @ Q / d**0.5, numeric_gradient(both_losses, K), 1e-8)

# 练习 3：枚举满足约束的块
s, d, M = 65536, 64, 24576


def widest(narrow, outer_rows):
    """另一边取 narrow 时，外层的块最大是多少；每行两个数记在 Q 的块上。"""
    if outer_rows:
        return (M - 2 * narrow * d) // (2 * d + narrow + 2)
    return (M - 2 * narrow * d - 2 * narrow) // (2 * d + narrow)


unit = s * s * d * d / M
best2 = min((ceil(s, widest(b, True)) * 2 * s * d / unit, b) for b in range(1, 100))
best1 = min((ceil(s, widest(b, False)) * 3 * s * d / unit, b) for b in range(1, 100))
assert best1[1] == best2[1] == 1 and abs(best2[0] - 4) < 0.2 and abs(best1[0] - 6) < 0.3
print(f"3 常数最小：FA2 次序 {best2[0]:.2f}，FA1 次序 {best1[0]:.2f}，都在内层的块取 1 时")

# 练习 4：跳块后剩下的比例
tiles = blocks(8192, 128)
rest = sum(kind(r, c, 0) != "skip" for r in tiles for c in tiles) / len(tiles) ** 2
assert rest == 0.5 + 1 / 128
print(f"4 剩 {rest:.1%}，上限 {1 / rest:.2f} 倍")

# 练习 5：减法丢掉全部有效数字
x = np.array([[50.0, 0.0, 1.0]])  # 离开的是第 0 个
mu, ell, _ = state(x, np.zeros((3, 1)))
left = (ell - np.exp(x[:, :1] - mu)).item() * np.exp(mu.item())
assert left == 0.0 and np.exp(x[0, 1:]).sum() > 3.7
print("5 该剩 e⁰ + e¹ ≈ 3.718，减出来是", left)

# %% [markdown]
# 接下来读：[FlashAttention](../docs/topics/flash-attention.md)（实测数字、四代、追问）、[手写前向](../docs/questions/flash-attention-code.md)、[反向重算为何反而快](../docs/questions/flash-attention-backward.md)、[环形注意力](../docs/questions/ring-attention.md)；往下是 [KV cache](kv-cache.ipynb) 与[并行](parallelism.ipynb)两本。
