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
#     title: 环形 all-reduce 与集合通信
#     description: 搭一个数步数、数字节的小模拟器，推出环形 all-reduce 的下标与 2(N−1)/N，比较树与递归加倍的时间，再到 MoE、张量并行、序列并行与梯度分桶
#     topics: [collectives, model-parallelism]
#     aliases: [环形 all-reduce 推导, ring all-reduce 推导, 手推 ring all-reduce, 手撕 ring all-reduce, ring-reduce, 环形规约, reduce-scatter, all-gather, all-to-all, recursive doubling, 递归加倍, halving-doubling, alpha-beta 模型, busbw, algbw, 分层 all-reduce, 张量并行前反向, 共轭算子, 梯度分桶]
# ---

# %% [markdown] part="primitives" title="六种原语与模拟器"
# 这一本从「每张卡前后各有什么」走到白板上的环形 all-reduce，再走到训练里用它的四个地方。[月之暗面](../docs/experiences/moonshot-2023.md#ring)的记录里追问过 ring-reduce（环形规约）的原理；概念、数字与追问在[集合通信](../docs/topics/collectives.md)那一页。
#
# 时间只够看一眼，就记住这张表；后面每一节证明其中一行，并用断言检查。
#
# | 问题 | 结论 |
# |---|---|
# | 环形 all-reduce | 切 $N$ 块，$N-1$ 步 reduce-scatter（加），$N-1$ 步 all-gather（覆盖） |
# | 下标 | 第 $k$ 步 rank $r$ 发第 $(r-k)\bmod N$ 块，收第 $(r-1-k)\bmod N$ 块；all-gather 各加 1 |
# | 每卡发送 | $\frac{2(N-1)}{N}S$，$N$ 再大也不到 $2S$；只用点对点收发时不能更少 |
# | 时间 | $2(N-1)\alpha+\frac{2(N-1)}{N}\frac{S}{B}$；$S<N\alpha B$ 时延为主 |
# | 小消息 | 递归加倍只要 $\log_2N$ 步，每步发整份 |
# | busbw | $\frac St\times\frac{2(N-1)}{N}$，可以直接和硬件带宽比 |
# | 张量并行 | 先列后行；前向在出口、反向在入口各一次 all-reduce |
# | 浮点 | 各卡逐位相同；换算法、换卡数，末位就可能变 |
#
# 全本 $N$ 是卡数（rank 数），$S$ 是一张卡上张量的大小，写明是元素还是字节；下标从 0 数，都对 $N$ 取模。

# %% tags=["toolkit"]
from toolkit import BLUE, GRAY, GREEN, ORANGE, RED, check, figure, four_digits, numeric_gradient

# isort: split

# %%
from itertools import product
from math import ceil, log2

import numpy as np

# %% [markdown]
# ## 1. 六种原语
#
# ### 用前后状态定义
#
# 集合通信只由**每张卡之前有什么、之后有什么**定义，不规定怎么传。先把六个定义写成代码，它们就是后面所有算法的裁判。
#
# | 原语 | 之前 | 之后 |
# |---|---|---|
# | broadcast | 根有 $S$ | 人人有根的 $S$ |
# | reduce | 人人有 $S$ | 根有整份的和 |
# | all-gather | 各有一块 $S/N$ | 人人有拼起来的 $S$ |
# | reduce-scatter | 人人有 $S$ | rank $r$ 有第 $r$ 块的和 |
# | all-reduce | 人人有 $S$ | 人人有整份的和 |
# | all-to-all | 人人有 $N$ 块 | rank $j$ 有各卡的第 $j$ 块 |


# %%
def piece(x, c, n):
    """一维数组的第 c 块，共 n 块，块长至多差 1。是视图：写进去就改了 x。"""
    return x[x.size * c // n : x.size * (c + 1) // n]


def total(xs):
    return np.sum(xs, axis=0, dtype=xs[0].dtype)


def define_all_gather(xs):
    return [np.concatenate(xs) for _ in xs]


def define_reduce_scatter(xs):
    return [piece(total(xs), r, len(xs)).copy() for r in range(len(xs))]


def define_all_reduce(xs):
    return [total(xs) for _ in xs]


def define_all_to_all(xs):
    n = len(xs)
    return [np.concatenate([piece(x, j, n) for x in xs]) for j in range(n)]


def define_broadcast(xs, root=0):
    return [xs[root].copy() for _ in xs]


def define_reduce(xs, root=0):  # 根以外没有输出
    return [total(xs) if r == root else None for r in range(len(xs))]


# %% alt="六个小图，每个左边是之前、右边是之后，行是三张卡，列是三块。broadcast 把根的一行抄给所有行；reduce 只有根得到三块的和；all-gather 从对角线铺满；reduce-scatter 只在对角线上留下和；all-reduce 每格都是和；all-to-all 是转置"
def draw_ranks(axis, x0, arrays):
    for r, array in enumerate(arrays):
        for c in range(3):
            x, y, label = x0 + c, -r, ""
            if array is not None and array.size == 3:
                label = array[c]
            elif array is not None and c == r:
                label = array[0]
            color = (
                RED
                if len(label) > 2
                else {"": "none", "a": BLUE, "b": GREEN, "c": ORANGE}[label[:1]]
            )
            corners = [x, x + 1, x + 1, x], [y, y, y + 1, y + 1]
            _ = axis.fill(*corners, fc=(color, 0.3) if label else "none", ec=GRAY, lw=0.8)
            text = rf"$\Sigma_{c}$" if len(label) > 2 else label
            _ = axis.text(x + 0.5, y + 0.45, text, ha="center", va="center", fontsize=10)


letters = [np.array([f"{name}{c}" for c in range(3)], dtype=object) for name in "abc"]
blocks = [piece(x, r, 3) for r, x in enumerate(letters)]
root_only = [letters[0], None, None]
panels = {
    "broadcast": (root_only, define_broadcast(letters)),
    "reduce": (letters, define_reduce(letters)),
    "all-gather": (blocks, define_all_gather(blocks)),
    "reduce-scatter": (letters, define_reduce_scatter(letters)),
    "all-reduce": (letters, define_all_reduce(letters)),
    "all-to-all": (letters, define_all_to_all(letters)),
}
fig, axes = figure(3, 2, size=(6.0, 5.6))
for axis, (title, (before, after)) in zip(axes.flat, panels.items(), strict=True):
    draw_ranks(axis, 0, before)
    draw_ranks(axis, 4.5, after)
    _ = axis.text(3.75, -0.5, r"$\to$", ha="center", va="center", fontsize=14)
    _ = axis.set(title=title, xlim=(-0.1, 7.6), ylim=(-2.1, 1.1), aspect="equal")
    axis.axis("off")

# %% [markdown]
# 行是 rank，列是块，$\Sigma_c$ 是三张卡第 $c$ 块的和。
#
# ### 拼法与转置
#
# - **拼法**：all-reduce = reduce-scatter 接 all-gather = reduce 接 broadcast。
# - **转置**：每个原语都是线性映射 $A$，反向传播乘它的转置，$\langle u,Ax\rangle=\langle A^\top u,x\rangle$。all-gather 与 reduce-scatter 互为转置，broadcast 与 reduce 互为转置，all-reduce 与等分的 all-to-all 是自己的转置。第 12、13 节的反向都由此而来。

# %%
rng = np.random.default_rng(7)


def inner(us, xs):
    return sum(float(u @ x) for u, x in zip(us, xs, strict=True))


for n in (1, 2, 3, 5):
    xs, us = rng.standard_normal((2, n, 4 * n))
    parts = [piece(x, r, n) for r, x in enumerate(xs)]
    for result in (
        define_all_gather(define_reduce_scatter(xs)),
        define_broadcast([x if x is not None else xs[0] for x in define_reduce(xs)]),
    ):
        assert np.allclose(result, define_all_reduce(xs))
    assert np.isclose(inner(us, define_all_gather(parts)), inner(define_reduce_scatter(us), parts))
    assert np.isclose(inner(us, define_all_reduce(xs)), inner(define_all_reduce(us), xs))
    assert np.isclose(inner(us, define_all_to_all(xs)), inner(define_all_to_all(us), xs))
    assert np.isclose(inner(us, define_broadcast(xs)), inner(define_reduce(us)[:1], xs[:1]))
print("两种拼法、四对转置：全部成立")

# %% [markdown]
# ## 2. 模拟器
#
# 规矩只有三条，够用来数步数、数字节、算时间：
#
# - 一步之内，每张卡至多发一份、收一份，收与发同时进行（单端口、全双工）；
# - 所有消息同时上路：先全部拷贝，再送达，所以结果与遍历的次序无关；
# - 一步的时间由最大的那一份决定：$\alpha+\text{字节}/B+\gamma\cdot\text{相加的字节}$。
#
# $\alpha$ 是一次传输的固定开销（秒），$B$ 是每卡单向带宽（字节/秒），$\gamma$ 是加一个字节的数据要多少秒。


# %%
class World:
    """n 张卡与它们之间的链路。watch 在每一步之前被调用，用来拍照。"""

    def __init__(self, n, watch=None):
        self.n, self.watch = n, watch
        self.sent = np.zeros(n, dtype=int)  # 每卡发出的字节
        self.log = []  # 每步 [最大的一份字节, 最多相加的字节]

    def exchange(self, messages):
        """一步。messages 是 [(从, 到, 数组)]，返回 {到: 收到的数组}。"""
        if self.watch:
            self.watch()
        for port in (0, 1):
            ends = [message[port] for message in messages]
            assert len(ends) == len(set(ends)), "一步里每卡至多发一份、收一份"
        for source, _, block in messages:
            self.sent[source] += block.nbytes
        self.log.append([max(block.nbytes for _, _, block in messages), 0])
        return {target: block.copy() for _, target, block in messages}

    def add(self, view, block):
        view += block
        self.log[-1][1] = max(self.log[-1][1], block.nbytes)

    @property
    def steps(self):
        return len(self.log)

    def seconds(self, alpha, bandwidth, gamma=0.0):
        return sum(alpha + moved / bandwidth + added * gamma for moved, added in self.log)


# %% [markdown] part="ring" title="环形 all-reduce"
# ## 3. 环形 all-reduce
#
# ### 下标怎么来
#
# 卡连成环，rank $r$ 只发给右邻 $r+1$、只从左邻 $r-1$ 收。张量切成 $N$ 块，记第 $k$ 步 rank $r$ 发的块号为 $c(r,k)$。两条要求就把它定死：
#
# 1. **同一步里各卡发不同的块**，所有链路才都有活干。取最简单的 $c(r,0)=r$。
# 2. **这一步收的，就是下一步发的**，部分和才能一路带下去：$c(r,k+1)=c(r-1,k)$。
#
# 递推到底：
#
# $$
# c(r,k)=c(r-k,\,0)=(r-k)\bmod N .
# $$
#
# 收到的是左邻发的，即 $c(r-1,k)=(r-1-k)\bmod N$，加到自己的同号块上。$k=0,\dots,N-2$ 走完，最后收的一块是 $(r-1-(N-2))\bmod N=(r+1)\bmod N$：它走遍了 $N$ 张卡，**rank $r$ 握有完整的第 $r+1$ 块**。
#
# all-gather 从刚加完的那块发起：发 $(r+1-k)\bmod N$，收 $(r-k)\bmod N$，收到的直接覆盖。


# %%
def ring_reduce_scatter(world, bufs, first=0):
    """第 k 步 rank r 发第 r + first − k 块；结束时 rank r 握有第 r + first + 1 块的和。原地。"""
    n = world.n
    for k in range(n - 1):
        got = world.exchange(
            [(r, (r + 1) % n, piece(bufs[r], (r + first - k) % n, n)) for r in range(n)]
        )
        for r in range(n):
            world.add(piece(bufs[r], (r - 1 + first - k) % n, n), got[r])


def ring_all_gather(world, bufs, first=1):
    """开始时 rank r 握有第 r + first 块。收到的直接覆盖。"""
    n = world.n
    for k in range(n - 1):
        got = world.exchange(
            [(r, (r + 1) % n, piece(bufs[r], (r + first - k) % n, n)) for r in range(n)]
        )
        for r in range(n):
            piece(bufs[r], (r - 1 + first - k) % n, n)[:] = got[r]


def ring_all_reduce(world, xs):
    bufs = [x.copy() for x in xs]
    ring_reduce_scatter(world, bufs)
    ring_all_gather(world, bufs)
    return bufs


# %% [markdown]
# ### 一步一步看
#
# 检查下标有个好用的数据：rank $r$ 的每个元素都取 $10^r$。和的每一位数字，就是那张卡被加了几次；全对时是 `1111`，`2111` 表示 rank 3 被加了两次。

# %%
n = 4
xs = [np.full(n, 10**r) for r in range(n)]
frames, bufs = [], [x.copy() for x in xs]
world = World(n, watch=lambda: frames.append(np.array(bufs)))
ring_reduce_scatter(world, bufs)
for r in range(n):
    full = [c for c in range(n) if bufs[r][c] == 1111]
    assert full == [(r + 1) % n]  # 恰好一块完整
after_scatter = np.array(bufs)
ring_all_gather(world, bufs)
frames.append(np.array(bufs))
assert (np.array(bufs) == 1111).all() and world.steps == 2 * (n - 1)
print("reduce-scatter 之后（行是 rank，列是块）：")
print(after_scatter)

# %% alt="七个 4 乘 4 的方格，行是 rank，列是块，格里的数是已经加进几张卡，红框是这一步写的格子。前三步红框沿对角线移动，数字从 1 变 2、3、4，最后每行恰有一个 4；后三步把 4 抄满全部格子"
counts = np.array([[[str(v).count("1") for v in row] for row in frame] for frame in frames])
titles = ["start", "RS 1", "RS 2", "RS 3", "AG 1", "AG 2", "AG 3"]
fig, axes = figure(2, 4, size=(6.2, 3.7))
axes[1, 0].axis("off")
_ = axes[1, 0].text(
    0.5,
    0.5,
    "row: rank\ncolumn: chunk\nnumber: ranks\nsummed",
    ha="center",
    va="center",
    fontsize=11,
    transform=axes[1, 0].transAxes,
)
for i, axis in enumerate([*axes[0], *axes[1, 1:]]):
    _ = axis.pcolormesh(counts[i], cmap="Blues", vmin=0, vmax=7, edgecolors=GRAY, linewidth=0.6)
    for r, c in product(range(n), range(n)):
        _ = axis.text(c + 0.5, r + 0.5, str(counts[i, r, c]), ha="center", va="center")
        if i and frames[i][r, c] != frames[i - 1][r, c]:
            _ = axis.plot(
                [c, c + 1, c + 1, c, c], [r, r, r + 1, r + 1, r], color=RED, lw=2, clip_on=False
            )
    _ = axis.set(title=titles[i], aspect="equal", xticks=[0.5, 3.5], yticks=[0.5, 3.5])
    _ = axis.set(xticklabels=[0, 3], yticklabels=[0, 3])
    axis.invert_yaxis()

# %% [markdown]
# 同一步的四个红框在四个不同的列：四条链路传四个不同的块，没有一条闲着。
#
# ### 不整除与空块
#
# $S$ 不是 $N$ 的倍数时有两种办法：补零到 $N\lceil S/N\rceil$，或者像 `piece` 那样让块长至多差 1。后者不多传一个元素；$S<N$ 时有些块是空的，照样走流程。逐个试各种卡数、长度与类型：

# %%
for n, size, dtype in product(range(1, 10), (0, 1, 3, 8, 19), (np.int64, np.float64)):
    xs = rng.integers(-9, 9, (n, size)).astype(dtype)
    keep, world = xs.copy(), World(n)
    result = ring_all_reduce(world, xs)
    assert np.array_equal(result, define_all_reduce(xs))  # 小整数：浮点也精确
    assert np.array_equal(xs, keep) and world.steps == 2 * (n - 1)
    bufs = [x.copy() for x in xs]
    ring_reduce_scatter(World(n), bufs, first=-1)  # 原语的约定：rank r 得第 r 块
    for r, want in enumerate(define_reduce_scatter(xs)):
        assert np.array_equal(piece(bufs[r], r, n), want)
print("N = 1～9，S = 0、1、3、8、19，整数与浮点：全部正确")

# %% [markdown]
# NCCL、PyTorch 的 reduce-scatter 约定 rank $r$ 得第 $r$ 块，与上面差 1：让 $c(r,0)=r-1$ 即可，即 `first=-1`。
#
# ## 4. 发送量与下界
#
# ### 每卡发多少
#
# reduce-scatter 里 rank $r$ 依次发第 $r,r-1,\dots,r-N+2$ 块：除了第 $r+1$ 块都发一遍。all-gather 里除了第 $r+2$ 块都发一遍。块长记 $s_c$，于是
#
# $$
# \text{rank }r\text{ 发送}=2S-s_{r+1}-s_{r+2},\qquad \text{所有卡合计}=2(N-1)S .
# $$
#
# 合计对任何 $S$ 都精确成立；整除时 $s_c=S/N$，每卡恰好 $\frac{2(N-1)}{N}S$。补零的写法每卡发 $2(N-1)\lceil S/N\rceil$，那也是不整除时决定时间的量，因为每步要等最长的那块。

# %%
for n, size in product(range(1, 10), (0, 5, 24, 1000)):
    world = World(n)
    ring_all_reduce(world, np.ones((n, size), dtype=np.float32))
    lengths = [piece(np.arange(size), c, n).size for c in range(n)]
    for r in range(n if n > 1 else 0):
        assert world.sent[r] == 4 * (2 * size - lengths[(r + 1) % n] - lengths[(r + 2) % n])
    assert world.sent.sum() == 4 * 2 * (n - 1) * size
    if size % n == 0:
        assert (world.sent == 4 * 2 * (n - 1) * size // n).all()
    assert sum(moved for moved, _ in world.log) == 4 * 2 * (n - 1) * ceil(size / n)
for n in (2, 4, 8, 64):
    world = World(n)
    ring_all_reduce(world, np.ones((n, 6400)))
    print(f"N = {n:2d}：{world.steps:3d} 步，每卡发送 {world.sent[0] / 6400 / 8:.3f} S")

# %% [markdown]
# ### 为什么不能更少
#
# 盯住一个元素，一条消息送一个数（部分和或完整的和）。把所有收到消息的事件排成一列，看**第一张知道完整和的卡** $w$：
#
# - 在此之前，其余 $N-1$ 张卡的数据都到了 $w$，所以每张卡至少发出过一条已被收到的消息，共 $\ge N-1$ 条；
# - 在此之后，其余 $N-1$ 张卡各自至少还要收一条，又是 $\ge N-1$ 条。
#
# 一个元素至少 $2(N-1)$ 条，$S$ 个元素至少 $2(N-1)S$，摊到 $N$ 张卡的出口，最忙的卡至少发 $\frac{2(N-1)}{N}S$。环恰好取等。前提是只用点对点收发、不压缩；交换机内规约不受它约束。nccl-tests 的 PERFORMANCE.md 用同样的次数（$n-1$ 次加、$n-1$ 次赋值）定 busbw 的系数。
#
# 卡数小时可以穷举：状态是每张卡知道哪些卡的数据，一条消息把发方知道的都告诉收方（比传一个和更强），广度优先找最少的条数。


# %%
def fewest_messages(n):
    """n 张卡人人知道全部数据，最少几条消息。状态里第 r 个数的二进制位是 rank r 知道谁。"""
    state, goal = tuple(1 << r for r in range(n)), ((1 << n) - 1,) * n
    seen, edge, count = {state}, [state], 0
    while goal not in seen:
        count += 1
        grown = []
        for old, (i, j) in product(edge, product(range(n), repeat=2)):
            new = (*old[:j], old[j] | old[i], *old[j + 1 :])
            if new not in seen:
                seen.add(new)
                grown.append(new)
        edge = grown
    return count


for n in (2, 3, 4):
    assert fewest_messages(n) == 2 * (n - 1)
    print(f"N = {n}：穷举最少 {fewest_messages(n)} 条消息 = 2(N − 1)")

# %% [markdown]
# ## 5. 错在哪里
#
# 下标错的写法不报错、形状也对。把「发哪块、收进哪块、加还是覆盖、发给谁」做成参数，逐个改错。测试数据要能认出**卡**，也要能认出**块**：rank $r$ 的第 $c$ 块取 $(c+1)\cdot10^r$，全对时是 `1111 2222 3333 4444`，从右数第 $r$ 位数字说明加进来的是 rank $r$ 的哪一块。


# %%
def ring_with(xs, send, store, add=(True, False), direction=1):
    """send(r, k, phase)、store(r, k, phase) 是块号；add 是两个阶段加不加；direction 是发给右邻还是左邻。"""
    n, bufs = len(xs), [x.copy() for x in xs]
    world = World(n)
    for phase, k in product((0, 1), range(n - 1)):
        got = world.exchange(
            [(r, (r + direction) % n, piece(bufs[r], send(r, k, phase) % n, n)) for r in range(n)]
        )
        for r in range(n):
            view = piece(bufs[r], store(r, k, phase) % n, n)
            view[:] = view + got[r] if add[phase] else got[r]
    return bufs


def right_send(r, k, phase):
    return r + phase - k


def right_store(r, k, phase):
    return r - 1 + phase - k


variants = {
    "对的写法": (right_send, right_store),
    "收进自己发的那块": (right_send, right_send),
    "发给左邻，下标还按右邻": (right_send, right_store, (True, False), -1),
    "all-gather 从第 r 块发起": (lambda r, k, p: r - k, lambda r, k, p: r - 1 - k),
    "第一阶段覆盖而不是加": (right_send, right_store, (False, False)),
    "第二阶段还在加": (right_send, right_store, (True, True)),
}
n = 4
xs = [10**r * np.arange(1, n + 1) for r in range(n)]
should = 1111 * np.arange(1, n + 1)
for name, options in variants.items():
    result = np.array(ring_with(xs, *options))
    assert (result == should).all() == (name == "对的写法"), name
    print(f"{name}：rank 0 得到 {result[0]}")
blind = ring_with([np.full(n, 10**r) for r in range(n)], *variants["发给左邻，下标还按右邻"])
assert (np.array(blind) == 1111).all()
print("「发给左邻」那种，各块数据相同时查不出来：", blind[0])
mirror = ring_with(xs, lambda r, k, p: r - p + k, lambda r, k, p: r + 1 - p + k, (True, False), -1)
assert (np.array(mirror) == should).all()
print("要发给左邻，所有下标取镜像（r + k），就又对了")

# %% [markdown]
# 读法：第 $c$ 块里每一位都该是 $c+1$。0 是漏了那张卡，别的数字是混进了别的块或重复加。「发给左邻」那一种最难查：每张卡恰好加了一次，只是块与块搅在一起，拿各块相同的数据去测永远通过。
#
# 另一类错是**结果对，代价错**：不切块，每步把整份缓冲传给右邻，转 $N-1$ 圈。每卡发 $(N-1)S$，是环的 $N/2$ 倍。如果还把「累加后的」而不是「收到的」传下去，连结果也错。


# %%
def whole_buffer_ring(world, xs, forward="received"):
    """不切块：每步把整份传给右邻。对的写法传刚收到的那份；传累加结果就重复加。"""
    n = world.n
    sums, carry = [x.copy() for x in xs], [x.copy() for x in xs]
    for _ in range(n - 1):
        got = world.exchange([(r, (r + 1) % n, carry[r]) for r in range(n)])
        for r in range(n):
            world.add(sums[r], got[r])
            carry[r] = got[r] if forward == "received" else sums[r]
    return sums


for n in (2, 4, 8):
    xs, naive, ring = [np.full(n, 10**r) for r in range(n)], World(n), World(n)
    assert np.array_equal(whole_buffer_ring(naive, xs), ring_all_reduce(ring, xs))
    assert naive.sent[0] == (n - 1) * xs[0].nbytes and naive.sent[0] * 2 == n * ring.sent[0]
    print(f"N = {n}：不切块每卡发 {n - 1} S，是环的 {naive.sent[0] / ring.sent[0]:g} 倍")
xs = [np.full(4, 10**r) for r in range(4)]
print("传累加结果：rank 0 得到", whole_buffer_ring(World(4), xs, forward="sum")[0])
assert not (whole_buffer_ring(World(4), xs, forward="sum")[0] == 1111).any()

# %% [markdown]
# ## 6. 浮点：相同与不同
#
# 浮点加法可交换，不可结合。环里第 $c$ 块从 rank $c$ 出发，加的次序是 $x_c+x_{c+1}+\dots+x_{c-1}$：**每块的次序不同**，都是从自己的块号开始转一圈。由此三个判断：
#
# - 每块只在一条路上算一次，其余的卡拿的是复制品，所以**各卡逐位相同**。数据并行靠这一点：各卡用同样的梯度更新，参数才不会越走越远。
# - 与另一种算法、另一种卡数比，末位可以不同：换算法、换卡数就不能指望逐位复现。
# - 不切块的环虽然也对，但每张卡从自己开始加，**各卡之间就不逐位相同**。

# %%
n = 8
xs = rng.standard_normal((n, 800)).astype(np.float32)


def fold(order):
    """float32 按给定次序从左加到右。"""
    result = xs[order[0]].copy()
    for r in order[1:]:
        result += xs[r]
    return result


ring = ring_all_reduce(World(n), xs)
for r in range(n):
    assert np.array_equal(ring[r], ring[0])
for c in range(n):
    rotated = fold([(c + i) % n for i in range(n)])
    assert np.array_equal(piece(ring[0], c, n), piece(rotated, c, n))
plain = fold(range(n))
naive = whole_buffer_ring(World(n), xs)
assert np.array_equal(piece(ring[0], 0, n), piece(plain, 0, n))
exact = xs.astype(np.float64).sum(axis=0)
assert max(np.abs(y - exact).max() for y in (ring[0], plain, *naive)) < 1e-5
verdicts = {
    "环：各卡逐位相同": all(np.array_equal(y, ring[0]) for y in ring),
    "环与从 rank 0 顺序加逐位相同": np.array_equal(ring[0], plain),
    "不切块的环：各卡逐位相同": all(np.array_equal(y, naive[0]) for y in naive),
}
assert list(verdicts.values()) == [True, False, False]
for label, answer in verdicts.items():
    print(f"{label}：{answer}")

# %% [markdown] part="time" title="时间与算法选择"
# ## 7. 树与递归加倍
#
# 环的带宽已经最优，缺点是步数随 $N$ 线性增长。步数的下界是 $\lceil\log_2N\rceil$：单端口下，一步最多让「知道某个数的卡」翻一倍。三种对数步的算法，$N=2^q$ 时：
#
# | 算法 | 步数 | 每卡最多发 | 做法 |
# |---|---|---|---|
# | 二项树，不分块 | $2\log_2N$ | $\log_2N\cdot S$（根） | 先归约到根，再广播 |
# | 递归加倍 | $\log_2N$ | $\log_2N\cdot S$ | 与 $r\oplus d$ 互换整份，$d=1,2,4,\dots$ |
# | 递归折半加倍 | $2\log_2N$ | $\frac{2(N-1)}{N}S$ | 折半做 reduce-scatter，加倍做 all-gather |
#
# 递归加倍：走完距离 $d$ 之后，连续的 $2d$ 张卡都握有这 $2d$ 份的和。递归折半先用大距离：与 $r\oplus d$ 各留一半、送出另一半，$d=N/2,\dots,1$，每步的量减半，$S(\frac12+\frac14+\dots+\frac1N)=\frac{N-1}{N}S$；最后 rank $r$ 恰好留下第 $r$ 块，再倒着走一遍。
#
# $N$ 不是 2 的幂时取 $p=2^{\lfloor\log_2N\rfloor}$，多出的卡先把整份并给前面的卡，最后再领回结果，多 2 步。


# %%
def merge_extra(world, bufs):
    """多出来的卡把数据并给前面的卡；返回不超过 n 的最大的 2 的幂。"""
    p = 1 << (world.n.bit_length() - 1)
    if world.n > p:
        got = world.exchange([(r, r - p, bufs[r]) for r in range(p, world.n)])
        for r, block in got.items():
            world.add(bufs[r], block)
    return p


def return_extra(world, bufs, p):
    if world.n > p:
        for r, block in world.exchange(
            [(r - p, r, bufs[r - p]) for r in range(p, world.n)]
        ).items():
            bufs[r][:] = block


def recursive_doubling(world, xs):
    bufs = [x.copy() for x in xs]
    p = merge_extra(world, bufs)
    d = 1
    while d < p:
        got = world.exchange([(r, r ^ d, bufs[r]) for r in range(p)])
        for r in range(p):
            world.add(bufs[r], got[r])
        d *= 2
    return_extra(world, bufs, p)
    return bufs


def span(x, first, count, n):
    """第 first 块起的 count 块。"""
    return x[x.size * first // n : x.size * (first + count) // n]


def halving_doubling(world, xs):
    bufs = [x.copy() for x in xs]
    p = merge_extra(world, bufs)
    d = p // 2
    while d:  # 此时 rank r 负责从 r // 2d * 2d 起的 2d 块，留下含自己的那一半
        got = world.exchange([(r, r ^ d, span(bufs[r], (r ^ d) // d * d, d, p)) for r in range(p)])
        for r in range(p):
            world.add(span(bufs[r], r // d * d, d, p), got[r])
        d //= 2
    d = 1
    while d < p:  # 倒着走：把完整的 d 块送给伙伴
        got = world.exchange([(r, r ^ d, span(bufs[r], r // d * d, d, p)) for r in range(p)])
        for r in range(p):
            span(bufs[r], (r ^ d) // d * d, d, p)[:] = got[r]
        d *= 2
    return_extra(world, bufs, p)
    return bufs


def binomial_tree(world, xs):
    bufs, n = [x.copy() for x in xs], world.n
    distances = [1 << i for i in range((n - 1).bit_length())]
    for d in distances:  # 归约到 rank 0
        got = world.exchange([(r, r - d, bufs[r]) for r in range(d, n, 2 * d)])
        for r, block in got.items():
            world.add(bufs[r], block)
    for d in reversed(distances):  # 从 rank 0 广播
        got = world.exchange([(r, r + d, bufs[r]) for r in range(0, n - d, 2 * d)])
        for r, block in got.items():
            bufs[r][:] = block
    return bufs


algorithms = {
    "ring": ring_all_reduce,
    "recursive doubling": recursive_doubling,
    "halving-doubling": halving_doubling,
    "binomial tree": binomial_tree,
}
for n, size in product(range(1, 10), (0, 1, 5, 24)):
    xs = rng.integers(-9, 9, (n, size))
    extra = 2 * (n & (n - 1) > 0)  # 不是 2 的幂
    q = n.bit_length() - 1
    steps = [2 * (n - 1), q + extra, 2 * q + extra, 2 * ceil(log2(n))]
    for (name, algorithm), step in zip(algorithms.items(), steps, strict=True):
        world = World(n)
        assert np.array_equal(algorithm(world, xs), define_all_reduce(xs)), (name, n, size)
        assert world.steps == step, (name, n, world.steps)
xs = rng.standard_normal((8, 800)).astype(np.float32)
for name, algorithm in algorithms.items():
    world = World(8)
    result = algorithm(world, xs)
    assert all(np.array_equal(y, result[0]) for y in result)  # 四种算法：各卡都逐位相同
    assert np.array_equal(result[0], ring_all_reduce(World(8), xs)[0]) == (name == "ring")
    assert (world.sent.sum() == 2 * 7 * 3200) == (name != "recursive doubling")
    print(f"{name}：8 卡 {world.steps} 步，每卡最多发 {world.sent.max() / 3200:g} S")
print("浮点：每种算法各卡逐位相同，三种与环都不逐位相同")

# %% [markdown]
# 递归加倍要先拍照再写（双缓冲）：伙伴此刻正在读你的整份数据。环反而没有这个风险，同一步里发的块和收的块从不相同。
#
# 二项树的总流量也是 $2(N-1)S$，与环相同，只是集中在根上；不切块的环与递归加倍是人人都多发。把模拟数出来的每卡最大发送量画在公式上：

# %% alt="每卡最大发送量随卡数 2 到 64 的变化，单位是 S，纵轴对数。不切块的环沿 N 减 1 上升到 63；递归加倍和二项树沿 log N 上升到 6；环与递归折半加倍重合，趋于 2，最平"
ranks = [2, 4, 8, 16, 32, 64]
shown = {"whole-buffer ring": whole_buffer_ring} | algorithms
formulas = {
    "whole-buffer ring": (lambda n: n - 1, "^:", GRAY),
    "recursive doubling": (log2, "s--", GREEN),
    "binomial tree": (log2, "x", ORANGE),
    "halving-doubling": (lambda n: 2 * (n - 1) / n, "D", RED),
    "ring": (lambda n: 2 * (n - 1) / n, "o-", BLUE),
}
fig, axis = figure(size=(6.0, 3.9))
for name, (formula, style, color) in formulas.items():
    measured = []
    for n in ranks:
        world = World(n)
        shown[name](world, np.ones((n, 64)))
        measured.append(world.sent.max() / (64 * 8))
    assert np.allclose(measured, [formula(n) for n in ranks]), name
    _ = axis.plot(
        ranks,
        four_digits(measured),
        style,
        color=color,
        label=name,
        ms=8 if style == "D" else 6,
        mfc="none",
    )
_ = axis.set(
    xscale="log",
    yscale="log",
    xticks=ranks,
    xticklabels=ranks,
    yticks=[1, 2, 6, 20, 60],
    yticklabels=[1, 2, 6, 20, 60],
)
axis.minorticks_off()
_ = axis.set(xlabel="ranks $N$", ylabel="bytes sent per rank / $S$")
_ = axis.legend(fontsize=10)

# %% [markdown]
# 分块流水的树是另一回事：双二叉树把数据分两半走两棵互补的树，每卡收发不超过 $2S$，见[什么时候用树](../docs/questions/ring-vs-tree-all-reduce.md)。
#
# ## 8. 时间模型
#
# ### 三个系数
#
# 逐步相加，$T=\text{步数}\cdot\alpha+\text{字节}/B+\text{相加的字节}\cdot\gamma$。$N=2^q$ 时各系数（$\alpha$；$S/B$；$\gamma S$）：
#
# | 算法 | $\alpha$ | $S/B$ | $\gamma S$ |
# |---|---|---|---|
# | 环 | $2(N-1)$ | $\frac{2(N-1)}{N}$ | $\frac{N-1}{N}$ |
# | 递归加倍 | $\log_2N$ | $\log_2N$ | $\log_2N$ |
# | 递归折半加倍 | $2\log_2N$ | $\frac{2(N-1)}{N}$ | $\frac{N-1}{N}$ |
# | 二项树，不分块 | $2\log_2N$ | $2\log_2N$ | $\log_2N$ |
#
# 纸面上递归折半加倍两头都好，代价不在模型里：它每步的伙伴距离翻倍，半份数据要同时穿过高层交换机，会争用；环只和邻居收发，可以贴着物理拓扑排。


# %%
def coefficients(name, n):
    """N 是 2 的幂：α、S/B、γS 的系数。"""
    q = log2(n)
    return {
        "ring": (2 * (n - 1), 2 * (n - 1) / n, (n - 1) / n),
        "recursive doubling": (q, q, q),
        "halving-doubling": (2 * q, 2 * (n - 1) / n, (n - 1) / n),
        "binomial tree": (2 * q, 2 * q, q),
    }[name]


def seconds(name, n, size, alpha, bandwidth, gamma=0.0):
    a, b, c = coefficients(name, n)
    return a * alpha + b * size / bandwidth + c * size * gamma


link = {"alpha": 10e-6, "bandwidth": 50e9}  # 假设的链路：10 微秒，50 GB/s（GB = 10⁹ 字节）
for n, (name, algorithm) in product((1, 2, 4, 8, 16), algorithms.items()):
    world = World(n)
    algorithm(world, np.ones((n, 1600)))
    for gamma in (0.0, 1e-11):
        measured, model = (
            world.seconds(**link, gamma=gamma),
            seconds(name, n, 12800, **link, gamma=gamma),
        )
        assert np.isclose(measured, model, rtol=1e-12, atol=0), (name, n)
print("四种算法的模拟时间与公式一致")

# %% [markdown]
# ### 时延区与带宽区
#
# 环的两项相等时 $2(N-1)\alpha=\frac{2(N-1)}{N}\frac SB$，即
#
# $$
# S_{1/2}=N\alpha B .
# $$
#
# 消息远比它小，时间几乎不随 $S$ 变（时延区）；远比它大，时间近似正比于 $S$（带宽区）；正好等于时，有效带宽是 $B$ 的一半。
#
# ### 环与树的分界
#
# 环与递归加倍相等：$(2(N-1)-\log_2N)\,\alpha=\left(\log_2N-\frac{2(N-1)}{N}\right)\frac SB$；环与双二叉树 $2\alpha\log_2N+2S/B$ 相等：
#
# $$
# S^*_{\text{加倍}}=\alpha B\,\frac{2(N-1)-\log_2N}{\log_2N-2(N-1)/N},\qquad
# S^*_{\text{双树}}=\alpha B\,N\,(N-1-\log_2N).
# $$
#
# 前者的分母在 $N=2$ 时为 0：两卡时递归加倍一步互换整份，与环同样的流量、一半的步数，永远不输。


# %%
def double_tree_seconds(n, size, alpha, bandwidth):
    """双二叉树、分块流水的模型（不模拟）。"""
    return 2 * ceil(log2(n)) * alpha + 2 * size / bandwidth


def crossover_doubling(n, alpha, bandwidth):
    return alpha * bandwidth * (2 * (n - 1) - log2(n)) / (log2(n) - 2 * (n - 1) / n)


def crossover_tree(n, alpha, bandwidth):
    return alpha * bandwidth * n * (n - 1 - log2(n))


for n in (4, 8, 64):
    half = n * link["alpha"] * link["bandwidth"]
    a, b = (crossing(n, **link) for crossing in (crossover_doubling, crossover_tree))
    assert np.isclose(seconds("ring", n, half, **link), 2 * 2 * (n - 1) * link["alpha"])
    assert np.isclose(seconds("ring", n, a, **link), seconds("recursive doubling", n, a, **link))
    assert np.isclose(seconds("ring", n, b, **link), double_tree_seconds(n, b, **link))
    for factor, ring_wins in ((0.5, False), (2.0, True)):
        ring = seconds("ring", n, factor * a, **link)
        assert (ring < seconds("recursive doubling", n, factor * a, **link)) == ring_wins
        ring = seconds("ring", n, factor * b, **link)
        assert (ring < double_tree_seconds(n, factor * b, **link)) == ring_wins
    print(
        f"N = {n:2d}：S½ = {half / 1e6:g} MB，加倍的分界 {a / 1e6:.1f} MB，双树的分界 {b / 1e6:g} MB"
    )

# %% alt="上图是 64 卡三种算法的时间，双对数：小消息处都是水平线，环 1.26 毫秒最高、递归加倍最低；大消息处都是斜线，递归加倍最高；竖线标出 N α B。下图是与环的时间之比，四条线都从 1 以下升到 1 以上：穿过 1 的红点是分界，卡数从 8 到 64 时都往右移"
sizes = np.logspace(3, 10.3, 45)
rivals = {
    "recursive doubling": (lambda n, size: seconds("recursive doubling", n, size, **link), GREEN),
    "double binary tree": (lambda n, size: double_tree_seconds(n, size, **link), ORANGE),
}
fig, axes = figure(2, 1, size=(5.8, 6.6), sharex=True)
_ = axes[0].plot(
    four_digits(sizes),
    four_digits(1e3 * seconds("ring", 64, sizes, **link)),
    color=BLUE,
    label="ring",
)
for name, (time_of, color) in rivals.items():
    _ = axes[0].plot(
        four_digits(sizes),
        four_digits(1e3 * time_of(64, sizes)),
        "--" if color == GREEN else "-.",
        color=color,
        label=name,
    )
    for n, width in ((8, 1.2), (64, 2.4)):
        ratio = time_of(n, sizes) / seconds("ring", n, sizes, **link)
        _ = axes[1].plot(
            four_digits(sizes),
            four_digits(ratio),
            "--" if color == GREEN else "-.",
            color=color,
            lw=width,
            label=f"{name}, $N={n}$",
        )
for n in (8, 64):
    crossings = [crossover_doubling(n, **link), crossover_tree(n, **link)]
    _ = axes[1].plot(four_digits(crossings), [1, 1], "o", color=RED)
_ = axes[0].axvline(64 * 5e5, color=GRAY, ls=":")
_ = axes[0].text(64 * 5e5, 0.04, r" $N\alpha B$")
_ = axes[1].axhline(1, color=BLUE, lw=1)
_ = axes[0].set(xscale="log", yscale="log", title="$N=64$", ylabel="time (ms)")
_ = axes[1].set(
    yscale="log", ylabel="time / ring time", xlabel="message $S$ (bytes)", ylim=(0.03, 12)
)
for axis in axes:
    axis.minorticks_off()
    _ = axis.legend(fontsize=10, loc="upper left")

# %% [markdown]
# 红点左边用树或加倍，右边用环。双树的线过了分界也只比环高 $\frac{N}{N-1}$ 倍，选错代价很小；递归加倍在大消息上，64 卡时差到 3 倍。卡数从 8 到 64，双树的分界从 16 MB 涨到 1.8 GB（MB、GB 按十进制）：规模越大，树越有用。
#
# ## 9. algbw 与 busbw
#
# nccl-tests 报两个带宽：$\text{algbw}=S/t$，$\text{busbw}=\text{algbw}\times\text{系数}$。all-reduce 的系数是 $\frac{2(N-1)}{N}$，reduce-scatter、all-gather、all-to-all 是 $\frac{N-1}{N}$，broadcast、reduce 是 1（PERFORMANCE.md 的 Summary）。系数就是「下界时间 ÷ $S/B$」，所以做到最优时 busbw 等于硬件带宽，与卡数无关。$S$ 取大的那一侧。
#
# 带上时延，环的 busbw 有个干净的式子，只取决于 $S$ 与 $S_{1/2}$ 之比：
#
# $$
# \text{busbw}=\frac{2(N-1)}{N}\cdot\frac{S}{t}=\frac{B}{1+N\alpha B/S} .
# $$


# %%
def busbw(n, size, time):
    return size / time * 2 * (n - 1) / n


for n, size in product((2, 8, 64), (1e5, 1e7, 1e9)):
    closed = link["bandwidth"] / (1 + n * link["alpha"] * link["bandwidth"] / size)
    assert np.isclose(busbw(n, size, seconds("ring", n, size, **link)), closed)
for n in (2, 8, 64):
    world = World(n)
    ring_all_reduce(world, np.ones((n, 6400)))
    time = world.seconds(alpha=0, bandwidth=50e9)
    assert np.isclose(busbw(n, 51200, time), 50e9)
    print(
        f"N = {n:2d}，α = 0：algbw {51200 / time / 1e9:.1f} GB/s，busbw {busbw(n, 51200, time) / 1e9:.1f} GB/s"
    )

# %% alt="左图是大消息下带宽随卡数：algbw 从 50 降到约 25，busbw 一直是 50 GB 每秒。右图是 busbw 随消息大小：N 等于 8 和 64 两条 S 形曲线从接近 0 升到 50，在 N α B 处恰好是 25"
fig, axes = figure(1, 2, size=(6.4, 3.3))
many = np.array([2, 4, 8, 16, 32, 64, 128])
algorithm_bandwidth = 50 / (2 * (many - 1) / many)
_ = axes[0].plot(many, four_digits(algorithm_bandwidth), "s--", color=RED, label="algbw")
_ = axes[0].plot(many, four_digits(0 * many + 50.0), "o-", color=BLUE, label="busbw")
_ = axes[0].set(xscale="log", xticks=[2, 8, 32, 128], xticklabels=[2, 8, 32, 128], ylim=(0, 55))
axes[0].minorticks_off()
_ = axes[0].set(xlabel="ranks $N$", ylabel="GB/s", title=r"large $S$")
_ = axes[0].legend()
for n, style, color in ((8, "-", BLUE), (64, "--", GREEN)):
    values = busbw(n, sizes, seconds("ring", n, sizes, **link)) / 1e9
    _ = axes[1].plot(four_digits(sizes), four_digits(values), style, color=color, label=f"$N={n}$")
    _ = axes[1].plot(four_digits([n * 5e5]), [25.0], "o", color=RED)
_ = axes[1].set(xscale="log", xlabel="$S$ (bytes)", title="busbw", ylim=(0, 55))
_ = axes[1].legend()

# %% [markdown]
# ## 10. 多机分层
#
# $n$ 台机、每台 $g$ 卡，$N=ng$。三段：机内 reduce-scatter，rank 得 $S/g$；各机同号的 $n$ 张卡对这片做 all-reduce；机内 all-gather。每卡发送
#
# $$
# \underbrace{\frac{2(g-1)}{g}S}_{\text{机内}}+\underbrace{\frac{2(n-1)}{n}\cdot\frac Sg}_{\text{跨机}}=\frac{2(ng-1)}{ng}S ,
# $$
#
# 与平铺的环**恰好相等**。变的是走哪条链路：每台机出机 $\frac{2(n-1)}{n}S$，由 $g$ 张网卡分担；平铺的单环每台机只有一条链路出机，它要走 $\frac{2(N-1)}{N}S$。


# %%
def hierarchical_all_reduce(n, g, xs):
    """卡号 = 机号 · g + 机内号。返回 (结果, 每卡机内字节, 每卡跨机字节, 步数)。"""
    bufs = [x.copy() for x in xs]
    intra, inter = [World(g) for _ in range(n)], [World(n) for _ in range(g)]
    for node in range(n):
        ring_reduce_scatter(intra[node], bufs[node * g : (node + 1) * g], first=-1)
    for i in range(g):  # 各机的第 i 张卡，只管第 i 片
        mine = [piece(bufs[node * g + i], i, g) for node in range(n)]
        ring_reduce_scatter(inter[i], mine)
        ring_all_gather(inter[i], mine)
    for node in range(n):
        ring_all_gather(intra[node], bufs[node * g : (node + 1) * g], first=0)
    inside = np.concatenate([world.sent for world in intra])
    across = np.array([inter[i].sent[node] for node in range(n) for i in range(g)])
    return bufs, inside, across, intra[0].steps + inter[0].steps


for n, g in ((1, 4), (4, 1), (2, 8), (3, 4)):
    size = 2 * n * g * 6
    xs = rng.integers(-9, 9, (n * g, size))
    result, inside, across, steps = hierarchical_all_reduce(n, g, xs)
    assert np.array_equal(result, define_all_reduce(xs))
    flat = World(n * g)
    ring_all_reduce(flat, xs)
    assert np.array_equal(inside + across, flat.sent)  # 每卡总量相等
    assert (across * n * g == 2 * (n - 1) * size * 8).all()  # 跨机：2(n−1)/n · S/g
    assert steps == 2 * (g - 1) + 2 * (n - 1)
    out = across[:g].sum() / (size * 8)
    print(
        f"{n} 机 × {g} 卡：每机出机 {out:.4g} S，平铺单环的出机链路 {2 * (n * g - 1) / (n * g):.4g} S"
    )

# %% [markdown]
# 所以分层减少的不是总通信量，而是慢链路上的步数，还有机数少时的出机量。三种排法的时间，假设机内 $B_1$ = 300 GB/s、$\alpha_1$ = 3 微秒，每张卡一块网卡 $B_2$ = 50 GB/s、$\alpha_2$ = 10 微秒，4 机 × 8 卡，三段不重叠：

# %%
n, g = 4, 8
N = n * g


def layouts(size):
    """毫秒。平铺的环每步都要等跨机那一跳。"""
    single = 2 * (N - 1) * (10e-6 + size / N / 50e9)
    # g 条环各走 1/g，各用一块网卡：每卡一步在一条环上出机，在另外 g − 1 条上走机内
    many = 2 * (N - 1) * max(10e-6 + size / g / N / 50e9, 3e-6 + (g - 1) * size / g / N / 300e9)
    layered = 2 * (g - 1) * (3e-6 + size / g / 300e9) + 2 * (n - 1) * (10e-6 + size / g / n / 50e9)
    return [1e3 * t for t in (single, many, layered)]


for size in (1e6, 1e9):
    single, many, layered = layouts(size)
    print(f"{size / 1e6:4g} MB：单环 {single:.2f}，{g} 条环 {many:.2f}，分层 {layered:.2f} 毫秒")
small, large = layouts(1e6), layouts(1e9)
assert min(small) == small[2] and min(large) == large[1] and max(large) == large[0]

# %% [markdown]
# 小消息分层赢在步数：慢链路上只走 $2(n-1)$ 步。大消息里单环最慢，因为每台机只用了一块网卡；每块网卡建一条环就摊平了，反而快过三段串行的分层。分层要快，得分块让三段流水起来。

# %% [markdown] part="training" title="训练里的通信"
# ## 11. all-to-all 与 MoE
#
# ### 两两交换
#
# 每张卡给每张卡一块不同的数据，不求和。$N-1$ 轮，第 $k$ 轮 rank $r$ 发给 $r+k$、收自 $r-k$：每轮人人一个伙伴，不撞车。等长时每卡发 $\frac{N-1}{N}S$；变长时一轮要等最大的那份。
#
# 混合专家（Mixture of Experts，MoE）里用两次：分发把 token 送到专家所在的卡，收回再送回来。发之前按目标卡**稳定排序**，回来后要用逆排列放回原位，忘了这步形状对、数值错。


# %%
def all_to_all_v(world, sends):
    """sends[i][j]：第 i 卡发给第 j 卡的数组，可以是空的。返回 recvs[j][i]。"""
    n = world.n
    recvs = [[sends[r][r].copy() if i == r else None for i in range(n)] for r in range(n)]
    for k in range(1, n):
        got = world.exchange([(r, (r + k) % n, sends[r][(r + k) % n]) for r in range(n)])
        for r in range(n):
            recvs[r][(r - k) % n] = got[r]
    return recvs


def moe_round_trip(world, tokens, expert, gate, run, per, restore=True):
    """每卡 tokens (T, h)，expert、gate (T, k)：选中的专家与权重；每卡 per 个专家。返回每卡 (T, h)。"""
    n, order, sends, marks = world.n, [], [], []
    for x, e in zip(tokens, expert, strict=True):
        flat = e.ravel()  # (T·k,)：每个（token，专家）对一行
        by_rank = np.argsort(flat // per, kind="stable")
        order.append(by_rank)
        cuts = np.searchsorted(flat[by_rank] // per, np.arange(1, n))
        sends.append(np.split(np.repeat(x, e.shape[1], axis=0)[by_rank], cuts))
        marks.append(np.split(flat[by_rank], cuts))  # 专家号，随 token 一起走；很小，不计流量
    there = all_to_all_v(world, sends)
    ids = all_to_all_v(World(n), marks)
    done = [[run(x, e) for x, e in zip(there[j], ids[j], strict=True)] for j in range(n)]
    back = all_to_all_v(world, done)
    result = []
    for r in range(n):
        rows = np.concatenate(back[r])
        placed = np.empty_like(rows)
        placed[order[r] if restore else slice(None)] = rows  # 逆排列
        k = expert[r].shape[1]
        result.append((placed.reshape(-1, k, rows.shape[1]) * gate[r][:, :, None]).sum(axis=1))
    return result


n, T, h, k, E = 8, 32, 4, 2, 16
weights = rng.standard_normal((E, h, h))
tokens, gate = rng.standard_normal((n, T, h)), rng.random((n, T, k))


def run(x, e):  # 每行用自己的专家
    return np.tanh(np.einsum("th,thf->tf", x, weights[e]))


def skewed(power):
    """按 (1+编号)^(−power) 的热度给每个 token 选 k 个不同的专家。"""
    p = (1.0 + np.arange(E)) ** -power
    return np.array(
        [[rng.choice(E, k, replace=False, p=p / p.sum()) for _ in range(T)] for _ in range(n)]
    )


pairs = np.arange(T)[:, None] * k + np.arange(k)
routes = {"balanced": np.stack([pairs % E] * n), "power 0.5": skewed(0.5), "power 1": skewed(1.0)}
load, busy = {}, {}
for name, expert in routes.items():
    world = World(n)
    result = moe_round_trip(world, tokens, expert, gate, run, E // n)
    local = [
        sum(gate[r][:, i, None] * run(tokens[r], expert[r][:, i]) for i in range(k))
        for r in range(n)
    ]
    check(f"{name}：分发、计算、收回 = 本地直接算", result, local)
    load[name] = np.bincount(expert.ravel() // (E // n), minlength=n)  # 每卡收到几个（含自己的）
    busy[name] = world.seconds(alpha=0, bandwidth=1.0)
    if name == "balanced":
        assert (world.sent == 2 * (n - 1) * k * T * h * 8 // n).all()  # 两次，各 (e−1)/e · kTh
    wrong = moe_round_trip(World(n), tokens, expert, gate, run, E // n, restore=False)
    assert not np.allclose(wrong, local)

# %% [markdown]
# 均匀时一次 all-to-all 每卡发 $\frac{e-1}{e}kTh$ 个元素（$e$ 是专家并行度，$T$ 是每卡 token 数）。不均时总量几乎不变，但热门专家所在的卡要收、要算的多，所有卡等它。图里 power 0.5、power 1 是专家的热度按编号的 $-0.5$、$-1$ 次方衰减：

# %% alt="每张卡收到的 token 数的柱状图，8 张卡，三种路由。均匀路由每卡 64；热度按 0.5 次方衰减时第 0 张卡近两倍；按 1 次方衰减时第 0 张卡三倍多，其余大体依次下降"
fig, axis = figure(size=(6.2, 3.4))
for i, ((name, values), style) in enumerate(
    zip(load.items(), ((BLUE, ""), (GREEN, "//"), (ORANGE, "--")), strict=True)
):
    _ = axis.bar(
        np.arange(n) + 0.27 * (i - 1),
        values,
        0.25,
        fc=style[0],
        hatch=style[1],
        ec="white",
        label=name,
    )
_ = axis.axhline(T * k, color=GRAY, ls="--", lw=1)
_ = axis.set(xlabel="rank", ylabel="(token, expert) pairs", xticks=range(n))
_ = axis.legend(fontsize=10)

# %%
for name, values in load.items():
    slow = busy[name] / busy["balanced"]
    print(
        f"{name}：最忙的卡是平均的 {values.max() / values.mean():.2f} 倍，两次 all-to-all 的时间是均匀时的 {slow:.2f} 倍"
    )
    assert values.sum() == n * T * k
assert load["power 1"].max() > load["power 0.5"].max() > load["balanced"].max() == T * k
assert busy["power 1"] > busy["power 0.5"] > busy["balanced"]

# %% [markdown]
# ## 12. 张量并行：入口与出口
#
# ### 前向与反向
#
# 前馈层 $Z=\mathrm{gelu}(XA+a_0)B+b_0$，$X\in\mathbb R^{m\times h}$（$m=bs$ 个 token），中间维 $f$。$A$ 按**列**切成 $A_r\in\mathbb R^{h\times f/t}$，$B$ 按**行**切成 $B_r\in\mathbb R^{f/t\times h}$：
#
# | 步 | 每张卡上 | 通信 |
# |---|---|---|
# | 入口，前向 | $X$ 人人一份 | 恒等 |
# | 列切 | $U_r=XA_r+a_{0,r}$，$Y_r=\mathrm{gelu}(U_r)$ | 无 |
# | 行切 | $P_r=Y_rB_r$ 是部分和 | 无 |
# | 出口，前向 | $Z=\sum_rP_r+b_0$ | all-reduce |
# | 出口，反向 | $dP_r=dZ$ | 恒等 |
# | 行切、列切 | $dB_r=Y_r^\top dZ$，$dU_r=dZB_r^\top\circ\mathrm{gelu}'(U_r)$，$dA_r=X^\top dU_r$ | 无 |
# | 入口，反向 | $dX=\sum_rdU_rA_r^\top$ | all-reduce |
#
# 入口和出口是一对共轭算子（Megatron-LM 论文记作 $f$、$g$）：入口前向把 $X$ 复制到 $t$ 张卡，复制的转置是求和；出口前向求和、人人得到同一个 $Z$，各卡从自己那份往回算，拿到的已经是完整的 $dZ$，而 $Z$ 对每个 $P_r$ 的导数是恒等，所以反向不通信。


# %%
def gelu(u):
    return 0.5 * u * (1 + np.tanh(np.sqrt(2 / np.pi) * (u + 0.044715 * u**3)))


def gelu_slope(u):
    inner = np.tanh(np.sqrt(2 / np.pi) * (u + 0.044715 * u**3))
    return 0.5 * (1 + inner) + 0.5 * u * (1 - inner**2) * np.sqrt(2 / np.pi) * (1 + 0.134145 * u**2)


def mlp(x, A, a0, B, b0):
    return gelu(x @ A + a0) @ B + b0


def all_reduce(world, parts):
    flat = ring_all_reduce(world, [p.ravel() for p in parts])
    return [y.reshape(parts[0].shape) for y in flat]


def shard(t, A, a0, B):
    assert A.shape[1] % t == 0, "中间维要能被 t 整除"
    return list(zip(np.split(A, t, axis=1), np.split(a0, t), np.split(B, t, axis=0), strict=True))


def tp_forward(world, x, shards, b0):
    us = [x @ a + a0 for a, a0, _ in shards]  # 列切：(m, f/t)
    ys = [gelu(u) for u in us]
    parts = [y @ b for y, (_, _, b) in zip(ys, shards, strict=True)]  # 行切：(m, h) 的部分和
    zs = [z + b0 for z in all_reduce(world, parts)]  # 出口：规约之后才加偏置
    return zs, (x, us, ys)


def tp_backward(world, dz, shards, saved):
    x, us, ys = saved
    dus = [dz @ b.T * gelu_slope(u) for u, (_, _, b) in zip(us, shards, strict=True)]
    grads = [(x.T @ du, du.sum(axis=0), y.T @ dz) for du, y in zip(dus, ys, strict=True)]
    parts = [du @ a.T for du, (a, _, _) in zip(dus, shards, strict=True)]
    return all_reduce(world, parts), grads  # 入口：dX 是各卡之和


m, h, f = 8, 6, 16
x, dz = rng.standard_normal((2, m, h))
A, B = rng.standard_normal((h, f)), rng.standard_normal((f, h))
a0, b0 = rng.standard_normal(f), rng.standard_normal(h)
numeric = [
    numeric_gradient(
        lambda v, i=i: float(
            (dz * mlp(*[v if i == j else p for j, p in enumerate((x, A, a0, B))], b0)).sum()
        ),
        value,
    )
    for i, value in enumerate((x, A, a0, B))
]
for t in (1, 2, 4, 8):
    world, shards = World(t), shard(t, A, a0, B)
    zs, saved = tp_forward(world, x, shards, b0)
    dxs, grads = tp_backward(world, dz, shards, saved)
    for z, dx in zip(zs, dxs, strict=True):  # 每张卡都对
        assert np.allclose(z, mlp(x, A, a0, B, b0), rtol=0, atol=1e-12)
        assert np.allclose(dx, numeric[0], rtol=0, atol=1e-7)
    dA, da0, dB = (
        np.concatenate(g, axis=axis)
        for g, axis in zip(zip(*grads, strict=True), (1, 0, 0), strict=True)
    )
    for got, want in zip((dA, da0, dB), numeric[1:], strict=True):
        assert np.allclose(got, want, rtol=0, atol=1e-7)
    assert world.sent.sum() == 2 * 2 * (t - 1) * m * h * 8  # 前向、反向各一次 all-reduce
print("t = 1、2、4、8：各卡的输出等于不切的，dX、dA、da0、dB 与有限差分一致")

# %% tags=["oracle"]
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
leaves = [torch.tensor(v, requires_grad=True) for v in (x, A, a0, B, b0)]
tx, tA, ta, tB, tb = leaves
out = F.gelu(tx @ tA + ta, approximate="tanh") @ tB + tb
out.backward(torch.tensor(dz))
world4, shards4 = World(4), shard(4, A, a0, B)
zs4, saved4 = tp_forward(world4, x, shards4, b0)
dxs4, grads4 = tp_backward(world4, dz, shards4, saved4)
check("t = 4 的前向与 PyTorch", zs4[0], out.detach().numpy())
check("dX 与自动求导", dxs4[3], tx.grad.numpy())
check("dA 与自动求导", np.concatenate([g[0] for g in grads4], axis=1), tA.grad.numpy())
check("dB 与自动求导", np.concatenate([g[2] for g in grads4]), tB.grad.numpy())

# %% [markdown]
# 注意力同理：$W_Q,W_K,W_V$ 按头列切，$W_O$ 行切。每层前向、反向各 2 次 all-reduce，每卡发送 $4\times\frac{2(t-1)}{t}bsh=\frac{8(t-1)}{t}bsh$ 个元素（每层每微批）。
#
# ### 四种错法
#
# - **先行后列，激活放在规约之前**：行切得到的是部分和，$\mathrm{gelu}(u+v)\ne\mathrm{gelu}(u)+\mathrm{gelu}(v)$。要对就得在激活之前多一次 all-reduce。
# - **漏掉入口的反向**：本层的 $dA_r,dB_r$ 全对，$dX$ 却只是部分和，错的是它下面的层。只测本层权重的梯度查不出来。
# - **出口的反向也规约**：各卡的 $dZ$ 本就相同，再加一遍，所有梯度大 $t$ 倍。
# - **偏置在规约之前加**：加了 $t$ 遍，差 $(t-1)b_0$。

# %%
t = 4
right, shards = mlp(x, A, a0, B, b0), shard(t, A, a0, B)
rows = [xr @ ar for xr, ar in zip(np.split(x, 2, axis=1), np.split(A, 2, axis=0), strict=True)]
early = sum(gelu(p) for p in rows)  # 先激活再规约
late = gelu(sum(rows))  # 先规约再激活
check("行切：先规约再激活", late, gelu(x @ A))
assert np.abs(early - late).max() > 0.1

_, saved = tp_forward(World(t), x, shards, b0)
dxs, grads = tp_backward(World(t), dz, shards, saved)
_, us, ys = saved
partial = (dz @ shards[0][2].T * gelu_slope(us[0])) @ shards[0][0].T  # rank 0 不做入口的规约
assert np.abs(partial - dxs[0]).max() > 0.1
scaled, scaled_grads = tp_backward(World(t), t * dz, shards, saved)  # 出口又规约一遍：dZ 变成 t·dZ
check("出口反向多规约一次，梯度大 t 倍", scaled_grads[0][0], t * grads[0][0])
biased = sum(y @ b + b0 for y, (_, _, b) in zip(ys, shards, strict=True))
check("偏置加了 t 遍", biased - right, np.tile((t - 1) * b0, (m, 1)))

# %% [markdown]
# ## 13. 序列并行：拆成两半
#
# 张量并行之外的归一化、dropout、残差在每张卡上重复算、重复存。序列并行（Sequence Parallelism，SP）把它们沿 token 切成 $(m/t,h)$。入口前向变成 all-gather，反向是它的转置 reduce-scatter；出口正相反。一次 all-reduce 换成一对 reduce-scatter 与 all-gather，而环形 all-reduce 本来就是这一对，**替换的部分字节数不变**。
#
# 多出来的一次：列切层只存 $1/t$ 的输入，算 $dA_r=X^\top dU_r$ 时要把 $X$ 再聚一次（Megatron-LM 的做法）。


# %%
def gather_rows(world, parts):
    """每卡 (m/t, h) → (m, h)。"""
    n, rows = world.n, parts[0].shape[0]
    bufs = [np.zeros(n * parts[0].size) for _ in range(n)]
    for r in range(n):
        piece(bufs[r], r, n)[:] = parts[r].ravel()
    ring_all_gather(world, bufs, first=0)
    return [b.reshape(n * rows, -1) for b in bufs]


def scatter_rows(world, parts):
    """每卡部分和 (m, h) → 和的第 r 段 (m/t, h)。"""
    n, (rows, width) = world.n, parts[0].shape
    bufs = [p.ravel().copy() for p in parts]
    ring_reduce_scatter(world, bufs, first=-1)
    return [piece(bufs[r], r, n).reshape(rows // n, width) for r in range(n)]


def sp_forward(world, xs, shards, b0):
    full = gather_rows(world, xs)  # 入口：all-gather
    us = [x @ a + a0 for x, (a, a0, _) in zip(full, shards, strict=True)]
    ys = [gelu(u) for u in us]
    zs = scatter_rows(world, [y @ b for y, (_, _, b) in zip(ys, shards, strict=True)])  # 出口
    return [z + b0 for z in zs], (xs, us, ys)


def sp_backward(world, dzs, shards, saved):
    xs, us, ys = saved
    full_dz, full_x = gather_rows(world, dzs), gather_rows(world, xs)  # 第二次是多出来的
    dus = [dz @ b.T * gelu_slope(u) for dz, u, (_, _, b) in zip(full_dz, us, shards, strict=True)]
    grads = [(x.T @ du, y.T @ dz) for x, du, y, dz in zip(full_x, dus, ys, full_dz, strict=True)]
    return scatter_rows(world, [du @ a.T for du, (a, _, _) in zip(dus, shards, strict=True)]), grads


for t in (1, 2, 4):
    tp, sp, shards = World(t), World(t), shard(t, A, a0, B)
    zs, saved = tp_forward(tp, x, shards, b0)
    dxs, grads = tp_backward(tp, dz, shards, saved)
    tp_total, half = tp.sent.copy(), (t - 1) * m * h * 8 // t
    zs_sp, saved = sp_forward(sp, np.split(x, t), shards, b0)
    assert (sp.sent == 2 * half).all()  # 前向：与 TP 的一次 all-reduce 相同
    dxs_sp, grads_sp = sp_backward(sp, np.split(dz, t), shards, saved)
    assert np.allclose(np.concatenate(zs_sp), zs[0]) and np.allclose(np.concatenate(dxs_sp), dxs[0])
    assert all(
        np.allclose(g[0], s[0]) and np.allclose(g[2], s[1])
        for g, s in zip(grads, grads_sp, strict=True)
    )
    assert (tp_total == 4 * half).all() and (sp.sent == 5 * half).all()
print("SP 与 TP 数值相同；前向字节相同，反向多聚一次输入：5 份对 4 份，每份 (t−1)/t · mh 个元素")

# %% [markdown]
# ## 14. 数据并行：分桶与重叠
#
# 反向从最后一层算到第一层，后面的层梯度先好。装满一桶就发起 all-reduce，与剩下的反向重叠。设反向共 $T_b$，$k$ 个等大的桶，一桶的通信 $\tau=2(N-1)\alpha+\frac{2(N-1)}{N}\frac{S/k}{B}$：
#
# $$
# T=\max\left(T_b+\tau,\ \frac{T_b}{k}+k\tau\right).
# $$
#
# 前一项是通信藏得住，只露最后一桶；后一项是通信跟不上。桶太大，$\tau$ 里的 $S/k$ 露得多；桶太小，$k$ 份时延 $2(N-1)\alpha$ 排成长队。


# %%
def timeline(layers, per_bucket, compute, size, ranks):
    """每层反向 compute 秒、梯度 size 字节，每 per_bucket 层一桶。返回 [(通信开始, 结束)]。"""
    clock, spans = 0.0, []
    for end in range(per_bucket, layers + per_bucket, per_bucket):
        count = min(end, layers) - (end - per_bucket)
        ready = min(end, layers) * compute
        clock = max(clock, ready) + seconds("ring", ranks, count * size, **link)
        spans.append((clock - seconds("ring", ranks, count * size, **link), clock))
    return spans


layers, compute, size, ranks = 24, 0.5e-3, 5e6, 64  # 24 层，每层反向 0.5 毫秒、梯度 5 MB，64 卡
plans = {per: timeline(layers, per, compute, size, ranks) for per in (24, 6, 1)}
for per, spans in plans.items():
    k, tau = layers // per, seconds("ring", ranks, per * size, **link)
    Tb = layers * compute
    assert np.isclose(spans[-1][1], max(Tb + tau, Tb / k + k * tau))
    print(f"{k:2d} 个桶：反向加通信共 {1e3 * spans[-1][1]:.1f} 毫秒，反向本身 {1e3 * Tb:.0f} 毫秒")
assert min(plans, key=lambda per: plans[per][-1][1]) == 6

# %% alt="三条时间线，每条上面是反向计算，12 毫秒，下面是通信。一个桶时通信全部排在反向之后，约 18 毫秒结束；四个桶时前三桶藏在反向里，约 14 毫秒结束；二十四个桶时通信首尾相接排成长队，约 36 毫秒结束"
fig, axes = figure(3, 1, size=(6.2, 4.8), sharex=True)
for axis, (per, spans) in zip(axes, plans.items(), strict=True):
    for i in range(layers // per):
        _ = axis.broken_barh(
            [(i * per * compute * 1e3, per * compute * 1e3)],
            (1.1, 0.8),
            fc=BLUE,
            ec="white",
            lw=0.8,
        )
    for start, end in spans:
        bar = four_digits([1e3 * start, 1e3 * (end - start)])
        _ = axis.broken_barh([tuple(bar)], (0.1, 0.8), fc=ORANGE, ec="white", lw=0.8)
    _ = axis.axvline(layers * compute * 1e3, color=GRAY, ls="--", lw=1)
    _ = axis.set(
        title=f"{layers // per} bucket{'s' if per < 24 else ''}",
        yticks=[0.5, 1.5],
        yticklabels=["comm", "backward"],
    )
_ = axes[2].set(xlabel="time (ms)")

# %% [markdown]
# 桶只是把几个张量首尾相接再规约，不改变数值；PyTorch 的默认桶大小、按到达次序重排等细节见 [DDP 分桶](../docs/questions/ddp-bucket-overlap.md)。all-reduce 给的是**和**，要平均得再除以 $N$；各卡有效 token 数不同时，除以 $N$ 也不对，见练习 3。

# %% [markdown] part="interview" title="面试版与练习"
# ## 15. 面试版：三十行的环
#
# 不用线程，不用队列：$N$ 个列表锁步前进。边写边说五句话：
#
# 1. 「摊平，切 $N$ 块，边界用 $\lfloor Sc/N\rfloor$，不整除、不够分都不用补零。」
# 2. 「两个阶段同一套下标：发 $r+\text{phase}-k$，收进 $r-1+\text{phase}-k$；phase 0 加，phase 1 覆盖。」
# 3. 「一步里先把要发的全取出来，再写。」
# 4. 「每步发 $S/N$，$2(N-1)$ 步，每卡 $\frac{2(N-1)}{N}S$。」
# 5. 「小消息换树或递归加倍；生产里就一行 `dist.all_reduce`。」

# %% tags=["oracle"]
import inspect

import torch
import torch.distributed as dist


def ring(xs):
    """xs：N 个同形状的张量，一卡一个。返回 (N 个和, 每卡发送的元素数)。"""
    n = len(xs)
    flat = [x.reshape(-1).clone() for x in xs]
    size = flat[0].numel()

    def chunk(r, c):  # rank r 的第 c 块，视图
        c %= n
        return flat[r][size * c // n : size * (c + 1) // n]

    sent = [0] * n
    for phase in (0, 1):  # 0：reduce-scatter；1：all-gather
        for k in range(n - 1):
            out = [chunk(r, r + phase - k).clone() for r in range(n)]
            for r in range(n):
                mine, got = chunk(r, r - 1 + phase - k), out[r - 1]  # r = 0 的左邻是 out[-1]
                mine.copy_(got if phase else mine + got)
                sent[r] += out[r].numel()
    return [y.view_as(x) for y, x in zip(flat, xs, strict=True)], sent


# 面试官会试的六件事
torch.manual_seed(0)
for cards, shape in [
    (1, (5,)),
    (2, (7,)),
    (4, (8,)),
    (4, (2, 5)),
    (5, (3,)),
    (3, (0,)),
    (8, (64,)),
]:
    inputs = [torch.randint(-9, 9, shape) for _ in range(cards)]
    saved_inputs = [v.clone() for v in inputs]
    results, volume = ring(inputs)
    expected = torch.stack(inputs).sum(dim=0)
    assert all(torch.equal(y, expected) for y in results)  # 1 一卡、不整除、不够分、空、多维
    assert all(torch.equal(v, w) for v, w in zip(inputs, saved_inputs, strict=True))  # 2 不改输入
    assert sum(volume) == 2 * (cards - 1) * expected.numel()  # 3 总流量
digits, _ = ring([torch.full((4,), 10**r) for r in range(4)])
assert all((y == 1111).all() for y in digits)  # 4 每张卡恰好加一次
_, volume = ring([torch.ones(8000) for _ in range(8)])
assert volume == [14000] * 8  # 5 2 × 7/8 × 8000
floats, _ = ring([torch.randn(999) for _ in range(6)])
assert all(torch.equal(y, floats[0]) for y in floats)  # 6 各卡逐位相同
names = {
    "all_reduce": ["tensor", "op"],
    "reduce_scatter_tensor": ["output", "input", "op"],
    "all_gather_into_tensor": ["output_tensor", "input_tensor"],
    "all_to_all_single": ["output", "input", "output_split_sizes", "input_split_sizes"],
    "broadcast": ["tensor", "src"],
    "reduce": ["tensor", "dst"],
    "batch_isend_irecv": ["p2p_op_list"],
}
for call, first in names.items():  # 生产里叫什么
    assert list(inspect.signature(getattr(dist, call)).parameters)[: len(first)] == first
print("结果、输入、流量、下标、逐位相同、接口名：全部通过")

# %% [markdown]
# `torch.distributed` 里的名字（上面核对过签名；不起进程组，没有真的通信）：
#
# | 原语 | 调用 | 要点 |
# |---|---|---|
# | all-reduce | `all_reduce(tensor)` | 原地；默认求和，不求平均 |
# | reduce-scatter | `reduce_scatter_tensor(output, input)` | rank $r$ 得第 $r$ 块 |
# | all-gather | `all_gather_into_tensor(out, in)` | 沿第 0 维拼 |
# | all-to-all | `all_to_all_single(output, input, …)` | 变长要给两组 split sizes |
# | broadcast、reduce | `broadcast(t, src)`，`reduce(t, dst)` | 根由参数指定 |
# | 点对点 | `batch_isend_irecv([P2POp, …])` | 环可以由它拼 |
#
# 前五行都有 `async_op=True`：返回一个句柄，用结果之前要 `wait()`。所有 rank 必须按同样的次序、同样的元素数与类型调用，否则行为未定义，可能挂住，见 [NCCL 超时怎么查](../docs/questions/nccl-hang-debug.md)。
#
# ## 16. 练习
#
# 先自己算，再展开答案；本节末尾的代码逐题核对。
#
# **1.** 要让 reduce-scatter 结束时 rank $r$ 握有第 $r$ 块，第 $k$ 步该发哪块？接着的 all-gather 呢？
#
# <details>
# <summary>答案 1</summary>
#
# 起点从 $r$ 改成 $r-1$：发 $(r-1-k)\bmod N$，收 $(r-2-k)\bmod N$，最后收的是 $(r-2-(N-2))\bmod N=r$。all-gather 从手里那块发起：发 $(r-k)\bmod N$，收 $(r-1-k)\bmod N$。流量和步数都不变。
#
# </details>
#
# **2.** 7B 参数、bf16 梯度、8 卡数据并行，每卡每步发多少 GB？ZeRO-1 与 ZeRO-3 呢（每步同步一次，参数也是 bf16）？
#
# <details>
# <summary>答案 2</summary>
#
# $S=7\times10^9\times2$ 字节 $=14$ GB。数据并行是一次 all-reduce：$\frac{2\times7}{8}\times14=24.5$ GB。ZeRO-1 是梯度 reduce-scatter 加参数 all-gather，各 $\frac78\times14$，还是 24.5 GB。ZeRO-3 前向、反向各聚一次参数，再 reduce-scatter 梯度：$3\times\frac78\times14=36.75$ GB，是 1.5 倍。
#
# </details>
#
# **3.** 两张卡各有 3 个和 1 个有效 token，各自对自己的 token 求平均损失，再把梯度 all-reduce 后除以 2。这与全部 4 个 token 的平均损失的梯度相同吗？怎么改？
#
# <details>
# <summary>答案 3</summary>
#
# 不同。除以 2 得到 $\frac12\left(\frac{G_0}{3}+\frac{G_1}{1}\right)$，$G_r$ 是 rank $r$ 各 token 梯度之和；要的是 $\frac{G_0+G_1}{4}$。token 少的卡被放大了。改法：先 all-reduce token 数（一个标量），各卡用「损失之和 ÷ 全局 token 数」反传，梯度 all-reduce 求和，不再除以卡数。
#
# </details>
#
# **4.** fp16 梯度，16 张卡上某个元素都是 4800。先求和再除以 16，与先除以 16 再求和，结果各是什么？
#
# <details>
# <summary>答案 4</summary>
#
# 先求和：和是 76800，超过 fp16 的最大值 65504，得到 inf。先除：每卡 300，和是 4800，正确。代价是先除更容易下溢：fp16 最小的正数是 $2^{-24}\approx6.0\times10^{-8}$，$4\times10^{-7}$ 除以 16 就变成 0。bf16 的指数范围与 fp32 相同，没有这个问题，但每次加法只有 8 位有效位；要稳妥就用 fp32 规约。
#
# </details>
#
# **5.** 64 卡，$\alpha$ = 10 微秒，$B$ = 50 GB/s，桶是 25 MiB。环形 all-reduce 要多久？busbw 是带宽的几成？
#
# <details>
# <summary>答案 5</summary>
#
# 时延 $2\times63\times10$ 微秒 $=1.26$ 毫秒；传输 $\frac{2\times63}{64}\times\frac{25\times2^{20}}{50\times10^9}\approx1.03$ 毫秒；共 2.29 毫秒。busbw 是 $\frac{1}{1+N\alpha B/S}=\frac{1}{1+32/26.2}\approx45\%$：$S_{1/2}=N\alpha B=32$ MB，桶还在时延区，卡数多了桶要加大。
#
# </details>
#
# **6.** 链路是全双工，环只用了「发给右邻、收自左邻」一个方向。怎样再快一倍？每卡总共发的字节变了吗？
#
# <details>
# <summary>答案 6</summary>
#
# 把张量切两半，一半顺时针、一半逆时针各跑一个环，同时进行。每个方向的链路只走 $\frac{N-1}{N}S$，带宽项减半；每卡总发送量仍是 $\frac{2(N-1)}{N}S$，步数不变。前提是两个邻居在两条不同的物理链路上；若瓶颈是卡的总出口带宽，就没有收益。下界没有被打破，因为它算的是每卡的总出口。
#
# </details>

# %%
# 练习 1：起点 r − 1
n = 5
xs = rng.integers(-9, 9, (n, 13))
bufs = [x.copy() for x in xs]
ring_reduce_scatter(World(n), bufs, first=-1)
assert all(np.array_equal(piece(bufs[r], r, n), piece(xs.sum(axis=0), r, n)) for r in range(n))
ring_all_gather(World(n), bufs, first=0)
assert np.array_equal(bufs, define_all_reduce(xs))
print("1 起点改成 r − 1，rank r 得第 r 块")

# 练习 2：用模拟器数 8 卡的系数，再乘 14 GB
world, scatter, gather = World(8), World(8), World(8)
data = np.ones((8, 80))
ring_all_reduce(world, data)
ring_reduce_scatter(scatter, data.copy(), first=-1)
ring_all_gather(gather, data.copy(), first=0)
one, rs, ag = (w.sent[0] / data[0].nbytes * 14 for w in (world, scatter, gather))
assert one == rs + ag == 24.5 and rs + 2 * ag == 36.75
print(f"2 数据并行 {one:g} GB，ZeRO-1 {rs + ag:g} GB，ZeRO-3 {rs + 2 * ag:g} GB")

# 练习 3：有效 token 数不同
g0, g1 = rng.standard_normal((3, 5)), rng.standard_normal((1, 5))  # 每个 token 的梯度
wanted = np.concatenate([g0, g1]).mean(axis=0)
by_cards = all_reduce(World(2), [g0.mean(axis=0), g1.mean(axis=0)])[0] / 2
tokens_total = ring_all_reduce(World(2), [np.array([3]), np.array([1])])[0][0]
by_tokens = all_reduce(World(2), [g0.sum(axis=0) / tokens_total, g1.sum(axis=0) / tokens_total])[0]
assert np.abs(by_cards - wanted).max() > 0.01
check("3 除以全局 token 数", by_tokens, wanted)

# 练习 4：fp16 的次序
grads16 = np.full((16, 4), 4800, dtype=np.float16)
with np.errstate(over="ignore"):
    after = ring_all_reduce(World(16), grads16)[0] / np.float16(16)
before = ring_all_reduce(World(16), grads16 / np.float16(16))[0]
assert np.finfo(np.float16).max == 65504 and np.finfo(np.float16).smallest_subnormal == 2.0**-24
assert np.isinf(after).all() and (before == 4800).all()
assert np.float16(4e-7) > 0 and np.float16(4e-7) / np.float16(16) == 0
print("4 先求和：", after[0], "，先除：", before[0])

# 练习 5：64 卡，25 MiB
size = 25 * 2**20
time = seconds("ring", 64, size, **link)
assert np.isclose(busbw(64, size, time) / 50e9, 1 / (1 + 64 * 10e-6 * 50e9 / size))
print(f"5 共 {1e3 * time:.2f} 毫秒，busbw 是带宽的 {busbw(64, size, time) / 50e9:.0%}")

# 练习 6：两个方向各一半
n, size = 6, 120
xs = rng.integers(-9, 9, (n, size))
clockwise, backward = World(n), World(n)
left = ring_all_reduce(clockwise, xs[:, : size // 2])
mirrored = ring_all_reduce(backward, xs[::-1, size // 2 :])[::-1]  # 卡号倒过来就是反方向
assert np.array_equal(np.concatenate([left, mirrored], axis=1), define_all_reduce(xs))
assert clockwise.sent[0] * n == (n - 1) * size * 8  # 每个方向 (N−1)/N · S
assert (clockwise.sent + backward.sent == 2 * (n - 1) * size * 8 // n).all()
assert clockwise.steps == backward.steps == 2 * (n - 1)
print("6 每个方向的链路只走 (N−1)/N · S，每卡总量不变")

# %% [markdown]
# 接下来读：[集合通信](../docs/topics/collectives.md)（复杂度表、链路、追问），[模型并行](../docs/topics/model-parallelism.md)（张量并行之外的几种切法），[框架与并行](../docs/topics/frameworks.md)（ZeRO 与数据并行），手写题[环形 all-reduce](../docs/questions/ring-all-reduce.md) 的多线程版本；下一本推导是 [ZeRO、激活与流水线](parallelism.ipynb)。
