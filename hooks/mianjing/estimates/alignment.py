"""对齐与多模态：奖励模型、DPO、GRPO、KL 的估计，图像 token、对比损失、扩散。

对数一律取自然对数，损失与 KL 的单位是 nat；字节就是字节。
"""

from __future__ import annotations

from math import ceil, exp, floor, log, log1p, pi, sqrt


def rlhf_state_bytes(
    parameters: float,
    trained: int,
    frozen: int,
    trained_bytes: float = 16,
    frozen_bytes: float = 2,
) -> float:
    """RLHF 各模型状态的字节：训练的 Ψ·16（混合精度 Adam：2+2+12），只推理的 Ψ·2。

    几个模型同为 Ψ 个参数；不含激活、KV cache 与推理引擎里的另一份权重。
    """
    return parameters * (trained * trained_bytes + frozen * frozen_bytes)


def bradley_terry_loss(margin: float) -> float:
    """−log σ(Δ)，Δ 是胜者减败者的分（DPO 里是隐式奖励之差）。"""
    return log1p(exp(-margin)) if margin > -700 else -margin


def bradley_terry_gradient(margin: float) -> float:
    """−log σ(Δ) 对胜者分数的梯度的大小：σ(−Δ)。"""
    return 1 / (1 + exp(margin))


def ipo_target_margin(beta: float) -> float:
    """IPO 的最优间隔 1/(2β)，间隔按 log(π/π_ref) 之差计。"""
    return 1 / (2 * beta)


def group_advantage(group: int, correct: int, right: int = 1) -> float:
    """GRPO：0/1 奖励、组内 correct 个对时，对的（right=1）或错的回答的优势；样本标准差，不加 ε。"""
    mean = correct / group
    return (right - mean) / sqrt(group * mean * (1 - mean) / (group - 1))


def difficulty_weight(accuracy: float) -> float:
    """GRPO 除以组内 std 带来的相对权重 1/√(p(1−p))（总体标准差，0/1 奖励）。"""
    return 1 / sqrt(accuracy * (1 - accuracy))


def all_wrong_probability(accuracy: float, group: int) -> float:
    """一组独立采样全错的概率 (1−p)^G。"""
    return (1 - accuracy) ** group


def any_right_probability(accuracy: float, samples: int) -> float:
    """n 次独立采样至少一次对的概率 1−(1−p)^n。"""
    return 1 - (1 - accuracy) ** samples


def clip_ceiling(probability: float, epsilon: float) -> float:
    """PPO 截断：优势为正时，概率涨过 p(1+ε) 就不再有梯度。"""
    return probability * (1 + epsilon)


def gaussian_kl(shift: float) -> float:
    """KL(N(μ,1)‖N(0,1)) = μ²/2。"""
    return shift**2 / 2


def gaussian_k1_std(shift: float) -> float:
    """π=N(μ,1)、ref=N(0,1) 时单个样本的 k1=−log u 的标准差：|μ|。"""
    return abs(shift)


def gaussian_k3_std(shift: float) -> float:
    """同上，k3=u−1−log u 的标准差：√(e^{μ²}−1−μ²)。"""
    return sqrt(exp(shift**2) - 1 - shift**2)


def bernoulli_k1_variance(policy: float, reference: float) -> float:
    """两点分布、样本来自 π 时 k1=log(π/ref) 的方差；参数是第一个结果的概率。"""
    return _variance(policy, [log(p / r) for p, r in _pairs(policy, reference)])


def bernoulli_k3_variance(policy: float, reference: float) -> float:
    """同上，k3=u−1−log u（u=ref/π）的方差。"""
    return _variance(policy, [r / p - 1 - log(r / p) for p, r in _pairs(policy, reference)])


def best_of_n_kl(samples: int) -> float:
    """Best-of-N 离原策略的 KL 的上界 ln n−(n−1)/n（无并列、单个回答概率很小时取等）。"""
    return log(samples) - (samples - 1) / samples


def sequence_weight_moment(chi_square: float, tokens: int) -> float:
    """各步独立、每步 E[w²]=1+χ² 时，T 步序列级重要性权重的二阶矩 (1+χ²)^T。"""
    return (1 + chi_square) ** tokens


def contrastive_chance_loss(batch: int) -> float:
    """CLIP 的损失在完全分不开时的值：n 选一，ln n。"""
    return log(batch)


def siglip_row_loss(batch: int, bias: float) -> float:
    """SigLIP 一行（1 正、n−1 负）在余弦全为 0 时的损失：log(1+e^{−b})+(n−1)log(1+e^b)。"""
    return log1p(exp(-bias)) + (batch - 1) * log1p(exp(bias))


def image_tokens(
    height: int, width: int, patch: int, merge: int = 1, tiles: int = 1, thumbnail: int = 0
) -> float:
    """图像 token 数：每块 (H/P)(W/P)/merge²，乘块数；thumbnail=1 时另加一张缩略图。"""
    return (height // patch) * (width // patch) // merge**2 * (tiles + thumbnail)


def native_image_tokens(
    height: int, width: int, unit: int = 28, low: int = 56 * 56, high: int = 28 * 28 * 1280
) -> float:
    """Qwen2-VL 的 smart_resize 之后的 token 数：边长取 unit 的倍数，面积压进 [low, high] 像素。"""
    tall, wide = (max(unit, round(v / unit) * unit) for v in (height, width))
    if tall * wide > high:
        scale = sqrt(height * width / high)
        tall, wide = (max(unit, floor(v / scale / unit) * unit) for v in (height, width))
    elif tall * wide < low:
        scale = sqrt(low / (height * width))
        tall, wide = (ceil(v * scale / unit) * unit for v in (height, width))
    return (tall // unit) * (wide // unit)


def mlp_projector_parameters(vision: int, hidden: int) -> float:
    """LLaVA-1.5 的两层 MLP 连接器 d_v→h→h 的参数量，含偏置。"""
    return vision * hidden + hidden + hidden * hidden + hidden


def rotary_wavelength(pair: int, pairs: int, base: float) -> float:
    """RoPE 第 pair 对（从 0 数）转一圈的位置数：2π·base^{pair/pairs}。"""
    return 2 * pi * float(base ** (pair / pairs))


def ddpm_signal(steps: int, first: float, last: float) -> float:
    """线性 β 表走完之后剩下的信号 ᾱ_T=∏(1−β_t)。"""
    product = 1.0
    for i in range(steps):
        product *= 1 - (first + (last - first) * i / (steps - 1))
    return product


def rollout_tokens(prompts: int, group: int, length: int) -> float:
    """强化学习一步至多采样多少 token：题数 × 每题的回答数 × 长度上限。"""
    return prompts * group * length


def _pairs(policy: float, reference: float) -> list[tuple[float, float]]:
    return [(policy, reference), (1 - policy, 1 - reference)]


def _variance(policy: float, values: list[float]) -> float:
    mean = policy * values[0] + (1 - policy) * values[1]
    return policy * (values[0] - mean) ** 2 + (1 - policy) * (values[1] - mean) ** 2
