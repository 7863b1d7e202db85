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
#     title: ZeRO、激活显存与流水线
#     description: 逐字节数显存，逐元素数通信：混合精度 Adam 的 16 字节、ZeRO 三级、激活公式 sbh(34+5as/h)，再用模拟器画出 GPipe、1F1B、交错与零气泡的时间表
#     topics: [frameworks, model-parallelism, training-efficiency]
#     aliases: [ZeRO 推导, ZeRO 显存, ZeRO 通信量, 手写 ZeRO, 手写 1F1B, 激活显存推导, 34sbh, 流水线模拟, 甘特图, Gantt, 气泡率, pipeline bubble, 1F1B, GPipe, interleaved 1F1B, 交错流水线, zero bubble, ZB-H1, 零气泡, MFU, HFU, 并行配置, 3D 并行, Zero Redundancy Optimizer, activation memory, selective recomputation]
# ---

# %% [markdown] part="states" title="每参数字节与 ZeRO"
# 显存由谁占、通信传多少、流水线空多久：这一本不背公式，逐字节、逐元素、逐格数出来，每个数都由断言核对。[潞晨](../docs/experiences/luchen-2023.md#frameworks) 与 [月之暗面](../docs/experiences/moonshot-2023.md#frameworks) 的记录都问到怎么切；概念与追问在 [框架与并行](../docs/topics/frameworks.md)、[模型并行](../docs/topics/model-parallelism.md)、[训练效率](../docs/topics/training-efficiency.md)。
#
# | 问题 | 结论 |
# |---|---|
# | 每个参数几字节 | 混合精度 Adam：$2+2+4+4+4=16$；梯度用 fp32 累加是 18 |
# | ZeRO 每卡字节 | 1 级 $4\Psi+\frac{12\Psi}{N_d}$，2 级 $2\Psi+\frac{14\Psi}{N_d}$，3 级 $\frac{16\Psi}{N_d}$ |
# | ZeRO 通信（元素/卡/步） | 数据并行、1 级、2 级都是 $2\Psi$，3 级 $3\Psi$ |
# | 一层的激活（字节） | $sbh(34+5as/h)$；TP 加 SP 再除以 $t$；全量重算只留 $2sbh$ |
# | 气泡率 | 对理想时间 $\frac{p-1}{m}$，对总时间 $\frac{p-1}{m+p-1}$ |
# | 1F1B 省什么 | 气泡与 GPipe 相同；第 $i$ 段在飞 $\min(p-i,m)$，GPipe 是 $m$ |
# | 交错、零气泡 | 交错：气泡除以 $v$；ZB-H1：空闲 $(p-1)(t_F+t_B-t_W)$ |
# | MFU 与 HFU | 每 token 的分子：$6N$ 与（全量重算）$8N$ |
#
# 记号：$\Psi$ 或 $N$ 是参数量；$N_d,t,p$ 是数据、张量（TP）、流水线（PP）并行度，SP 是序列并行；$m$ 是微批数，$v$ 是每卡的小段数；$b,s,h,a,L$ 是微批大小、序列长、隐藏维、头数、层数。GB $=10^9$ 字节。
#
# ## 1. 每个参数几个字节
#
# 前向和反向用 16 位的参数与梯度；更新在 fp32 上做，所以另存一份主参数；Adam 的一阶矩、二阶矩也是 fp32：
#
# $$
# \underbrace{2}_{\text{参数}}+\underbrace{2}_{\text{梯度}}+\underbrace{4+4+4}_{\text{主参数、}m\text{、}v}=16,\qquad K=4+4+4=12 .
# $$
#
# 这是 ZeRO 论文（1910.02054）的口径。Megatron-LM 缺省用 fp32 累加梯度，是 $2+4+12=18$；优化器状态切到 $N_d$ 张卡上是 $6+12/N_d$，它的 `theoretical_memory_usage.py` 里就是这两个数。报数前先说梯度是几位的。

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
GB = 1e9


def state_bytes(gradient=2, master=4, moments=(4, 4), parameter=2):
    """每个参数的模型状态字节。"""
    return parameter + gradient + master + sum(moments)


assert state_bytes() == 16
assert state_bytes(gradient=4) == 18
assert state_bytes(parameter=4, gradient=4, master=0) == 16  # 全 fp32，没有另外的主参数
assert state_bytes(moments=(4,)) == 12  # 带动量的 SGD
print("混合精度 Adam：", state_bytes(), "；梯度用 fp32：", state_bytes(gradient=4))
print("7B 的模型状态：", state_bytes() * 7e9 / GB, "GB")

# %% [markdown]
# 为什么要为梯度多花 2 字节？bf16 只有 8 位二进制有效数字。假设每个微批给同一个参数的梯度都是 1，累加 1000 次：加到 256 就再也加不动了，因为 257 落在 256 与 258 正中，舍入又回到 256。主参数要用 fp32 是同一个道理：更新量比参数小几个数量级。


# %%
def bf16(x):
    """舍入到最近的 bf16（平局取偶），结果仍用 float32 装。"""
    bits = np.asarray(x, dtype=np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).view(np.float32)


low, high = np.zeros(1, np.float32), np.zeros(1, np.float32)
for _ in range(1000):
    low, high = bf16(low + 1), high + np.float32(1)
assert low[0] == 256 and high[0] == 1000
print("1 加 1000 次：bf16 得", int(low[0]), "，fp32 得", int(high[0]))

# %% [markdown]
# ## 2. ZeRO 每卡留多少
#
# 数据并行的每张卡都有一整份状态，而 Adam 的更新是逐元素的：谁更新哪一段都行，于是每张卡只管 $1/N_d$。1 级切优化器状态，2 级再切梯度，3 级再切参数：
#
# $$
# \text{每卡}=\frac{2\Psi}{N_d^{[\ge3]}}+\frac{2\Psi}{N_d^{[\ge2]}}+\frac{K\Psi}{N_d^{[\ge1]}},
# $$
#
# 方括号里的条件成立取 1，否则取 0：级别够了才除。$N_d\to\infty$ 时依次剩 16、4、2、0 字节每参数：**1、2 级有底，3 级没有。** 激活不在其内。


# %%
def zero_bytes(psi, ranks, stage, k=12, gradient=2):
    """每卡的模型状态字节；stage=0 是普通数据并行。"""

    def share(level):
        return ranks if stage >= level else 1

    return psi * (2 / share(3) + gradient / share(2) + k / share(1))


assert [zero_bytes(1, 1, stage) for stage in range(4)] == [16] * 4  # 一张卡，几级都一样
assert [round(zero_bytes(7.5e9, 64, i) / GB, 1) for i in range(4)] == [120.0, 31.4, 16.6, 1.9]
assert zero_bytes(1, 8, 1, gradient=4) == 6 + 12 / 8  # Megatron-LM 的 6 + 12/N_d
print("7.5B、64 卡，0～3 级（GB）：", [round(zero_bytes(7.5e9, 64, i) / GB, 1) for i in range(4)])

# %% alt="双对数折线图，横轴是数据并行度 1 到 256，纵轴是每卡每参数的字节。不切的一条水平在 16；一级很快降到 4 就平了；二级降到 2 才平；三级是一条一直向下的直线，没有底"
ranks = 2 ** np.arange(9)
fig, axes = figure(size=(6.0, 3.6))
for stage, color, marker in zip(range(4), [GRAY, ORANGE, GREEN, BLUE], "o^sD", strict=True):
    curve = [zero_bytes(1, n, stage) for n in ranks]
    axes.plot(ranks, four_digits(curve), marker + "-", color=color, label=f"ZeRO-{stage}")
axes.set_xscale("log", base=2)
axes.set_yscale("log", base=2)
_ = axes.set(xlabel=r"$N_d$", ylabel="bytes per parameter", xticks=ranks, xticklabels=ranks)
_ = axes.set(yticks=[0.0625, 0.25, 1, 2, 4, 16], yticklabels=["1/16", "1/4", "1", "2", "4", "16"])
_ = axes.legend()

# %% [markdown] part="zero" title="切开的 AdamW"
# ## 3. 写一个切开的 AdamW
#
# 公式对不对，写出来跑一遍就知道：用数组模拟 $N_d$ 张卡，集合通信顺带数出**每张卡发送的元素**。环形算法里，reduce-scatter 与 all-gather 各发 $\frac{N_d-1}{N_d}\Psi$，all-reduce 是两者之和；下面说 $2\Psi$、$3\Psi$ 时省去这个公共的系数。


# %%
class Group:
    """ranks 张卡的集合通信；sent 按名目累计每张卡发送的元素数。"""

    def __init__(self, ranks):
        self.ranks, self.sent = ranks, {}

    def count(self, label, size):
        self.sent[label] = self.sent.get(label, 0) + (self.ranks - 1) * size // self.ranks

    def reduce_scatter(self, parts, label):  # 每卡一份 (Ψ,) → 每卡自己那段的和 (Ψ/N,)
        total = sum(parts)
        self.count(label, total.size)
        return np.split(total, self.ranks)

    def all_gather(self, shards, label):  # 每卡 (Ψ/N,) → 每卡一份 (Ψ,)
        full = np.concatenate(shards)
        self.count(label, full.size)
        return [full.copy() for _ in shards]

    def all_reduce(self, parts, label):
        return self.all_gather(self.reduce_scatter(parts, label), label)


class AdamW:
    """一段参数的 AdamW：留着主参数 master 与两个矩，合 3 份。"""

    def __init__(self, parameter, lr=0.02, betas=(0.9, 0.95), eps=1e-8, decay=0.1):
        self.master, self.m, self.v = parameter.copy(), 0 * parameter, 0 * parameter
        self.lr, self.betas, self.eps, self.decay, self.t = lr, betas, eps, decay, 0

    def step(self, g):
        (one, two), self.t = self.betas, self.t + 1
        self.m = one * self.m + (1 - one) * g
        self.v = two * self.v + (1 - two) * g * g
        m, v = self.m / (1 - one**self.t), self.v / (1 - two**self.t)
        self.master = self.master * (1 - self.lr * self.decay)
        self.master = self.master - self.lr * m / (np.sqrt(v) + self.eps)
        return self.master


# %% [markdown]
# 模型是几层 $x_{l+1}=\tanh(x_lW_l)$，反向只有两行。四级的差别全在三处：要权重时聚不聚（`fetch`）、梯度何时规约（`backward` 与 `reduce`）、更新后聚不聚（`update`）。每层摊平后补零到 $N_d$ 的倍数，才切得均匀。


# %%
class Zero:
    """单进程模拟 ranks 张卡，stage 取 0～3；clip 是全局梯度范数的上限。"""

    def __init__(self, weights, ranks, stage, clip=None):
        self.group, self.stage, self.clip = Group(ranks), stage, clip
        self.shapes, self.parameters, self.optimizers = [w.shape for w in weights], [], []
        for w in weights:
            flat = np.pad(w.ravel(), (0, -w.size % ranks))
            owned = np.split(flat, ranks) if stage >= 1 else [flat] * ranks
            self.optimizers.append([AdamW(piece) for piece in owned])
            self.parameters.append([p.copy() for p in owned] if stage == 3 else [flat] * ranks)

    def fetch(self, layer, label):  # 3 级平时只有一段，用到才聚，用完就放
        full = self.parameters[layer]
        if self.stage == 3:
            full = self.group.all_gather(full, label)
        shape = self.shapes[layer]
        return [w[: shape[0] * shape[1]].reshape(shape) for w in full]

    def step(self, microbatches):
        """microbatches[j][r] 是第 j 个微批在第 r 张卡上的 (x, y)；损失是每行 ½‖输出−y‖² 的平均。"""
        self.kept = [[0.0] * self.group.ranks for _ in self.shapes]  # 留着的梯度
        for batch in microbatches:
            outputs = [[x for x, _ in batch]]
            for layer in range(len(self.shapes)):
                pairs = zip(outputs[-1], self.fetch(layer, "AG params, forward"), strict=True)
                outputs.append([np.tanh(x @ w) for x, w in pairs])
            self.backward(outputs, batch)
        self.update(len(microbatches))

    def backward(self, outputs, batch):
        errors = [(x - y) / len(y) for x, (_, y) in zip(outputs[-1], batch, strict=True)]
        for layer in reversed(range(len(self.shapes))):
            weights = self.fetch(layer, "AG params, backward")
            errors = [e * (1 - y**2) for e, y in zip(errors, outputs[layer + 1], strict=True)]
            whole = [(x.T @ e).ravel() for x, e in zip(outputs[layer], errors, strict=True)]
            grads = [np.pad(g, (0, -g.size % self.group.ranks)) for g in whole]
            errors = [e @ w.T for e, w in zip(errors, weights, strict=True)]
            if self.stage >= 2:  # 不留整份：这一层一算完就规约
                grads = self.group.reduce_scatter(grads, "RS grads")
            self.kept[layer] = [k + g for k, g in zip(self.kept[layer], grads, strict=True)]

    def reduce(self, parts):
        if self.stage == 0:
            return self.group.all_reduce(parts, "AR grads")
        return self.group.reduce_scatter(parts, "RS grads") if self.stage == 1 else parts

    def average(self, total, microbatches):
        return total / (self.group.ranks * microbatches)

    def norms(self, grads):  # 每张卡看到的梯度范数；切开时先加平方（一个标量的 all-reduce）再开方
        squares = [sum((layer[r] ** 2).sum() for layer in grads) for r in range(self.group.ranks)]
        return [np.sqrt(sum(squares) if self.stage >= 1 else own) for own in squares]

    def update(self, microbatches):
        grads = [[self.average(g, microbatches) for g in self.reduce(k)] for k in self.kept]
        scales = [1.0] * self.group.ranks
        if self.clip:
            scales = [min(1.0, self.clip / (norm + 1e-6)) for norm in self.norms(grads)]
        for layer, optimizers in enumerate(self.optimizers):
            triples = zip(optimizers, scales, grads[layer], strict=True)
            new = [optimizer.step(scale * g) for optimizer, scale, g in triples]
            if self.stage in (1, 2):
                new = self.group.all_gather(new, "AG params, after step")
            self.parameters[layer] = new

    def result(self):
        """更新后的各层权重；顺便确认每张卡看到的相同。"""
        layers = []
        for layer, shape in enumerate(self.shapes):
            full = self.parameters[layer]
            full = [np.concatenate(full)] if self.stage == 3 else full
            assert all(np.array_equal(full[0], other) for other in full), "各卡的参数不一致"
            layers.append(full[0][: shape[0] * shape[1]].reshape(shape))
        return layers


# %% [markdown]
# 裁判有两个。**逐位**：单卡 AdamW 用同样的平均梯度，切开没有改变任何一次浮点运算，所以四级都应与它逐位相同。**1e-12**：单卡一次算整批，求和次序不同，只差舍入；真机上环形规约的次序随卡数变，也属于这一种。


# %%
def single(weights, batches, clip=None, group=None):
    """单卡的裁判。batches[步] 是若干 (x, y)；group 给出时，逐份算梯度再平均，否则一次算整批。"""
    weights = [w.copy() for w in weights]
    optimizers = [AdamW(w) for w in weights]
    for batch in batches:
        if group is None:
            batch = [tuple(np.concatenate(column) for column in zip(*batch, strict=True))]
        total = [0.0] * len(weights)
        for x, y in batch:
            outputs = [x]
            for w in weights:
                outputs.append(np.tanh(outputs[-1] @ w))
            error = (outputs[-1] - y) / len(y)
            for layer in reversed(range(len(weights))):
                error = error * (1 - outputs[layer + 1] ** 2)
                total[layer] = total[layer] + outputs[layer].T @ error
                error = error @ weights[layer].T
        grads = [g / len(batch) for g in total]
        norm = np.sqrt(sum((g**2).sum() for g in grads))
        scale = min(1.0, clip / (norm + 1e-6)) if clip else 1.0
        weights = [o.step(scale * g) for o, g in zip(optimizers, grads, strict=True)]
    return weights


def join(layers):
    return np.concatenate([w.ravel() for w in layers])


N, steps = 4, 12
start = [rng.standard_normal(shape) for shape in [(5, 7), (7, 6), (6, 3)]]  # 都要补零
shape = (steps, N, 2)  # 每步、每卡两行
batches = list(zip(rng.standard_normal((*shape, 5)), rng.standard_normal((*shape, 3)), strict=True))
batches = [list(zip(x, y, strict=True)) for x, y in batches]  # batches[步][卡] = (x, y)


def run(stage, kind=Zero, clip=None, accumulate=1):
    model = kind(start, N, stage, clip)
    for first in range(0, steps, accumulate):
        model.step(batches[first : first + accumulate])
    return model


same, whole = single(start, batches, group=N), single(start, batches)
for stage in range(4):
    result = run(stage).result()
    assert np.array_equal(join(result), join(same)), stage
    check(f"ZeRO-{stage} 与整批的单卡 AdamW", join(result), join(whole))
print("四级都与「单卡、同样的平均梯度」逐位相同")

merged = [[pair for batch in batches[i : i + 3] for pair in batch] for i in range(0, steps, 3)]
for stage in range(4):
    result = run(stage, clip=0.8, accumulate=3).result()
    check(f"ZeRO-{stage}，累积与裁剪", join(result), join(single(start, merged, clip=0.8)))

# %% [markdown]
# 第三个裁判是 `torch.optim.AdamW` 加 `clip_grad_norm_`，梯度由自动求导给出。

# %% tags=["oracle"]
import torch

torch.set_num_threads(1)
tensors = [torch.tensor(w, requires_grad=True) for w in start]
optimizer = torch.optim.AdamW(tensors, lr=0.02, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)
for batch in batches:
    x, y = (torch.tensor(np.concatenate(column)) for column in zip(*batch, strict=True))
    for w in tensors:
        x = torch.tanh(x @ w)
    optimizer.zero_grad()
    (0.5 * (x - y).pow(2).sum(dim=1).mean()).backward()
    torch.nn.utils.clip_grad_norm_(tensors, 0.8)
    optimizer.step()
reference = join([w.detach().numpy() for w in tensors])
for stage in range(4):
    check(f"ZeRO-{stage} 与 torch.optim.AdamW", join(run(stage, clip=0.8).result()), reference)

# %% [markdown]
# ## 4. 通信与显存：量出来的
#
# 各级一步里每卡发送的元素，按名目读 `group.sent`：
#
# | 级别 | 梯度 | 参数 | 合计 |
# |---|---|---|---|
# | DP | all-reduce $2\Psi$ | 无 | $2\Psi$ |
# | ZeRO-1、2 | reduce-scatter $\Psi$ | 更新后 all-gather $\Psi$ | $2\Psi$ |
# | ZeRO-3 | reduce-scatter $\Psi$ | 前向、反向各 all-gather $\Psi$ | $3\Psi$ |
#
# **「ZeRO-2 通信更多」是错的**：all-reduce 本来就是 reduce-scatter 加 all-gather，1、2 级只是把后半截从「聚梯度」换成「聚参数」。1.5 倍的实现确实有过：DeepSpeed 2020 年 3 月的更新说明写着，ZeRO-1 最初用整份 all-reduce，是数据并行的 1.5 倍，改成只规约自己那段后降到 1 倍。图里最后一条就是那种写法：聚来的梯度大半没用上。
#
# 两个条件要一起说。3 级更新后不必再聚，下一步前向本来就要聚，所以不是 $4\Psi$。累积 $m$ 个微批时，不留整份梯度的 2 级每个微批都要规约，是 $(m+1)\Psi$；3 级是 $3m\Psi$；数据并行与 1 级攒到最后，还是 $2\Psi$。


# %%
class Wasteful(Zero):
    """1 级，但先把整份梯度 all-reduce，再各取自己那段。"""

    def reduce(self, parts):
        full = self.group.all_reduce(parts, "AR grads")
        return [np.split(g, self.group.ranks)[r] for r, g in enumerate(full)]


padded = sum(-(-w.size // N) * N for w in start)  # 补零后的 Ψ
unit = (N - 1) * padded // N
volumes = {}
for label, model in [(f"ZeRO-{i}", run(i)) for i in range(4)] + [("AR + AG", run(1, Wasteful))]:
    volumes[label] = {name: sent / steps / unit for name, sent in model.group.sent.items()}
totals = [sum(parts.values()) for parts in volumes.values()]
assert totals == [2, 2, 2, 3, 3], totals
for m in (2, 3):
    sent = [sum(run(i, accumulate=m).group.sent.values()) for i in range(4)]
    assert [x * m / steps / unit for x in sent] == [2, 2, m + 1, 3 * m]
print("每步每卡（单位 Ψ）：", dict(zip(volumes, map(int, totals), strict=True)))

for stage in range(4):  # 每张卡长期留着的元素 × 字节，与公式相同
    model = run(stage)
    parameters = sum(layer[0].size for layer in model.parameters)
    gradients = sum(layer[0].size for layer in model.kept)
    firsts = [layer[0] for layer in model.optimizers]
    states = sum(o.master.size + o.m.size + o.v.size for o in firsts)
    assert 2 * parameters + 2 * gradients + 4 * states == zero_bytes(padded, N, stage)
print("模拟里留着的参数、梯度、优化器状态，乘 2、2、4 字节等于公式：True")

# %% alt="横向堆叠条形图，单位是参数量。ZeRO-0 是梯度 all-reduce 两份；一、二级是梯度 reduce-scatter 一份加更新后聚参数一份，都到 2；三级是前向聚、反向聚、规约各一份，到 3；最后一条先整份 all-reduce 再聚参数，也到 3"
colors = {
    "AR grads": GRAY,
    "RS grads": BLUE,
    "AG params, after step": GREEN,
    "AG params, forward": ORANGE,
    "AG params, backward": RED,
}
fig, axes = figure(size=(6.4, 4.0))
for row, parts in enumerate(volumes.values()):
    left = 0.0
    for name in [n for n in colors if n in parts]:
        axes.barh(row, parts[name], left=left, color=colors[name], edgecolor="white", label=name)
        left += parts[name]
_ = axes.set(yticks=range(5), yticklabels=list(volumes))
_ = axes.set(xlabel=r"elements sent per device ($\Psi$)")
axes.invert_yaxis()
handles = dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))
_ = fig.legend(handles.values(), handles, loc="outside upper center", ncols=2)

# %% [markdown]
# ### 三个错误的版本
#
# | 错误 | 表现 | 怎么抓 |
# |---|---|---|
# | 平均两次 | 梯度小了 $N_d$ 倍 | **别只看 AdamW 的参数**：它对梯度的尺度几乎不敏感 |
# | 在没规约的梯度上更新 | 每段只学了一张卡的数据；各卡参数照样一致 | 与整批的单卡比数值 |
# | 各卡用自己那段的范数裁剪 | 各段缩放不同，方向变了 | 触发裁剪，再与单卡比 |
#
# 第一个最难抓：$m/\sqrt v$ 里尺度约掉了，只剩 $\epsilon$ 的影响，宽松的容差放它过关。开了裁剪才露出来：范数小了 $N_d$ 倍，该裁的不裁。阈值又不能太低，低到每步都触发，缩放会把尺度重新约掉。


# %%
class AveragedTwice(Zero):
    def average(self, total, microbatches):
        return super().average(total, microbatches) / self.group.ranks


class Unreduced(Zero):
    def reduce(self, parts):  # 各取自己那份梯度的自己那段
        return [np.split(g, self.group.ranks)[r] * self.group.ranks for r, g in enumerate(parts)]


class LocalNorm(Zero):
    def norms(self, grads):
        return [
            np.sqrt(sum((layer[r] ** 2).sum() for layer in grads)) for r in range(self.group.ranks)
        ]


def error(kind, clip=None):
    reference = single(start, batches, clip)
    return gap(join(run(1, kind, clip).result()), join(reference))


assert error(Zero) < 1e-12 and error(Zero, 0.8) < 1e-12
assert 1e-12 < error(AveragedTwice) < 1e-4  # 参数几乎一样
assert error(AveragedTwice, 0.8) > 1e-2  # 有几步该裁没裁
assert error(Unreduced) > 0.1
assert error(LocalNorm) < 1e-12 and error(LocalNorm, 0.8) > 1e-2  # 不裁剪时没有差别
print("平均两次：不裁剪时参数差不到 1e-4，裁剪时超过 1e-2")
print("不规约：各卡参数一致，但与单卡差 0.1 以上")
print("局部范数：不裁剪时没有差别，裁剪时超过 1e-2")

# %% [markdown] part="activations" title="激活显存与重算"
# ## 5. 一层要留哪些张量
#
# 反向要用的，前向就得留着。规则只有四条：矩阵乘留两个操作数（权重不算激活），softmax 留输出，激活函数与归一化留输入，dropout 留掩码。把它们用到一层 GPT 上（Korthikanti 等 2022，2205.05198，表 2；Megatron-LM 的 `theoretical_memory_usage.py` 按这张表算），口径是 16 位激活，掩码 1 字节，$f=4h$，GELU，MHA，不用 FlashAttention。
#
# 账本里一行是一个张量。`inside` 指在张量并行区内，切成 $t$ 份；区外的每张卡都有一整份，除非开序列并行。


# %%
LEDGER = {  # 张量：(每 sbh 字节, 每 as²b 字节, 在张量并行区内)
    "LN1 输入": (2, 0, False),
    "QKV 的输入": (2, 0, False),
    "Q": (2, 0, True),
    "K": (2, 0, True),
    "V": (2, 0, True),
    "softmax 输出": (0, 2, True),
    "注意力掩码": (0, 1, True),
    "dropout 输出": (0, 2, True),
    "输出投影的输入": (2, 0, True),
    "残差掩码 1": (1, 0, False),
    "LN2 输入": (2, 0, False),
    "前馈的输入": (2, 0, False),
    "GELU 输入": (8, 0, True),
    "第二层输入": (8, 0, True),
    "残差掩码 2": (1, 0, False),
}
CORE = ["softmax 输出", "注意力掩码", "dropout 输出"]  # 选择性重算丢掉的


def activation_bytes(s, b, h, a, t=1, sp=False, recompute="none"):
    """一层在一张卡上留的字节。recompute 取 none、selective、full。"""
    if recompute == "full":
        return 2 * s * b * h  # 只留层输入，未切
    total = 0.0
    for name, (linear, square, inside) in LEDGER.items():
        if recompute == "selective" and name in CORE:
            continue
        size = linear * s * b * h + square * a * s * s * b
        total += size / (t if inside or sp else 1)
    return total


s, b, h, a, t = 2048, 1, 12288, 96, 8  # GPT-3 的形状
x, ratio = s * b * h, a * s / h
configs = {
    "none": ({}, 34 + 5 * ratio),
    "TP": ({"t": t}, 10 + 24 / t + 5 * ratio / t),
    "TP+SP": ({"t": t, "sp": True}, (34 + 5 * ratio) / t),
    "TP+selective": ({"t": t, "recompute": "selective"}, 10 + 24 / t),
    "TP+SP+selective": ({"t": t, "sp": True, "recompute": "selective"}, 34 / t),
    "full": ({"recompute": "full"}, 2),
}
for name, (options, per_sbh) in configs.items():
    assert np.isclose(activation_bytes(s, b, h, a, **options), x * per_sbh), name
    print(f"{name:16s} {per_sbh:7.2f} sbh = {x * per_sbh / GB:.3f} GB")
columns = np.array(list(LEDGER.values()))
assert columns[:, 0].sum() == 34 and columns[:, 1].sum() == 5
assert columns[:10, 0].sum() - 2 == 11  # 注意力：去掉 LN1 的输入
assert columns[11:, 0].sum() == 19  # 前馈
assert columns[columns[:, 2] == 0, 0].sum() == 10 and columns[columns[:, 2] == 1, 0].sum() == 24

# %% [markdown]
# 六行公式都从同一张账本筛出来：
#
# | 配置 | 每层字节 |
# |---|---|
# | 不并行 | $sbh(34+5as/h)$ |
# | TP | $sbh(10+24/t+5as/(ht))$ |
# | TP + SP | $(sbh/t)(34+5as/h)$ |
# | TP + 选择性重算 | $sbh(10+24/t)$ |
# | TP + SP + 选择性重算 | $34sbh/t$ |
# | 全量重算 | $2sbh$，不切 |
#
# - **TP 降不了那个 10**：两个归一化的输入 4、两处 TP 区的输入 4、两个残差掩码 2，每张卡都有一份。$t\to\infty$ 时还剩 $10sbh$。
# - **SP 补上的正是它**：这几样逐 token 独立，沿 $s$ 切；TP 区的输入也只留 $1/t$，反向要用时再 all-gather 一次。
# - **选择性重算只丢三样**：$s\times s$ 的那三个。$5as/h=5s/d$，$d=128$、$s=2048$ 时是 80，占 114 里的七成。FlashAttention 在核内做同一件事，所以用了它，第二项就没有了。

# %% alt="横向堆叠条形图，GPT-3 形状一层的激活，单位 GB。不并行是 2.87，其中平方项占七成；只开 TP 剩 0.58，区外那一段与不并行时一样长；TP 加 SP 是 0.36；再加选择性重算是 0.11；全量重算是 0.05"
shades = {
    "outside TP, $10sbh$": RED,
    "inside TP, $24sbh$": BLUE,
    "attention core, $5as^2b$": ORANGE,
    "layer input, $2sbh$": GREEN,
}
fig, axes = figure(size=(6.2, 3.4))
for row, (options, _) in enumerate(configs.values()):
    t_, sp, mode = (options.get(k, v) for k, v in [("t", 1), ("sp", False), ("recompute", "none")])
    parts = {
        "outside TP, $10sbh$": 10 / (t_ if sp else 1),
        "inside TP, $24sbh$": 24 / t_,
        "attention core, $5as^2b$": 0 if mode == "selective" else 5 * ratio / t_,
    }
    if mode == "full":
        parts = {"layer input, $2sbh$": 2}
    left = 0.0
    for name, width in zip(parts, four_digits([n * x / GB for n in parts.values()]), strict=True):
        axes.barh(row, width, left=left, color=shades[name], label=name, edgecolor="white")
        left += width
_ = axes.set(yticks=range(6), yticklabels=list(configs), xlabel="GB per layer")
axes.invert_yaxis()
handles = dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))
_ = axes.legend(handles.values(), handles, loc="lower right")

# %% [markdown]
# ## 6. 这些张量够不够
#
# 账本要经得起两问：**够不够**（只凭它们能不能算出梯度）、**实际留的是不是这些**。先答第一问：手写一层的前向与反向，反向只许读 `saved` 里的 15 个张量，梯度用有限差分与自动求导核对。归一化不带参数，反向时由输入重算均值与方差；GELU 用 tanh 近似。


# %%
RATE = 0.25  # dropout 的概率


def norm(x):
    u = x - x.mean(-1, keepdims=True)
    sigma = np.sqrt((u**2).mean(-1, keepdims=True) + 1e-5)
    return u / sigma, sigma


def norm_backward(dy, x):
    n, sigma = norm(x)
    return (dy - dy.mean(-1, keepdims=True) - n * (dy * n).mean(-1, keepdims=True)) / sigma


def gelu(z):
    """tanh 近似的 GELU 与它的导数。"""
    u = np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))
    slope = np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * z**2)
    return 0.5 * z * (1 + u), 0.5 * (1 + u) + 0.5 * z * (1 - u * u) * slope


def heads(x, a):  # (b, s, h) → (b, a, s, d)
    return x.reshape(*x.shape[:2], a, -1).swapaxes(1, 2)


def merge(x):  # (b, a, s, d) → (b, s, h)
    return x.swapaxes(1, 2).reshape(x.shape[0], x.shape[2], -1)


def core(Q, K, seed):
    """注意力核心里平方项的三样：softmax 输出、掩码、dropout 输出，都是 (b, a, s, s)。"""
    S = Q @ K.mT / np.sqrt(Q.shape[-1])
    E = np.exp(S - S.max(-1, keepdims=True))
    P = E / E.sum(-1, keepdims=True)
    keep = np.random.default_rng(seed).random(P.shape) > RATE
    return P, keep, P * keep / (1 - RATE)


def layer_forward(x, W, a, seed):
    n1 = norm(x)[0]
    Q, K, V = (heads(n1 @ W[n], a) for n in "qkv")
    P, keep, D = core(Q, K, seed)
    C = merge(D @ V)
    keep1, keep2 = np.random.default_rng(seed + 1).random((2, *x.shape)) > RATE
    middle = x + keep1 * (C @ W["o"]) / (1 - RATE)
    n2 = norm(middle)[0]
    Z = n2 @ W["1"]
    G = gelu(Z)[0]
    saved = [x, n1, Q, K, V, P, keep, D, C, keep1, middle, n2, Z, G, keep2]
    y = middle + keep2 * (G @ W["2"]) / (1 - RATE)
    return y, dict(zip(LEDGER, saved, strict=True))


def layer_backward(dy, W, saved):
    x, n1, Q, K, V, P, keep, D, C, keep1, middle, n2, Z, G, keep2 = (saved[n] for n in LEDGER)
    a, root = Q.shape[1], np.sqrt(Q.shape[-1])
    rows = lambda z: z.reshape(-1, z.shape[-1])  # noqa: E731
    dout = keep2 * dy / (1 - RATE)
    dZ = (dout @ W["2"].T) * gelu(Z)[1]
    dmiddle = dy + norm_backward(dZ @ W["1"].T, middle)
    dproj = keep1 * dmiddle / (1 - RATE)
    dO = heads(dproj @ W["o"].T, a)
    dP = keep * (dO @ V.mT) / (1 - RATE)
    dS = P * (dP - (dP * P).sum(-1, keepdims=True)) / root
    dn = {n: merge(g) for n, g in zip("qkv", (dS @ K, dS.mT @ Q, D.mT @ dO), strict=True)}
    dW = {n: rows(n1).T @ rows(g) for n, g in dn.items()}
    dW |= {"o": rows(C).T @ rows(dproj), "1": rows(n2).T @ rows(dZ), "2": rows(G).T @ rows(dout)}
    return dmiddle + norm_backward(sum(g @ W[n].T for n, g in dn.items()), x), dW


def saved_bytes(saved):  # 布尔掩码 1 字节，其余按 16 位算 2 字节
    return sum(z.size * (1 if z.dtype == bool else 2) for z in saved.values())


def weights(h):
    shapes = dict.fromkeys("qkvo", (h, h)) | {"1": (h, 4 * h), "2": (4 * h, h)}
    return {n: rng.standard_normal(shape) / np.sqrt(shape[0]) for n, shape in shapes.items()}


for s, b, h, a in [(16, 2, 32, 4), (48, 1, 24, 3), (7, 3, 8, 1)]:
    saved = layer_forward(rng.standard_normal((b, s, h)), weights(h), a, 0)[1]
    assert saved_bytes(saved) == activation_bytes(s, b, h, a) == s * b * h * (34 + 5 * a * s / h)
print("三种形状，留下的字节都等于 sbh(34 + 5as/h)")

s, b, h, a = 4, 2, 6, 2
X, W, dY = rng.standard_normal((b, s, h)), weights(h), rng.standard_normal((b, s, h))
Y, saved = layer_forward(X, W, a, 7)
dX, dW = layer_backward(dY, W, saved)
total = lambda z, w: float((dY * layer_forward(z, w, a, 7)[0]).sum())  # noqa: E731
check("dX 与有限差分", dX, numeric_gradient(lambda z: total(z, W), X), 1e-7)
for n in W:
    numeric = numeric_gradient(lambda z, n=n: total(X, W | {n: z}), W[n])
    check(f"dW {n} 与有限差分", dW[n], numeric, 1e-7)

# %% [markdown]
# ### 丢掉再算回来
#
# 选择性重算丢三样，反向前由 $Q,K$ 重算；全量重算只留层输入，反向前把整层前向再走一遍。梯度应与全留时逐位相同，前提是 **dropout 用同一个随机状态**：换一个种子，掩码不同，梯度悄悄就错了，什么也不会报。


# %%
def drop(saved, recompute):
    kept = {
        "none": list(LEDGER),
        "selective": [n for n in LEDGER if n not in CORE],
        "full": ["LN1 输入"],
    }
    return {name: saved[name] for name in kept[recompute]}


def restore(kept, W, a, seed):
    if len(kept) == 1:  # 全量：整层前向再来一遍
        return layer_forward(kept["LN1 输入"], W, a, seed)[1]
    again = dict(zip(CORE, core(kept["Q"], kept["K"], seed), strict=True))
    return {name: kept[name] if name in kept else again[name] for name in LEDGER}


for recompute in ("none", "selective", "full"):
    kept = drop(saved, recompute)
    assert saved_bytes(kept) == activation_bytes(s, b, h, a, recompute=recompute)
    again = layer_backward(dY, W, restore(kept, W, a, 7))[0]
    assert np.array_equal(again, dX)
    print(f"{recompute}：留 {saved_bytes(kept)} 字节，梯度逐位相同")
    if recompute != "none":
        assert gap(layer_backward(dY, W, restore(kept, W, a, 8))[0], dX) > 0.01  # 换了随机状态

# %% [markdown]
# 第二问：框架实际留的是不是这些？用 `saved_tensors_hooks` 截下 PyTorch 一层为反向保存的张量，按存储去重、除去权重，数字节。条件：bf16，GELU，归一化用 `F.layer_norm`（它另存每个 token 两个统计量，不计），注意力逐算子写，dropout 用 `torch.native_dropout`。掩码 1 字节这一条看实现：同一层换成 CPU 上的 `F.dropout`，掩码存成与激活同宽的 2 字节，三个掩码各多 1 字节，变成 $sbh(36+6as/h)$。

# %% tags=["oracle"]
import torch
import torch.nn.functional as F

torch.set_num_threads(1)


def native(z):
    return torch.native_dropout(z, RATE, True)[0]


def torch_layer(x, w, a, dropout):
    n = F.layer_norm(x, x.shape[-1:])
    q, k, v = ((n @ w[i]).unflatten(-1, (a, -1)).transpose(1, 2) for i in "qkv")
    p = dropout((q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(-1))
    x = x + dropout((p @ v).transpose(1, 2).flatten(2) @ w["o"])
    return x + dropout(F.gelu(F.layer_norm(x, x.shape[-1:]) @ w["1"], approximate="tanh") @ w["2"])


def torch_saved(s, b, h, a, dropout):
    w = {
        n: torch.tensor(z, dtype=torch.bfloat16, requires_grad=True) for n, z in weights(h).items()
    }
    own, kept = {z.untyped_storage().data_ptr() for z in w.values()}, {}

    def pack(z):
        storage = z.untyped_storage()
        if storage.data_ptr() not in own and z.numel() > s * b:
            kept[storage.data_ptr()] = (storage.nbytes(), z)  # 留住 z，地址才不会被复用
        return z

    x = torch.randn(b, s, h, dtype=torch.bfloat16, requires_grad=True) * 1
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda z: z):
        torch_layer(x, w, a, dropout).sum()
    return sum(size for size, _ in kept.values())


for shape in [(16, 2, 32, 4), (48, 1, 24, 3)]:
    assert torch_saved(*shape, native) == activation_bytes(*shape)
    s_, b_, h_, a_ = shape
    wide = torch_saved(*shape, lambda z: F.dropout(z, RATE))
    assert wide == s_ * b_ * h_ * (36 + 6 * a_ * s_ / h_)
print("native_dropout：等于 sbh(34 + 5as/h)；CPU 的 F.dropout：等于 sbh(36 + 6as/h)")

masks = iter([torch.tensor(saved[n]) for n in ("注意力掩码", "残差掩码 1", "残差掩码 2")])
x = torch.tensor(X, requires_grad=True)
w = {n: torch.tensor(z, requires_grad=True) for n, z in W.items()}
y = torch_layer(x, w, a, lambda z: z * next(masks) / (1 - RATE))
y.backward(torch.tensor(dY))
check("前向与 PyTorch", Y, y.detach().numpy())
check("dX 与自动求导", dX, x.grad.numpy())
check("dW 与自动求导", join(dW.values()), join([w[n].grad.numpy() for n in dW]))

# %% [markdown] part="pipeline" title="流水线：气泡与在飞"
# ## 7. 一个事件模拟器
#
# $L$ 层切成若干段放在 $p$ 张卡上，一步的批切成 $m$ 个微批。要回答「空多久、留几份激活」，只需三样：每张卡按什么**次序**做事、一件事要**等**谁、做一件事要多**久**。
#
# 动作写成（种类，微批，段）。种类有三：`F` 前向，`B` 反向，`W` 是第 11 节拆出来的权重梯度。依赖只有四条：
#
# - `F` 等上一段同一微批的 `F`；
# - `B` 等下一段同一微批的 `B`；
# - 末段的 `B` 等自己的 `F`；
# - `W` 等自己的 `B`。
#
# 一张卡一次只做一件事，严格按自己的次序；每段用时相同，段间通信先当作 0。走不下去就是死锁。


# %%
def needs(op, stages):
    """op 要等哪个动作；None 是不用等。"""
    kind, j, k = op
    if kind == "F":
        return ("F", j, k - 1) if k > 0 else None
    if kind == "B":
        return ("B", j, k + 1) if k < stages - 1 else ("F", j, k)
    return ("B", j, k)


def simulate(orders, cost, lag=0):
    """orders[i] 是卡 i 的次序，cost 是各种动作的用时，lag 是跨段一次通信的时间。

    返回 {动作: (卡, 开始, 结束)}。
    """
    stages = 1 + max(k for order in orders for _, _, k in order)
    timeline, at, free = {}, [0] * len(orders), [0] * len(orders)
    while any(at[i] < len(order) for i, order in enumerate(orders)):
        before = len(timeline)
        for i, order in enumerate(orders):
            while at[i] < len(order):
                op = order[at[i]]
                source = needs(op, stages)
                if source is not None and source not in timeline:
                    break
                ready = 0 if source is None else timeline[source][2] + lag * (source[2] != op[2])
                start = max(free[i], ready)
                free[i] = start + cost[op[0]]
                timeline[op] = (i, start, free[i])
                at[i] += 1
        assert len(timeline) > before, "死锁：每张卡都在等别人"
    return timeline


def idle_times(timeline, p):
    """(总时间, 每张卡的空闲)；从第一件事开始到最后一件事结束。"""
    total = max(end for _, _, end in timeline.values())
    busy = [
        sum(end - start for i, start, end in timeline.values() if i == card) for card in range(p)
    ]
    return total, [total - time for time in busy]


def in_flight(order):
    """一张卡留着的激活份数的峰值：F 加一份，反向做完（拆开时是 W 做完）放一份。"""
    release = "W" if any(kind == "W" for kind, _, _ in order) else "B"
    live = np.cumsum([(kind == "F") - (kind == release) for kind, _, _ in order])
    return int(live.max())


# %% [markdown]
# ## 8. GPipe 与 1F1B 的次序
#
# GPipe：先做完全部前向，再做全部反向。1F1B：第 $i$ 段（从 0 数）先**预热** $\min(p-1-i,m)$ 个前向，然后一前一反交替，最后把剩下的反向做完。为什么是 $p-1-i$：第 0 个微批从第 $i$ 段出发，要走过后面 $p-1-i$ 段才开始往回走，这段时间正好用来做后面的前向；末段不用等，一个都不预热。


# %%
def gpipe(p, m):
    one = [("F", j) for j in range(m)] + [("B", j) for j in range(m)]
    return [[(kind, j, i) for kind, j in one] for i in range(p)]


def one_f_one_b(p, m, warmup=None):
    """warmup(i) 是第 i 段预热几个前向，缺省 p-1-i。"""
    orders = []
    for i in range(p):
        w = min(p - 1 - i if warmup is None else warmup(i), m)
        order = [("F", j, i) for j in range(w)]
        for j in range(m - w):
            order += [("F", w + j, i), ("B", j, i)]
        orders.append(order + [("B", j, i) for j in range(m - w, m)])
    return orders


HEIGHT = {"F": 0.86, "B": 0.66, "W": 0.46}
COLOR = {"F": BLUE, "B": GREEN, "W": ORANGE}
OTHER = {"F": ORANGE, "B": GRAY}  # 第二个小段


def gantt(axis, timeline, p, title, second=None):
    """一张卡一行；条越高依次是 F、B、W，数字是微批；second(段) 为真的换一套颜色。"""
    for (kind, j, k), (i, start, end) in timeline.items():
        color = (OTHER if second is not None and second(k) else COLOR)[kind]
        axis.barh(i, end - start, HEIGHT[kind], start, color=color, edgecolor="white")
        axis.text((start + end) / 2, i, str(j), color="white", ha="center", va="center", size=10)
    axis.invert_yaxis()
    axis.set(title=title, yticks=range(p), ylabel="stage")


p, m, cost = 4, 8, {"F": 1, "B": 2}
schedules = {"GPipe": gpipe(p, m), "1F1B": one_f_one_b(p, m)}

# %% alt="两张甘特图，4 段、8 个微批，反向用时是前向的两倍。上面 GPipe 先排完八个前向再排八个反向，下面 1F1B 预热后一前一反交替；两张都在 33 个单位时结束，每段都空 9 个单位"
fig, axes = figure(2, 1, size=(6.4, 4.6), sharex=True)
for axis, (name, orders) in zip(axes, schedules.items(), strict=True):
    timeline = simulate(orders, cost)
    total, idle = idle_times(timeline, p)
    gantt(axis, timeline, p, f"{name}: total {total}, idle {idle[0]} per stage")
_ = axes[1].set(xlabel="time  (tall: F, short: B)", xticks=range(0, 34, 3))

# %% [markdown]
# ### 气泡率的两个分母
#
# 第一个微批走到末段要 $p-1$ 步，最后一个微批的反向退回首段又要 $p-1$ 步，所以总时间 $(m+p-1)(t_F+t_B)$，每段有用的是 $m(t_F+t_B)$，空闲 $(p-1)(t_F+t_B)$，**与 $m$ 无关，两种调度一样**：
#
# $$
# \frac{\text{空闲}}{\text{理想时间}}=\frac{p-1}{m},\qquad \frac{\text{空闲}}{\text{总时间}}=\frac{p-1}{m+p-1}.
# $$
#
# 前者是「多花多少」，可以超过 1，估训练时间用它：$T=T_\text{理想}\left(1+\frac{p-1}{m}\right)$；后者是「浪费多少」，总小于 1，折算利用率用它：$\mathrm{MFU}\propto1-\frac{p-1}{m+p-1}$。混用就错：$p=8$、$m=32$ 时是 21.9% 与 17.9%，拿 $1-21.9\%$ 去乘利用率，少算了近 4 个百分点。


# %%
def bubble_ideal(p, m, v=1):
    return (p - 1) / (v * m)


def bubble_total(p, m, v=1):
    return (p - 1) / (v * m + p - 1)


for p in range(1, 6):
    for m in (1, 2, 3, 8):
        for tf, tb in [(1, 2), (1, 1), (3, 4), (2, 1)]:
            for build in (gpipe, one_f_one_b):
                total, idle = idle_times(simulate(build(p, m), {"F": tf, "B": tb}), p)
                assert total == (m + p - 1) * (tf + tb)
                assert idle == [(p - 1) * (tf + tb)] * p
                assert np.allclose(np.array(idle) / (m * (tf + tb)), bubble_ideal(p, m))
                assert np.allclose(np.array(idle) / total, bubble_total(p, m))

p, m = 8, 32
total, idle = idle_times(simulate(one_f_one_b(p, m), cost), p)
ideal = total - idle[0]
assert np.isclose(ideal * (1 + bubble_ideal(p, m)), total)  # 估时间：对理想时间
assert np.isclose(1 - bubble_total(p, m), ideal / total)  # 折利用率：对总时间
assert abs(1 - bubble_ideal(p, m) - ideal / total) > 0.03  # 用错分母
print(f"p=8, m=32：对理想时间 {bubble_ideal(p, m):.1%}，对总时间 {bubble_total(p, m):.1%}")

# %% [markdown]
# ## 9. 在飞微批与首段激活
#
# 「在飞」是前向已做、反向未完的微批，它们的激活都得留着。GPipe 每段要留 $m$ 份；1F1B 预热 $p-1-i$ 份，稳态里先做一个前向再做反向，所以峰值多 1：$\min(p-i,m)$。
#
# **首段激活不随 $p$ 下降**：第 0 段留 $p$ 份，每份 $L/p$ 层，合起来还是 $L$ 层。流水线切得动的是参数与状态，首段激活要靠 TP 加 SP、重算或减小微批。

# %% alt="左图横轴是微批数 4 到 64，纵轴是气泡率，段数为 8：对理想时间的虚线从 1.75 一路降下来，对总时间的实线始终低于 1，两条线在 m 大时靠拢；点是模拟结果，都落在线上。右图横轴是段号 0 到 7，32 个微批：GPipe 各段都在飞 32 份，1F1B 从 8 递减到 1"
fig, axes = figure(1, 2, size=(6.4, 3.3))
counts = np.array([4, 8, 16, 32, 64])
measured = [idle_times(simulate(one_f_one_b(p, int(n)), cost), p) for n in counts]
axes[0].plot(counts, four_digits(bubble_ideal(p, counts)), "--", color=RED, label="idle / ideal")
axes[0].plot(counts, four_digits(bubble_total(p, counts)), "-", color=BLUE, label="idle / total")
axes[0].plot(counts, four_digits([i[0] / (t - i[0]) for t, i in measured]), "o", color=RED)
axes[0].plot(counts, four_digits([i[0] / t for t, i in measured]), "s", color=BLUE)
axes[0].set_xscale("log", base=2)
_ = axes[0].set(title="bubble, $p=8$", xlabel="$m$", xticks=counts, xticklabels=counts)
_ = axes[0].legend()
for name, build, color, marker in [("GPipe", gpipe, RED, "o"), ("1F1B", one_f_one_b, BLUE, "s")]:
    peaks = [in_flight(order) for order in build(p, m)]
    assert peaks == ([m] * p if name == "GPipe" else [min(p - i, m) for i in range(p)])
    axes[1].plot(range(p), peaks, marker + "-", color=color, label=name)
_ = axes[1].set(
    title="in flight, $m=32$", xlabel="stage $i$", xticks=range(p), yticks=[1, 4, 8, 16, 32]
)
_ = axes[1].legend(loc="center right")

# %%
L = 48  # 首段留着的激活，折成多少层
for p in (2, 4, 8, 16):
    first = {
        name: in_flight(build(p, 32)[0]) * L / p
        for name, build in [("GPipe", gpipe), ("1F1B", one_f_one_b)]
    }
    assert first["1F1B"] == L and first["GPipe"] == 32 * L / p
    print(
        f"p={p:2d}：1F1B 首段 {first['1F1B']:.0f} 层，GPipe 首段 {first['GPipe']:.0f} 层，末段 {L // p} 层"
    )

# %% [markdown]
# ### 预热数写错会怎样
#
# | 预热数 | 结果 |
# |---|---|
# | $p-1-i$ | 对：总时间最短，在飞 $p-i$ |
# | $p-i$（多一个） | 时间不变，每段多留一份激活 |
# | $p-2-i$（少一个） | 没有死锁，但气泡翻几倍：末两段互相等 |
# | $i$（段号数反） | 死锁：下游要攒几个前向，上游却在等第一个反向 |
#
# 死锁的条件是下游的预热比上游多；相差的方向对，只是多少不同，改变的是时间和显存。

# %%
p, m = 4, 8
right = idle_times(simulate(one_f_one_b(p, m), cost), p)[0]
more, fewer = (one_f_one_b(p, m, lambda i, d=d: max(0, p - 1 - i + d)) for d in (1, -1))
assert idle_times(simulate(more, cost), p)[0] == right == 33
assert [in_flight(order) for order in more] == [5, 4, 3, 2]
slow = idle_times(simulate(fewer, cost), p)[0]
assert slow == 54 and [in_flight(order) for order in fewer] == [3, 2, 1, 1]
try:
    simulate(one_f_one_b(p, m, lambda i: i), cost)
except AssertionError as error_:
    deadlock = str(error_)
assert "死锁" in deadlock
print(f"对：{right}；多预热一个：{right}，首段在飞 5；少一个：{slow}；段号数反：{deadlock}")

# %% [markdown]
# ### 调度不改结果
#
# 时间表只是次序。按它的先后真的算一遍：每段一层 $\tanh(xW)$，前向把输入和输出存起来，反向用完就放。两种调度的权重梯度应当逐位相同（各段累加微批的次序都是 $0,1,2,\dots$），并与整批一次算的相同；存着的份数的峰值，就是上面数的在飞数。


# %%
def train(timeline, W, xs, ys):
    """按时间表执行一步，返回 (各段权重的梯度, 每张卡存着的激活份数的峰值)。W 每段一个。"""
    split = any(kind == "W" for kind, _, _ in timeline)
    sent, store, grads = {}, {}, [0.0] * len(W)  # sent：段之间传的激活与梯度
    held, peak = {}, {}
    for op in sorted(timeline, key=lambda op: timeline[op][1]):  # 按开始时间
        (kind, j, k), card = op, timeline[op][0]
        if kind == "F":
            x = xs[j] if k == 0 else sent.pop(("F", j, k - 1))
            store[j, k] = x, np.tanh(x @ W[k])
            sent["F", j, k] = store[j, k][1]
            held[card] = held.get(card, 0) + 1
            peak[card] = max(peak.get(card, 0), held[card])
        if kind == "B":
            x, y = store[j, k]
            last = k == len(W) - 1  # 末段自己算误差
            dy = (sent.pop(("F", j, k)) - ys[j]) / len(xs) if last else sent.pop(("B", j, k + 1))
            dz = dy * (1 - y**2)
            store[j, k] = x, dz
            sent["B", j, k] = dz @ W[k].T  # 上一段在等的
        if kind == ("W" if split else "B"):
            x, dz = store.pop((j, k))
            grads[k] = grads[k] + x.T @ dz  # 谁也不等
            held[card] -= 1
    return grads, [peak[card] for card in sorted(peak)]


def whole_batch(W, xs, ys):
    """裁判：整批一次算完。"""
    outputs = [np.concatenate(xs)]
    for w in W:
        outputs.append(np.tanh(outputs[-1] @ w))
    error, grads = (outputs[-1] - np.concatenate(ys)) / len(xs), []
    for w, x, y in zip(W[::-1], outputs[-2::-1], outputs[:0:-1], strict=True):
        error = error * (1 - y**2)
        grads.append(x.T @ error)
        error = error @ w.T
    return grads[::-1]


W_stages = list(rng.standard_normal((p, 5, 5)))
xs, ys = rng.standard_normal((2, m, 3, 5))
results = {
    name: train(simulate(orders, cost), W_stages, xs, ys) for name, orders in schedules.items()
}
assert np.array_equal(join(results["GPipe"][0]), join(results["1F1B"][0]))
assert results["GPipe"][1] == [8, 8, 8, 8] and results["1F1B"][1] == [4, 3, 2, 1]
print("两种调度的梯度逐位相同；存着的份数：", {name: peak for name, (_, peak) in results.items()})
check("与整批一次算", join(results["1F1B"][0]), join(whole_batch(W_stages, xs, ys)))

# %% [markdown] part="interleaved" title="交错与零气泡"
# ## 10. 交错：把一段切成 v 个小段
#
# 一段的用时越短，填满和排空就等得越少。交错（interleaved 1F1B）让每张卡拿 $v$ 个**不相邻**的小段：共 $pv$ 个小段，卡 $i$ 拿第 $i,\,i+p,\,i+2p,\dots$ 个，微批绕着 $p$ 张卡走 $v$ 圈。填满仍要 $p-1$ 步，每步只有 $\frac{1}{v}$ 段的用时：
#
# $$
# \text{空闲}=\frac{(p-1)(t_F+t_B)}{v},\qquad\frac{\text{空闲}}{\text{理想时间}}=\frac{p-1}{vm}.
# $$
#
# 次序：微批每 $p$ 个一组，一组在自己的第 0 个小段做完，再做第 1 个……反向从最后一个小段往回。预热数按 Megatron-LM 的 `schedules.py` 是 $2(p-1-i)+(v-1)p$ 个小段前向：$(v-1)p$ 是第一组走完前 $v-1$ 圈，往返各 $p-1-i$ 步。不交错时是 $p-1-i$，不要把 $v=1$ 代进这个式子。


# %%
def interleaved(p, m, v):
    """卡 i 的第 c 个小段是全局第 c·p+i 段；要求 m 是 p 的倍数。"""
    assert m % p == 0, "微批数要是段数的倍数"
    forward = [(j, c) for g in range(0, m, p) for c in range(v) for j in range(g, g + p)]
    orders = []
    for i in range(p):
        fs = [("F", j, c * p + i) for j, c in forward]
        bs = [("B", j, (v - 1 - c) * p + i) for j, c in forward]
        w = min(2 * (p - 1 - i) + (v - 1) * p, m * v) if v > 1 else min(p - 1 - i, m)
        order = fs[:w]
        for f, g in zip(fs[w:], bs, strict=False):
            order += [f, g]
        orders.append(order + bs[m * v - w :])
    return orders


for p, m in [(2, 2), (2, 6), (3, 3), (4, 4), (4, 8), (4, 12)]:
    for v in (1, 2, 3):
        for tf, tb in [(1, 2), (1, 1), (2, 3), (3, 1)]:  # 一个小段的用时
            orders = interleaved(p, m, v)
            total, idle = idle_times(simulate(orders, {"F": tf, "B": tb}), p)
            assert idle == [(p - 1) * (tf + tb)] * p  # 小段的 p-1 步，整段的 (p-1)/v
            assert np.isclose(idle[0] / (total - idle[0]), bubble_ideal(p, m, v))
            assert np.isclose(idle[0] / total, bubble_total(p, m, v))
            peak = in_flight(orders[0])  # 单位：小段
            assert peak == (min(p, m) if v == 1 else min(p * v + p - 1, m * v))
print("p=8、m=32、v=4：", f"{bubble_ideal(8, 32, 4):.1%}（对理想时间）")

# %% alt="两张甘特图，4 张卡、4 个微批，同样的计算量。上面不交错，总时间 42，每卡空 18；下面每卡两个小段，蓝绿是第一个小段、橙灰是第二个，总时间 33，每卡空 9，正好一半"
p, m = 4, 4
fig, axes = figure(2, 1, size=(6.4, 4.6), sharex=True)
for axis, v in zip(axes, (1, 2), strict=True):
    chunk = {"F": 2 // v, "B": 4 // v}
    timeline = simulate(interleaved(p, m, v), chunk)
    total, idle = idle_times(timeline, p)
    assert (total, idle[0]) == {1: (42, 18), 2: (33, 9)}[v]
    title = f"$v={v}$: total {total}, idle {idle[0]} per device"
    gantt(axis, timeline, p, title, second=lambda k: k >= p)
_ = axes[1].set(xlabel="time  (tall: F, short: B)", xticks=range(0, 43, 6), ylabel="device")
_ = axes[0].set(ylabel="device")

# %% [markdown]
# 代价有两样。段边界通信变成 $v$ 倍。首卡在飞的小段从上面的断言读：$pv+p-1$ 个（$m>p$），每个 $\frac{L}{pv}$ 层，合
#
# $$
# L\left(1+\frac{p-1}{pv}\right)\ \text{层},
# $$
#
# 比不交错多 $\frac{p-1}{pv}$，与 Megatron-LM 估显存时乘的系数相同。$v$ 越大，气泡越小、这项也越小，付出的是通信和更碎的调度。
#
# ## 11. 零气泡：把反向拆成两半
#
# 线性层 $Y=XA$ 的反向是两次同样大的矩阵乘：$dX=dY\,A^\top$，上一段等着要；$dA=X^\top dY$，谁也不等。1F1B 把它们绑在一起，上一段白等了一个 $dA$。从这里起 `B` 只指前者（用时 $t_B$），`W` 指后者（$t_W$），完整反向是 $t_B+t_W$。
#
# 省两次：
#
# - **只拆不挪**，`W` 紧跟自己的 `B`：上一段不再等 `W`，空闲从 $(p-1)(t_F+t_B+t_W)$ 降到 $(p-1)(t_F+t_B)$。
# - **ZB-H1** 再把第 $i$ 段的 `W` **晚 $i$ 个微批**做，填进排空时的空格，又省一个 $t_W$。第 $i$ 段预热 $p-1-i$，稳态加 1，`W` 拖 $i$ 个，在飞正好都是 $p$：不超过 1F1B 首段原有的量，靠后的段用闲着的显存换时间。


# %%
def zb_h1(p, m, delay=None):
    """第 i 段的 W 晚 delay(i) 个微批，缺省 i。"""
    orders = []
    for i, base in enumerate(one_f_one_b(p, m)):
        late, order = min(i if delay is None else delay(i), m), []
        for kind, j, k in base:
            order.append((kind, j, k))
            if kind == "B" and j >= late:
                order.append(("W", j - late, k))
        orders.append(order + [("W", j, i) for j in range(m - late, m)])
    return orders


for p in (2, 3, 4, 6):
    for m in (p, p + 1, 2 * p, 3 * p):
        for tf, tb, tw in np.ndindex(3, 3, 3):
            tf, tb, tw = tf + 1, tb + 1, tw + 1
            split = {"F": tf, "B": tb, "W": tw}
            assert (
                idle_times(simulate(zb_h1(p, m, lambda i: 0), split), p)[1]
                == [(p - 1) * (tf + tb)] * p
            )
            late = (p - 1) * (tf + tb - min(tf, tb, tw))
            assert idle_times(simulate(zb_h1(p, m), split), p)[1] == [late] * p
        assert [in_flight(order) for order in zb_h1(p, m)] == [p] * p

# %% [markdown]
# 三者都是 1、$m\ge p$ 时，空闲从 $3(p-1)$ 降到 $p-1$，三分之一。各自不等时，模拟给出
#
# $$
# \text{空闲}=(p-1)\big(t_F+t_B-\min(t_F,t_B,t_W)\big),
# $$
#
# $t_W$ 不大于另外两者时就是常见的 $(p-1)(t_F+t_B-t_W)$；DualPipe 的 README 写成 $(p-1)(F+B-2W)$，那里的 $B$ 是完整反向，换算后相同。$t_W$ 更大时，多出来的部分没有空格可填，常见的式子不能照抄。
#
# 拖得越晚越好吗？`W` 全拖到步末，空闲反而回到「只拆不挪」：空格在排空途中，步末再做填不进去；还要留 $m$ 份激活，和 GPipe 一样。

# %% alt="两张甘特图，4 段、6 个微批，前向、对输入的反向、对权重的反向各 1 个单位。上面 1F1B 不拆，反向一条占 2，总时间 27，每段空 9；下面第 i 段的 W 晚 i 个微批，短条填进原来的空格，总时间 21，每段空 3，各段在飞都是 4"
p, m, together, apart = 4, 6, {"F": 1, "B": 2}, {"F": 1, "B": 1, "W": 1}
variants = {
    "1F1B": (one_f_one_b(p, m), together),
    "W next to B": (zb_h1(p, m, lambda i: 0), apart),
    "ZB-H1": (zb_h1(p, m), apart),
    "all W last": (zb_h1(p, m, lambda i: m), apart),
}
fig, axes = figure(2, 1, size=(6.4, 4.6), sharex=True)
for axis, name in zip(axes, ("1F1B", "ZB-H1"), strict=True):
    timeline = simulate(*variants[name])
    total, idle = idle_times(timeline, p)
    gantt(axis, timeline, p, f"{name}: total {total}, idle {idle[0]} per stage")
_ = axes[1].set(xlabel="time  (tall: F, middle: B, short: W)", xticks=range(0, 28, 3))

# %%
W_stages = list(rng.standard_normal((p, 5, 5)))
xs, ys = rng.standard_normal((2, m, 3, 5))
rows = {}
for name, (orders, times) in variants.items():
    timeline = simulate(orders, times)
    grads, peak = train(timeline, W_stages, xs, ys)
    check(f"{name} 的梯度与整批", join(grads), join(whole_batch(W_stages, xs, ys)))
    rows[name] = (idle_times(timeline, p)[1][0], peak)
assert rows["1F1B"] == (9, [4, 3, 2, 1]) and rows["W next to B"] == (6, [4, 3, 2, 1])
assert rows["ZB-H1"] == (3, [4] * 4) and rows["all W last"] == (6, [6] * 4)
for name, (idle, peak) in rows.items():
    print(f"{name}：每段空 {idle}，各段存着 {peak} 份")

timeline = simulate(interleaved(2, 6, 2), cost)  # 交错：4 个小段放在 2 张卡上
grads, peak = train(timeline, W_stages, xs, ys)
check("交错的梯度与整批", join(grads), join(whole_batch(W_stages, xs, ys)))
assert peak == [in_flight(order) for order in interleaved(2, 6, 2)]

# %% [markdown]
# ZB-H1 剩下的 $p-1$ 格是首尾错开：末段要等第一个前向走到，首段要等最后一个 `B` 退回。再往下要么让激活翻倍（ZB-H2），要么换 V 形放法，还得放弃更新前的全局同步，见 [零气泡流水线](../docs/questions/zero-bubble-pipeline.md)。

# %% [markdown] part="plan" title="选型、面试版与练习"
# ## 12. MFU 与 HFU
#
# 一个权重对一个 token 做一次乘加，前向 $2N$ FLOPs；反向对输入、对权重各一次，$4N$。所以每 token 是 $6N$（没算注意力的 $s^2$ 项）；全量重算再补一份前向，卡实际做了 $8N$：
#
# $$
# \mathrm{MFU}=\frac{6N\times\text{token/秒}}{\text{卡数}\times\text{峰值}},\qquad
# \mathrm{HFU}=\frac{8N\times\text{token/秒}}{\text{卡数}\times\text{峰值}}=\frac43\,\mathrm{MFU}.
# $$
#
# 分子不同，分母相同。模型与硬件固定时 MFU 正比于吞吐，比效率看它；重算越多 HFU 越高，吞吐反而越低。Korthikanti 等 2022 的摘要里，530B、2240 张 A100：全量重算时 MFU 42.1%，换成序列并行加选择性重算是 54.2%，快 29%；前者折成 HFU 约 56%，卡一直在忙，忙的是重算。
#
# 选择性重算补的是注意力核心：一层前向 $24bsh^2+4bs^2h$ 里的 $4bs^2h$，占整个训练步 $\frac{s}{18h+3s}$，GPT-3 的形状不到 1%；分母换成一份前向就是 2.7%，见 [训练效率](../docs/topics/training-efficiency.md#重算多花多少计算)。


# %%
def utilization(tokens_per_second, parameters, devices, peak, per_token=6):
    """per_token=6 是 MFU；全量重算的 HFU 取 8。"""
    return per_token * parameters * tokens_per_second / (devices * peak)


speed, parameters, devices, peak_flops = 2.0e5, 7e9, 32, 6e14  # 假设的一次训练
mfu = utilization(speed, parameters, devices, peak_flops)
hfu = utilization(speed, parameters, devices, peak_flops, 8)
assert np.isclose(hfu / mfu, 4 / 3)
assert round(54.2 / 42.1 - 1, 2) == 0.29 and round(42.1 * 4 / 3) == 56
s, h = 2048, 12288
extra, forward = 4 * s * s * h, 24 * s * h * h + 4 * s * s * h  # b = 1，一层
assert np.isclose(extra / (3 * forward), s / (18 * h + 3 * s)) and extra / (3 * forward) < 0.01
assert round(extra / forward, 3) == 0.027
print(f"MFU {mfu:.1%}，全量重算时同样的吞吐对应 HFU {hfu:.1%}")

# %% [markdown]
# ## 13. 显存上限下选 p、t、N_d
#
# 给模型、卡数、每卡显存与全局批，先筛掉放不下的，再估快慢。每卡显存取最紧的首段：
#
# - 状态：$\frac{\Psi}{tp}\left(6+\frac{12}{N_d}\right)$ 字节（bf16 参数、fp32 梯度、切了优化器）；
# - 激活：TP 加 SP 加选择性重算，一层 $34sbh/t$，首段留 $\min(p,m)$ 份、每份 $L/p$ 层。
#
# 例子与 [怎么选 TP、PP、DP](../docs/questions/choose-3d-parallelism.md) 相同：70B（$L=80$，$h=8192$，64 头）、$s=4096$、$b=1$，64 张 80 GB 的卡、每机 8 张，全局批 512 条；留 10% 给缓冲和碎片（假设）。


# %%
MODEL = {"psi": 70e9, "L": 80, "h": 8192, "heads": 64, "s": 4096, "b": 1}
CLUSTER = {"devices": 64, "node": 8, "budget": 0.9 * 80 * GB, "batch": 512}


def device_memory(t, p, n_d, m, model=MODEL):
    """首段每卡的字节：（状态，激活）。"""
    states = model["psi"] / (t * p) * (6 + 12 / n_d)
    one_layer = 34 * model["s"] * model["b"] * model["h"] / t
    return states, one_layer * model["L"] / p * min(p, m)


def plans(model=MODEL, cluster=CLUSTER):
    """全部整除的切法：{(t, p, N_d): (m, 状态, 激活)}。"""
    found = {}
    for t in range(1, cluster["node"] + 1):
        for p in range(1, model["L"] + 1):
            divides = model["heads"] % t == 0 == cluster["node"] % t == model["L"] % p
            if not divides or cluster["devices"] % (t * p):
                continue
            n_d = cluster["devices"] // (t * p)
            if cluster["batch"] % (n_d * model["b"]) == 0:
                m = cluster["batch"] // (n_d * model["b"])
                found[t, p, n_d] = (m, *device_memory(t, p, n_d, m, model))
    return found


every = plans()
fits = {key: plan for key, plan in every.items() if sum(plan[1:]) <= CLUSTER["budget"]}
assert not any(t == 1 for t, _, _ in fits)  # 不切 TP，激活 91 GB，加多少 PP 都放不下
assert {round(plan[2] / GB, 1) for (t, _, _), plan in every.items() if t == 1} == {91.3}
assert round(12 * MODEL["psi"] / CLUSTER["devices"] / GB) == 13  # 优化器那份，与切法无关
smallest = min(t * p for t, p, _ in fits)
assert {key for key in fits if key[0] * key[1] == smallest} == {(4, 4, 4), (8, 2, 4)}
print("能放下的（t, p, N_d）：", sorted(fits))

# %% alt="热力表，行是张量并行度 1、2、4、8，列是流水线段数 1、2、4、8、16，格里是首段每卡的 GB。t 等于 1 的一整行从 524 降到 131，都放不下；t 等于 2 只有 p 等于 16 刚好 72；t 等于 4 的 p 为 4 起、t 等于 8 的 p 为 2 起是绿色，能放进 72 GB"
ts, ps = (1, 2, 4, 8), (1, 2, 4, 8, 16)
fig, axes = figure(size=(6.0, 3.6))
for row, t in enumerate(ts):
    for column, p in enumerate(ps):
        key = (t, p, 64 // (t * p))
        if key in every:
            color = GREEN if key in fits else RED
            axes.barh(row, 1, left=column - 0.5, height=1, color=color, edgecolor="white")
            label = f"{sum(every[key][1:]) / GB:.0f}" + (" ok" if key in fits else "")
            axes.text(column, row, label, ha="center", va="center", color="white")
_ = axes.set(yticks=range(4), yticklabels=ts, ylabel="$t$", xticks=range(5), xticklabels=ps)
_ = axes.set(xlabel="$p$", title="GB per device, first stage (limit 72)")
axes.invert_yaxis()

# %% [markdown]
# 读图：总卡数固定时 $tpN_d$ 不变，优化器那一份恒为 $12\Psi/\text{卡数}$（13 GB），能减的是 $6\Psi/(tp)$ 与激活。往下一行（$t$ 加倍）两样都减半；往右一列（$p$ 加倍）只减前一样，激活原封不动，$t=1$ 那行就卡在 91 GB 的激活上，怎么加段数都没用。
#
# 放得下的几个再估时间。符号化的硬件：有效算力 $C$（FLOPs/s），机内、机间带宽 $B_\text{in},B_\text{out}$（字节/s），通信全不重叠，是粗估：
#
# $$
# T=\underbrace{\frac{6\Psi\cdot\text{token}}{\text{卡数}\cdot C}\Big(1+\frac{p-1}{m}\Big)}_{\text{计算与气泡}}
# +\underbrace{\frac{8(t-1)}{t}\cdot\frac{bshmL}{p}\cdot\frac{2}{B_\text{in}}}_{\text{TP}}
# +\underbrace{\frac{6\Psi}{tp}\cdot\frac{N_d-1}{N_d}\cdot\frac{1}{B_\text{out}}}_{\text{DP}} .
# $$
#
# 气泡用**对理想时间**的那个分母；DP 那项的 6 是 fp32 梯度 reduce-scatter 4 加 bf16 参数 all-gather 2。段边界每微批 $2\times2bsh$ 字节，也走机间，首尾段只有一半，这里按中间段算进去。


# %%
def step_seconds(t, p, n_d, m, C, B_in, B_out, model=MODEL, cluster=CLUSTER):
    """一步的秒数（粗估）：（计算与气泡，TP，DP 与段边界）。"""
    tokens, bsh = cluster["batch"] * model["s"], model["b"] * model["s"] * model["h"]
    compute = 6 * model["psi"] * tokens / (cluster["devices"] * C) * (1 + bubble_ideal(p, m))
    tensor = 8 * (t - 1) / t * bsh * m * model["L"] / p * 2 / B_in
    data = 6 * model["psi"] / (t * p) * (n_d - 1) / n_d / B_out
    border = (4 * bsh * m / t / B_out) if p > 1 else 0.0  # SP：每张卡只传自己的 1/t
    return compute, tensor, data + border


hardware = {"C": 5e14, "B_in": 3e11, "B_out": 5e10}  # 假设
seconds = {key: step_seconds(*key, fits[key][0], **hardware) for key in fits}
ranking = sorted(fits, key=lambda key: sum(seconds[key]))
for key in ranking[:4]:
    t, p, n_d = key
    parts = "，".join(
        f"{name} {x:.1f}" for name, x in zip(["计算", "TP", "DP 等"], seconds[key], strict=True)
    )
    print(f"t={t} p={p:2d} N_d={n_d}：m={fits[key][0]}，共 {sum(seconds[key]):.1f} 秒（{parts}）")

first, fourth = (sum(seconds[key]) for key in (ranking[0], ranking[3]))
assert fourth / first < 1.05 and all(sum(seconds[key]) > 0 for key in fits)
assert all(seconds[key][1] > seconds[4, 4, 4][1] for key in fits if key[0] == 8)  # TP 大，通信多
low = min(fits, key=lambda key: sum(every[key][1:]))
print("最省显存的是", low, "，不是最快的：", low != ranking[0])
assert low != ranking[0]

# %% [markdown]
# 前四名相差不到 5%，而 $C$ 与带宽都是假设的：**估算用来淘汰，胜负要实测**。能讲清的是方向：$t$ 大，TP 通信多；$p$ 大，气泡多；$N_d$ 大，$m$ 小，气泡也多。
#
# ## 14. 面试版：1F1B 与 ZeRO 显存
#
# 白板上两段就够，边写边说：
#
# 1. 「第 $i$ 段预热 $\min(p-1-i,m)$ 个前向，然后一前一反，最后排空。」
# 2. 「前向等上一段，反向等下一段，末段的反向等自己的前向；一段一次只做一件事。」
# 3. 「气泡对理想时间 $(p-1)/m$，对总时间 $(p-1)/(m+p-1)$；在飞 $\min(p-i,m)$。」
# 4. 「ZeRO：2 字节参数、2 字节梯度、12 字节优化器，级别够了就除以 $N_d$。」


# %%
def schedule_1f1b(p, m, i):
    w = min(p - 1 - i, m)  # 预热
    steps = [("F", j) for j in range(w)]
    for j in range(m - w):  # 稳态
        steps += [("F", w + j), ("B", j)]
    return steps + [("B", j) for j in range(m - w, m)]  # 排空


def run_1f1b(p, m, tf, tb):
    """总时间；走不下去就断言失败。"""
    todo = [schedule_1f1b(p, m, i) for i in range(p)]
    end, free = {}, [0] * p
    while any(todo):
        moved = False
        for i in range(p):
            if not todo[i]:
                continue
            op, j = todo[i][0]
            at_edge = i == 0 if op == "F" else i == p - 1
            need = (op, j, i - 1 if op == "F" else i + 1)
            if at_edge or need in end:
                free[i] = max(free[i], 0 if at_edge else end[need]) + (tf if op == "F" else tb)
                end[op, j, i] = free[i]
                todo[i].pop(0)
                moved = True
        assert moved, "死锁"
    return max(free)


def zero_memory(psi, n, stage, k=12, grad=2):
    cut = [n if stage >= level else 1 for level in (1, 2, 3)]  # 级别够了就除
    return psi * (k / cut[0] + grad / cut[1] + 2 / cut[2])


# 面试官会试的七件事
for p in (1, 2, 4, 7):
    for m in (1, 3, 4, 16):  # 含 m < p 与 p = 1
        orders = [schedule_1f1b(p, m, i) for i in range(p)]
        assert all(
            sorted(o) == sorted((x, j) for x in "FB" for j in range(m)) for o in orders
        )  # 1 不重不漏
        assert all(
            o.index(("F", j)) < o.index(("B", j)) for o in orders for j in range(m)
        )  # 2 先前后反
        assert run_1f1b(p, m, 1, 2) == 3 * (m + p - 1)  # 3 不死锁，总时间等于公式
        for i, order in enumerate(orders):
            live = [sum(1 if x == "F" else -1 for x, _ in order[: n + 1]) for n in range(2 * m)]
            assert max(live) == min(p - i, m) and live[-1] == 0  # 4 在飞峰值，最后清空
assert [zero_memory(7e9, 8, stage) / 1e9 for stage in range(4)] == [112, 38.5, 26.25, 14]  # 5 数值
assert len({zero_memory(1, 1, stage) for stage in range(4)}) == 1  # 6 一张卡：几级都一样
assert zero_memory(1, 8, 1, grad=4) == 6 + 12 / 8  # 7 fp32 梯度
print("次序、依赖、总时间、在飞、三级显存、单卡、fp32 梯度：全部通过")

# %% [markdown]
# ## 15. 练习
#
# 先自己算，再展开答案；本节末尾的代码逐题核对。
#
# **1.** 13B 只看模型状态，每卡 80 GB。ZeRO-1、2、3 各至少几张卡？ZeRO-1 的梯度换成 fp32 呢？
#
# <details>
# <summary>答案 1</summary>
#
# 1 级：$4\times13=52$ GB 是底，$52+156/N_d\le80$，$N_d\ge5.6$，6 张。2 级：$26+182/N_d\le80$，4 张。3 级：$208/N_d\le80$，3 张。
#
# 梯度换成 fp32，1 级的底变成 $6\times13=78$ GB，$78+156/N_d\le80$ 要 78 张：多 2 字节，卡数从 6 变成 78。快到底的配置，口径差一点答案就差很多。
#
# </details>
#
# **2.** 流水线一步有 $m=64$ 个微批，同时开 ZeRO-2，每卡每步的数据并行通信是 ZeRO-1 的几倍？
#
# <details>
# <summary>答案 2</summary>
#
# ZeRO-1 攒到最后规约一次，$2\Psi$；ZeRO-2 不留整份梯度，每个微批都要 reduce-scatter，$(m+1)\Psi=65\Psi$，是 32.5 倍。所以流水线通常只配 ZeRO-1（$\Psi$ 是本段的参数量）。
#
# </details>
#
# **3.** Llama 式一层：RMSNorm、GQA（$h_{kv}$ 个 KV 头）、SwiGLU（融合核，留 gate、up、乘积）、FlashAttention（每个头每个 token 留一个 fp32 的 LSE）、无 dropout。每 token 每层几字节？代入 $h=4096$、$f=11008$、$a=h_{kv}=32$。
#
# <details>
# <summary>答案 3</summary>
#
# 两个归一化的输入 $4h$，QKV 与前馈的输入 $4h$，$Q,K,V$ 共 $2(h+2h_{kv}d)$，输出投影的输入 $2h$，SwiGLU $6f$，LSE $4a$。代入是 131,712 字节，约 $32h$：没有了平方项，系数与 34 接近只是巧合。
#
# </details>
#
# **4.** 段间通信一次用时 $c$、不与计算重叠。$m$ 很大时，GPipe 与 1F1B 每个微批各多花多少？1F1B 怎么补救？
#
# <details>
# <summary>答案 4</summary>
#
# GPipe 不多花：微批一个接一个，通信只推迟首个到达的时刻。1F1B 的首段最多在飞 $p$ 个，一个来回要 $p(t_F+t_B)+2(p-1)c$，这段时间只完成 $p$ 个，所以每个微批多 $\frac{2(p-1)c}{p}$。
#
# 补救是让相邻两段的预热相差 2：预热 $2(p-1-i)$，首段在飞 $2p-1$ 个，来回够垫，代价是激活约翻倍。交错调度的预热里那个 2 也让收发有时间与计算重叠。
#
# </details>
#
# **5.** 一次训练 MFU 40%，气泡对理想时间是 25%。若气泡全消掉、其余不变，MFU 是多少？
#
# <details>
# <summary>答案 5</summary>
#
# 总时间 $=1.25\times$ 理想时间，消掉后快 1.25 倍，MFU 50%。用 $40\%/(1-25\%)=53\%$ 是拿错了分母：对总时间的气泡是 $0.25/1.25=20\%$，$40\%/(1-20\%)=50\%$。
#
# </details>
#
# **6.** 注意力核心没有权重。设一层里线性部分的前向用时 1、注意力核心 $r$，反向各翻倍。ZB-H1 的空闲是 1F1B 的几分之几？
#
# <details>
# <summary>答案 6</summary>
#
# $t_F=1+r$；对输入的反向，线性部分 1，注意力核心的反向 $2r$ 全在这里，$t_B=1+2r$；$t_W=1$。1F1B 空 $(p-1)(3+3r)$，ZB-H1 空 $(p-1)(1+3r)$，比值 $\frac{1+3r}{3+3r}$。$r=0$ 是三分之一，$r=1$ 是三分之二：序列越长，拆反向的收益越小。
#
# </details>

# %%
# 练习 1：至少几张卡
least = [next(n for n in range(1, 200) if zero_bytes(13e9, n, i) <= 80 * GB) for i in (1, 2, 3)]
wide = next(n for n in range(1, 200) if zero_bytes(13e9, n, 1, gradient=4) <= 80 * GB)
assert least == [6, 4, 3] and wide == 78
print("1 至少", least, "张；fp32 梯度的 ZeRO-1 要", wide, "张")

# 练习 2：在模拟里累积 12 个微批，量出 (m+1)/2 倍
sent = {i: sum(run(i, accumulate=12).group.sent.values()) for i in (1, 2)}
assert sent[2] / sent[1] == (12 + 1) / 2 and (64 + 1) / 2 == 32.5
print("2 m=12 时量得", sent[2] / sent[1], "倍，m=64 是 32.5 倍")


# 练习 3：Llama 式一层
def llama_bytes(h, f, a, kv):
    d = h // a
    return 4 * h + 4 * h + 2 * (h + 2 * kv * d) + 2 * h + 6 * f + 4 * a


assert llama_bytes(4096, 11008, 32, 32) == 131_712 and round(131_712 / 4096) == 32
print("3 每 token 每层 131,712 字节")

# 练习 4：通信不为零
p, c = 8, 0.25


def per_microbatch(build):
    small, large = (idle_times(simulate(build(p, n), cost, c), p)[0] for n in (64, 128))
    return (large - small) / 64  # 稳态里每个微批的用时


def eager(p, m):
    return one_f_one_b(p, m, lambda i: 2 * (p - 1 - i))


assert np.isclose(per_microbatch(gpipe), 3) and np.isclose(per_microbatch(eager), 3)
assert np.isclose(per_microbatch(one_f_one_b), 3 + 2 * (p - 1) * c / p)
assert in_flight(eager(p, 64)[0]) == 2 * p - 1
print(f"4 每个微批：GPipe 与加倍预热都是 3，1F1B 是 {per_microbatch(one_f_one_b):.4g}")

# 练习 5：分母
assert np.isclose(0.40 * 1.25, 0.50) and np.isclose(0.40 / (1 - 0.25 / 1.25), 0.50)
print("5 MFU 50%")

# 练习 6：注意力核心没有权重
for r in (0, 1, 2):
    times = {"F": 1 + r, "B": 1 + 2 * r, "W": 1}
    split_idle = idle_times(simulate(zb_h1(4, 8), times), 4)[1][0]
    joint_idle = idle_times(simulate(one_f_one_b(4, 8), {"F": 1 + r, "B": 2 + 2 * r}), 4)[1][0]
    assert np.isclose(split_idle / joint_idle, (1 + 3 * r) / (3 + 3 * r))
    print(f"6 r={r}：ZB-H1 的空闲是 1F1B 的 {split_idle / joint_idle:.2f}")

# %% [markdown]
# 接下来读：[集合通信](collectives.ipynb) 把这里的 reduce-scatter、all-gather 一步步走出来；题目 [ZeRO 的通信量](../docs/questions/zero-communication-volume.md)、[激活占多少](../docs/questions/activation-memory.md)、[气泡率](../docs/questions/pipeline-bubble.md)、[怎么选 TP、PP、DP](../docs/questions/choose-3d-parallelism.md)。
