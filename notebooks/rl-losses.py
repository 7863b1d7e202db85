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
#     title: PPO、DPO、GRPO 的损失：在能穷举的小语言里核对
#     description: 在只有 31 种回答的小语言里，期望可以逐项求和：策略梯度、基线、PPO 截断、GAE、DPO、KL 估计与 GRPO 都先推导，再和真值比，错的写法并排放，最后是白板上的 PyTorch 版
#     topics: [multimodal-rlhf, rl-for-reasoning]
#     aliases: [RLHF 推导, 策略梯度, policy gradient, REINFORCE, 对数求导技巧, 基线, baseline, 重要性采样, PPO loss, PPO clip, 手撕 PPO, GAE, 手撕 GAE, 价值损失, Bradley-Terry, 奖励模型, DPO loss, DPO 推导, 手撕 DPO, 隐式奖励, 似然位移, KL 估计, k1 k2 k3, GRPO loss, 手撕 GRPO, 长度偏置, RLOO, DAPO, Dr. GRPO, reward hacking, 奖励作弊]
# ---

# %% [markdown] part="gradient" title="策略梯度与基线"
# 这一本把近端策略优化（Proximal Policy Optimization，PPO）、直接偏好优化（Direct Preference Optimization，DPO）、组相对策略优化（Group Relative Policy Optimization，GRPO）的损失推一遍、写一遍，每个估计都和**真值**比。办法是用一个小到能穷举的语言：只有 31 种回答，任何期望都是 31 项的和，「无偏」「方差小」不靠抽样，直接算出来。
#
# [边塞科技](../docs/experiences/biansai-2023.md#rlhf) 的记录里聊了基于人类反馈的强化学习（RLHF）；流程、数字与追问在 [多模态与 RLHF](../docs/topics/multimodal-rlhf.md) 和 [推理强化学习](../docs/topics/rl-for-reasoning.md)。时间只够看一眼，就记住这张表：
#
# | 问题 | 结论 |
# |---|---|
# | 策略梯度 | $\nabla J=\mathbb E[A\,\nabla\log\pi]$；基线不改均值，只改方差 |
# | PPO | $\min(\rho A,\mathrm{clip}(\rho)A)$：走过头的一侧梯度为 0，另一侧照常 |
# | GAE | $A_t=\delta_t+\gamma\lambda(1-d_t)A_{t+1}$，是各阶 $n$ 步优势的加权平均 |
# | DPO | $-\log\sigma(\beta(h_w-h_l))$：logp 求和，起点 $\ln2$，只约束差 |
# | KL | $k_3$ 的值无偏；当损失求导，得到的是另一个方向的 KL |
# | GRPO | 组内减均值、除标准差；除以 $\lvert o_i\rvert$ 带来长度偏置 |

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

# %% [markdown]
# ## 1. 能穷举的小语言
#
# 词表三个 token：A、B、E（结束）。遇到 E 就停，写满 4 个也停。于是回答共 31 种，前文（prefix）共 15 种。策略是一张表 $\theta\in\mathbb R^{15\times3}$：每种前文一行 logits，
#
# $$
# \pi_\theta(y)=\prod_{t=1}^{|y|}\pi_\theta(y_t\mid y_{<t}),\qquad \log\pi_\theta(y)=\sum_{t}\log\pi_\theta(y_t\mid y_{<t}).
# $$
#
# 大模型只是把这张表换成网络，损失作用在 $\log\pi_\theta(y_t\mid y_{<t})$ 上，与网络无关。所以后面每个损失都写成「$(n,4)$ 的 token logp 进，标量和对 logp 的梯度出」，再由 `token_backward` 传到 $\theta$：一行里被选中的 token 得 $1-p$，其余得 $-p$。

# %%
import numpy as np

rng = np.random.default_rng(2026)
TOKENS, LONGEST = "ABE", 4

prefixes, answers = [""], []
for prefix in prefixes:  # 边走边加
    for letter in TOKENS:
        text = prefix + letter
        (answers if letter == "E" or len(text) == LONGEST else prefixes).append(text)

N = len(answers)
ALL = np.arange(N)
state, token = np.zeros((2, N, LONGEST), dtype=int)  # (31, 4)：前文编号、token 编号，pad 处为 0
mask = np.zeros((N, LONGEST))
for i, text in enumerate(answers):
    for t, letter in enumerate(text):
        state[i, t], token[i, t], mask[i, t] = prefixes.index(text[:t]), TOKENS.index(letter), 1
length = mask.sum(axis=1)  # (31,)
assert (N, len(prefixes)) == (31, 15)


def log_softmax(z):
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def token_logp(theta, y=ALL):  # y：回答的编号 (n,) → (n, 4)，pad 处为 0
    return log_softmax(theta)[state[y], token[y]] * mask[y]


def token_backward(theta, dlogp, y=ALL):  # ∂L/∂logp (n, 4) → ∂L/∂θ (15, 3)
    w = dlogp * mask[y]
    picked = np.zeros_like(theta)
    np.add.at(picked, (state[y], token[y]), w)
    return picked - picked.sum(axis=1, keepdims=True) * np.exp(log_softmax(theta))


def distribution(theta):  # (31,)：每种回答的概率
    return np.exp(token_logp(theta).sum(axis=1))


theta = 0.7 * rng.standard_normal((15, 3))
pi = distribution(theta)
check("31 种回答的概率之和", pi.sum(), 1.0)
print("最可能的五种：", {answers[i]: round(float(pi[i]), 3) for i in np.argsort(-pi)[:5]})

# %% [markdown]
# 奖励按 token 给：写一个 B 得 1 分，写一个 A 扣 0.5 分，E 不计分。所以 $r(y)=\sum_t r_t$。
#
# ## 2. 策略梯度
#
# ### 对数求导技巧
#
# 目标 $J(\theta)=\sum_y\pi_\theta(y)\,r(y)$。对 $\theta$ 求导时，$r$ 是常数，概率才是 $\theta$ 的函数。$\nabla\pi=\pi\,\nabla\log\pi$，于是
#
# $$
# \nabla J=\sum_y r(y)\,\nabla\pi_\theta(y)=\sum_y\pi_\theta(y)\,r(y)\,\nabla\log\pi_\theta(y)
# =\mathbb E_{y\sim\pi_\theta}\big[r(y)\,\nabla\log\pi_\theta(y)\big].
# $$
#
# 好处在最后一步：它又是对 $\pi_\theta$ 的期望，抽样就能估，而且**不要求奖励可导**。写成损失是 $-\frac1n\sum_i r(y_i)\log\pi_\theta(y_i)$，样本和奖励都当常数。

# %%
step_reward = np.array([-0.5, 1.0, 0.0])[token] * mask  # (31, 4)
reward = step_reward.sum(axis=1)  # (31,)


def objective(theta):
    return float(distribution(theta) @ reward)


truth = numeric_gradient(objective, theta)  # (15, 3)，真值：不用任何技巧
exact = token_backward(theta, (pi * reward)[:, None] * mask)
check("Σ π r ∇logπ = ∇J", exact, truth, 1e-9)

# 每个 (回答, 位置) 的 ∇log π(y_t | y_<t)：(31, 4, 15, 3)
one = np.eye(N * LONGEST).reshape(N, LONGEST, N, LONGEST)
scores = np.array([[token_backward(theta, one[i, t]) for t in range(LONGEST)] for i in range(N)])


def moments(weight):  # 估计量 Σ_t w_t ∇log π_t：精确的均值 (15, 3) 与总方差
    g = np.einsum("yt,ytsk->ysk", weight, scores)
    mean = np.einsum("y,ysk->sk", pi, g)
    return mean, float(pi @ ((g - mean) ** 2).sum(axis=(1, 2)))


total = np.broadcast_to(reward[:, None], mask.shape)  # 每个 token 都乘整条的奖励
mean, variance = moments(total)
check("估计量无偏", mean, exact)

n = 20_000
drawn = rng.choice(N, size=n, p=pi)
sampled = token_backward(theta, reward[drawn][:, None] * mask[drawn] / n, drawn)
error = np.sqrt(((sampled - exact) ** 2).sum())
assert 0.3 < error / np.sqrt(variance / n) < 2  # 误差与精确的标准误同量级
print(f"单个样本的总方差 {variance:.2f}；{n} 个样本的误差与标准误同量级")

# 错：忘了 log，对采样到的概率求导。E[r ∇π] 不是 ∇J
wrong = token_backward(theta, (pi * pi * reward)[:, None] * mask)
cosine = (wrong * exact).sum() / np.sqrt((wrong**2).sum() * (exact**2).sum())
assert cosine < 0.9
print(f"损失写成 −r·π（忘了 log）：与真梯度的余弦 {cosine:.2f}")

# %% [markdown]
# ### 只乘后面的奖励
#
# 整条的奖励乘在每个 token 上是浪费：第 $t$ 个 token 影响不了它之前已经拿到的分。对 $t'<t$，
#
# $$
# \mathbb E\big[r_{t'}\nabla\log\pi(y_t\mid y_{<t})\big]=\mathbb E\Big[r_{t'}\,\underbrace{\mathbb E[\nabla\log\pi(y_t\mid y_{<t})\mid y_{<t}]}_{=\,\nabla\sum_k\pi(k\mid y_{<t})\,=\,0}\Big]=0 .
# $$
#
# 所以可以只乘「往后的奖励」（reward-to-go）$R_t=\sum_{t'\ge t}r_{t'}$：均值不变，方差更小。
#
# ## 3. 基线
#
# **结论：减去任何只依赖前文的 $b$，均值不变；方差是 $b$ 的二次函数，最优点不是平均奖励，但离得近。** 同一个恒等式：
#
# $$
# \mathbb E\big[b(y_{<t})\,\nabla\log\pi(y_t\mid y_{<t})\big]=0 .
# $$
#
# 记 $s=\nabla\log\pi(y)$，对常数 $b$，总方差为 $\mathbb E\big[(r-b)^2\lVert s\rVert^2\big]-\lVert\nabla J\rVert^2$，令导数为 0：
#
# $$
# b^\star=\frac{\mathbb E[\,r\,\lVert s\rVert^2]}{\mathbb E[\,\lVert s\rVert^2]} .
# $$
#
# 它是按 $\lVert s\rVert^2$ 加权的平均奖励。实践里用平均奖励（REINFORCE 的批均值、GRPO 的组均值）或价值 $V(y_{<t})$。


# %%
def to_go(x):  # 从后往前累加，最后一轴是位置
    return np.flip(np.cumsum(np.flip(x, axis=-1), axis=-1), axis=-1)


def values(theta, returns):  # (15,)：每种前文之后还能拿多少分，精确的条件期望
    p = distribution(theta)[:, None] * mask
    visits, sums = np.zeros((2, len(prefixes)))
    np.add.at(visits, state, p)
    np.add.at(sums, state, p * returns)
    return sums / visits


returns = to_go(step_reward) * mask
V = values(theta, returns)[state] * mask  # (31, 4)
norm = np.einsum("ytsk->ysk", scores)
weight = (norm**2).sum(axis=(1, 2))  # ‖s‖²
average, best = float(pi @ reward), float(pi @ (reward * weight) / (pi @ weight))

table = {
    "整条奖励": total,
    "整条奖励 − 平均": total - average,
    "整条奖励 − b*": total - best,
    "往后的奖励": returns,
    "往后的奖励 − V(前文)": returns - V,
}
spread = {}
for name, w in table.items():
    mean, spread[name] = moments(w * mask)
    check(f"{name}：均值", mean, exact)
for name, variance in spread.items():
    print(f"{name}：总方差 {variance:.3f}")
ordered = list(spread.values())
assert ordered[0] > ordered[1] > ordered[2] and ordered[0] > ordered[3] > ordered[4]

# %% alt="横轴是常数基线 b，纵轴是梯度估计的总方差，曲线是开口向上的抛物线。b 等于 0 在左侧坡上，平均奖励接近谷底，公式给出的最优 b 星正在谷底：基线选得好，方差明显变小"
grid = np.linspace(-1, 3, 41)
curve = [moments((total - b) * mask)[1] for b in grid]
fig, axis = figure(size=(6.0, 3.4))
_ = axis.plot(grid, four_digits(curve), color=BLUE)
marks = {
    "$b=0$": (0.0, RED, "o"),
    "mean reward": (average, ORANGE, "s"),
    "$b^*$": (best, GREEN, "D"),
}
for name, (b, color, shape) in marks.items():
    y = four_digits([moments((total - b) * mask)[1]])
    _ = axis.plot(four_digits([b]), y, shape, color=color, label=name, markersize=8)
_ = axis.set(xlabel="constant baseline $b$", ylabel="total variance", ylim=(0, None))
_ = axis.legend()
assert abs(grid[int(np.argmin(curve))] - best) <= 0.05 + 1e-9  # 谷底就是 b*

# %% [markdown]
# **基线依赖动作就有偏。** 真实的错法是错一位：优势里减的是 $V(y_{\le t})$（写完第 $t$ 个 token 之后的价值），而不是 $V(y_{<t})$，减掉的正是这个 token 带来的好处。奖励只在末尾给时最严重（RLHF 就是这样）：中间每个 token 的优势，条件期望都成了 0，只剩最后一个 token 有信号。

# %%
V_end = values(theta, total * mask)[state] * mask  # 同样的总分，但只在末尾给
after = np.concatenate([V_end[:, 1:], np.zeros((N, 1))], axis=1)  # V(y_≤t)：错一位
right, _ = moments((total - V_end) * mask)
shifted, _ = moments((total - after) * mask)
cosine = (shifted * exact).sum() / np.sqrt((shifted**2).sum() * (exact**2).sum())
check("末尾给分，减 V(前文)：均值", right, exact)
assert cosine < 0.8
print(f"价值错一位：均值与真梯度的余弦只有 {cosine:.2f}")
constant, _ = moments(mask)  # 优势处处为 1：期望梯度恰为 0
check("E[∇log π] = 0", constant, np.zeros((15, 3)))

# %% [markdown] part="ppo" title="比率与 PPO 截断"
# ## 4. 重要性比率
#
# 采一批回答很贵，想多更新几遍；但更新一步之后，样本就来自**旧**策略了。换分布用重要性比率：
#
# $$
# \mathbb E_{y\sim\pi_\theta}[f(y)]=\mathbb E_{y\sim\pi_\text{old}}\big[\rho(y)f(y)\big],\qquad
# \rho=\frac{\pi_\theta}{\pi_\text{old}}=\exp\big(\log\pi_\theta-\log\pi_\text{old}\big).
# $$
#
# 分母是**采样时**的策略，不是参考模型。代码只用 logp 之差再取指数：概率是许多小于 1 的数相乘，会下溢。序列的比率是 token 比率的**积**，也就是 logp 之差的**和**。
#
# 自查用一句话：$\mathbb E_\text{old}[\rho]=\sum_y\pi_\theta(y)=1$。下面三种错的「序列比率」都过不了这一关。

# %%
old_theta, new_theta = theta, theta + 0.8 * rng.standard_normal((15, 3))
old, new = token_logp(old_theta), token_logp(new_theta)  # 各 (31, 4)
p_old, p_new = distribution(old_theta), distribution(new_theta)
rho = np.exp((new - old).sum(axis=1))  # (31,)
check("E_old[ρ] = 1", p_old @ rho, 1.0)
check("E_old[ρ r] = E_new[r]", p_old @ (rho * reward), p_new @ reward)

wrong = {
    "概率先相加再相除": (np.exp(new) * mask).sum(axis=1) / (np.exp(old) * mask).sum(axis=1),
    "token 比率的平均": (np.exp(new - old) * mask).sum(axis=1) / length,
    "logp 之差取平均（几何平均）": np.exp((new - old).sum(axis=1) / length),
}
for name, ratio in wrong.items():
    assert abs(p_old @ ratio - 1) > 0.01
    print(f"{name}：E_old[比率] = {p_old @ ratio:.3f}，不是 1")

# %% [markdown]
# 第三种不全是错：GSPO 有意用它当序列比率，换来小方差，但它不再是重要性权重（[离策略](../docs/questions/off-policy-rl.md)）。
#
# PPO 用的是 **token 级**比率 $\rho_t=\pi_\theta(y_t\mid y_{<t})/\pi_\text{old}(y_t\mid y_{<t})$：前文的分布没有改正，换来的是方差不随长度连乘。它只在 $\theta=\theta_\text{old}$ 处保证梯度对：$\nabla\rho_t=\rho_t\nabla\log\pi=\nabla\log\pi$。走远了，梯度就有偏差，所以要限制走多远。

# %%
advantage = (returns - V) * mask  # 旧策略下的优势（第 3 节）


def surrogate_gradient(now):  # ∇ E_old[Σ_t ρ_t A_t]，在 now 处
    weight = p_old[:, None] * np.exp(token_logp(now) - old) * advantage
    return token_backward(now, weight)


def true_gradient(now):
    return token_backward(now, (distribution(now) * reward)[:, None] * mask)


check("第一步：替代目标的梯度 = ∇J", surrogate_gradient(old_theta), true_gradient(old_theta))
direction = new_theta - old_theta
off = []
for scale in (0.25, 1.0, 4.0):
    now = old_theta + scale * direction
    u, v = surrogate_gradient(now).ravel(), true_gradient(now).ravel()
    off.append(np.sqrt(((u - v) ** 2).sum() / (v @ v)))
print("离 θ_old 越来越远，替代目标的梯度的相对误差：", np.round(off, 2))
assert off[0] < off[1] < off[2] and off[0] < 0.1

# %% [markdown]
# ## 5. PPO 的截断
#
# ### 四个象限
#
# 目标（最大化）逐 token 是
#
# $$
# \min\big(\rho A,\ \mathrm{clip}(\rho,1-\varepsilon,1+\varepsilon)\,A\big),\qquad
# \frac{\partial}{\partial\log\pi}=\begin{cases}\rho A,&\rho A\le\mathrm{clip}(\rho)A\\0,&\text{否则。}\end{cases}
# $$
#
# | | $\rho<1-\varepsilon$ | 中间 | $\rho>1+\varepsilon$ |
# |---|---|---|---|
# | $A>0$ | $\rho A$，有梯度 | $\rho A$ | $(1+\varepsilon)A$，**梯度 0** |
# | $A<0$ | $(1-\varepsilon)A$，**梯度 0** | $\rho A$ | $\rho A$，有梯度 |
#
# 记法：$A>0$ 想让 $\rho$ 变大，已经大过头就停；$A<0$ 想让它变小，已经小过头就停。走**反**了的两格（左上、右下）照常有梯度，要拉回来。


# %%
def ppo(logp, old, adv, mask, eps=0.2):
    """各 (n, T)。返回损失（有效 token 的平均，取负）与对 logp 的梯度；old、adv 是常数。"""
    count = max(mask.sum(), 1)
    rho = np.exp((logp - old) * mask)  # pad 处为 1
    plain, clipped = rho * adv, np.clip(rho, 1 - eps, 1 + eps) * adv
    loss = -(np.minimum(plain, clipped) * mask).sum() / count
    gradient = -np.where(plain <= clipped, plain, 0.0) * mask / count
    return loss, gradient


def clip_only(logp, old, adv, mask, eps=0.2):  # 错：没有 min
    rho = np.exp(logp - old)
    inside = (rho >= 1 - eps) & (rho <= 1 + eps)
    loss = -(np.clip(rho, 1 - eps, 1 + eps) * adv).mean()
    return loss, -np.where(inside, rho * adv, 0.0) / mask.sum()


def min_of_losses(logp, old, adv, mask, eps=0.2):  # 错：先取了负号，却没有把 min 换成 max
    rho = np.exp(logp - old)
    plain, clipped = -rho * adv, -np.clip(rho, 1 - eps, 1 + eps) * adv
    return np.minimum(plain, clipped).mean(), np.where(plain <= clipped, plain, 0.0) / mask.sum()


corner = np.log([[0.5, 1.5, 0.5, 1.5]])  # ρ
sign = np.array([[1.0, 1.0, -1.0, -1.0]])  # A
full, zero = np.ones((1, 4)), np.zeros((1, 4))
pattern = {
    "min，正确": (ppo, [True, False, False, True]),
    "只 clip": (clip_only, [False, False, False, False]),
    "损失取 min": (min_of_losses, [False, True, True, False]),
}
for name, (f, expected) in pattern.items():
    moves = (f(corner, zero, sign, full)[1] != 0)[0].tolist()
    assert moves == expected, name
    print(f"{name}：(A>0,ρ=0.5) (A>0,ρ=1.5) (A<0,ρ=0.5) (A<0,ρ=1.5) 有梯度吗 {moves}")

# %% alt="两行两列。上行是目标随比率变化，左列优势为正、右列优势为负；下行是对 log π 的梯度。优势为正时比率大于 1.2 后目标变平、梯度为 0；优势为负时比率小于 0.8 变平、梯度为 0；另一侧不截断。虚线是只截断不取 min 的写法，两侧都平，走反了拉不回来"
ratio = np.linspace(0.3, 1.8, 301)
unit = np.ones((1, ratio.size))
fig, axes = figure(2, 2, size=(6.4, 4.8), sharex=True)
for column, a in enumerate((1.0, -1.0)):
    x = np.log(ratio)[None]
    top, bottom = axes[0, column], axes[1, column]
    right = np.minimum(ratio * a, np.clip(ratio, 0.8, 1.2) * a)
    slope = -ppo(x, 0 * x, a * unit, unit)[1][0] * ratio.size
    _ = top.plot(ratio, four_digits(right), color=BLUE, label="min (right)")
    _ = top.plot(
        ratio, four_digits(np.clip(ratio, 0.8, 1.2) * a), "--", color=RED, label="clip only"
    )
    _ = bottom.plot(ratio, four_digits(slope), color=BLUE)
    _ = top.set(title=f"$A={a:+.0f}$")
    _ = bottom.set(xlabel=r"$\rho$")
    for axis in (top, bottom):
        for edge in (0.8, 1.2):
            _ = axis.axvline(edge, color=GRAY, linewidth=0.8, linestyle=":")
_ = axes[0, 0].set_ylabel("objective")
_ = axes[1, 0].set_ylabel(r"gradient w.r.t. $\log\pi$")
_ = axes[0, 0].legend()

# %% [markdown]
# ### 错的写法走给你看
#
# 一个坏动作（$A=-1$）因为别的 token 的更新，概率被带高到旧策略的 1.6 倍。对它做梯度下降：正确的写法把它拉回来、降到 0.8 以下停住；另两种一步都不动。反过来从 0.7 出发（已经降过头），「损失取 min」会继续往下压。

# %%
runs = {}
for name, (f, _) in pattern.items():
    for start in (1.6, 0.7):
        x = np.log([[start]])
        for _ in range(200):
            x = x - 0.05 * f(x, np.zeros((1, 1)), -np.ones((1, 1)), np.ones((1, 1)))[1]
        runs[name, start] = float(np.exp(x[0, 0]))
for (name, start), end in runs.items():
    print(f"{name}：ρ 从 {start} 走到 {end:.2f}")
assert 0.7 < runs["min，正确", 1.6] < 0.8 and runs["min，正确", 0.7] > 0.69
assert (
    runs["只 clip", 1.6] > 1.59 and runs["损失取 min", 1.6] > 1.59 and runs["损失取 min", 0.7] < 0.2
)

# %% [markdown]
# 另一类错不在公式，在 `old`：
#
# - **每步重算 `old`**：$\rho$ 恒等于 1，截断从不触发，一批样本推多少遍就走多远。`old` 要在采样后算一次、存下来。
# - **`old` 没有 detach**（写成 `logp - logp`）：两条路径的梯度恰好抵消，梯度恒为 0，损失却一切正常。
#
# 下面用同一批 64 个回答更新 100 遍，看离旧策略多远。


# %%
def kl(p, q):
    return float(p @ np.log(p / q))


batch = rng.choice(N, size=64, p=p_old)
adv = (reward[batch] - reward[batch].mean())[:, None] * mask[batch]


def reuse(recompute, steps=100, rate=2.0):
    now, stored = theta.copy(), token_logp(theta, batch)
    for _ in range(steps):
        logp = token_logp(now, batch)
        _, g = ppo(logp, logp if recompute else stored, adv, mask[batch])
        now = now - rate * token_backward(now, g, batch)
    return kl(distribution(now), p_old), np.exp(token_logp(now, batch) - stored)


near, r_near = reuse(recompute=False)
far, r_far = reuse(recompute=True)
print(
    f"存下 old：KL(新‖旧) = {near:.2f} nat，优势为正的 token 最大比率 {r_near[adv > 0].max():.2f}"
)
print(f"每步重算 old：KL = {far:.2f} nat，最大比率 {r_far[adv > 0].max():.2f}")
assert far > 5 * near and r_far[adv > 0].max() > 1.5 * r_near[adv > 0].max()

# %% [markdown]
# 存下 `old` 时比率也可以越过 1.2：截断只是让走过头的 token **没有梯度**；同一前文下别的 token 被压低，它的概率照样上升。所以实践里还要看 KL，过大就提前停。
#
# ### 反向的两个见证
#
# 手推的梯度先和有限差分比，再和 PyTorch 比。数据故意含 pad 和四个象限；pad 处填上极端的数，检查它们不参与。

# %%
logp, stored = rng.normal(-1.5, 0.4, size=(2, 5, 6))
adv = rng.standard_normal((5, 6))
valid = (np.arange(6) < np.array([6, 4, 1, 5, 3])[:, None]).astype(float)
logp[valid == 0], stored[valid == 0] = 1e4, -1e4  # pad 处的垃圾
loss, gradient = ppo(logp, stored, adv, valid)
check(
    "PPO 的梯度与有限差分",
    gradient,
    numeric_gradient(lambda z: ppo(z, stored, adv, valid)[0], logp),
    1e-9,
)
assert np.isfinite(loss) and not gradient[valid == 0].any()

# %% tags=["oracle"]
import torch

torch.set_num_threads(1)
x, o, a, m = (torch.tensor(v) for v in (logp, stored, adv, valid))
x.requires_grad_()
r = ((x - o) * m).exp()
judge = -(torch.minimum(r * a, r.clamp(0.8, 1.2) * a) * m).sum() / m.sum()
judge.backward()
check("PPO 的损失与 PyTorch", loss, judge.item())
check("PPO 的梯度与自动求导", gradient, x.grad.numpy())

first = torch.tensor(new, requires_grad=True)  # 第一步：logp 与 old 数值相同
w = torch.tensor(advantage)
for name, fixed in [("old 取 detach", first.detach()), ("old 没有 detach", first)]:
    (g,) = torch.autograd.grad(-((first - fixed).exp() * w).sum(), first)
    print(f"{name}：梯度处处为 0 吗 {bool((g == 0).all())}")

# %% [markdown] part="gae" title="GAE 与价值损失"
# ## 6. GAE
#
# 第 3 节的 $R_t-V(y_{<t})$ 无偏，但 $R_t$ 累加了后面所有的随机性。另一头只看一步：$\delta_t=r_t+\gamma V_{t+1}-V_t$，方差小，却把 $V$ 的误差带了进来。中间有一串 **$n$ 步优势**：
#
# $$
# A^{(n)}_t=\sum_{l<n}\gamma^lr_{t+l}+\gamma^nV_{t+n}-V_t=\sum_{l<n}\gamma^l\delta_{t+l}.
# $$
#
# 第二个等号是望远镜求和：每个 $\gamma^{l+1}V_{t+l+1}$ 与下一项的 $-\gamma^{l+1}V_{t+l+1}$ 抵消。
#
# ### 加权平均
#
# 广义优势估计（Generalized Advantage Estimation，GAE）取权重 $(1-\lambda)\lambda^{n-1}$ 的加权平均。$\delta_{t+l}$ 出现在所有 $n\ge l+1$ 的项里，权重合计 $(1-\lambda)(\lambda^l+\lambda^{l+1}+\cdots)=\lambda^l$，于是
#
# $$
# A_t=(1-\lambda)\sum_{n\ge1}\lambda^{n-1}A^{(n)}_t=\sum_{l\ge0}(\gamma\lambda)^l\delta_{t+l}=\delta_t+\gamma\lambda A_{t+1}.
# $$
#
# 最后一步是递推，从后往前扫一遍，$O(T)$。回合在 $N$ 步后结束时，$n\ge N$ 的各项都等于 $A^{(N)}_t$，权重合并成 $\lambda^{N-1}$。
#
# ### 结束标志管两处
#
# 几条回答拼成一行时，$d_t=1$ 表示第 $t$ 步之后回合结束：
#
# $$
# \delta_t=r_t+\gamma(1-d_t)V_{t+1}-V_t,\qquad A_t=\delta_t+\gamma\lambda(1-d_t)A_{t+1}.
# $$
#
# 漏掉第一处，会拿下一条回答的价值自举；漏掉第二处，下一条的优势会流进来。只是被长度截断而不是真正结束时，末尾用 `last`（截断处之后的价值）自举，$d$ 不置 1。


# %%
def advantages(rewards, values, done, last=0.0, gamma=1.0, lam=0.95):
    """最后一轴是时间；last 是末尾之后的价值。返回优势与价值目标 A + V。"""
    out = np.zeros_like(rewards)
    running = np.zeros(rewards.shape[:-1])
    following = np.zeros(rewards.shape[:-1]) + last
    for t in reversed(range(rewards.shape[-1])):
        alive = 1 - done[..., t]
        delta = rewards[..., t] + gamma * alive * following - values[..., t]
        running = delta + gamma * lam * alive * running
        out[..., t], following = running, values[..., t]
    return out, out + values


def weighted(rewards, values, last, gamma, lam):
    """按定义：一条回合的 n 步优势，权重 (1−λ)λ^{n−1}，最后一项 λ^{N−1}。"""
    T = len(rewards)
    v = np.append(values, last)
    result = np.zeros(T)
    for t in range(T):
        for n in range(1, T - t + 1):
            gain = sum(gamma**k * rewards[t + k] for k in range(n))
            step = gain + gamma**n * v[t + n] - v[t]
            result[t] += (lam ** (n - 1) if n == T - t else (1 - lam) * lam ** (n - 1)) * step
    return result


r, v = rng.standard_normal((2, 6))
open_end = np.zeros(6)
for gamma, lam in [(1.0, 0.95), (0.9, 0.5), (0.99, 0.0), (0.9, 1.0), (0.0, 0.7)]:
    for last in (0.0, 1.5):
        fast = advantages(r, v, open_end, last, gamma, lam)[0]
        check(f"γ={gamma} λ={lam} 末尾价值 {last}", fast, weighted(r, v, last, gamma, lam))

done = np.array([0.0, 0, 1, 0, 0, 1])  # 两条回答拼成一行
packed = advantages(r, v, done, 0.0, 0.9, 0.8)[0]
apart = [advantages(r[i : i + 3], v[i : i + 3], np.zeros(3), 0.0, 0.9, 0.8)[0] for i in (0, 3)]
check("拼起来算 = 分开算", packed, np.concatenate(apart))

# %% [markdown]
# 三种错的写法，形状都对：


# %%
def careless(rewards, values, done, gamma, lam, mistake):
    out, running, following = np.zeros_like(rewards), 0.0, 0.0
    for t in reversed(range(len(rewards))):
        alive = 1 - done[t]
        first = 1.0 if mistake == "δ 里漏了 done" else alive
        second = 1.0 if mistake == "递推里漏了 done" else alive
        delta = rewards[t] + gamma * first * following - values[t]
        running = delta + gamma * lam * second * running
        out[t], following = running, values[t]
    if mistake == "δ 没有减 V":
        out = out + values
    return out


assert gap(careless(r, v, done, 0.9, 0.8, ""), packed) < 1e-12
for mistake in ("δ 里漏了 done", "递推里漏了 done", "δ 没有减 V"):
    wrong = careless(r, v, done, 0.9, 0.8, mistake)
    moved = np.flatnonzero(np.abs(wrong - packed) > 1e-9)
    print(f"{mistake}：位置 {moved.tolist()} 错了")
    assert moved.size and (mistake == "δ 没有减 V" or moved.max() == 2)  # 漏 done：只有前一条受害

# %% [markdown]
# ### 偏差与方差
#
# 小语言里可以精确地看 $\lambda$ 的取舍。把 $\sum_tA_t\nabla\log\pi(y_t\mid y_{<t})$ 当梯度估计，逐项求和算它的偏差与标准差。$V$ 取两种：精确的条件期望；加上固定误差的（模拟没训好的价值模型）。奖励只在末尾给，$\gamma=1$。
#
# - $V$ 精确：任何 $\lambda$ 都无偏，因为 $\mathbb E[\delta_t\mid y_{\le t}]$ 正是优势；$\lambda$ 越小方差越小。
# - $V$ 有误差：$\lambda=1$ 时 $V$ 只当基线，仍无偏；$\lambda$ 越小，偏差越大。

# %%
last_step = mask - np.concatenate([mask[:, 1:], np.zeros((N, 1))], axis=1)  # 每条最后一个 token
terminal = last_step * reward[:, None]  # (31, 4)：奖励只在末尾
exact_v = values(theta, total * mask)
noisy_v = exact_v + 0.5 * rng.standard_normal(exact_v.shape)
lams = np.linspace(0, 1, 11)
bias, deviation = {}, {}
for name, table in {"exact": exact_v, "noisy": noisy_v}.items():
    rows = []
    for lam in lams:
        A, _ = advantages(terminal, table[state] * mask, last_step, 0.0, 1.0, lam)
        mean, variance = moments(A * mask)
        rows.append((np.sqrt(((mean - exact) ** 2).sum()), np.sqrt(variance)))
    bias[name], deviation[name] = np.array(rows).T
print(f"V 精确：偏差处处 < 1e-12 {bool(bias['exact'].max() < 1e-12)}")
print(f"V 有误差：偏差从 λ=0 的 {bias['noisy'][0]:.2f} 降到 λ=1 的 0")
assert bias["exact"].max() < 1e-12 and bias["noisy"][-1] < 1e-12 and bias["noisy"][0] > 0.1
assert np.all(np.diff(bias["noisy"]) < 0) and deviation["exact"][0] < deviation["exact"][-1]

# %% alt="两幅图，横轴是 λ 从 0 到 1。左图是梯度的偏差：价值精确时恒为 0，价值有误差时随 λ 增大单调降到 0。右图是单个样本的标准差：两种价值都随 λ 增大而上升。λ 用偏差换方差，而偏差来自不准的价值"
fig, (left, right) = figure(1, 2, size=(6.4, 3.0))
for name, color, style in (("exact", BLUE, "s-"), ("noisy", RED, "o--")):
    _ = left.plot(lams, np.round(bias[name], 4), style, color=color, label=f"{name} $V$")
    _ = right.plot(lams, four_digits(deviation[name]), style, color=color, label=f"{name} $V$")
_ = left.set(xlabel=r"$\lambda$", title="bias of the gradient")
_ = right.set(xlabel=r"$\lambda$", title="std of one sample")
_ = left.legend()

# %% [markdown]
# ## 7. 价值损失
#
# 价值回归到 $R_t=A_t+V^\text{old}_t$（归一化优势**之前**算），常把新价值截在旧价值附近，再取两者的**较大**：
#
# $$
# L_V=\tfrac12\,\overline{\max\big((V-R)^2,\ (V^\text{clip}-R)^2\big)},\qquad V^\text{clip}=V^\text{old}+\mathrm{clip}(V-V^\text{old},\pm\varepsilon_v).
# $$
#
# 取 max 和 PPO 的 min 是一个意思：悲观。朝目标走过 $\varepsilon_v$ 就没有梯度；背着目标走，梯度照常。


# %%
def value_loss(v, v_old, target, mask, eps=0.2):
    """返回损失与对 v 的梯度；v_old、target 是常数。"""
    count = max(mask.sum(), 1)
    near = v_old + np.clip(v - v_old, -eps, eps)
    inside = np.abs(v - v_old) <= eps
    plain, clipped = (v - target) ** 2, (near - target) ** 2
    loss = 0.5 * (np.maximum(plain, clipped) * mask).sum() / count
    slope = np.where(plain >= clipped, v - target, np.where(inside, near - target, 0.0))
    return loss, slope * mask / count


now, before, goal = rng.standard_normal((3, 5, 6))
loss, gradient = value_loss(now, before, goal, valid)
check(
    "价值损失的梯度",
    gradient,
    numeric_gradient(lambda z: value_loss(z, before, goal, valid)[0], now),
    1e-9,
)

one_v = np.array([[0.5]])
passed = value_loss(one_v, 0 * one_v, np.array([[1.0]]), np.ones((1, 1)))[1]
away = value_loss(one_v, 0 * one_v, np.array([[-1.0]]), np.ones((1, 1)))[1]
print(f"朝目标走过头：梯度 {passed[0, 0]:.1f}；背着目标走：梯度 {away[0, 0]:.1f}")
assert passed == 0 and away == 1.5

# 回归的最优点是条件期望：λ = 1 的目标下，精确的 V 处期望梯度恰为 0
_, target = advantages(terminal, noisy_v[state] * mask, last_step, 0.0, 1.0, 1.0)
slope = np.zeros(len(prefixes))
np.add.at(slope, state, pi[:, None] * mask * (exact_v[state] - target))
check("λ=1：最优的 V 是条件期望", slope, np.zeros(15))
_, target = advantages(terminal, noisy_v[state] * mask, last_step, 0.0, 1.0, 0.0)
np.add.at(slope, state, pi[:, None] * mask * (exact_v[state] - target))
assert np.abs(slope).max() > 0.01
print("λ=0：目标里掺着旧的 V，最优点跟着它偏")

# %% tags=["oracle"]
import torch

t_now, t_before, t_goal, t_valid = (torch.tensor(z) for z in (now, before, goal, valid))
t_now.requires_grad_()
near = t_before + (t_now - t_before).clamp(-0.2, 0.2)
judge = (
    0.5
    * (torch.maximum((t_now - t_goal) ** 2, (near - t_goal) ** 2) * t_valid).sum()
    / t_valid.sum()
)
judge.backward()
check("价值损失与 PyTorch", value_loss(now, before, goal, valid)[0], judge.item())
check("价值损失的梯度与自动求导", value_loss(now, before, goal, valid)[1], t_now.grad.numpy())

# %% [markdown]
# 目标里的优势若先做了归一化（减均值、除标准差），回归的就不再是回报，价值模型学到的是随批次漂的量。展开见 [GAE](../docs/questions/gae.md) 与 [PPO 的完整损失](../docs/questions/ppo-loss.md)。

# %% [markdown] part="dpo" title="奖励模型与 DPO"
# ## 8. Bradley–Terry 损失
#
# 假设 $y_w$ 胜过 $y_l$ 的概率只看分差：$P(y_w\succ y_l)=\sigma(r_w-r_l)$。极大似然就是
#
# $$
# L_\text{RM}=-\log\sigma(m),\quad m=r_w-r_l,\qquad \frac{\partial L}{\partial r_w}=-\sigma(-m)=-\frac{\partial L}{\partial r_l}.
# $$
#
# 两件事要会说：分数整体加常数，损失不变（没有零点）；排得越错，梯度越大，排对很多的几乎没有梯度。
#
# 数值上，$m$ 很负时先算 $\sigma$ 会下溢成 0，再取对数得 $-\infty$。要用 $-\log\sigma(m)=\log(1+e^{-m})$，即 `logaddexp(0, -m)`。


# %%
def softplus(z):  # log(1 + e^z) = −log σ(−z)
    return np.logaddexp(0.0, z)


def sigmoid(z):
    return np.exp(-softplus(-z))


def bradley_terry(r_w, r_l):
    """返回损失与对 r_w 的梯度；对 r_l 的是相反数。"""
    margin = r_w - r_l
    return softplus(-margin).mean(), -sigmoid(-margin) / margin.size


win, lose = rng.standard_normal((2, 6))
loss, gradient = bradley_terry(win, lose)
check("BT 的梯度", gradient, numeric_gradient(lambda z: bradley_terry(z, lose)[0], win), 1e-9)
check("整体加 7 分，损失不变", bradley_terry(win + 7, lose + 7)[0], loss)
check("打平时的损失 = ln 2", bradley_terry(win, win)[0], np.log(2))

far = np.array([-1000.0])
with np.errstate(divide="ignore", over="ignore"):
    naive = -np.log(1 / (1 + np.exp(-far)))
assert np.isinf(naive).all() and bradley_terry(far, 0 * far)[0] == 1000.0
print("分差 −1000：朴素写法 inf，稳定写法 1000")

# %% [markdown]
# ## 9. 最优策略的闭式
#
# RLHF 的目标对每个提问是 $\max_\pi\ \mathbb E_\pi[r]-\beta\,\mathrm{KL}(\pi\Vert\pi_\text{ref})$。把两项合进一个对数：
#
# $$
# \mathbb E_\pi[r]-\beta\,\mathrm{KL}(\pi\Vert\pi_\text{ref})
# =-\beta\,\mathbb E_\pi\Big[\log\frac{\pi}{\pi_\text{ref}\,e^{r/\beta}}\Big]
# =-\beta\,\mathrm{KL}(\pi\Vert\pi^*)+\beta\log Z,
# $$
#
# $$
# \pi^*(y)=\frac{\pi_\text{ref}(y)\,e^{r(y)/\beta}}{Z},\qquad Z=\sum_y\pi_\text{ref}(y)\,e^{r(y)/\beta}.
# $$
#
# KL 非负且只在相等时为 0，所以 $\pi^*$ 是唯一的最优解，最优值是 $\beta\log Z$。31 种回答上，恒等式可以直接核对；真语言模型的 $Z$ 要对所有回答求和，算不出来，DPO 绕开的就是它。

# %%
beta = 0.8
ref_theta, ref = theta, pi  # 参考模型 = 第 1 节的策略


def tilted(ref, r, beta):  # π* ∝ π_ref e^{r/β}，返回 (π*, log Z)
    z = np.log(ref) + r / beta
    top = z.max()
    log_z = top + np.log(np.exp(z - top).sum())
    return np.exp(z - log_z), log_z


def regularized(p, r=reward, beta=beta):
    return float(p @ r - beta * kl(p, ref))


star, log_z = tilted(ref, reward, beta)
check("最优值 = β log Z", regularized(star), beta * log_z)
others = [distribution(rng.standard_normal((15, 3))) for _ in range(200)]
for p in others:
    assert gap(regularized(p), beta * log_z - beta * kl(p, star)) < 1e-12
    assert regularized(p) < regularized(star)
print("200 个随机策略：J(π) = β log Z − β KL(π‖π*) 成立，都不如 π*")


def as_theta(p):  # 任何分布都写得成逐 token 的表：每格是走到那里的总概率
    mass = np.zeros((15, 3))
    np.add.at(mass, (state, token), p[:, None] * mask)
    return np.log(mass)


check("π* 可以由自回归策略表示", distribution(as_theta(star)), star)
print(
    f"E[r]：参考 {ref @ reward:.2f} → 最优 {star @ reward:.2f}，KL(π*‖π_ref) = {kl(star, ref):.2f} nat"
)

# %% [markdown]
# ## 10. DPO 的损失与梯度
#
# 直接偏好优化（DPO）从闭式反解奖励，记 $h(y)=\log\pi(y)-\log\pi_\text{ref}(y)$：
#
# $$
# r(y)=\beta\log\frac{\pi^*(y)}{\pi_\text{ref}(y)}+\beta\log Z .
# $$
#
# 代进 Bradley–Terry，同一个提问的 $\beta\log Z$ 消去；再把 $\pi^*$ 换成要训练的 $\pi_\theta$：
#
# $$
# L_\text{DPO}=-\log\sigma(m),\quad m=\beta(h_w-h_l),\qquad
# \nabla_\theta L=-\beta\,\sigma(-m)\,\big[\nabla\log\pi_\theta(y_w)-\nabla\log\pi_\theta(y_l)\big].
# $$
#
# $\hat r=\beta h$ 叫**隐式奖励**；权重 $\sigma(-m)$ 是「当前排错的概率」。$\log\pi(y)$ 是 token logp 的**和**，因为推导里是整条回答的概率。


# %%
def dpo(p_w, p_l, ref_w, ref_l, beta):
    """四个 (n,) 的序列 logp。返回损失、对 p_w 的梯度（对 p_l 的是相反数）与间隔。"""
    margin = beta * ((p_w - ref_w) - (p_l - ref_l))
    return softplus(-margin).mean(), -beta * sigmoid(-margin) / margin.size, margin


p_w, p_l, r_w, r_l = rng.normal(-5, 2, size=(4, 6))
loss, gradient, _ = dpo(p_w, p_l, r_w, r_l, 0.3)
check(
    "DPO 对 p_w 的梯度",
    gradient,
    numeric_gradient(lambda z: dpo(z, p_l, r_w, r_l, 0.3)[0], p_w),
    1e-9,
)
check(
    "DPO 对 p_l 的梯度",
    -gradient,
    numeric_gradient(lambda z: dpo(p_w, z, r_w, r_l, 0.3)[0], p_l),
    1e-9,
)
check("π = π_ref 时损失 = ln 2", dpo(r_w, r_l, r_w, r_l, 0.3)[0], np.log(2))

# %% [markdown]
# ### 总体损失的最优点
#
# 推导说：偏好由 Bradley–Terry 产生、数据覆盖所有回答时，DPO 的最优点就是 $\pi^*$。小语言里可以验证：对**所有** $31\times31$ 对求总体损失，看梯度在哪里为 0。同一把尺子量三种错的写法：
#
# | 写法 | 梯度为 0 的策略 |
# |---|---|
# | 求和，减参考（对） | $\pi^*\propto\pi_\text{ref}e^{r/\beta}$ |
# | 忘了参考 | $\propto e^{r/\beta}$：把参考当成均匀分布 |
# | logp 除以长度 | 不是 $\pi^*$ |
# | 符号反了 | $\propto\pi_\text{ref}e^{-r/\beta}$：学成最差的 |


# %%
prefer = sigmoid(reward[:, None] - reward[None, :])  # P(i ≻ j)
pair = 2 * ref[:, None] * ref[None, :] * prefer  # 两条都从参考采，i 胜；总和为 1


def population(p, way="对"):
    """总体 DPO 损失，与对 31 个 log π(y) 的梯度。"""
    score = np.log(p) - (0.0 if way == "忘了参考" else np.log(ref))
    scale = 1 / length if way == "除以长度" else np.ones(N)
    score = beta * scale * score * (-1.0 if way == "符号反了" else 1.0)
    margin = score[:, None] - score[None, :]
    pull = pair * sigmoid(-margin)
    slope = -(pull.sum(axis=1) - pull.sum(axis=0)) * beta * scale
    return float((pair * softplus(-margin)).sum()), slope * (-1.0 if way == "符号反了" else 1.0)


uniform = np.full(N, 1 / N)
check("对：在 π* 处", population(star)[1], np.zeros(N))
check(
    "忘了参考：在 e^{r/β} 处",
    population(tilted(uniform, reward, beta)[0], "忘了参考")[1],
    np.zeros(N),
)
check(
    "符号反了：在最差的策略处",
    population(tilted(ref, -reward, beta)[0], "符号反了")[1],
    np.zeros(N),
)
for way in ("忘了参考", "除以长度", "符号反了"):
    assert np.abs(population(star, way)[1]).max() > 1e-3
    print(f"{way}：π* 处梯度不为 0；π = π_ref 时的损失 {population(ref, way)[0]:.3f}")

trained = ref_theta.copy()
for _ in range(2000):  # 从参考出发做梯度下降
    p = distribution(trained)
    trained = trained - 10.0 * token_backward(trained, population(p)[1][:, None] * mask)
trained_kl = kl(distribution(trained), star)
print(f"梯度下降：KL(π‖π*) 从 {kl(ref, star):.2f} 降到 0.01 以下 {trained_kl < 0.01}")
assert trained_kl < 0.01

# %% [markdown]
# 注意最后一列：起点的损失只查得出「忘了参考」。**除以长度、符号反了，起点同样是 $\ln2$**，要靠看间隔往哪边走、chosen 与 rejected 的 logp 才查得出。
#
# ## 11. 绝对概率会一起降
#
# 损失只含差。参数共享时，压低 $y_l$ 会连带压低 $y_w$，腾出的概率流向数据里没有的第三种回答，叫似然位移（[DPO 的失效方式](../docs/questions/dpo-failure-modes.md)）。
#
# 最小的例子：让策略只看上一个 token（三行的 bigram 表，15 种前文共用）。偏好一对：$y_w$ = BBE，$y_l$ = BBBB（嫌它不停）。代进去，相同的转移消掉：
#
# $$
# \log\pi(\text{BBE})-\log\pi(\text{BBBB})=\log\pi(\text E\mid\text B)-2\log\pi(\text B\mid\text B).
# $$
#
# 把「B 后面接 B」压到 0，间隔就无穷大。可是 $y_w$ 自己也要用一次「B 接 B」，于是它的概率也趋于 0；概率去了 BE。

# %%
bigram = np.array([0 if x == "" else 1 + TOKENS.index(x[-1]) for x in prefixes])  # (15,)
tied_ref = np.log([[0.1, 0.8, 0.1], [0.3, 0.3, 0.4], [0.1, 0.3, 0.6]])  # 行：开头、A、B
chosen, rejected, third = (answers.index(x) for x in ("BBE", "BBBB", "BE"))


def displacement(sft=0.0, steps=100, rate=0.5, beta=1.0):
    tied, track = tied_ref.copy(), []
    start = token_logp(tied_ref[bigram]).sum(axis=1)
    for _ in range(steps + 1):
        now = token_logp(tied[bigram]).sum(axis=1)
        loss, pull, margin = dpo(
            now[[chosen]], now[[rejected]], start[[chosen]], start[[rejected]], beta
        )
        track.append((*now[[chosen, rejected, third]], loss, margin[0]))
        weight = np.zeros((N, 1))
        weight[chosen], weight[rejected] = pull[0] - sft, -pull[0]
        full_gradient = token_backward(tied[bigram], weight * mask)
        gradient = np.zeros((3, 3))
        np.add.at(gradient, bigram, full_gradient)
        tied = tied - rate * gradient
    return np.array(track)


plain, mixed = displacement(), displacement(sft=1.0)
for name, track in (("DPO", plain), ("DPO + SFT 项", mixed)):
    print(f"{name}：损失 {track[0, 3]:.3f} → {track[-1, 3]:.3f}，logp：", end="")
    for column, answer in enumerate(("BBE", "BBBB", "BE")):
        print(f"{answer} {track[0, column]:.2f} → {track[-1, column]:.2f}", end="；")
    print()
assert plain[-1, 3] < 0.05 and np.all(np.diff(plain[:, 4]) > 0)  # 损失很小，间隔一直涨
assert plain[-1, 0] < plain[0, 0] - 1 and plain[-1, 1] < plain[0, 1] - 1  # 两条都降了 1 nat 以上
assert plain[-1, 2] > plain[0, 2] and mixed[-1, 0] > mixed[0, 0]

# %% alt="左图是三种回答的对数概率随训练步数变化：chosen BBE 与 rejected BBBB 都下降，rejected 降得更快，数据里没有的 BE 反而上升。右图是同一次训练的 DPO 损失，从 ln2 单调降到接近 0。损失好看不代表 chosen 的概率上升"
steps = np.arange(len(plain))[::2]
fig, (left, right) = figure(1, 2, size=(6.4, 3.1))
lines = [("chosen BBE", BLUE, "-"), ("rejected BBBB", RED, "--"), ("unseen BE", GREEN, ":")]
for column, (name, color, style) in enumerate(lines):
    _ = left.plot(steps, four_digits(plain[::2, column]), style, color=color, label=name)
_ = right.plot(steps, four_digits(plain[::2, 3]), color=BLUE)
_ = right.axhline(round(float(np.log(2)), 4), color=GRAY, linestyle=":")
_ = left.set(xlabel="step", title=r"$\log\pi(y)$")
_ = right.set(xlabel="step", title="DPO loss", ylim=(0, 0.75))
_ = left.legend(fontsize=10)

# %% tags=["oracle"]
import torch
import torch.nn.functional as F

t_w, t_l = (torch.tensor(x, requires_grad=True) for x in (p_w, p_l))
margin = 0.3 * ((t_w - torch.tensor(r_w)) - (t_l - torch.tensor(r_l)))
judge = -F.logsigmoid(margin).mean()
judge.backward()
loss, gradient, _ = dpo(p_w, p_l, r_w, r_l, 0.3)
check("DPO 的损失与 PyTorch", loss, judge.item())
check("DPO 的梯度与自动求导", gradient, t_w.grad.numpy())
check("对 p_l 的梯度与自动求导", -gradient, t_l.grad.numpy())

# %% [markdown] part="kl" title="KL 的三个估计"
# ## 12. 数值：偏差与方差
#
# 样本 $y\sim\pi$，记 $u=\pi_\text{ref}/\pi$、$\ell=-\log u$。要估 $\mathrm{KL}(\pi\Vert\pi_\text{ref})=\mathbb E_\pi[\ell]$：
#
# $$
# k_1=\ell,\qquad k_2=\tfrac12\ell^2,\qquad k_3=u-1+\ell .
# $$
#
# $\mathbb E_\pi[u]=1$，所以 $k_3$ 是 $k_1$ 加一个期望为 0 的控制变量，无偏；$e^{x}\ge1+x$ 保证它非负。$k_2$ 有偏，两个分布靠得很近时偏差才小。
#
# 下面让策略沿最优解的路 $\pi_s\propto\pi_\text{ref}e^{sr}$ 越走越远，逐项求和，精确地看三个估计的期望与标准差。


# %%
def estimators(logp, ref_logp):
    ell = logp - ref_logp
    return {"k1": ell, "k2": ell**2 / 2, "k3": np.exp(-ell) - 1 + ell}


path = [tilted(ref, reward, 1 / s)[0] for s in np.linspace(0.05, 2.5, 26)]
distance = np.array([kl(p, ref) for p in path])
means, stds = {}, {}
for name in ("k1", "k2", "k3"):
    sample = [estimators(np.log(p), np.log(ref))[name] for p in path]  # 每个 (31,)
    means[name] = np.array([p @ k for p, k in zip(path, sample, strict=True)])
    stds[name] = np.array(
        [np.sqrt(p @ k**2 - (p @ k) ** 2) for p, k in zip(path, sample, strict=True)]
    )
check("k1 无偏", means["k1"], distance)
check("k3 无偏", means["k3"], distance)
assert (
    abs(means["k2"][0] / distance[0] - 1) < 0.05 and abs(means["k2"][-1] / distance[-1] - 1) > 0.2
)
assert stds["k3"][0] < stds["k1"][0] / 5 and stds["k3"][-1] > 5 * stds["k1"][-1]
for i in (0, 10, -1):
    line = "，".join(f"{k} {means[k][i]:.3f} ± {stds[k][i]:.3f}" for k in means)
    print(f"KL = {distance[i]:.3f}：{line}")

# %% alt="两幅图，横轴都是精确的 KL。左图是期望：k1 与 k3 落在对角线上，k2 离远后偏离。右图是单个样本的标准差，纵轴对数：近处 k2、k3 远小于 k1，k3 随距离迅速上升，越过 k1。k3 方差小只在两个分布接近时成立"
fig, (left, right) = figure(1, 2, size=(6.4, 3.2))
for name, color, style in (("k1", BLUE, "s"), ("k2", ORANGE, "^"), ("k3", RED, "o")):
    label = f"$k_{name[1]}$"
    _ = left.plot(
        four_digits(distance),
        four_digits(means[name]),
        style,
        color=color,
        label=label,
        markersize=4,
    )
    _ = right.plot(
        four_digits(distance),
        four_digits(stds[name]),
        style + "-",
        color=color,
        label=label,
        markersize=4,
    )
_ = left.plot([0, 3], [0, 3], color=GRAY, linewidth=0.8)
_ = left.set(xlabel="exact KL", title="expectation")
_ = right.set(xlabel="exact KL", title="std of one sample", yscale="log")
_ = left.legend()

# %% [markdown]
# 序列的 KL 由 token 得到：链式法则，$\mathrm{KL}=\mathbb E_\pi\big[\sum_t\mathrm{KL}_t(y_{<t})\big]$。所以逐 token 的 $k_1$ 之和就是序列的 $k_1$；逐 token 的 $k_3$ 之和也无偏（GRPO 用这个），但它和「序列的 $k_3$」不是一个数，方差也不同。
#
# 方向要看清：期望在 $\pi$ 下，比率是 $u=\pi_\text{ref}/\pi$。把 $u$ 写反成 $\pi/\pi_\text{ref}$，仍然非负、相等时仍为 0，却不再是这个 KL 的估计。

# %%
far_theta = as_theta(path[-1])
p, logp, ref_logp = path[-1], token_logp(far_theta), token_logp(ref_theta)
per_token = estimators(logp, ref_logp)["k3"].sum(axis=1)  # pad 处两者都是 0，k3 = 0
whole = estimators(logp.sum(axis=1), ref_logp.sum(axis=1))["k3"]
check("逐 token 的 k3 之和无偏", p @ per_token, kl(p, ref))
s_token, s_whole = (float(np.sqrt(p @ k**2 - (p @ k) ** 2)) for k in (per_token, whole))
print(f"KL = {kl(p, ref):.2f} 时的标准差：逐 token 的 k3 {s_token:.1f}，整条的 k3 {s_whole:.1f}")
assert s_token < s_whole

ell = (logp - ref_logp).sum(axis=1)
flipped = np.exp(ell) - 1 - ell  # 错：u 写反
assert abs(p @ flipped - kl(p, ref)) > 1
print(f"u 写反：期望 {p @ flipped:.1f}，真值 {kl(p, ref):.2f}")

# %% [markdown]
# ## 13. 梯度的陷阱
#
# 值无偏，梯度不一定。KL 有两种用法，求导的方式不同：
#
# - **放损失里**：样本固定，直接对 $k$ 求导，得 $\mathbb E_\pi[\nabla k]$。
# - **放奖励里**：$k$ 当常数，乘 $\nabla\log\pi$，得 $\mathbb E_\pi[k\,\nabla\log\pi]$。
#
# 完整的 $\nabla\mathbb E_\pi[k]$ 是两者之**和**，因为采样分布也含 $\theta$。记 $s=\nabla\log\pi$，由 $\mathbb E_\pi[s]=0$：
#
# $$
# \nabla k_1=s,\qquad \nabla k_2=\ell\,s,\qquad \nabla k_3=(1-u)\,s .
# $$
#
# 把整条回答当一个动作，期望依次是 $0$、$\nabla\mathrm{KL}(\pi\Vert\pi_\text{ref})$、$-\mathbb E_\text{ref}[s]=\nabla\mathrm{KL}(\pi_\text{ref}\Vert\pi)$。真值用有限差分算，不借助这些式子。

# %%
here = ref_theta + 0.8 * rng.standard_normal((15, 3))
p, logp = distribution(here), token_logp(here)
k_token = estimators(logp, ref_logp)
k_whole = estimators(logp.sum(axis=1), ref_logp.sum(axis=1))
forward = numeric_gradient(lambda z: kl(distribution(z), ref), here)  # ∇KL(π‖ref)
reverse = numeric_gradient(lambda z: kl(ref, distribution(z)), here)  # ∇KL(ref‖π)


def expected(weight):  # E_π[Σ_t w_t ∇log π_t]，w 可以是 (31,) 或 (31, 4)
    weight = weight[:, None] if weight.ndim == 1 else weight
    return token_backward(here, p[:, None] * weight * mask)


ell = logp.sum(axis=1) - ref_logp.sum(axis=1)
in_loss = {"k1": np.ones(N), "k2": ell, "k3": 1 - np.exp(-ell)}  # ∇k = w·s
check("损失里的 k1：0", expected(in_loss["k1"]), np.zeros((15, 3)))
check("损失里的 k2：∇KL(π‖ref)", expected(in_loss["k2"]), forward, 1e-8)
check("损失里的 k3：∇KL(ref‖π)", expected(in_loss["k3"]), reverse, 1e-8)
check("奖励里的 k1：∇KL(π‖ref)", expected(k_whole["k1"]), forward, 1e-8)
check("奖励里的 k3：两个方向之差", expected(k_whole["k3"]), forward - reverse, 1e-8)
check("两处相加：∇KL(π‖ref)", expected(in_loss["k3"] + k_whole["k3"]), forward, 1e-8)

# %% [markdown]
# 所以 $k_1$ 放奖励对、放损失没用；$k_2$ 放损失对；**$k_3$ 放损失是另一个方向的 KL，放奖励也不是 $\nabla\mathrm{KL}(\pi\Vert\pi_\text{ref})$**。
#
# ### 多步时还差一项
#
# 上面把整条回答当一个动作。真实代码把**逐 token** 的 $k$ 加起来放进损失，每个 token 只乘自己的 $\nabla\log\pi(y_t\mid y_{<t})$，前文的分布随 $\theta$ 变的那一项就丢了：
#
# $$
# \mathbb E_\pi\Big[\sum_t\nabla k_{3,t}\Big]=\sum_{y_{<t}}P_\pi(y_{<t})\ \nabla\,\mathrm{KL}\big(\pi_\text{ref}(\cdot\mid y_{<t})\,\Vert\,\pi(\cdot\mid y_{<t})\big).
# $$
#
# 右边的 $P_\pi(y_{<t})$ 不求导。逐 token 的 $k_2$ 同理：每一步的方向对，整条的 KL 不对。奖励里的 $k_1$ 没有这个问题，因为每个 token 乘的是**往后**的 KL 之和。

# %%
ell_token = (logp - ref_logp) * mask
token_k2, token_k3 = expected(ell_token), expected(1 - np.exp(-ell_token))
to_go_k1 = expected(to_go(ell_token))
check("奖励里逐 token 的 k1（往后累加）：∇KL(π‖ref)", to_go_k1, forward, 1e-8)

visit = np.zeros(15)  # 走到每种前文的概率
np.add.at(visit, state, p[:, None] * mask)
q, q_ref = np.exp(log_softmax(here)), np.exp(log_softmax(ref_theta))
check("损失里逐 token 的 k3", token_k3, visit[:, None] * (q - q_ref))  # ∇KL(q_ref‖q) = q − q_ref


def angle(x, y):
    return float((x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum()))


for name, g in {"逐 token 的 k2": token_k2, "逐 token 的 k3": token_k3}.items():
    assert gap(g, forward) > 0.1 * np.abs(forward).max()
    print(f"损失里{name}：与 ∇KL(π‖ref) 的余弦 {angle(g, forward):.2f}")

# %% [markdown]
# 余弦仍是正的：$k_3$ 放损失照样把策略拉回参考，只是停下来的地方不同（练习 4 给出一步问题的闭式）。实现里常见的取舍见 [KL 的三种估计](../docs/questions/kl-estimators.md)。

# %% [markdown] part="grpo" title="GRPO 与长度偏置"
# ## 14. 组内优势
#
# 组相对策略优化（GRPO）不要价值模型：同一个提问采 $G$ 个回答，互相当基线，再把这个数广播到回答的每个 token：
#
# $$
# \hat A_i=\frac{R_i-\mathrm{mean}(R)}{\mathrm{std}(R)+\epsilon}.
# $$
#
# 三个边界先说清：组内同分时分子全 0，$\epsilon$ 防 $0/0$，优势全 0、没有梯度；$G=1$ 没有可比的对象，直接报错；均值必须在**同一个提问**里算。标准差用样本标准差（除以 $G-1$），$\epsilon$ 各家不同：TRL $10^{-4}$，verl $10^{-6}$（[GRPO](../docs/questions/grpo-loss.md)），Dr. GRPO 的官方代码里作对照的 GRPO 是 $10^{-8}$（`train_zero_math.py`）。


# %%
def group_advantage(rewards, eps=1e-4, scale=True):  # (提问数, G) → 同形
    assert rewards.shape[1] > 1, "一个回答没有可比的对象"
    centered = rewards - rewards.mean(axis=1, keepdims=True)
    return centered / (rewards.std(axis=1, ddof=1, keepdims=True) + eps) if scale else centered


R = np.array([[1.0, 1, 1, 0], [0, 0, 0, 1], [1, 1, 1, 1]])  # 容易、难、全对
A = group_advantage(R)
check("组内均值为 0", A.mean(axis=1), np.zeros(3))
check("组内标准差为 1（同分的组除外）", A[:2].std(axis=1, ddof=1), np.ones(2), 1e-3)
assert not A[2].any() and np.isfinite(A).all()
with np.errstate(invalid="ignore"):
    assert np.isnan((R[2] - R[2].mean()) / R[2].std(ddof=1)).all()  # 不加 ε：0/0
across = (R - R.mean()) / R.std(ddof=1)  # 错：全批一起归一
print("按组：", np.round(A, 2).tolist())
print("错，全批：", np.round(across, 2).tolist())
assert (across[2] > 0).all()  # 全对的一组本该没有信号，却全得正分

# %% [markdown]
# ### 期望是不是真梯度
#
# 组均值**含自己**，不是独立的基线，但偏得很规矩：$\mathbb E[\hat A_i\mid y_i]=\frac{G-1}G(R_i-\mathbb E R)$，只差一个常数倍。留一法（RLOO）用其余 $G-1$ 个的均值，恰好无偏，等于前者乘 $\frac{G}{G-1}$。除以标准差就不同了：分母与 $R_i$ 相关，期望的**方向**也变。小语言里把 $31^3$ 种三人组逐一求和：

# %%
G = 3
combos = np.stack(np.meshgrid(ALL, ALL, ALL, indexing="ij"), axis=-1).reshape(-1, G)  # (31³, 3)
chance = pi[combos].prod(axis=1)
group = reward[combos]
loo = group - (group.sum(axis=1, keepdims=True) - group) / (G - 1)
kinds = {
    "减组均值": group_advantage(group, scale=False),
    "RLOO": loo,
    "减均值再除标准差": group_advantage(group),
}
gradients = {}
for name, adv in kinds.items():  # 三个位置对称，只看第 0 个：E[A_0 | y_0]
    coefficient = np.zeros(N)
    np.add.at(coefficient, combos[:, 0], chance * adv[:, 0])
    gradients[name] = token_backward(theta, coefficient[:, None] * mask)
check("减组均值：(G−1)/G 倍的 ∇J", gradients["减组均值"], (G - 1) / G * exact)
check("RLOO：恰是 ∇J", gradients["RLOO"], exact)
cosine = angle(gradients["减均值再除标准差"], exact)
print(f"再除标准差：与 ∇J 的余弦 {cosine:.3f}")
assert cosine < 0.995

# %% [markdown]
# ## 15. GRPO 的损失
#
# 策略项是 PPO 的截断，KL 用逐 token 的 $k_3$，直接进损失。各家只差每个 token 的权重 $w_i$：
#
# $$
# L=-\sum_{i,t}w_i\Big[\min\big(\rho_{i,t}\hat A_i,\mathrm{clip}(\rho_{i,t})\hat A_i\big)-\beta\,k_{3,i,t}\Big]
# $$
#
# | 做法 | $w_i$ | 出处 |
# |---|---|---|
# | GRPO | $\frac1{G\lvert o_i\rvert}$ | DeepSeekMath（2402.03300） |
# | DAPO | $\frac1{\sum_j\lvert o_j\rvert}$ | 2503.14476 |
# | Dr. GRPO | $\frac1{G\,L_\text{max}}$，且不除标准差 | 2503.20783 |
#
# 对 logp 的梯度两项相加：策略项是 PPO 的那个，KL 项是 $\beta(1-u)$。


# %%
def grpo(logp, old, ref_logp, adv, mask, eps=0.2, beta=0.04, way="grpo", longest=LONGEST):
    """logp、old、ref_logp、mask：(B, T)；adv：(B,)。返回损失与对 logp 的梯度。"""
    size = np.maximum(mask.sum(axis=1, keepdims=True), 1)
    weight = {
        "grpo": 1 / (len(mask) * size),
        "dapo": 1 / max(mask.sum(), 1),
        "dr_grpo": 1 / (len(mask) * longest),
    }[way] * mask
    rho = np.exp((logp - old) * mask)
    plain, clipped = rho * adv[:, None], np.clip(rho, 1 - eps, 1 + eps) * adv[:, None]
    gap_log = (ref_logp - logp) * mask  # log u
    k3 = np.exp(gap_log) - 1 - gap_log
    loss = -(weight * (np.minimum(plain, clipped) - beta * k3)).sum()
    slope = np.where(plain <= clipped, plain, 0.0) - beta * (1 - np.exp(gap_log))
    return loss, -weight * slope


logp, stored, ref_logp = rng.normal(-1.5, 0.4, size=(3, 4, 6))
valid = (np.arange(6) < np.array([6, 3, 1, 5])[:, None]).astype(float)
adv = group_advantage(np.array([[1.0, 0, 0, 1]]))[0]


def total_loss(z, way):
    return grpo(z, stored, ref_logp, adv, valid, 0.2, 0.3, way, 6)


for way in ("grpo", "dapo", "dr_grpo"):
    numeric = numeric_gradient(lambda z, way=way: total_loss(z, way)[0], logp)
    check(f"{way} 的梯度与有限差分", total_loss(logp, way)[1], numeric, 1e-9)

loss, gradient = grpo(logp, logp, logp, adv, np.ones((4, 6)))
print(
    f"第一步、等长、未偏离参考：损失为 0 {bool(abs(loss) < 1e-12)}，梯度不为 0 {bool(gradient.all())}"
)
assert abs(loss) < 1e-12 and gradient.all()

# %% tags=["oracle"]
import torch

x = torch.tensor(logp, requires_grad=True)
o, f, a, m = (torch.tensor(z) for z in (stored, ref_logp, adv, valid))
rho = ((x - o) * m).exp()
d = (f - x) * m
inner = torch.minimum(rho * a[:, None], rho.clamp(0.8, 1.2) * a[:, None]) - 0.3 * (d.exp() - 1 - d)
judges = {
    "grpo": ((inner * m).sum(1) / m.sum(1)).mean(),
    "dapo": (inner * m).sum() / m.sum(),
    "dr_grpo": (inner * m).sum() / (4 * 6),
}
for way, judge in judges.items():
    loss, gradient = grpo(logp, stored, ref_logp, adv, valid, 0.2, 0.3, way, 6)
    check(f"{way} 的损失与 PyTorch", loss, -judge.item())
    check(
        f"{way} 的梯度与自动求导",
        gradient,
        -torch.autograd.grad(judge, x, retain_graph=True)[0].numpy(),
    )

# %% [markdown]
# ## 16. 两种偏置
#
# ### 长度
#
# 答错时 $\hat A<0$。除以 $|o_i|$，写得长的每个 token 罚得轻：同样是错，长的那条相对更「划算」，于是**错的越写越长**；答对时相反，短的每个 token 奖得重。
#
# 做一个干净的实验：第一个 token 写 B 就算对，之后写多长与对错**无关**。正确的梯度不该动后面的长度，因为给定对错，优势是常数 $c$，而 $\mathbb E[c\,\nabla\log\pi(\text{后文})]=0$。期望梯度仍由穷举得到（$G=2$，$31^2$ 种组）；三种做法的优势相同，只换长度的分母。画「错的回答的平均长度」随正确率的变化。

# %%
right = np.array([x[0] == "B" for x in answers])
y0, y1 = np.meshgrid(ALL, ALL, indexing="ij")
pair_adv = group_advantage(np.stack([right[y0].ravel(), right[y1].ravel()], axis=1).astype(float))
pair_adv = pair_adv[:, 0].reshape(N, N)  # 第 0 个回答的优势
share = {
    "grpo": 1 / length[y0],
    "dapo": 2 / (length[y0] + length[y1]),
    "dr_grpo": np.full((N, N), 1 / LONGEST),
}


def train_length(way, goal=0.9, rate=0.3):
    now, track = np.zeros((15, 3)), []
    while True:
        p = distribution(now)
        accuracy = p @ right
        track.append(
            (accuracy, (p * ~right) @ length / (p @ ~right), (p * right) @ length / accuracy)
        )
        if accuracy > goal:
            return np.array(track)
        coefficient = (share[way] * pair_adv * p[None, :]).sum(axis=1) * p  # (31,)
        now = now + rate * token_backward(now, coefficient[:, None] * mask)


tracks = {way: train_length(way) for way in share}
for way, track in tracks.items():
    print(
        f"{way}：错的平均长度 {track[0, 1]:.2f} → {track[-1, 1]:.2f}，对的 {track[0, 2]:.2f} → {track[-1, 2]:.2f}"
    )
final = {way: track[-1] for way, track in tracks.items()}
check(
    "Dr. GRPO：错的长度不变",
    tracks["dr_grpo"][:, 1],
    np.full(len(tracks["dr_grpo"]), tracks["grpo"][0, 1]),
    1e-9,
)
check(
    "Dr. GRPO：对的长度不变",
    tracks["dr_grpo"][:, 2],
    np.full(len(tracks["dr_grpo"]), tracks["grpo"][0, 2]),
    1e-9,
)
assert final["grpo"][1] > final["dapo"][1] > final["dr_grpo"][1] + 0.01
assert final["grpo"][2] < final["dapo"][2] < final["dr_grpo"][2] - 0.01

# %% [markdown]
# DAPO 在这里居中：同一批内每个 token 等权，但分母随这批的总长变，错的短回答常落在分母小的批里，偏置减轻而没有消失。批越大，分母越接近常数，越接近 Dr. GRPO。
#
# ### 难度
#
# 二元奖励、正确率 $p$ 的提问：除以标准差之后，期望的推力是多少？对 $G=8$ 的二项分布逐项求和：不除时恰是 $\frac{G-1}Gp(1-p)$；除了以后，两端的题相对抬高。$G\to\infty$ 时这个比是 $1/\sqrt{p(1-p)}$；$G$ 有限时没有那么陡，因为两端多是全对全错的组，本来就没有信号。

# %%
from math import comb

size = 8
odds = np.linspace(0.01, 0.99, 99)


def push(p, scale):  # E[(1/G) Σ_i A_i (R_i − p)]：把正确率的 logit 推多大
    total = 0.0
    for k in range(size + 1):
        r = (np.arange(size) < k).astype(float)[None]
        chance = comb(size, k) * p**k * (1 - p) ** (size - k)
        total += chance * float((group_advantage(r, scale=scale) * (r - p)).mean())
    return total


with_std, without = (np.array([push(p, s) for p in odds]) for s in (True, False))
check("不除标准差", without, (size - 1) / size * odds * (1 - odds))
ratio = with_std / without
print(f"除与不除之比：p=0.5 时 {ratio[49]:.2f}，p=0.1 时 {ratio[9]:.2f}，p=0.02 时 {ratio[1]:.2f}")
assert ratio[1] > ratio[9] > ratio[49]

# %% alt="左图横轴是正确率，纵轴是错的回答的平均长度：GRPO 一路变长，DAPO 稍微变长，Dr. GRPO 是水平线。右图横轴是一道题的正确率，纵轴是除标准差与不除的推力之比，U 形：p 等于 0.5 时约 2，靠近 0 或 1 时升到 2.7 以上，两端的题权重偏大；虚线是 1 除以根号 p(1−p)，组无穷大时的极限"
fig, (left, right_axis) = figure(1, 2, size=(6.4, 3.3))
names = {
    "grpo": ("GRPO", RED, "-"),
    "dapo": ("DAPO", ORANGE, "--"),
    "dr_grpo": ("Dr. GRPO", BLUE, ":"),
}
for way, (label, color, style) in names.items():
    track = tracks[way][:: max(1, len(tracks[way]) // 40)]
    _ = left.plot(
        four_digits(track[:, 0]), four_digits(track[:, 1]), style, color=color, label=label
    )
_ = right_axis.plot(odds, four_digits(ratio), color=RED, label="$G=8$")
_ = right_axis.plot(
    odds, four_digits((odds * (1 - odds)) ** -0.5), "--", color=GRAY, label=r"$1/\sqrt{p(1-p)}$"
)
_ = left.set(xlabel="accuracy", title="length of wrong answers")
_ = right_axis.set(
    xlabel="accuracy $p$ of a prompt", title="push: with std / without", ylim=(1.5, 4)
)
_ = left.legend()
_ = right_axis.legend(fontsize=10)

# %% [markdown] part="training" title="训练曲线与取舍"
# ## 17. 四种算法跑一遍
#
# 同一个起点（参考模型）、同一个奖励、同一个 $\beta=0.8$，每步采 64 个回答，用前面手写的损失和梯度训练。画在「离参考多远」与「得多少分」的平面上：
#
# - **前沿**是精确的：走同样远的 KL，没有策略能比 $\pi_\text{ref}e^{r/\beta'}$ 得分更高（第 9 节，$\beta'$ 从大到小扫过去）。任何训练轨迹都在它下面。
# - 目标 $J=\mathbb E[r]-\beta\,\mathrm{KL}$ 的最优点是前沿上 $\beta'=\beta$ 的那一点。
#
# | 算法 | 优势 | KL 放哪 |
# |---|---|---|
# | REINFORCE | 往后的奖励 − 批均值 | 奖励里，$k_1$ |
# | PPO | GAE（$\lambda=0.95$），价值表一起学 | 奖励里，$k_1$ |
# | GRPO | 8 组 × $G=8$，除标准差 | 损失里，$k_3$ |
# | DPO | 512 对离线偏好，两条都从参考采 | 隐式，在 $\beta h$ 里 |


# %%
def place(theta):  # (KL, 平均奖励)，精确
    p = distribution(theta)
    return kl(p, ref), float(p @ reward)


def shaped(now, y, beta):  # 逐 token 的奖励：得分 − β k1
    return step_reward[y] - beta * (token_logp(now, y) - token_logp(ref_theta, y))


def reinforce(steps=150, rate=1.0, seed=1, beta=beta):
    draw, now, track = np.random.default_rng(seed), ref_theta.copy(), []
    for _ in range(steps):
        track.append(place(now))
        y = draw.choice(N, size=64, p=distribution(now))
        gain = to_go(shaped(now, y, beta)) * mask[y]
        adv = gain - gain.sum() / mask[y].sum()
        now = now + rate * token_backward(now, adv / mask[y].sum(), y)
    return np.array([*track, place(now)])


def train_ppo(steps=150, rate=1.0, epochs=4, seed=2):
    draw, now, table, track = np.random.default_rng(seed), ref_theta.copy(), np.zeros(15), []
    for _ in range(steps):
        track.append(place(now))
        y = draw.choice(N, size=64, p=distribution(now))
        stored, v_old = token_logp(now, y), table[state[y]] * mask[y]
        adv, target = advantages(shaped(now, y, beta), v_old, last_step[y])
        for _ in range(epochs):
            _, g = ppo(token_logp(now, y), stored, adv, mask[y])
            _, g_v = value_loss(table[state[y]], v_old, target, mask[y])
            now = now - rate * token_backward(now, g, y)
            np.add.at(table, state[y], -5.0 * g_v)
    return np.array([*track, place(now)])


def train_grpo(steps=150, rate=1.0, epochs=2, seed=3, scale=True):
    draw, now, track = np.random.default_rng(seed), ref_theta.copy(), []
    for _ in range(steps):
        track.append(place(now))
        y = draw.choice(N, size=64, p=distribution(now))
        adv = group_advantage(reward[y].reshape(8, 8), scale=scale).ravel()
        stored, fixed = token_logp(now, y), token_logp(ref_theta, y)
        for _ in range(epochs):
            _, g = grpo(token_logp(now, y), stored, fixed, adv, mask[y], beta=beta)
            now = now - rate * token_backward(now, g, y)
    return np.array([*track, place(now)])


def label(pairs, seed):  # 两条都从参考采，按 Bradley–Terry 抽胜负
    draw = np.random.default_rng(seed)
    y = draw.choice(N, size=(2, pairs), p=ref)
    first_wins = draw.random(pairs) < sigmoid(reward[y[0]] - reward[y[1]])
    return np.where(first_wins, y[0], y[1]), np.where(first_wins, y[1], y[0])


def train_dpo(steps=600, rate=5.0, pairs=512, seed=4):
    (w, l), fixed, now, track = label(pairs, seed), np.log(ref), ref_theta.copy(), []
    for _ in range(steps):
        track.append(place(now))
        logp = token_logp(now).sum(axis=1)
        _, g, _ = dpo(logp[w], logp[l], fixed[w], fixed[l], beta)
        pull = np.zeros(N)
        np.add.at(pull, w, g)
        np.add.at(pull, l, -g)
        now = now - rate * token_backward(now, pull[:, None] * mask)
    return np.array([*track, place(now)]), distribution(now)


dpo_track, dpo_policy = train_dpo()
curves = {"REINFORCE": reinforce(), "PPO": train_ppo(), "GRPO": train_grpo(), "DPO": dpo_track}
sweep = np.geomspace(0.05, 50, 400)  # β′
frontier = np.array([(kl(p, ref), p @ reward) for p in (tilted(ref, reward, b)[0] for b in sweep)])
ceiling = np.array([b * tilted(ref, reward, b)[1] for b in sweep])  # β′ log Z(β′)
best_value = beta * log_z
for name, track in curves.items():
    assert (
        track[:, 1] <= (np.outer(track[:, 0], sweep) + ceiling).min(axis=1) + 1e-9
    ).all()  # 都在前沿之下
    value = track[:, 1] - beta * track[:, 0]
    same_kl = np.interp(track[-1, 0], frontier[::-1, 0], frontier[::-1, 1])
    print(
        f"{name}：KL {track[-1, 0]:.2f}，奖励 {track[-1, 1]:.2f}（同样的 KL，前沿 {same_kl:.2f}），"
        f"J {value[0]:.2f} → {value[-1]:.2f}（最优 {best_value:.2f}）"
    )
    assert value[0] + 0.7 < value.max() <= best_value + 1e-9
assert curves["PPO"][-1, 1] - beta * curves["PPO"][-1, 0] > best_value - 0.05
assert curves["GRPO"][-1, 0] < 0.7 * curves["PPO"][-1, 0]  # 同一个 β，停得近得多

# %% alt="横轴是与参考模型的 KL，纵轴是平均奖励。灰色实线是精确的前沿，四条训练轨迹都在它下面：REINFORCE 与 PPO 到达星号标出的最优点附近，GRPO 沿着前沿停在更近的地方，DPO 经过最优点附近没有停，走到更远、低于前沿更多的地方"
fig, axis = figure(size=(6.2, 4.2))
_ = axis.plot(
    four_digits(frontier[:, 0]), four_digits(frontier[:, 1]), color=GRAY, label="frontier"
)
looks = {"REINFORCE": (ORANGE, "^"), "PPO": (BLUE, "s"), "GRPO": (RED, "o"), "DPO": (GREEN, "D")}
for name, (color, shape) in looks.items():
    shown = np.unique(np.geomspace(1, len(curves[name]), 16).astype(int)) - 1
    track = four_digits(curves[name][shown])
    _ = axis.plot(
        track[:, 0], track[:, 1], shape + "-", color=color, label=name, markersize=4, linewidth=0.8
    )
_ = axis.plot(
    *four_digits([kl(star, ref), star @ reward]), "k*", markersize=13, label=r"optimum $\pi^*$"
)
_ = axis.set(
    xlabel=r"KL$(\pi\,\|\,\pi_{ref})$ (nat)",
    ylabel="mean reward",
    xlim=(-0.05, 2.6),
    ylim=(0.6, 3.6),
)
_ = axis.legend(loc="lower right", fontsize=10)

# %% [markdown]
# 三点要能解释，后两点各换一个条件再跑一次：
#
# - **REINFORCE 与 PPO 到了最优点附近**：$k_1$ 放奖励，期望梯度正是 $\nabla J$（第 13 节）。
# - **GRPO 用同一个 $\beta$，停得近得多**：优势除过标准差，奖励的尺度没了，$\beta$ 不再以「每 nat 值多少奖励」计；$k_3$ 又是另一个方向的 KL。所以 $\beta$ 不能在 PPO 与 GRPO 之间照抄。去掉标准差，差距小了一半左右，剩下的一半还在。
# - **DPO 走过了头**：总体损失的最优点是 $\pi^*$（第 10 节），可是 512 对里有一种回答 BBBE 从没输过，样本损失要它的间隔越大越好，又没有新样本来纠正，它的概率被推到 $\pi^*$ 的几倍。$J$ 先升后降，要靠早停；换成 8,192 对，同样的步数停在最优点附近。

# %%
unscaled = train_grpo(scale=False)
print(
    f"GRPO 不除标准差：KL {unscaled[-1, 0]:.2f}（除的 {curves['GRPO'][-1, 0]:.2f}，最优 {kl(star, ref):.2f}）"
)
assert curves["GRPO"][-1, 0] + 0.2 < unscaled[-1, 0] < kl(star, ref) - 0.2

more, _ = train_dpo(pairs=8192)
j_few, j_more = (t[:, 1] - beta * t[:, 0] for t in (curves["DPO"], more))
print(f"DPO 512 对：J 最高 {j_few.max():.2f}（第 {j_few.argmax()} 步），最后 {j_few[-1]:.2f}")
print(
    f"DPO 8192 对：J 最后 {j_more[-1]:.2f}，KL {more[-1, 0]:.2f}；最优 {best_value:.2f}，KL {kl(star, ref):.2f}"
)
(w, l), top = label(512, 4), answers.index("BBBE")
won, lost = ((w == top) & (l != top)).sum(), ((l == top) & (w != top)).sum()
print(f"512 对里 BBBE {won} 胜 {lost} 负；概率：π* {star[top]:.2f}，DPO 之后 {dpo_policy[top]:.2f}")
assert won > 10 and lost == 0 and dpo_policy[top] > 3 * star[top]
assert j_few[-1] < j_few.max() - 0.3 and j_more[-1] > best_value - 0.02

# %% [markdown]
# ## 18. 奖励作弊
#
# 把第 1 节的奖励当**代理**：每个 B 都加 1 分。真实偏好是：前两个 B 各值 1 分，第三个起是啰嗦，每个倒扣 1 分。代理在参考策略常去的短回答上是准的，走远了才脱钩。沿前沿走（代理的精确最优），再看一次不加 KL 的训练：


# %%
count_b = np.array([x.count("B") for x in answers])
gold = reward - 2.0 * np.maximum(count_b - 2, 0)  # 第三个起：+1 变成 −1
tilt = [tilted(ref, reward, b)[0] for b in sweep[::-1]]
gold_line = np.array([p @ gold for p in tilt])
proxy_line = frontier[::-1, 1]
peak = int(np.argmax(gold_line))
print(
    f"代理分 {proxy_line[0]:.2f} → {proxy_line[-1]:.2f} 一直涨；真实分 {gold_line[0]:.2f} → "
    f"峰值 {gold_line[peak]:.2f}（KL {frontier[::-1, 0][peak]:.2f} nat）→ {gold_line[-1]:.2f}"
)
assert np.all(np.diff(proxy_line) > -1e-12) and 0 < peak < len(gold_line) - 1
assert gold_line[peak] > gold_line[0] + 0.1 and gold_line[-1] < gold_line[0]


def free_run(steps=120, rate=1.0, seed=5):  # β = 0，只看代理
    draw, now, track = np.random.default_rng(seed), ref_theta.copy(), []
    for _ in range(steps):
        p = distribution(now)
        track.append((kl(p, ref), p @ reward, p @ gold))
        y = draw.choice(N, size=64, p=p)
        gain = to_go(step_reward[y]) * mask[y]
        adv = gain - gain.sum() / mask[y].sum()
        now = now + rate * token_backward(now, adv / mask[y].sum(), y)
    return np.array(track)


free = free_run()
assert free[-1, 1] > free[0, 1] + 1.5 and free[:, 2].max() > free[-1, 2] + 0.5
print(
    f"不加 KL 训练 120 步：代理 {free[-1, 1]:.2f}，真实 {free[-1, 2]:.2f}（途中最高 {free[:, 2].max():.2f}）"
)

# %% alt="横轴是与参考的 KL，纵轴是得分。代理分的实线一直上升；真实分的虚线先升后降，峰值出现在 KL 约三分之一 nat 处，之后跌到起点以下。圆点与方点是不加 KL 的训练轨迹，走的是同一个形状。代理分在涨不等于变好"
fig, axis = figure(size=(6.2, 3.6))
x = four_digits(frontier[::-1, 0])
_ = axis.plot(x, four_digits(proxy_line), color=BLUE, label="proxy (optimal)")
_ = axis.plot(x, four_digits(gold_line), "--", color=RED, label="gold (same policy)")
points = four_digits(free[np.unique(np.geomspace(1, len(free), 18).astype(int)) - 1])
_ = axis.plot(points[:, 0], points[:, 1], "s", color=BLUE, markersize=4, label="proxy (training)")
_ = axis.plot(points[:, 0], points[:, 2], "o", color=RED, markersize=4, label="gold (training)")
_ = axis.set(xlabel=r"KL$(\pi\,\|\,\pi_{ref})$ (nat)", ylabel="mean score")
_ = axis.legend(fontsize=10)

# %% [markdown]
# KL 惩罚没有改变这条曲线，只决定停在哪里：$\beta$ 大，停在峰值左边；$\beta$ 小，走过头。所以还要有独立于代理的评测，或在峰值附近早停；更多例子见[什么是 reward hacking](../docs/questions/reward-hacking.md)。

# %% [markdown] part="interview" title="面试版与练习"
# ## 19. 面试版
#
# 白板上的函数，边写边说：
#
# 1. 「比率用 logp 之差取指数；`old` 在采样后存下来，不回传。pad 处先填 0 再取指数，免得垃圾值变成 inf 或 NaN。」
# 2. 「min 在外面，平均只算有效 token。」
# 3. 「GAE 从后往前；`done` 管两处；整个函数不求导。」
# 4. 「logits 错一位：第 $t$ 个位置预测第 $t+1$ 个 token；回答部分**求和**；`logsigmoid` 不写 `log(sigmoid)`。」
# 5. 「GRPO 的优势在组内算，同分的组得 0；KL 用 $k_3$，$u$ 是参考比策略。」

# %% tags=["oracle"]
import torch
import torch.nn.functional as F


def masked_mean(x, mask):
    return x.masked_fill(~mask, 0.0).sum() / mask.sum().clamp(min=1)


def ppo_loss(logp, old, adv, mask, eps=0.2):  # 各 (b, s)；mask 是布尔
    ratio = (logp - old.detach()).masked_fill(~mask, 0.0).exp()
    adv = adv.detach()
    return -masked_mean(torch.minimum(ratio * adv, ratio.clamp(1 - eps, 1 + eps) * adv), mask)


@torch.no_grad()
def gae(rewards, values, done, last=0.0, gamma=1.0, lam=0.95):  # 各 (b, s)；last：截断处之后的价值
    adv = torch.zeros_like(rewards)
    running = torch.zeros_like(rewards[:, 0])
    following = running + last
    for t in reversed(range(rewards.shape[1])):
        alive = 1 - done[:, t]
        delta = rewards[:, t] + gamma * alive * following - values[:, t]
        running = delta + gamma * lam * alive * running
        adv[:, t], following = running, values[:, t]
    return adv, adv + values  # 优势、价值目标


def seq_logp(logits, ids, mask):  # (b, s, V)、(b, s)、(b, s)：回答部分为 True → (b,)
    logp = logits[:, :-1].log_softmax(-1).gather(2, ids[:, 1:, None])[..., 0]
    return logp.masked_fill(~mask[:, 1:], 0.0).sum(1)


def dpo_loss(p_w, p_l, ref_w, ref_l, beta=0.1):  # 四个 (b,)
    margin = (p_w - ref_w.detach()) - (p_l - ref_l.detach())
    return -F.logsigmoid(beta * margin).mean()


def group_advantages(rewards, eps=1e-4):  # (提问数, G)
    assert rewards.shape[1] > 1
    centered = rewards - rewards.mean(1, keepdim=True)
    return centered / (rewards.std(1, keepdim=True) + eps)


def grpo_loss(logp, old, ref, adv, mask, eps=0.2, beta=0.04):  # adv：(b,)
    ratio = (logp - old.detach()).masked_fill(~mask, 0.0).exp()
    adv = adv.detach()[:, None]
    gain = torch.minimum(ratio * adv, ratio.clamp(1 - eps, 1 + eps) * adv)
    log_u = (ref.detach() - logp).masked_fill(~mask, 0.0)
    per_token = (gain - beta * (log_u.exp() - 1 - log_u)).masked_fill(~mask, 0.0)
    return -(per_token.sum(1) / mask.sum(1).clamp(min=1)).mean()  # DAPO：换成 masked_mean


# 面试官会试的八件事
torch.manual_seed(0)
b, s = 4, 6
mask_t = torch.arange(s) < torch.tensor([6, 4, 1, 3])[:, None]
logp, old, adv, ref_t = torch.randn(4, b, s, dtype=torch.float64)
logp.requires_grad_()

first = ppo_loss(logp, logp, adv, mask_t)
(g,) = torch.autograd.grad(first, logp)
assert torch.allclose(g, -adv * mask_t / mask_t.sum())  # 1 第一步就是策略梯度

dirty = logp.detach().masked_fill(~mask_t, float("-inf")).requires_grad_()
a = ppo_loss(dirty, old.masked_fill(~mask_t, float("-inf")), adv, mask_t)
(g,) = torch.autograd.grad(a, dirty)
assert (
    torch.isclose(a, ppo_loss(logp, old, adv, mask_t)) and g.isfinite().all()
)  # 2 pad 是垃圾也不怕
assert ppo_loss(logp, old, adv, torch.zeros_like(mask_t)) == 0  # 3 全是 pad

r, v = torch.randn(2, 1, 6, dtype=torch.float64)
d = torch.tensor([[0.0, 0, 1, 0, 0, 1]], dtype=torch.float64)
both = gae(r, v, d)[0]
apart = [gae(r[:, i : i + 3], v[:, i : i + 3], d[:, i : i + 3])[0] for i in (0, 3)]
assert torch.allclose(both, torch.cat(apart, 1))  # 4 两条回答不串
assert torch.allclose(gae(r, v, d * 0, lam=1.0)[1], r.flip(1).cumsum(1).flip(1))  # λ=1：目标是回报

logits = torch.randn(2, 5, 7, dtype=torch.float64)
ids, answer = torch.randint(7, (2, 5)), torch.tensor([[0, 0, 1, 1, 1], [0, 1, 1, 0, 0]]).bool()
labels = ids.masked_fill(~answer, -100)
ce = F.cross_entropy(logits[:, :-1].transpose(1, 2), labels[:, 1:], reduction="none")
assert torch.allclose(seq_logp(logits, ids, answer), -ce.sum(1))  # 5 与交叉熵求和相同

w, l = (torch.tensor([x], dtype=torch.float64, requires_grad=True) for x in (-5000.0, -5.0))
zero = torch.zeros(1, dtype=torch.float64)
extreme = dpo_loss(w, l, zero, zero, beta=1.0)
assert extreme == 4995 and torch.autograd.grad(extreme, w)[0] == -1  # 6 极端间隔：有限，梯度饱和
assert torch.isclose(
    dpo_loss(w, l, w, l), torch.tensor(2.0, dtype=torch.float64).log()
)  #   起点 ln 2

groups = torch.tensor([[1.0, 0, 0, 0], [1, 1, 1, 1]])
A = group_advantages(groups)
assert torch.allclose(A.mean(1), torch.zeros(2), atol=1e-6) and (A[1] == 0).all()  # 7 同分的组得 0
same = grpo_loss(logp, logp, logp, torch.zeros(b, dtype=torch.float64), mask_t)
assert torch.autograd.grad(same, logp)[0].abs().max() == 0  #   没偏离参考：没有梯度
inputs = (logp, old, ref_t, A[0].double(), mask_t)
torch_loss = grpo_loss(*inputs)
numpy_loss, numpy_grad = grpo(*(x.detach().double().numpy() for x in inputs))
check("8 GRPO 与手推的 NumPy", numpy_loss, torch_loss.item())
check("8 GRPO 的梯度", numpy_grad, torch.autograd.grad(torch_loss, logp)[0].numpy())
print("策略梯度、pad、空掩码、GAE、移位、极端间隔、同分、与手推一致：全部通过")

# %% [markdown]
# ### 要存什么
#
# 损失本身是逐元素的，$O(b\,s)$；GAE 递推 $O(b\,s)$，按定义逐项加是 $O(b\,s^2)$。贵的是取 logp：`log_softmax` 要留一份 $(b,s,V)$，取完就放掉，或分块取。
#
# | | 每个 token 存 | 每条回答存 |
# |---|---|---|
# | PPO | `old`、参考 logp、旧价值、优势、价值目标 | 奖励 |
# | GRPO | `old`；$\beta>0$ 时加参考 logp | 优势 |
# | DPO | 无（离线） | 参考的 logp 之和 |

# %%
b, s, V_size = 8, 4096, 2**17  # 举例：词表 131,072，float32
size_bytes = 4 * b * s * V_size
assert size_bytes == 16 * 2**30
print(
    f"一份 (b, s, V) 的 float32 logits：{size_bytes / 2**30:.0f} GiB；取出的 logp：{4 * b * s / 2**10:.0f} KiB"
)

# %% [markdown]
# ## 20. 练习
#
# 先自己推，再展开答案；最后一格逐题核对。
#
# **1.** $G=2$、除样本标准差的 GRPO（$\epsilon\to0$），优势能取哪些值？它在优化什么？
#
# <details>
# <summary>答案 1</summary>
#
# 两个奖励不同时，离均值各是差的一半，样本标准差是差的 $1/\sqrt2$，所以优势只能是 $\pm\frac1{\sqrt2}$；相同时为 0。分差的大小丢了，只剩谁高谁低：期望梯度是 $\frac1{\sqrt2}\nabla(\text{胜率}-\text{败率})$，对手是冻结的自己：优化的是**胜率**，不是平均奖励。
#
# </details>
#
# **2.** GAE 里各阶 $n$ 步优势的权重是 $(1-\lambda)\lambda^{n-1}$。平均看多少步？$\lambda=0.95$ 呢？
#
# <details>
# <summary>答案 2</summary>
#
# 几何分布的均值：$\sum_n n(1-\lambda)\lambda^{n-1}=\frac1{1-\lambda}$。$\lambda=0.95$ 时是 20 步（回合足够长）。
#
# </details>
#
# **3.** 偏好标签有比例 $\epsilon$ 标反了。把 DPO 换成 $-(1-\epsilon)\log\sigma(m)-\epsilon\log\sigma(-m)$，最优的间隔 $m$ 是多少？
#
# <details>
# <summary>答案 3</summary>
#
# 求导：$-(1-\epsilon)\sigma(-m)+\epsilon\,\sigma(m)=0$，得 $\sigma(m)=1-\epsilon$，$m=\log\frac{1-\epsilon}\epsilon$，是有限的；普通 DPO（$\epsilon=0$）是无穷。
#
# </details>
#
# **4.** 一步问题里把惩罚换成 $\beta\,\mathrm{KL}(\pi_\text{ref}\Vert\pi)$（$k_3$ 放损失的那个方向），最优策略长什么样？
#
# <details>
# <summary>答案 4</summary>
#
# 拉格朗日：$r+\beta\,\pi_\text{ref}/\pi-\mu=0$，所以 $\pi(y)=\dfrac{\beta\,\pi_\text{ref}(y)}{\mu-r(y)}$，$\mu>\max r$ 由归一化定。与 $\pi_\text{ref}e^{r/\beta}$ 比，低分回答的概率只按 $1/(\mu-r)$ 衰减，不是指数，不会被压到接近 0。
#
# </details>
#
# **5.** $A<0$ 时 PPO 对大的 $\rho$ 不截，损失无上界。dual clip 把目标改成 $\max\big(\min(\rho A,\mathrm{clip}(\rho)A),\,cA\big)$（$A<0$，$c>1$）。哪段有梯度？
#
# <details>
# <summary>答案 5</summary>
#
# $1-\varepsilon\le\rho\le c$ 一段。$\rho<1-\varepsilon$ 被 clip 截，$\rho>c$ 被 $cA$ 截。代价是 $\rho>c$ 的坏 token 这一步拉不回来。
#
# </details>

# %%
# 练习 1：G = 2 时优势只有 ±1/√2，期望梯度是胜率减败率的梯度
A = group_advantage(reward[np.stack([y0.ravel(), y1.ravel()], axis=1)], eps=1e-12)
values_seen = sorted({round(float(x), 6) for x in A.ravel()})
assert np.allclose(values_seen, [-(0.5**0.5), 0, 0.5**0.5], atol=1e-6)
coefficient = pi * (A[:, 0].reshape(N, N) * pi[None, :]).sum(axis=1)
beats = np.sign(reward[:, None] - reward[None, :])
win_rate = numeric_gradient(lambda z: float(distribution(z) @ beats @ pi), theta)  # 对手冻结
check(
    "1 胜率的梯度", token_backward(theta, coefficient[:, None] * mask), win_rate / np.sqrt(2), 1e-8
)

# 练习 2：平均步数
n = np.arange(1, 2000)
check("2 平均看 20 步", (n * 0.05 * 0.95 ** (n - 1)).sum(), 20.0, 1e-9)

# 练习 3：标签平滑后的最优间隔
eps = 0.1
m = np.linspace(-6, 6, 120_001)
smooth = (1 - eps) * softplus(-m) + eps * softplus(m)
check("3 最优间隔", m[int(np.argmin(smooth))], np.log((1 - eps) / eps), 1e-3)

# 练习 4：反方向 KL 的最优策略，二分求 μ
low, high = reward.max() + 1e-9, reward.max() + 100.0
for _ in range(200):
    mu = (low + high) / 2
    low, high = (mu, high) if (beta * ref / (mu - reward)).sum() > 1 else (low, mu)
q = beta * ref / (mu - reward)


def other_way(p):
    return float(p @ reward - beta * kl(ref, p))


check("4 归一", q.sum(), 1.0, 1e-9)
assert all(other_way(p) < other_way(q) for p in [*others, star, ref])
print(f"4 最低分的回答：π* 压到 {(star / ref).min():.3f} 倍，反方向只压到 {(q / ref).min():.3f} 倍")

# 练习 5：dual clip
x = np.log([0.5, 0.9, 1.5, 2.9, 3.5])


def dual(z, a=-1.0, c=3.0):
    rho = np.exp(z)
    return float(np.maximum(np.minimum(rho * a, np.clip(rho, 0.8, 1.2) * a), c * a).sum())


moves = np.abs(numeric_gradient(dual, x)) > 1e-9
assert moves.tolist() == [False, True, True, True, False]
print("5 ρ = 0.5、0.9、1.5、2.9、3.5 有梯度吗：", moves.tolist())

# %% [markdown]
# 接下来读：[多模态与 RLHF](../docs/topics/multimodal-rlhf.md) 与 [推理强化学习](../docs/topics/rl-for-reasoning.md)（流程、数字、追问），题目 [PPO](../docs/questions/ppo-loss.md)、[DPO](../docs/questions/dpo-loss.md)、[GRPO](../docs/questions/grpo-loss.md)、[KL 估计](../docs/questions/kl-estimators.md)、[离策略](../docs/questions/off-policy-rl.md)。
