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
#     title: KV cache 与显存算术
#     description: 把带缓存的解码一步步写出来，与整段前向逐位核对；再从配置算出缓存、参数、FLOPs、并发与算术强度，一直核到 DeepSeek-V3 的 671B
#     topics: [kv-cache, models]
#     aliases: [KV cache 推导, 手写 KV cache, 手撕 KV cache, KV cache 显存, kvcache, 增量解码, prefill decode, 预填充与解码, GQA 缓存, MLA 缓存, 环形缓存, ring buffer, 滑动窗口缓存, 参数量计算器, FLOPs 计算器, 显存计算器, 671B 37B, PagedAttention 浪费, roofline, 算术强度, 临界 batch, KV 量化]
# ---

# %% [markdown] part="decode" title="增量解码"
# 这一本写带缓存的解码，再把「缓存多大、参数多少、能开多大并发、卡在哪里」全部从配置算出来。概念与追问在 [KV cache 与推理](../docs/topics/kv-cache.md)；注意力本身的前向与反向在 [注意力](attention.ipynb)。
#
# 时间只够看一眼，就记住这张表；后面每一节证明其中一行，并用断言检查。
#
# | 问题 | 结论 |
# |---|---|
# | 存什么 | 每层的 $K$（旋转之后）与 $V$；旧的 $q$ 再也用不到 |
# | 位置与掩码 | 已有 $\ell$ 个时，第 $i$ 个新 token 的位置是 $\ell+i$，能看 $j\le\ell+i$ |
# | 省了什么 | 生成 $n$ 个，过网络的 token 从 $n(n+1)/2$ 降到 $n$；每步仍读全部缓存 |
# | 每 token 多大 | $2Lh_{kv}d$ 个元素；MLA 是 $L(d_c+d_r)$；再乘每元素字节 |
# | 每 token 算力 | 前向 $2N$ 加注意力 $4Lad\,s'$；$N$ 是过矩阵乘的参数 |
# | 能开多大并发 | $\lfloor(\rho M-W)/(s\kappa)\rfloor$，$\kappa$ 是每 token 的缓存字节 |
# | 分页的浪费 | 每条平均 $(B-1)/2$ 格 |
# | 卡在哪里 | 权重的强度约 $b$，读缓存的强度 $a/h_{kv}$ 与 $b$ 无关（16 位） |

# %% tags=["toolkit"]
from toolkit import BLUE, GRAY, GREEN, ORANGE, RED, check, figure, four_digits, gap

# isort: split

# %%
from typing import NamedTuple

import numpy as np

rng = np.random.default_rng(2026)  # 全程 float64，种子固定

# %% [markdown]
# ## 1. 没有缓存时在重算什么
#
# ### 一个小解码器
#
# 形状照 Llama：均方根归一化（RMSNorm）、旋转位置编码（RoPE）、分组查询注意力（GQA）、SwiGLU。配置写成一个 `Model`，这个小模型和后面的真模型用同一个类型：算出来的参数、缓存、FLOPs 先在小模型上逐个数清楚，再套到大的上面。


# %%
class Model(NamedTuple):
    L: int  # 层数
    h: int  # 隐藏维
    a: int  # query 头数
    h_kv: int  # KV 头数
    d: int  # 每头维度
    f: int  # 稠密 FFN 的中间维
    V: int  # 词表
    tied: bool = False  # 输入嵌入与输出头共用一张表
    qk_norm: bool = False  # q、k 各有一份逐维的 RMSNorm（Qwen3）
    d_c: int = 0  # MLA 的压缩向量；0 表示不是 MLA
    d_r: int = 0  # MLA 另存的带位置的 key
    q_rank: int = 0  # MLA 的 query 也先降维
    experts: int = 0  # 路由专家数；0 表示没有 MoE
    chosen: int = 0  # 每个 token 选几个
    shared: int = 0  # 共享专家数
    f_e: int = 0  # 一个专家的中间维
    dense: int = 0  # 有 MoE 时，开头几层仍是稠密 FFN
    router_bias: bool = False
    windowed: int = 0  # 滑动窗口的层数
    window: int = 0
    linear: int = 0  # 线性注意力的层数
    state: int = 0  # 每个线性层的固定状态，元素


TINY = Model(L=3, h=16, a=4, h_kv=2, d=6, f=20, V=11)


def init(m):
    def w(rows, columns):
        return rng.standard_normal((rows, columns)) / np.sqrt(rows)

    shapes = {"q": (m.h, m.a * m.d), "k": (m.h, m.h_kv * m.d), "v": (m.h, m.h_kv * m.d)}
    shapes |= {"o": (m.a * m.d, m.h), "gate": (m.h, m.f), "up": (m.h, m.f), "down": (m.f, m.h)}
    norms = {"norm1": np.ones(m.h), "norm2": np.ones(m.h)}
    layers = [{name: w(*shape) for name, shape in shapes.items()} | norms for _ in range(m.L)]
    return {"embed": w(m.V, m.h), "layers": layers, "norm": np.ones(m.h), "head": w(m.h, m.V)}


METER = {"flops": 0}


def mm(x, y):
    """x @ y，顺便数 FLOPs：一次乘加计 2。"""
    z = x @ y
    METER["flops"] += 2 * z.size * x.shape[-1]
    return z


def rms(x, gain):
    return x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + 1e-6) * gain


def rope(x, pos, base=10000.0):
    """x (..., n, d)，pos 可广播到 (..., n)：前后两半配对旋转。"""
    d = x.shape[-1]
    angle = pos[..., None] * base ** (-np.arange(0, d, 2) / d)  # (..., n, d/2)
    x1, x2 = x[..., : d // 2], x[..., d // 2 :]
    sin, cos = np.sin(angle), np.cos(angle)
    return np.concatenate([x1 * cos - x2 * sin, x2 * cos + x1 * sin], axis=-1)


def softmax(S):
    """最后一轴；一个 key 也看不到的行约定为 0。"""
    top = S.max(axis=-1, keepdims=True, initial=-np.inf)
    E = np.exp(S - np.where(top == -np.inf, 0.0, top))
    Z = E.sum(axis=-1, keepdims=True)
    return E / np.where(Z == 0.0, 1.0, Z)


def attend(q, k, v, allowed):
    """q (b,a,n,d)，k、v (b,h_kv,s_k,d)，allowed (b,n,s_k)：一组 query 头共用一个 KV 头。"""
    b, a, n, d = q.shape
    q = q.reshape(b, k.shape[1], a // k.shape[1], n, d)  # (b,h_kv,g,n,d)
    S = mm(q, k[:, :, None].mT) / np.sqrt(d)  # (b,h_kv,g,n,s_k)
    P = softmax(np.where(allowed[:, None, None], S, -np.inf))
    return mm(P, v[:, :, None]).reshape(b, a, n, d)


# %% [markdown]
# ### 带缓存的一步
#
# 预填充（prefill）和解码（decode）是同一个函数：一次喂 $n$ 个 token，预填充 $n$ 是提示长，解码 $n=1$。写之前缓存里有 $\ell$ 个，这一步做四件事：
#
# 1. 新 token 的格号是 $\ell,\dots,\ell+n-1$，RoPE 的位置从格号来，不从 0 数；
# 2. 每层投影出 $q,k,v$，旋转 $q$ 和 $k$；
# 3. **先写缓存，再做注意力**：新 token 要看得见自己；
# 4. 掩码按右下角对齐：$\text{allowed}_{ij}=[\,j\le\ell+i\,]$，形状 $(n,\ \ell+n)$。
#
# 缓存预先分配，没写过的格填 NaN：谁多读了一格，结果立刻变成 NaN。`pad` 留给第 4 节的左补齐。


# %%
class Decoder:
    """b 条序列、最多 limit 个 token；缓存是每层 K、V 各 (b, h_kv, limit, d)。"""

    def __init__(self, m, weights, b, limit, pad=None):
        self.m, self.weights, self.length = m, weights, 0
        self.k, self.v = np.full((2, m.L, b, m.h_kv, limit, m.d), np.nan)
        self.pad = np.zeros(b, dtype=int) if pad is None else np.asarray(pad)

    def positions(self, slots):  # (n,) → (b,n)
        return slots - self.pad[:, None]

    def allowed(self, slots, s_k):  # → (b,n,s_k)
        j = np.arange(s_k)
        return (j <= slots[:, None]) & (j >= self.pad[:, None, None])

    def remember(self, layer, k, v):  # 先写，再交出全部历史
        old, new = self.length, self.length + k.shape[2]
        self.k[layer, :, :, old:new] = k
        self.v[layer, :, :, old:new] = v
        return self.k[layer, :, :, :new], self.v[layer, :, :, :new]

    def step(self, tokens):  # (b,n) → logits (b,n,V)
        m, (b, n) = self.m, tokens.shape
        if self.length + n > self.k.shape[3]:
            raise ValueError(f"缓存只有 {self.k.shape[3]} 格，要写到 {self.length + n}")
        slots = self.length + np.arange(n)
        pos = self.positions(slots)[:, None]  # (b,1,n)
        x = self.weights["embed"][tokens]  # (b,n,h)
        for layer, w in enumerate(self.weights["layers"]):
            y = rms(x, w["norm1"])
            q = mm(y, w["q"]).reshape(b, n, m.a, m.d).swapaxes(1, 2)  # (b,a,n,d)
            k = mm(y, w["k"]).reshape(b, n, m.h_kv, m.d).swapaxes(1, 2)  # (b,h_kv,n,d)
            v = mm(y, w["v"]).reshape(b, n, m.h_kv, m.d).swapaxes(1, 2)
            k, v = self.remember(layer, rope(k, pos), v)
            o = attend(rope(q, pos), k, v, self.allowed(slots, k.shape[2]))
            x = x + mm(o.swapaxes(1, 2).reshape(b, n, m.a * m.d), w["o"])
            y = rms(x, w["norm2"])
            gate = mm(y, w["gate"])
            x = x + mm(gate / (1 + np.exp(-gate)) * mm(y, w["up"]), w["down"])
        self.length += n
        return mm(rms(x, self.weights["norm"]), self.weights["head"])


def run(decoder, tokens, cuts):
    """把 (b,s) 的 token 切成 cuts 依次喂，拼起 logits。"""
    parts = np.split(tokens, np.cumsum(cuts)[:-1], axis=1)
    return np.concatenate([decoder.step(part) for part in parts], axis=1)


weights = init(TINY)
tokens = rng.integers(0, TINY.V, (2, 12))  # 两条序列，各 12 个 token

# %% [markdown]
# ### 历史的 K、V 不变
#
# 因果掩码下，第 $i$ 个位置在每一层只依赖前 $i$ 个 token（对层数归纳：注意力只看 $j\le i$，其余逐位置）。所以喂 $t$ 个与喂 $t+1$ 个，前 $t$ 个位置的 $k$、$v$ 相同，重算是白算。去掉因果掩码，第一层的 $k$ 只由嵌入投影来，仍不变；第二层起就变了，双向模型因此不能这样缓存。


# %%
class Bidirectional(Decoder):
    def allowed(self, slots, s_k):
        return np.ones((len(self.pad), len(slots), s_k), dtype=bool)


def caches(kind, s):
    decoder = kind(TINY, weights, 2, 12)
    decoder.step(tokens[:, :s])
    return decoder.k[..., :8, :], decoder.v[..., :8, :]  # 前 8 个位置


for name, short, long in zip("KV", caches(Decoder, 8), caches(Decoder, 12), strict=True):
    check(f"多喂 4 个 token，历史的 {name} 不变", short, long)
short, long = caches(Bidirectional, 8)[0], caches(Bidirectional, 12)[0]
check("双向：第一层的 K 不变", short[0], long[0])
assert min(gap(short[layer], long[layer]) for layer in (1, 2)) > 0.01
print("双向：第二、三层的 K 变了：True")

# %% [markdown]
# ### 省了多少
#
# 从 1 个 token 起逐个生成到 $n$ 个。不缓存，第 $t$ 步让 $t$ 个 token 过网络，共 $n(n+1)/2$ 个；有缓存共 $n$ 个。单步的 FLOPs：
#
# $$
# \text{不缓存}\;2Nt+4Lad\,t^2,\qquad \text{有缓存}\;2N+4Lad\,t,
# $$
#
# $N$ 是过矩阵乘的参数个数（不含只查表的嵌入），第二项是 $QK^\top$ 与 $PV$ 各 $2Lad$ 每对。这里的实现算整个方阵再遮，所以是 $t^2$；跳过被遮的一半时约为 $t^2/2$。右式对 $t$ 仍是一次式：**缓存没有让每步变成 $O(1)$**。

# %%
LIMIT = 48
N_TINY = sum(w.size for layer in weights["layers"] for w in layer.values() if w.ndim == 2)
N_TINY += weights["head"].size
PAIR = 4 * TINY.L * TINY.a * TINY.d
stream = rng.integers(0, TINY.V, (1, LIMIT))


def count_flops(action):
    before = METER["flops"]
    action()
    return METER["flops"] - before


cached = Decoder(TINY, weights, 1, LIMIT)
with_cache, without = [], []
for t in range(1, LIMIT + 1):
    with_cache.append(count_flops(lambda t=t: cached.step(stream[:, t - 1 : t])))
    fresh = Decoder(TINY, weights, 1, LIMIT)
    without.append(count_flops(lambda t=t, fresh=fresh: fresh.step(stream[:, :t])))
t = np.arange(1, LIMIT + 1)
assert np.array_equal(with_cache, 2 * N_TINY + PAIR * t)
assert np.array_equal(without, 2 * N_TINY * t + PAIR * t**2)
print(
    f"逐个数出的 FLOPs 与公式逐位相等；到第 {LIMIT} 步，两者差 {without[-1] / with_cache[-1]:.0f} 倍"
)

# %% alt="折线图，横轴是第几步，纵轴是这一步的 FLOPs（百万）。不缓存的曲线随步数越来越陡，有缓存的几乎贴着底、缓缓上升；圆点是逐个数出的值，线是公式，两者重合"
fig, axes = figure(1, 1, size=(6.2, 3.4))
for measured, formula, color, label in [
    (without, 2 * N_TINY * t + PAIR * t**2, RED, "recompute all"),
    (with_cache, 2 * N_TINY + PAIR * t, BLUE, "KV cache"),
]:
    _ = axes.plot(t, four_digits(formula / 1e6), "-", color=color, label=label)
    _ = axes.plot(t[::5], four_digits(np.array(measured[::5]) / 1e6), "o", color=color)
_ = axes.set(xlabel="step $t$", ylabel="MFLOPs in this step")
_ = axes.legend()

# %% [markdown] part="judge" title="核对与错法"
# ## 2. 任意切块都等于整段
#
# 裁判照定义写：没有缓存、没有掩码矩阵，逐条、逐头、逐个位置，第 $i$ 个位置直接取前 $i+1$ 个 key。带缓存的那一个不论怎么切块（一次喂完、预填充加解码、逐个、分块预填充、中间夹空块），输出都要与它相同。


# %%
def reference(m, weights, tokens):
    """一条序列 (s,) → logits (s,V)，照定义逐个位置算。"""
    s, g = len(tokens), m.a // m.h_kv
    x, pos = weights["embed"][tokens], np.arange(s)
    for w in weights["layers"]:
        y, o = rms(x, w["norm1"]), np.zeros((s, m.a, m.d))
        for head in range(m.a):
            mine, kv = (slice(i * m.d, (i + 1) * m.d) for i in (head, head // g))
            q, k = rope(y @ w["q"][:, mine], pos), rope(y @ w["k"][:, kv], pos)
            v = y @ w["v"][:, kv]
            for i in range(s):
                e = np.exp(k[: i + 1] @ q[i] / np.sqrt(m.d))
                o[i, head] = e @ v[: i + 1] / e.sum()
        x = x + o.reshape(s, -1) @ w["o"]
        y = rms(x, w["norm2"])
        gate = y @ w["gate"]
        x = x + (gate / (1 + np.exp(-gate)) * (y @ w["up"])) @ w["down"]
    return rms(x, weights["norm"]) @ weights["head"]


full = np.stack([reference(TINY, weights, row) for row in tokens])
CUTS = {
    "一次喂完": [12],
    "预填充 8 个，再逐个解码": [8, 1, 1, 1, 1],
    "从第一个起逐个": [1] * 12,
    "分块预填充": [5, 4, 3],
    "夹着空块": [0, 7, 0, 5],
}
for name, cuts in CUTS.items():
    check(name, run(Decoder(TINY, weights, 2, 12), tokens, cuts), full)

for kv_heads in (4, 1):  # MHA 与 MQA
    m = TINY._replace(h_kv=kv_heads)
    w = init(m)
    ours = run(Decoder(m, w, 2, 12), tokens, [8, 1, 1, 1, 1])
    check(f"h_kv = {kv_heads}", ours, np.stack([reference(m, w, row) for row in tokens]))

# %% tags=["oracle"]
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
x, pos = (
    torch.tensor(weights["embed"])[torch.tensor(tokens)],
    torch.arange(12.0, dtype=torch.float64),
)
turn = pos[:, None] * 10000.0 ** (-torch.arange(0, 6, 2, dtype=torch.float64) / 6)  # (s,d/2)
turn = torch.polar(torch.ones_like(turn), turn)  # 用复数乘法旋转，换一种写法


def rotate(z):
    z = torch.complex(z[..., :3].contiguous(), z[..., 3:].contiguous()) * turn
    return torch.cat([z.real, z.imag], dim=-1)


def heads(y, matrix, count):
    return (y @ torch.tensor(matrix)).view(2, 12, count, 6).transpose(1, 2)


for w in weights["layers"]:
    y = F.rms_norm(x, (16,), eps=1e-6)
    q, k, v = rotate(heads(y, w["q"], 4)), rotate(heads(y, w["k"], 2)), heads(y, w["v"], 2)
    o = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    x = x + o.transpose(1, 2).reshape(2, 12, 24) @ torch.tensor(w["o"])
    y = F.rms_norm(x, (16,), eps=1e-6)
    x = x + (F.silu(y @ torch.tensor(w["gate"])) * (y @ torch.tensor(w["up"]))) @ torch.tensor(
        w["down"]
    )
logits = F.rms_norm(x, (16,), eps=1e-6) @ torch.tensor(weights["head"])
check("整段前向与 PyTorch（is_causal=True）", logits.numpy(), full)
check(
    "增量解码与 PyTorch",
    logits.numpy(),
    run(Decoder(TINY, weights, 2, 12), tokens, [8, 1, 1, 1, 1]),
)

# %% [markdown]
# ## 3. 五种错法并排看
#
# 五种写法形状全对、不报错。哪一种能测出来，取决于怎么切块：
#
# | 写法 | 错在哪 |
# |---|---|
# | 先注意力、后追加 | 新 token 看不见自己 |
# | 位置从 0 数 | 每一步都以为自己是开头，相对距离全错 |
# | 掩码左上角对齐 | $s_q<s_k$ 时第 0 行只看得见第 0 个 key |
# | 有缓存就不加掩码 | $n=1$ 时对；一块有几个 token 时看得见块内的未来 |
# | 掩码差一格 | $j\le\ell+i+1$，逐个喂时没有下一格可看，恰好全对 |
#
# PyTorch 的 `is_causal=True` 就是左上角对齐：解码时传它，等于第三种错。


# %%
class Late(Decoder):
    def remember(self, layer, k, v):
        old = self.length
        seen = super().remember(layer, k, v)
        return seen if old == 0 else tuple(part[:, :, :old] for part in seen)


class FromZero(Decoder):
    def positions(self, slots):
        return super().positions(slots - slots[:1])


class TopLeft(Decoder):
    def allowed(self, slots, s_k):
        return super().allowed(slots - slots[:1], s_k)


class NoMask(Decoder):
    def allowed(self, slots, s_k):
        return super().allowed(slots if self.length == 0 else slots * 0 + s_k, s_k)


class OffByOne(Decoder):
    def allowed(self, slots, s_k):
        return super().allowed(slots + 1, s_k)


TESTS = {"整段": [12], "逐个": [1] * 12, "预填充加解码": [6] + [1] * 6, "分块": [6, 3, 3]}
WRONG = {  # 这四种切法各是否恰好算对
    "append after attention": (Late, (True, False, False, False)),
    "RoPE restarts at 0": (FromZero, (True, False, False, False)),
    "mask top-left": (TopLeft, (True, False, False, False)),
    "no mask with a cache": (NoMask, (True, True, True, False)),
    "mask one too wide": (OffByOne, (False, True, False, False)),
}
errors = {}
for name, (kind, expected) in WRONG.items():
    errors[name] = []
    for cuts, passes in zip(TESTS.values(), expected, strict=True):
        away = np.abs(run(kind(TINY, weights, 2, 12), tokens, cuts) - full).max(axis=(0, 2))  # (s,)
        assert away.max() < 1e-12 if passes else away.max() > 0.01, (name, cuts)
        errors[name].append(np.where(away < 1e-9, 0.0, away))
    caught = [test for test, passes in zip(TESTS, expected, strict=True) if not passes]
    print(f"{name}：测得出来的是 {'、'.join(caught)}")

# %% alt="上下两幅折线图，横轴是 token 的位置 0 到 11，纵轴是与正确 logits 的最大差。上图是预填充 6 个再逐个解码：前三种错从位置 6 起全部离开 0，不加掩码的一直是 0，差一格的从位置 0 就错。下图是按 6、3、3 分块：不加掩码的也从位置 6 起离开 0"
fig, axes = figure(2, 1, size=(6.2, 5.6), sharex=True)
for axis, test, title in zip(
    axes, (2, 3), ("prefill 6, then one by one", "chunks of 6, 3, 3"), strict=True
):
    for name, color, marker in zip(errors, (BLUE, RED, GREEN, ORANGE, GRAY), "os^Dv", strict=True):
        _ = axis.plot(
            four_digits(errors[name][test]), marker + "-", color=color, label=name, markersize=4
        )
    _ = axis.axvline(5.5, color=GRAY, linestyle=":")
    _ = axis.set(title=title, ylabel="max |logit error|")
_ = axes[1].set(xlabel="token position", xticks=range(0, 12, 2))
_ = fig.legend(
    *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=10
)

# %% [markdown]
# 「整段」放过前四种，「逐个」放过后两种，「预填充加解码」放过第四种；只有「分块」五种都抓得住，因为它的后几块既有缓存、又不止一个 token。只写一个测试，就写分块。
#
# ## 4. 批内长度不一与边界
#
# 一批里提示不一样长，最省事的是**左补齐**：最后一个 token 对齐在同一列，下一步从同一格写起。要改两处：位置扣掉补齐数，掩码遮住补齐的 key。补齐位自己那几行一个 key 也看不到，按约定输出 0，不影响别人。
#
# 右补齐也能做，但每条的最后一个真 token 不在同一列，取 logits 和写缓存都要逐条索引。服务系统两种都不用，把各条首尾相接。

# %%
lengths, total = [12, 7, 1], 12
prompts = [rng.integers(0, TINY.V, n) for n in lengths]
padded = np.stack([np.r_[np.zeros(total - len(p), dtype=int), p] for p in prompts])
pad = np.array([total - n for n in lengths])
for cuts in ([12], [9, 1, 1, 1]):
    logits = run(Decoder(TINY, weights, 3, total, pad), padded, cuts)
    for row, prompt in zip(logits, prompts, strict=True):
        alone = reference(TINY, weights, prompt)
        assert gap(row[total - len(prompt) :], alone) < 1e-12
print("长 12、7、1 的三条左补齐后一起算，等于各自单独算")

changed = padded.copy()
changed[1, :5], changed[2, :11] = 3, 5  # 换掉补齐处的内容
again = run(Decoder(TINY, weights, 3, total, pad), changed, [12])
check("补齐处填什么都不影响", again[1, 5:], logits[1, 5:])


class NoShift(Decoder):  # 错：位置没有扣掉补齐数
    def positions(self, slots):
        return np.broadcast_to(slots, (len(self.pad), len(slots)))


shifted = run(NoShift(TINY, weights, 3, total, pad), padded, [9, 1, 1, 1])
check("RoPE 只看相对位置，整条平移不变", shifted[1, 5:], logits[1, 5:])

empty = Decoder(TINY, weights, 2, 3)
assert empty.step(tokens[:, :0]).shape == (2, 0, TINY.V) and empty.length == 0  # 空提示
check("只有一个 token 的提示", empty.step(tokens[:, :1]), full[:, :1])
empty.step(tokens[:, 1:3])
try:
    empty.step(tokens[:, 3:4])
    refused = False
except ValueError:
    refused = True
assert refused
print("写满再写，报错：True")

# %% [markdown]
# 「位置没有扣补齐数」在纯 RoPE 里查不出来：分数只依赖位置之差，整条平移什么也不变。绝对位置编码（GPT-2）就会错；RoPE 模型里它会提前用到没训练过的大位置。这一条要靠讲清楚，不能靠试。

# %% [markdown] part="size" title="缓存有多大"
# 缓存的大小只由注意力的形状决定：与 query 头数 $a$、FFN 宽 $f$、词表 $V$ 都无关。这一部分从一格里放什么数起，推出 MHA、GQA、MQA、MLA、滑动窗口的公式，与真正分配的数组核对；混合架构只给公式和假设。
#
# ## 5. 从元素数到字节
#
# 每层、每个 KV 头、每个 token 存一个 $k\in\mathbb R^d$ 和一个 $v\in\mathbb R^d$：
#
# $$
# \text{元素}=\underbrace{2}_{K,V}\cdot L\cdot h_{kv}\cdot d\cdot s\cdot b,
# \qquad
# \text{字节}=\text{元素}\times\text{每元素字节}.
# $$
#
# | 机制 | 每层每 token 的元素 | 取值 |
# |---|---|---|
# | 多头（MHA） | $2ad$ | $h_{kv}=a$ |
# | 分组查询（GQA） | $2h_{kv}d$ | $1<h_{kv}<a$ |
# | 多查询（MQA） | $2d$ | $h_{kv}=1$ |
# | 多头潜在（MLA） | $d_c+d_r$ | K、V 从同一个 $c$ 展开，不乘 2 |
#
# 单位要说清：GB $=10^9$，GiB $=2^{30}$，差 7.4%。


# %%
def kv_elements(m, s=1):
    """一条 s 个 token 的序列缓存多少个元素；窗口层至多 window 格，线性层是固定的状态。"""
    each = m.d_c + m.d_r if m.d_c else 2 * m.h_kv * m.d  # 每层每 token
    full = m.L - m.windowed - m.linear
    return each * (full * s + m.windowed * min(s, m.window)) + m.linear * m.state


def kv_bytes(m, s=1, b=1, bits=16):
    return b * kv_elements(m, s) * bits / 8


for kv_heads in (4, 2, 1):  # 与真正分配的数组核对：MHA、GQA、MQA
    m = TINY._replace(h_kv=kv_heads)
    decoder = Decoder(m, init(m), b=3, limit=7)
    assert decoder.k.size + decoder.v.size == 3 * kv_elements(m, 7)
    assert decoder.k.nbytes + decoder.v.nbytes == kv_bytes(m, 7, 3, bits=64)
print("公式与数组的 size、nbytes 逐个相等")

KIB, GIB, GB = 2**10, 2**30, 10**9
assert round(GIB / GB - 1, 3) == 0.074
two = 2 * GIB
print(f"{two / GIB:.3f} GiB = {two / GB:.3f} GB")

# %% [markdown]
# ### 真模型的配置
#
# 下面的形状逐项抄自各自的官方配置：Llama 2 与 Qwen3 是 Hugging Face 上各仓库的 `config.json`，Llama 3 是 `meta-llama/llama-models` 的 `models/sku_list.py`，DeepSeek-V3 是 `deepseek-ai/DeepSeek-V3` 的 `inference/configs/config_671B.json`。与本站 `hooks/mianjing/estimates/presets.yml` 是同一组数。

# %%
MODELS = {
    "Llama-2-7B": Model(L=32, h=4096, a=32, h_kv=32, d=128, f=11008, V=32000),
    "Llama-2-70B": Model(L=80, h=8192, a=64, h_kv=8, d=128, f=28672, V=32000),
    "Llama-3-8B": Model(L=32, h=4096, a=32, h_kv=8, d=128, f=14336, V=128256),
    "Llama-3-70B": Model(L=80, h=8192, a=64, h_kv=8, d=128, f=28672, V=128256),
    "Qwen3-0.6B": Model(28, 1024, 16, 8, 128, 3072, 151936, tied=True, qk_norm=True),
    "Qwen3-8B": Model(36, 4096, 32, 8, 128, 12288, 151936, qk_norm=True),
    "Qwen3-32B": Model(64, 5120, 64, 8, 128, 25600, 151936, qk_norm=True),
    "DeepSeek-V3": Model(
        L=61, h=7168, a=128, h_kv=128, d=128, f=18432, V=129280,
        d_c=512, d_r=64, q_rank=1536,
        experts=256, chosen=8, shared=1, f_e=2048, dense=3, router_bias=True,
    ),
}  # fmt: skip

for name, m in MODELS.items():
    one, many = kv_bytes(m), kv_bytes(m, 8192)
    print(
        f"{name:12s} 每 token {one / KIB:7.3f} KiB，8192 个 {many / GIB:6.3f} GiB = {many / GB:6.3f} GB"
    )
assert kv_bytes(MODELS["Llama-2-7B"]) == 512 * KIB and kv_bytes(MODELS["Llama-3-8B"], 8192) == GIB
assert kv_bytes(MODELS["Llama-2-70B"]) == 320 * KIB  # 70B 比 7B 小：前者是 GQA
assert kv_elements(MODELS["DeepSeek-V3"]) == 61 * 576

v3 = MODELS["DeepSeek-V3"]
as_mha = v3.L * v3.a * ((v3.d + v3.d_r) + v3.d)  # 若把还原后的 K（192 维）与 V（128 维）存下来
print(f"DeepSeek-V3 存压缩向量是存还原后 K、V 的 1/{as_mha / kv_elements(v3):.0f}")

# %% alt="横向条形图，每 token 的 KV cache，单位 KiB，bf16。Llama-2-7B 是 512，Llama-2-70B 与 Llama-3-70B 是 320，Qwen3-32B 是 256，Qwen3-8B 是 144，Llama-3-8B 是 128，Qwen3-0.6B 是 112，DeepSeek-V3 只有 68.6：大小与参数量无关"
fig, axes = figure(1, 1, size=(6.2, 3.8))
order = sorted(MODELS, key=lambda name: kv_bytes(MODELS[name]))
sizes = four_digits([kv_bytes(MODELS[name]) / KIB for name in order])
colors = [RED if name == "Llama-2-7B" else GREEN if MODELS[name].d_c else BLUE for name in order]
_ = axes.barh(order, sizes, color=colors)
for row, size in enumerate(sizes):
    _ = axes.text(size + 6, row, f"{size:g}", va="center")
_ = axes.set(xlabel="KiB per token (bf16); red MHA, blue GQA, green MLA", xlim=(0, 580))

# %% [markdown]
# 两条读法：70B 的缓存比 7B 小，因为只有前者用了 GQA；Qwen3-0.6B 每 token 的缓存有 8B 的 78%，因为 $h_{kv}d$ 一样，只差层数；参数却只有 7%，所以小模型的缓存更早超过权重。
#
# ## 6. MLA：缓存压缩向量
#
# 多头潜在注意力（MLA）每层每 token 只存 $c=\mathrm{RMSNorm}(W^{DKV}x)\in\mathbb R^{d_c}$ 和一段各头共享、带位置的 $k^R\in\mathbb R^{d_r}$。解码不还原 K、V：上投影并进 query 与输出，
#
# $$
# S_{ij}=\frac{(W^{UK\top}q_i)^\top c_j+q_i^{R\top}k_j^R}{\sqrt{d+d_r}},\qquad o_i=W^{UV}\sum_jP_{ij}c_j .
# $$
#
# 下面的增量版缓存里只有 $(c,k^R)$，与「还原成普通多头再整段算」逐位相等。为什么位置要单独分出来，见 [矩阵吸收](../docs/questions/mla-absorb.md)。


# %%
class Latent:
    """一层 MLA；缓存 (limit, d_c) 与 (limit, d_r)，各头共用。"""

    def __init__(self, h, a, d, d_c, d_r, limit):
        shapes = {"q": (a, h, d), "qr": (a, h, d_r), "c": (h, d_c), "kr": (h, d_r)}
        shapes |= {"uk": (a, d_c, d), "uv": (a, d_c, d)}
        self.w = {n: rng.standard_normal(shape) / np.sqrt(shape[-2]) for n, shape in shapes.items()}
        self.c, self.kr = np.full((limit, d_c), np.nan), np.full((limit, d_r), np.nan)
        self.length, self.scale = 0, 1 / np.sqrt(d + d_r)

    def project(self, x, pos):  # x (n,h)
        w = self.w
        return x @ w["q"], rope(x @ w["qr"], pos), rms(x @ w["c"], 1.0), rope(x @ w["kr"], pos)

    def restored(self, x):  # 裁判：还原 K、V，整段因果注意力
        pos = np.arange(len(x))
        q, qr, c, kr = self.project(x, pos)  # (a,s,d)、(a,s,d_r)、(s,d_c)、(s,d_r)
        k = np.concatenate([c @ self.w["uk"], np.broadcast_to(kr, (len(q), *kr.shape))], axis=-1)
        S = np.concatenate([q, qr], axis=-1) @ k.mT / np.sqrt(k.shape[-1])
        return softmax(np.where(pos <= pos[:, None], S, -np.inf)) @ (c @ self.w["uv"])

    def step(self, x):  # 吸收式：全程只碰 c 与 k^R
        pos = self.length + np.arange(len(x))
        q, qr, c, kr = self.project(x, pos)
        self.c[pos], self.kr[pos] = c, kr
        self.length += len(x)
        c, kr = self.c[: self.length], self.kr[: self.length]
        q = q @ self.w["uk"].mT  # (a,n,d_c)
        S = (mm(q, c.T) + mm(qr, kr.T)) * self.scale
        P = softmax(np.where(np.arange(self.length) <= pos[:, None], S, -np.inf))
        return mm(P, c) @ self.w["uv"]  # (a,n,d)


mla = Latent(h=16, a=3, d=4, d_c=8, d_r=2, limit=10)
x = rng.standard_normal((10, 16))
outs = [mla.step(part) for part in np.split(x, [6, 7, 8, 9])]
check("MLA：吸收式增量解码 = 还原后整段算", np.concatenate(outs, axis=1), mla.restored(x))
shape = Model(L=1, h=16, a=3, h_kv=3, d=4, f=0, V=0, d_c=8, d_r=2)
assert mla.c.size + mla.kr.size == kv_elements(shape, 10)
mla.length = 9  # 重做最后一步，数一数与历史长度有关的 FLOPs
assert count_flops(lambda: mla.step(x[9:])) == 2 * 3 * (2 * 8 + 2) * 10
print("缓存 d_c + d_r 个元素；吸收式每对 (query, 历史) 是 2a(2d_c + d_r) FLOPs")

# %% [markdown]
# ## 7. 滑动窗口：环形缓存
#
# 每个 query 只看最近 $w$ 个 key（含自己），更早的永远用不到，于是只要 $w$ 格：位置 $p$ 写在第 $p\bmod w$ 格，覆盖最旧的。K 存旋转之后的，softmax 又与 key 的次序无关，所以绕回来也不用重排。
#
# 一次喂 $n>1$ 个时有个坑：**不能先写再读**。块里靠前的 query 还要用的 key，会被块里靠后的 token 覆盖。正确做法是拿「环里现有的 + 这一块」做注意力，掩码按绝对位置，算完再写。


# %%
class Ring:
    """w 格的环形缓存（一个头）；at 记每格里是哪个位置，-1 是空。"""

    def __init__(self, w, d):
        self.w, self.length = w, 0
        self.k, self.v, self.at = np.full((w, d), np.nan), np.full((w, d), np.nan), np.full(w, -1)

    def write(self, pos, k, v):
        last = pos[-self.w :]  # 只留得下最后 w 个
        slot = last % self.w
        self.k[slot], self.v[slot], self.at[slot] = k[-self.w :], v[-self.w :], last

    def read(self, q, pos, k, v, at):
        allowed = (at >= 0) & (at <= pos[:, None]) & (at > pos[:, None] - self.w)
        S = np.where(allowed, q @ k.T / np.sqrt(q.shape[-1]), -np.inf)
        return softmax(S) @ np.where((at >= 0)[:, None], v, 0.0)

    def step(self, q, k, v):  # 各 (n,d)，q、k 已旋转
        pos = self.length + np.arange(len(q))
        past = self.at >= 0
        both = [np.concatenate([old[past], new]) for old, new in ((self.k, k), (self.v, v))]
        out = self.read(q, pos, *both, np.concatenate([self.at[past], pos]))
        self.write(pos, k, v)
        self.length += len(q)
        return out


class WriteFirst(Ring):  # 错：先写再读
    def step(self, q, k, v):
        pos = self.length + np.arange(len(q))
        self.write(pos, k, v)
        self.length += len(q)
        return self.read(q, pos, np.nan_to_num(self.k), self.v, self.at)


def windowed(q, k, v, w):  # 裁判：整段，逐行取窗口
    out = []
    for i in range(len(q)):
        low = max(0, i - w + 1)
        e = np.exp(k[low : i + 1] @ q[i] / np.sqrt(q.shape[-1]))
        out.append(e @ v[low : i + 1] / e.sum())
    return np.stack(out)


s, w, d = 23, 5, 6
q, k, v = (
    rope(z, np.arange(s)) if turn else z
    for z, turn in zip(rng.standard_normal((3, s, d)), (True, True, False), strict=True)
)
want = windowed(q, k, v, w)
for cuts in ([1] * 23, [12] + [1] * 11, [3, 7, 0, 5, 8], [23]):
    for kind in (Ring, WriteFirst):
        ring, edges = kind(w, d), np.cumsum(cuts)[:-1]
        parts = zip(*(np.split(z, edges) for z in (q, k, v)), strict=True)
        out = np.concatenate([ring.step(*part) for part in parts])
        right = gap(out, want) < 1e-12
        assert right == (kind is Ring or max(cuts) == 1), (kind, cuts)
        assert sorted(ring.at) == list(range(s - w, s))  # 绕了四圈多，只剩最后 w 个
print("算完再写：任意切块都等于整段；先写再读：只有逐个喂时才对")

# %% [markdown]
# ## 8. 混合架构：固定状态
#
# 线性注意力层不存历史，只存一个固定大小的状态。按标准的线性递推，每个 value 头一个 $d_k\times d_v$ 的矩阵，与 $s$ 无关（推导见 [线性注意力](../docs/questions/linear-attention.md)）。把三种层加起来：
#
# $$
# \text{元素}(s)=\underbrace{L_\text{full}\,c\,s}_{\text{全注意力}}+\underbrace{L_\text{win}\,c\,\min(s,w)}_{\text{滑动窗口}}+\underbrace{L_\text{lin}\,a_v d_kd_v}_{\text{线性}},\qquad c=2h_{kv}d .
# $$
#
# 假设要说全：状态与缓存用同样的位数，短卷积等小状态不计，窗口层真的按环形只存 $w$ 格。下图只按公式画，不管各模型支持多长。两个例子：Gemma 2 9B 的形状取自 `google/gemma_pytorch` 的 `config.py`（滑窗 4096 与全局逐层交替）；Qwen3-Next 取 transformers 里 `configuration_qwen3_next.py` 的默认值（48 层，每 4 层一层全注意力）。

# %%
gemma = Model(L=42, h=3584, a=16, h_kv=8, d=256, f=14336, V=256000, tied=True)
gemma = gemma._replace(windowed=21, window=4096)
qwen_next = Model(L=48, h=2048, a=16, h_kv=2, d=256, f=5632, V=151936)
qwen_next = qwen_next._replace(linear=36, state=32 * 128 * 128)

state = 36 * 32 * 128 * 128
assert kv_elements(qwen_next, 0) == state and kv_elements(qwen_next) - state == 12 * 2 * 2 * 256
print(
    f"Qwen3-Next：状态相当于 {state / (12 * 2 * 2 * 256):.0f} 个 token 的缓存，之后每 token 是全用全注意力的 1/4"
)
for s, share in ((4096, 1.0), (8192, 0.75)):  # 窗口之内不省；两个窗口长时省四分之一
    assert kv_elements(gemma, s) == share * kv_elements(gemma._replace(windowed=0), s)
    print(f"Gemma 2 9B，{s} 个 token：是全部用全局层的 {share:.0%}")

# %% alt="双对数折线图，横轴是 token 数从 256 到 131072，纵轴是一条序列的缓存 GiB。Llama-2-7B 最高，Gemma 2 9B 在 4096 之后弯下去，Llama-3-8B 与 DeepSeek-V3 是平行的斜线，Qwen3-Next 开头是平的固定状态、很长时才上升"
fig, axes = figure(1, 1, size=(6.2, 4.2))
lengths = 2 ** np.arange(8, 18)
curves = [
    ("Llama-2-7B (MHA)", MODELS["Llama-2-7B"], RED, "o-"),
    ("Gemma 2 9B (half windowed)", gemma, ORANGE, "D-"),
    ("Llama-3-8B (GQA)", MODELS["Llama-3-8B"], BLUE, "s-"),
    ("DeepSeek-V3 (MLA)", v3, GREEN, "^-"),
    ("Qwen3-Next (1/4 full, rest linear)", qwen_next, GRAY, "v-"),
]
for label, m, color, style in curves:
    sizes = four_digits([kv_bytes(m, int(s)) / GIB for s in lengths])
    _ = axes.plot(lengths, sizes, style, color=color, label=label, markersize=4)
_ = axes.set(xscale="log", yscale="log", xlabel="tokens", ylabel="GiB per sequence (bf16)")
_ = axes.set_xticks(lengths[::3], [str(s) for s in lengths[::3]])
axes.minorticks_off()
_ = axes.legend(fontsize=10)

# %% [markdown] part="compute" title="参数与算力"
# 给一份配置，三笔账都能算：参数（存多少）、每 token 的 FLOPs（算多少）、权重字节（读多少）。混合专家（MoE）要分两个口径：总参数决定显存，激活参数决定算力。这一部分用一个函数算到底，最后核 DeepSeek-V3 的 671B / 37B。
#
# ## 9. 参数逐项数
#
# | 项 | 个数 | 备注 |
# |---|---|---|
# | 嵌入、输出头 | $Vh$ 各一份 | 绑定时共一份；嵌入只查表，不做矩阵乘 |
# | 注意力 | $2had+2hh_{kv}d$ 每层 | $W_Q,W_O$ 与 $W_K,W_V$ |
# | SwiGLU | $3hf$ 每层 | gate、up、down |
# | MoE 层 | $(E+E_s)\cdot3hf_e+hE$ | 激活时 $E$ 换成 $k$，路由器照旧全算 |
# | 归一化 | $2h$ 每层，末尾 $h$ | QK-norm 每层另加 $2d$ |
#
# MLA 的注意力：query 先降到 $r_q$ 再升，KV 降到 $d_c$（顺带算出 $k^R$）再升，
#
# $$
# \underbrace{hr_q+r_q\,a(d+d_r)}_{q}+\underbrace{h(d_c+d_r)+d_c\,a\cdot2d}_{kv}+\underbrace{ad\,h}_{o}\quad\text{（另有 }r_q+d_c\text{ 个归一化参数）}.
# $$


# %%
def parameters(m):
    """逐项的参数个数：名字 → (总, 每 token 激活)。"""
    if m.d_c:
        query = m.h * m.q_rank + m.q_rank * m.a * (m.d + m.d_r)
        key_value = m.h * (m.d_c + m.d_r) + m.d_c * m.a * 2 * m.d
        attention, inner = query + key_value + m.a * m.d * m.h, m.q_rank + m.d_c
    else:
        attention = 2 * m.h * m.a * m.d + 2 * m.h * m.h_kv * m.d
        inner = 2 * m.d if m.qk_norm else 0
    moe = m.L - m.dense if m.experts else 0  # 有几层是 MoE
    table, expert = m.V * m.h, 3 * m.h * m.f_e
    both = {
        "embedding": table,
        "head": 0 if m.tied else table,
        "attention": m.L * attention,
        "dense FFN": (m.L - moe) * 3 * m.h * m.f,
        "shared experts": moe * m.shared * expert,
        "router": moe * (m.h * m.experts + m.router_bias * m.experts),
        "norms": m.L * (2 * m.h + inner) + m.h,
    }
    account = {name: (count, count) for name, count in both.items()}
    account["routed experts"] = moe * m.experts * expert, moe * m.chosen * expert
    return account


def total_parameters(m):
    return sum(total for total, _ in parameters(m).values())


def active_parameters(m, embedding=True):
    """每个 token 经过的参数；embedding=False 时扣掉只查表的输入嵌入（绑定时那张表还要当输出头）。"""
    active = sum(active for _, active in parameters(m).values())
    return active if embedding or m.tied else active - m.V * m.h


arrays = [weights["embed"], weights["head"], weights["norm"]]
arrays += [w for layer in weights["layers"] for w in layer.values()]
assert total_parameters(TINY) == sum(w.size for w in arrays)  # 与真正的数组核对
expected = {"Llama-2-7B": 6_738_415_616, "Llama-3-8B": 8_030_261_248, "Qwen3-8B": 8_190_735_360}
for name, count in expected.items():
    assert total_parameters(MODELS[name]) == count, name
for name, m in MODELS.items():
    print(
        f"{name:12s} {total_parameters(m) / 1e9:8.3f} B，激活 {active_parameters(m) / 1e9:7.3f} B"
    )

# %% [markdown]
# ### DeepSeek-V3 的两本账
#
# 仓库的 `README.md` 写总 671B、激活 37B；`README_WEIGHTS.md` 说 671B 是主模型，多 token 预测（MTP）模块另计。按配置逐项加：

# %%
account = parameters(v3)
for name, (total, active) in sorted(account.items(), key=lambda item: -item[1][0]):
    print(f"{name:15s} 总 {total / 1e9:8.3f} B，激活 {active / 1e9:7.3f} B")
total, active, matmul = total_parameters(v3), active_parameters(v3), active_parameters(v3, False)
assert [round(n / 1e9, 2) for n in (total, active, matmul)] == [671.03, 37.55, 36.63]
print(f"合计 总 {total / 1e9:.2f} B，激活 {active / 1e9:.2f} B，不含输入嵌入 {matmul / 1e9:.2f} B")
small, big = MODELS["Qwen3-0.6B"], MODELS["Qwen3-8B"]
assert round(total_parameters(small) / total_parameters(big), 2) == 0.07
print(
    f"路由专家占总参数 {account['routed experts'][0] / total:.0%}，占激活 {account['routed experts'][1] / active:.0%}"
)

forgot_shared = v3._replace(shared=0)
all_moe = v3._replace(dense=0)
print(
    f"漏了共享专家：激活 {active_parameters(forgot_shared) / 1e9:.2f} B；前 3 层也当 MoE：总 {total_parameters(all_moe) / 1e9:.2f} B"
)
assert round(active_parameters(forgot_shared) / 1e9, 2) != 37.55
assert round(total_parameters(all_moe) / 1e9, 2) != 671.03

# %% alt="两条横向堆叠条，各自归一到百分之百。DeepSeek-V3 的总参数 671B 几乎全是路由专家，约 97%；激活的 37.55B 里注意力与路由专家各约三成、五成多，其余是共享专家、稠密层、嵌入与输出头"
fig, axes = figure(1, 1, size=(6.4, 3.0))
names = ["routed experts", "attention", "shared experts", "dense FFN", "embedding", "head"]
shades = [BLUE, RED, GREEN, ORANGE, GRAY, "#c5cbd0"]
for row, (which, whole) in enumerate([(1, active), (0, total)]):
    left = 0.0
    for name, color in zip(names, shades, strict=True):
        (share,) = four_digits([100 * account[name][which] / whole])
        _ = axes.barh(row, share, left=left, color=color, label=name if row == 0 else None)
        left += share
_ = axes.set(xlabel="% of parameters", xlim=(0, 100))
_ = axes.set_yticks([0, 1], ["active 37.55B", "total 671.03B"])
_ = fig.legend(loc="outside upper center", ncols=3, fontsize=10)

# %% [markdown]
# 三个口径都要会说：总 671.03B、激活 37.55B（含输入嵌入）、36.63B（嵌入只查表，扣掉）。「37B」介于后两者之间；`README_WEIGHTS.md` 另写激活 36.7B，并注明含嵌入与输出头各 0.9B，与逐项加出的 37.55B 对不上，更接近扣掉嵌入的 36.63B。所以报数时自己说清含不含。显存看第一个，FLOPs 看第三个。
#
# ## 10. 每 token 的 FLOPs
#
# 一个参数在前向里参与一次乘加，所以线性部分每 token $2N$，$N$ 是过矩阵乘的参数（激活、不含输入嵌入）。注意力每对 (query, key) 每层：
#
# | 形式 | 每层每对 | 例 |
# |---|---|---|
# | MHA、GQA、MQA | $4ad$ | GQA 不减 FLOPs，减的是字节 |
# | MLA 还原式 | $2a(d+d_r)+2ad$ | 预填充用 |
# | MLA 吸收式 | $2a(2d_c+d_r)$ | 解码用 |
#
# 已有 $\ell$ 个、再进 $n$ 个，因果下的对数是 $n\ell+n(n+1)/2$。预填充 $\ell=0$，解码 $n=1$：
#
# $$
# \text{预填充}\approx 2Ns+2Lad\,s^2,\qquad \text{解码一步}\approx 2N+4Lad\,(\ell+1).
# $$


# %%
def pair_flops(m, absorbed=True):
    """一对 (query, key) 的 FLOPs，全部注意力层；只适用于全注意力的模型。"""
    if m.d_c and absorbed:
        return m.L * 2 * m.a * (2 * m.d_c + m.d_r)
    return m.L * (2 * m.a * (m.d + m.d_r) + 2 * m.a * m.d)


def matmul_parameters(m):
    """每个 token 过矩阵乘的参数：激活，不含输入嵌入、归一化与路由偏置。"""
    moe = m.L - m.dense if m.experts else 0
    other = parameters(m)["norms"][1] + moe * m.router_bias * m.experts
    return active_parameters(m, embedding=False) - other


def forward_flops(m, n, old=0, absorbed=True, causal=True):
    """缓存里有 old 个，再进 n 个；causal=False 是算整个矩形再遮。"""
    pairs = n * old + n * (n + 1) / 2 if causal else n * (old + n)
    return 2 * matmul_parameters(m) * n + pair_flops(m, absorbed) * pairs


for old, n in ((0, 1), (0, 9), (9, 1), (5, 4)):  # 与逐个数出来的核对
    decoder = Decoder(TINY, weights, 1, 9 + 1)
    decoder.step(stream[:, :old])
    counted = count_flops(lambda d=decoder, old=old, n=n: d.step(stream[:, old : old + n]))
    assert counted == forward_flops(TINY, n, old, causal=False), (old, n)
llama = MODELS["Llama-3-8B"]
assert forward_flops(llama, 64) == sum(forward_flops(llama, 1, i) for i in range(64))
print("小模型：公式与逐个数出的 FLOPs 相等；因果口径下，逐个之和等于一次喂完")

for name in ("Llama-3-8B", "DeepSeek-V3"):
    m = MODELS[name]
    one = forward_flops(m, 1, 8191) / 1e9
    prompt = forward_flops(m, 8192, absorbed=False) / 1e12
    print(f"{name}：解码第 8192 个 token {one:.1f} GFLOPs；预填充 8192 个 {prompt:.0f} TFLOPs")
print(
    f"Llama-3-8B：预填充到 {2 * matmul_parameters(llama) / (pair_flops(llama) / 2):.0f} 个 token，注意力才追平线性层"
)
print(
    f"MLA 吸收式每对的 FLOPs 是还原式的 {pair_flops(v3) / pair_flops(v3, False):.1f} 倍：解码省字节，预填充多算"
)

# %% tags=["oracle"]
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def linear(i, o):
    return nn.Linear(i, o, bias=False)


class Swiglu(nn.Module):
    def __init__(self, h, f):
        super().__init__()
        self.gate, self.up, self.down = linear(h, f), linear(h, f), linear(f, h)

    def forward(self, x):
        return self.down(nn.functional.silu(self.gate(x)) * self.up(x))


def mla_moe(m):
    """照 DeepSeek 的模块清单搭一个小的，只为数参数。"""
    net = nn.ModuleList([nn.Embedding(m.V, m.h), linear(m.h, m.V), nn.RMSNorm(m.h)])
    for layer in range(m.L):
        net += [nn.RMSNorm(m.h), nn.RMSNorm(m.h), nn.RMSNorm(m.q_rank), nn.RMSNorm(m.d_c)]
        net += [linear(m.h, m.q_rank), linear(m.q_rank, m.a * (m.d + m.d_r))]
        net += [linear(m.h, m.d_c + m.d_r), linear(m.d_c, m.a * 2 * m.d), linear(m.a * m.d, m.h)]
        if layer < m.dense:
            net.append(Swiglu(m.h, m.f))
        else:
            net += [Swiglu(m.h, m.f_e) for _ in range(m.experts)]
            net.append(Swiglu(m.h, m.shared * m.f_e))  # 共享专家合成一个更宽的
            net.append(nn.Linear(m.h, m.experts, bias=m.router_bias))
    return net


small = v3._replace(L=4, h=24, a=3, d=4, f=40, V=50, d_c=7, d_r=2, q_rank=9)
small = small._replace(experts=5, chosen=2, shared=2, f_e=6)
assert total_parameters(small) == sum(p.numel() for p in mla_moe(small).parameters())
assert total_parameters(small._replace(router_bias=False)) == total_parameters(small) - 5
print("MLA + MoE 的参数与 nn.Module 数出来的相等")

q, k, v = torch.randn(3, 1, 4, 9, 6)
with FlopCounterMode(display=False) as counter:
    Swiglu(16, 20)(torch.randn(9, 16))
    p = (q @ k.transpose(-2, -1)).softmax(-1) @ v
one_layer = Model(L=1, h=16, a=4, h_kv=4, d=6, f=20, V=0)
assert counter.get_total_flops() == 2 * 9 * 3 * 16 * 20 + pair_flops(one_layer) * 81
print("SwiGLU 与 QKᵀ、PV 的 FLOPs 与 FlopCounterMode 相等")

# %% [markdown] part="serving" title="显存与带宽"
# 有了缓存字节 $\kappa$、权重字节 $W$ 和每 token 的 FLOPs，服务时的三个问题就是算术：放得下几条、浪费多少、卡在算力还是带宽。最后一节看把缓存压到 8 位会错多少。
#
# ## 11. 能开多大并发
#
# 显存 $M$ 字节，留 $1-\rho$ 给激活与工作区，权重 $W=N_\text{总}\times$ 每参数字节。每条 $s$ 个 token：
#
# $$
# b_{\max}=\left\lfloor\frac{\rho M-W}{s\,\kappa}\right\rfloor,\qquad
# s_{\max}=\left\lfloor\frac{\rho M-W}{b\,\kappa}\right\rfloor .
# $$
#
# $W$ 用**总**参数，MoE 也一样：不知道下一个 token 选谁，专家都得在。$\rho=0.9$ 是假设。


# %%
def weight_bytes(m, bits=16):
    return total_parameters(m) * bits / 8


def max_batch(m, memory, s, used=0.9, bits=16, kv_bits=16):
    """memory 字节里同时放得下几条 s 个 token 的序列；放不下权重时是 0。"""
    return max(0, int((used * memory - weight_bytes(m, bits)) // kv_bytes(m, s, bits=kv_bits)))


def max_length(m, memory, b, used=0.9, bits=16, kv_bits=16):
    """b 条序列同样长，每条最多几个 token。"""
    room = used * memory - weight_bytes(m, bits)
    return max(0, int(room // kv_bytes(m, 1, b, bits=kv_bits)))


card = 80 * GB
for s in (2048, 8192, 131072):
    row = [max_batch(MODELS[name], card, s) for name in ("Llama-2-7B", "Llama-3-8B", "Qwen3-8B")]
    print(
        f"80 GB（10⁹），每条 {s} 个：Llama-2-7B {row[0]} 条，Llama-3-8B {row[1]} 条，Qwen3-8B {row[2]} 条"
    )
assert max_batch(llama, card, 8192) == 52 and max_batch(llama, card, 131072) == 3
assert max_length(llama, card, 52) >= 8192 > max_length(llama, card, 53)
print(
    f"Llama-3-8B 一条最长 {max_length(llama, card, 1)} 个，64 条各 {max_length(llama, card, 64)} 个"
)
assert max_batch(llama, card, 8192, kv_bits=8) == 104  # 缓存减半，并发翻倍
assert max_batch(llama, 80 * GIB, 8192) == 57  # 把 80 GB 当 80 GiB，多估 5 条
assert max_batch(v3, 8 * card, 1, bits=8) == 0  # 8 张也放不下：权重按总参数，不按激活
print(f"缓存追平权重：Llama-3-8B 共 {weight_bytes(llama) // kv_bytes(llama):.0f} 个 token")
print(
    f"DeepSeek-V3 权重 {weight_bytes(v3) / GB:.0f} GB（16 位），{weight_bytes(v3, 8) / GB:.0f} GB（每参数 1 字节，不计缩放）"
)

# %% [markdown]
# ## 12. 分页：浪费在最后一块
#
# 输出多长事先不知道。按上限 $s_\text{上限}$ 连续预留，浪费 $s_\text{上限}-n$ 格；按 $B$ 格一块、写满再分，浪费只在最后一块：
#
# $$
# B\lceil n/B\rceil-n\;\le\;B-1,\qquad
# \text{平均}\;\frac{B-1}{2}\quad\text{（}n\bmod B\text{ 均匀时）}.
# $$
#
# 长度服从几何分布、均值 $\bar n$ 时可以精确算：$p=1/\bar n$，$\mathbb E[B\lceil n/B\rceil]=B/(1-(1-p)^B)$。$B\ll\bar n$ 时它就是 $\bar n+(B-1)/2$；$B$ 与 $\bar n$ 相当时均匀的假设不成立，浪费更多。


# %%
def wasted(n, block):
    return -(-n // block) * block - n


n = np.arange(1, 65)
assert wasted(n, 16).mean() == 7.5 and wasted(n, 16).max() == 15  # 生成途中的每一刻也是平均 (B−1)/2
assert not wasted(n, 1).any()

blocks, simulated, uniform = 2 ** np.arange(0, 10), {}, {}
for mean in (128, 1024):
    n = rng.geometric(1 / mean, 50_000)
    share = np.array([wasted(n, B).sum() / (n + wasted(n, B)).sum() for B in blocks])
    half = (blocks - 1) / 2
    exact = 1 - mean * (1 - (1 - 1 / mean) ** blocks) / blocks
    assert np.abs(share - exact).max() < 0.01
    small = blocks <= mean / 8
    assert np.abs(share - half / (mean + half))[small].max() < 0.01
    assert share[-1] > (half / (mean + half))[-1]
    simulated[mean], uniform[mean] = share, half / (mean + half)
    print(
        f"平均 {mean} 个 token：16 格一块浪费 {share[4]:.1%}，按 4096 预留浪费 {1 - np.minimum(n, 4096).mean() / 4096:.0%}"
    )

# %% alt="半对数折线图，横轴是块大小 1 到 512，纵轴是浪费的比例。圆点是模拟，虚线是 (B-1)/2 的公式。平均 1024 个 token 时浪费一直很小，两者重合；平均 128 个 token 时块小重合，块大到 128 以上模拟高于公式，512 格时超过七成"
fig, axes = figure(1, 1, size=(6.2, 3.6))
for mean, color in ((128, RED), (1024, BLUE)):
    _ = axes.plot(
        blocks,
        four_digits(100 * simulated[mean]),
        "o",
        color=color,
        label=f"simulated, mean {mean}",
    )
    _ = axes.plot(
        blocks, four_digits(100 * uniform[mean]), "--", color=color, label="(B-1)/2 per sequence"
    )
_ = axes.axvline(16, color=GRAY, linestyle=":")
_ = axes.set(xscale="log", xlabel="block size $B$ (tokens)", ylabel="% of slots wasted")
_ = axes.set_xticks(blocks[::2], [str(B) for B in blocks[::2]])
axes.minorticks_off()
_ = axes.legend(fontsize=10)

# %% [markdown]
# 块不必连着：块表把第 $t$ 个 token 指到物理块 $\text{table}[\lfloor t/B\rfloor]$ 的第 $t\bmod B$ 格，按表取出来再做注意力，结果一样。完整的分配、共享与写时复制见 [PagedAttention](../docs/questions/paged-attention.md)。

# %%
B, length, d = 4, 10, 6
pool_k, pool_v = np.full((9, B, d), np.nan), np.full((9, B, d), np.nan)  # 9 个物理块
table = np.array([7, 2, 5])  # 不连续
q = rng.standard_normal((1, 1, 1, d))
k, v = rng.standard_normal((2, length, d))
for t in range(length):
    pool_k[table[t // B], t % B], pool_v[table[t // B], t % B] = k[t], v[t]
slots = np.arange(length)
paged_k, paged_v = (pool[table[slots // B], slots % B] for pool in (pool_k, pool_v))
seen = np.ones((1, 1, length), dtype=bool)
want = attend(q, k[None, None], v[None, None], seen)
check("按块表取出再算 = 连续存放", attend(q, paged_k[None, None], paged_v[None, None], seen), want)

# %% [markdown]
# ## 13. 算术强度与临界 batch
#
# 强度 $I=\text{FLOPs}/\text{字节}$，机器的平衡点 $\beta=\text{峰值 FLOP/s}\div\text{带宽}$。$I<\beta$ 是访存受限。$\beta$ 当作参数；H100（bf16）约 295，来源见 [预填充与解码](../docs/topics/kv-cache.md#预填充与解码)。
#
# **一个 $h\times f$ 的权重乘 $n$ 个 token**（每元素 $e$ 字节）：$I=\dfrac{2nhf}{e(hf+nh+nf)}\approx\dfrac{2n}{e}$，16 位时就是 $n$。预填充 $n=bs$，解码 $n=b$，临界 $n^\ast\approx e\beta/2$。所以几百个 token 以上的预填充是算力受限，更短的仍是访存受限。
#
# **解码一整步**还要读缓存。记 $p$ 是每对的 FLOPs（$4Lad$），$\kappa$ 是每 token 缓存字节，$s'$ 是历史长：
#
# $$
# I(b)=\frac{b\,(2N+p\,s')}{eN+b\,s'\kappa},\qquad
# b^\ast=\frac{\beta eN}{2N+p\,s'-\beta s'\kappa}.
# $$
#
# 分母是正的才有解。$b\to\infty$ 时 $I\to(2N+ps')/(s'\kappa)$，所以上下文长过
#
# $$
# s^\ast=\frac{2N}{\beta\kappa-p}
# $$
#
# 之后，**batch 开多大都越不过平衡点**。


# %%
def matmul_intensity(n, h, f, element=2):
    return 2 * n * h * f / (element * (h * f + n * h + n * f))


def decode_intensity(m, b, s, element=2):
    """解码一步：权重读一遍，每条序列读自己的缓存；稠密模型。不计激活与写回。"""
    weights = matmul_parameters(m)
    flops = b * (2 * weights + pair_flops(m) * s)
    return flops / (element * weights + b * kv_bytes(m, s, bits=8 * element))


def critical_batch(m, balance, s, element=2):
    """解码强度等于 balance 的 batch；到不了时是 inf。"""
    weights = matmul_parameters(m)
    spare = 2 * weights + pair_flops(m) * s - balance * kv_bytes(m, s, bits=8 * element)
    return balance * element * weights / spare if spare > 0 else np.inf


def longest_context(m, balance, element=2):
    """上下文长过它，batch 再大也是访存受限；读缓存本身就越过平衡点时是 inf。"""
    gain = balance * kv_bytes(m, bits=8 * element) - pair_flops(m)
    return 2 * matmul_parameters(m) / gain if gain > 0 else np.inf


def prefill_intensity(m, s, element=2):
    """预填充一条 s 个 token 的提示：权重读一遍，缓存写一遍。"""
    data = element * matmul_parameters(m) + kv_bytes(m, s, bits=8 * element)
    return forward_flops(m, s) / data


assert abs(matmul_intensity(64, 8192, 28672) / 64 - 1) < 0.02  # 约等于 token 数
assert prefill_intensity(llama, 256) < 295 < prefill_intensity(llama, 320)
print(
    f"Llama-3-8B 的强度：预填充 8192 个 {prefill_intensity(llama, 8192):.0f}，解码 1 条 {decode_intensity(llama, 1, 8192):.1f}，64 条 {decode_intensity(llama, 64, 8192):.1f}"
)
for heads in (32, 8, 1):  # 只读缓存：a/h_kv，与 b、s' 无关
    m = llama._replace(h_kv=heads)
    for b, s in ((1, 512), (64, 8192)):
        assert pair_flops(m) * b * s / kv_bytes(m, s, b) == llama.a / heads
check(
    "b* 处的强度就是 β", decode_intensity(llama, critical_batch(llama, 100, 400), 400), 100.0, 1e-9
)
assert critical_batch(llama, 100, 0) == 100 and critical_batch(llama, 100, 0, element=1) == 50
for balance in (50, 150, 295):
    limit = longest_context(llama, balance)
    assert critical_batch(llama, balance, 0.99 * limit) < np.inf
    assert critical_batch(llama, balance, 1.01 * limit) == np.inf
H100 = 295
for name in ("Llama-2-7B", "Llama-3-8B", "Llama-3-70B", "DeepSeek-V3"):
    m = MODELS[name]
    print(
        f"{name:11s} 读缓存的强度 {pair_flops(m) / kv_bytes(m):5.1f}；β = 295 时，历史超过 {longest_context(m, H100):.0f} 个就一直访存受限"
    )

# %% alt="双对数折线图，横轴是 batch 1 到 4096，纵轴是解码一步的算术强度，Llama-3-8B，bf16。不读缓存时强度等于 batch，越过 295 的虚线；历史 512、4096、32768 个 token 时曲线先升后平，依次停在约 228、32、7.5，全在虚线之下"
fig, axes = figure(1, 1, size=(6.2, 4.0))
batches = 2 ** np.arange(0, 13)
for s, color, style in (
    (0, GRAY, "v-"),
    (512, BLUE, "o-"),
    (4096, ORANGE, "s-"),
    (32768, RED, "^-"),
):
    values = four_digits([decode_intensity(llama, int(b), s) for b in batches])
    _ = axes.plot(batches, values, style, color=color, markersize=4, label=f"history {s}")
_ = axes.axhline(H100, color=GREEN, linestyle="--")
_ = axes.text(1.1, H100 * 1.15, "balance 295 (H100, bf16)", color=GREEN)
_ = axes.set(xscale="log", yscale="log", xlabel="batch $b$", ylabel="FLOPs per byte")
axes.minorticks_off()
_ = fig.legend(loc="outside upper center", ncols=2, fontsize=10)

# %% [markdown]
# 三条读法：
#
# - 历史为 0 时强度就是 $b$，加 batch 有用；有历史时曲线停在 $(2N+ps')/(s'\kappa)$，再加没用。
# - 长上下文下 $2N$ 可忽略，平台就是 $p/\kappa=a/h_{kv}$。要抬高它，只能少读字节：GQA、MLA、量化、滑窗。
# - MLA 吸收式的 $p/\kappa$ 约 242，已接近 295，所以它的 $s^\ast$ 比 GQA 长得多。对 MoE，$N$ 取激活参数；$b$ 有限时每步要读的专家随 batch 变多，上面的 $b^\ast$ 不适用，$s^\ast$（$b\to\infty$）仍成立。
#
# ## 14. 缓存量化到 8 位
#
# 对称量化：一组数共用步长 $\Delta=\max|x|/127$，存 $\mathrm{round}(x/\Delta)$。误差在 $\pm\Delta/2$ 内近似均匀，均方根 $\Delta/\sqrt{12}$。分组方向决定 $\Delta$ 被谁撑大：
#
# - **按 token**：一行 $d$ 个通道共用。有一个离群通道，整行的 $\Delta$ 都被它撑大。
# - **按通道**：同一通道的各 token 共用。离群通道只害自己。但要攒够一段 token 才能定 $\Delta$，后来的 token 超出范围就被截断。
#
# 分数的误差 $\delta S=q^\top\delta k/\sqrt d$，$q$ 各分量独立、方差为 1 时标准差就是 $\Delta/\sqrt{12}$。下面造一个 $K$：两个通道的幅度是其余的 30 倍；$V$ 没有离群通道。


# %%
def quantize(x, axis, bits=8):
    """沿 axis 共用一个步长的对称量化，返回反量化的值与步长。"""
    top = 2 ** (bits - 1) - 1
    step = np.abs(x).max(axis=axis, keepdims=True) / top
    step = np.where(step == 0, 1.0, step)
    return np.clip(np.round(x / step), -top, top) * step, step


def rmse(x, y):
    return np.sqrt(((x - y) ** 2).mean())


s, d = 512, 128
outlier = np.ones(d)
outlier[[7, 90]] = 30.0
K, V = rng.standard_normal((s, d)) * outlier, rng.standard_normal((s, d))
q = rng.standard_normal((200, d)) / outlier  # 让每个通道对分数的贡献相当
per_token, step_t = quantize(K, axis=1)
per_channel, step_c = quantize(K, axis=0)
plain = outlier == 1
assert len(np.unique(np.round(per_token / step_t))) <= 255  # 8 位，对称
for hat, step in ((per_token, step_t), (per_channel, step_c)):
    assert (np.abs(hat - K) <= step / 2 + 1e-12).all()  # 误差界
    predicted = np.sqrt((np.broadcast_to(step, K.shape)[:, plain] ** 2).mean() / 12)
    assert abs(rmse(hat[:, plain], K[:, plain]) / predicted - 1) < 0.05  # Δ/√12
ratio = rmse(per_token[:, plain], K[:, plain]) / rmse(per_channel[:, plain], K[:, plain])
assert 8 < ratio < 32
print(f"K 的普通通道：按 token 的误差约是按通道的 {ratio:.0f} 倍")


def output(k, v):
    return softmax(q @ k.T / np.sqrt(d)) @ v


exact = output(K, V)
errors = {
    "K 按通道": rmse(output(per_channel, V), exact),
    "K 按 token": rmse(output(per_token, V), exact),
    "V 按 token": rmse(output(K, quantize(V, axis=1)[0]), exact),
}
assert errors["K 按 token"] > 5 * errors["K 按通道"]
assert errors["V 按 token"] < 0.5 * rmse(quantize(V, axis=1)[0], V)  # V 的误差被权重平均掉
assert abs(rmse(quantize(V, axis=1)[0], V) / rmse(quantize(V, axis=0)[0], V) - 1) < 0.3
print("注意力输出：K 按通道明显更准；V 两个方向差不多，且误差被加权平均抵消")

frozen = np.abs(K[:128]).max(axis=0) / 127  # 只用前 128 个 token 定步长
late = np.abs(K[128:]) > 127.5 * frozen
assert late.any() and late.any(axis=0).mean() > 0.5
print("按通道、步长定死：一半以上的通道在后来的 token 里出现截断；按 token 不会")
bits = 8 + 16 / d
print(f"按 token，每 {d} 个数存一个 16 位步长：每元素 {bits} 位，是 16 位的 {bits / 16:.1%}")

# %% [markdown]
# 结论：$K$ 按通道、$V$ 按 token。8 位时两种都够用，位数越低差别越大；流式的麻烦靠「近期一小段保持 16 位」解决，见 [KV cache 量化](../docs/questions/kv-cache-quantization.md)。这里的离群通道是造出来的，只说明机制，不代表某个模型的精度。

# %% [markdown] part="interview" title="面试版与练习"
# ## 15. 面试版：带缓存的 GQA
#
# 边写边说五句话，每句对应几行：
#
# 1. 「缓存预分配 $(b,h_{kv},s_{\max},d)$，只存 $h_{kv}$ 个头，用时才展开。」
# 2. 「位置从 `length` 数起；左补齐再扣掉补齐数。」
# 3. 「先旋转、先写缓存，再做注意力。」
# 4. 「掩码右下角对齐：`j <= length + i`；不能传 `is_causal=True`，它左上角对齐。」
# 5. 「`repeat_interleave` 不是 `repeat`；或者 `enable_gqa=True`，不真的复制。」

# %% tags=["oracle"]
import torch
import torch.nn.functional as F
from torch import nn

torch.set_num_threads(1)


def rotary(x, pos, base=10000.0):  # x (b,heads,n,d)，pos (b,n)
    d = x.shape[-1]
    freq = base ** (-torch.arange(0, d, 2, device=x.device).double() / d)
    angle = pos[:, None, :, None] * freq  # (b,1,n,d/2)
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    x1, x2 = x.chunk(2, dim=-1)
    return torch.cat([x1 * cos - x2 * sin, x2 * cos + x1 * sin], dim=-1)


class CachedGQA(nn.Module):
    def __init__(self, h, a, h_kv):
        super().__init__()
        assert h % a == 0 and a % h_kv == 0
        self.a, self.h_kv, self.d = a, h_kv, h // a
        self.wq, self.wo = nn.Linear(h, h, bias=False), nn.Linear(h, h, bias=False)
        self.wk, self.wv = (nn.Linear(h, h_kv * self.d, bias=False) for _ in range(2))

    def start(self, b, limit, pad=None):  # pad (b,)：左侧补了几个
        shape = (b, self.h_kv, limit, self.d)
        self.k, self.v = self.wk.weight.new_zeros(shape), self.wk.weight.new_zeros(shape)
        self.pad = torch.zeros(b, dtype=torch.long) if pad is None else pad
        self.length = 0

    @torch.no_grad()
    def forward(self, x):  # (b,n,h) → (b,n,h)
        b, n, _ = x.shape
        old, new = self.length, self.length + n
        assert new <= self.k.shape[2], "缓存满了"
        slots, j = torch.arange(old, new), torch.arange(new)
        pos = slots - self.pad[:, None]  # (b,n)
        q = self.wq(x).view(b, n, self.a, self.d).transpose(1, 2)
        k = self.wk(x).view(b, n, self.h_kv, self.d).transpose(1, 2)
        v = self.wv(x).view(b, n, self.h_kv, self.d).transpose(1, 2)
        self.k[:, :, old:new], self.v[:, :, old:new] = rotary(k, pos), v
        self.length = new
        g = self.a // self.h_kv
        k = self.k[:, :, :new].repeat_interleave(g, dim=1)  # (b,a,new,d)
        v = self.v[:, :, :new].repeat_interleave(g, dim=1)
        allowed = (j <= slots[:, None]) & (j >= self.pad[:, None, None])  # (b,n,new)
        scores = rotary(q, pos) @ k.transpose(-2, -1) / self.d**0.5
        scores = scores.masked_fill(~allowed[:, None], float("-inf"))
        p = scores.softmax(-1, dtype=torch.promote_types(x.dtype, torch.float32)).to(x.dtype)
        p = p.masked_fill(~allowed[:, None], 0.0)  # 补齐行整行被遮：NaN → 0
        return self.wo((p @ v).transpose(1, 2).reshape(b, n, self.a * self.d))


# 面试官会试的八件事
torch.manual_seed(0)
b, s, h = 2, 9, 24
x = torch.randn(b, s, h, dtype=torch.float64)


def feed(layer, x, cuts, pad=None):
    layer.start(len(x), x.shape[1], pad)
    return torch.cat([layer(part) for part in x.split(cuts, dim=1)], dim=1)


@torch.no_grad()
def whole(layer, x):  # 裁判：不用缓存，SDPA 自己的因果掩码
    pos = torch.arange(x.shape[1])[None].expand(len(x), -1)
    q, k, v = (
        w(x).view(len(x), x.shape[1], -1, layer.d).transpose(1, 2)
        for w in (layer.wq, layer.wk, layer.wv)
    )
    o = F.scaled_dot_product_attention(
        rotary(q, pos), rotary(k, pos), v, is_causal=True, enable_gqa=True
    )
    return layer.wo(o.transpose(1, 2).reshape(x.shape))


for kv_heads in (4, 2, 1):  # 1 MHA、GQA、MQA 都对
    layer = CachedGQA(h, 4, kv_heads).double()
    for cuts in ([9], [5, 1, 1, 1, 1], [1] * 9, [0, 4, 3, 2]):  # 2 任意切块，含空块
        assert torch.allclose(feed(layer, x, cuts), whole(layer, x), atol=1e-12)
    assert layer.k.shape == (b, kv_heads, s, h // 4)  # 3 只存 h_kv 个头
changed = x.clone()
changed[:, 6:] += 1.0
assert torch.equal(
    feed(layer, changed, [6, 3])[:, :6], feed(layer, x, [6, 3])[:, :6]
)  # 4 未来不影响过去
pad = torch.tensor([0, 3])
padded = torch.cat([torch.zeros(1, 3, h, dtype=torch.float64), x[1:, :6]], dim=1)
out = feed(layer, torch.cat([x[:1], padded]), [7, 1, 1], pad)
assert torch.allclose(out[1, 3:], whole(layer, x[1:, :6])[0], atol=1e-12)  # 5 左补齐
assert out.isfinite().all()
layer.start(b, 1)
assert torch.allclose(layer(x[:, :1]), whole(layer, x[:, :1]), atol=1e-12)  # 6 一个 token 的提示
try:
    layer(x[:, 1:2])
    full_error = False
except AssertionError:
    full_error = True
assert full_error  # 7 写满报错
q, k, v = (torch.randn(1, 1, n, 6) for n in (1, 5, 5))
assert torch.allclose(
    F.scaled_dot_product_attention(q, k, v, is_causal=True), v[:, :, :1]
)  # 8 解码时传它是错的
print("MHA/GQA/MQA、切块、缓存形状、因果、左补齐、一个 token、写满、is_causal 的坑：全部通过")

# %% [markdown]
# ## 16. 练习
#
# 先自己算，再展开答案；本节末尾的代码逐题核对。
#
# **1.** Qwen3-32B（64 层、8 个 KV 头、$d=128$），bf16，32 条各 4096 个 token，缓存共多少？张量并行 8 张卡每卡多少？16 张呢？
#
# <details>
# <summary>答案 1</summary>
#
# 每 token $2\cdot64\cdot8\cdot128\cdot2=262144$ 字节 $=256$ KiB；乘 $32\times4096$ 得 32 GiB。KV 头按卡分，8 张时每卡 1 个头，4 GiB。16 张时头不够分，要复制，每卡仍是 1 个头、4 GiB：再加卡不再省。
#
# </details>
#
# **2.** 投机解码一次验证 $\gamma$ 个草稿，只接受前 $r$ 个。缓存怎么办？换成环形缓存还行吗？
#
# <details>
# <summary>答案 2</summary>
#
# 验证就是一次 $n=\gamma$ 的 `step`，掩码右下角对齐。拒绝后把 `length` 退回到接受的位置，多写的格下次被覆盖，结果与从没写过一样。环形缓存不行：多写的 token 已经覆盖了窗口里最旧的几格，退回去就少了；要么多留 $\gamma$ 格，要么先算完、确认了再写。
#
# </details>
#
# **3.** 缓存改存旋转**之前**的 $K$，可以吗？代价是什么？
#
# <details>
# <summary>答案 3</summary>
#
# 可以，结果相同：用时按各自的位置旋转。代价是每步把全部历史重新旋转一遍，每层 $O(s'h_{kv}d)$ 次乘加，本来只要转 1 个。好处是位置可以事后改（截断、重编号），按通道量化也更容易，因为旋转会把离群通道与另一通道混起来。
#
# </details>
#
# **4.** $k$ 条并行采样共用 $n$ 个 token 的提示，各自再生成 $m$ 个，块大小 $B$，写时复制。一共要几块？
#
# <details>
# <summary>答案 4</summary>
#
# 提示写满的 $\lfloor n/B\rfloor$ 块共用；剩下的 $n\bmod B$ 个连同各自的 $m$ 个，每条 $\lceil(n\bmod B+m)/B\rceil$ 块（$m\ge1$）。未满的那块由前 $k-1$ 条各复制一份，最后一条直接写原件，没有多出来的块。$n=1000,m=200,k=8,B=16$：$62+8\times13=166$ 块，不共用要 $8\times75=600$ 块。
#
# </details>
#
# **5.** 「GQA 把解码的 FLOPs 也减了 $a/h_{kv}$ 倍，所以快」，错在哪？用一步的字节与 FLOPs 说明。
#
# <details>
# <summary>答案 5</summary>
#
# $QK^\top$ 与 $PV$ 仍对 $a$ 个 query 头各算一遍，每对 $4Lad$ 不变；变的是缓存字节，少到 $h_{kv}/a$。投影 $W_K$、$W_V$ 变小，但占参数的零头。Llama-3-8B 若改回 MHA，$N$ 只多约一成，8192 个历史、64 条时一步读的字节却约为 3.5 倍。
#
# </details>

# %%
# 练习 1：总量；KV 头不够分就复制
m, (b, s) = MODELS["Qwen3-32B"], (32, 4096)
assert kv_bytes(m) == 256 * KIB and kv_bytes(m, s, b) == 32 * GIB
for cards, each in ((8, 4), (16, 4)):
    heads = -(-m.h_kv // cards)
    assert kv_bytes(m._replace(h_kv=heads), s, b) == each * GIB
print("1 共 32 GiB；8 张与 16 张卡都是每卡 4 GiB")

# 练习 2：退回 length 之后继续，与没写过一样；环形缓存少了最旧的
decoder = Decoder(TINY, weights, 2, 12)
decoder.step(tokens[:, :6])
decoder.step((tokens[:, 6:10] + 1) % TINY.V)  # 4 个草稿，全部拒绝
decoder.length -= 4
check("2 退回之后", decoder.step(tokens[:, 6:]), full[:, 6:])
ring = Ring(5, 6)
z = rng.standard_normal((10, 6))
ring.step(z[:6], z[:6], z[:6])
before = set(ring.at)
ring.step(z[6:8], z[6:8], z[6:8])  # 两个草稿
assert before - set(ring.at) == {1, 2}  # 窗口里最旧的两个没了
print("2 环形缓存退不回去：位置 1、2 已被覆盖")

# 练习 3：存旋转前的 K
pos = np.arange(7)
q, k, v = rng.standard_normal((3, 1, 1, 7, 6))
seen = np.ones((1, 1, 7), dtype=bool)
turned = rope(k, pos)  # 存旋转后的：每个只转一次
now = rope(q[:, :, -1:], pos[-1:])
raw = k.copy()  # 存旋转前的：这一步全部重转
check("3 两种存法", attend(now, rope(raw, pos), v, seen), attend(now, turned, v, seen))


# 练习 4：模拟写时复制
def simulate(n, m, k, B):
    refs = [k] * -(-n // B)  # 每个物理块被几条共用
    tables = [list(range(len(refs))) for _ in range(k)]
    for t in range(n, n + m):
        for table in tables:
            if t % B == 0:
                table.append(len(refs))
                refs.append(1)
            elif refs[table[-1]] > 1:  # 共用的块要写：复制一份
                refs[table[-1]] -= 1
                table[-1] = len(refs)
                refs.append(1)
    return sum(count > 0 for count in refs)


for n, m, k, B in ((1000, 200, 8, 16), (17, 1, 3, 16), (16, 5, 4, 16), (5, 3, 2, 4)):
    assert simulate(n, m, k, B) == n // B + k * -(-(n % B + m) // B), (n, m, k, B)
assert simulate(1000, 200, 8, 16) == 166 and 8 * -(-1200 // 16) == 600
print("4 共用 166 块，不共用 600 块")

# 练习 5：改回 MHA
as_mha = llama._replace(h_kv=32)
assert pair_flops(as_mha) == pair_flops(llama)
more = matmul_parameters(as_mha) / matmul_parameters(llama)


def step_bytes(m):
    return 2 * matmul_parameters(m) + kv_bytes(m, 8192, 64)


assert 1.1 < more < 1.12 and 3.4 < step_bytes(as_mha) / step_bytes(llama) < 3.6
print(
    f"5 参数 {more:.2f} 倍，注意力 FLOPs 不变，一步读的字节 {step_bytes(as_mha) / step_bytes(llama):.2f} 倍"
)

# %% [markdown]
# 接下来读：[KV cache 与推理](../docs/topics/kv-cache.md)（投机解码、连续批处理、PD 分离），[能开多大并发](../docs/questions/kv-cache-memory.md)、[手写带 KV cache 的解码](../docs/questions/kv-cache-decoding-code.md)、[预填充和解码的瓶颈](../docs/questions/prefill-decode.md)、[MoE 的激活参数](../docs/questions/moe-active-parameters.md)；注意力怎么分块算，见 [FlashAttention](flash-attention.ipynb)。
