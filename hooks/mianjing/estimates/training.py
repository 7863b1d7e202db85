"""训练的算力、显存与时间，优化器的步长，微调的参数与字节。"""

from __future__ import annotations

from math import exp, frexp, log, sqrt
from statistics import NormalDist


def training_flops(parameters: float, tokens: float) -> float:
    """C ≈ 6ND：前向 2ND，反向 4ND，不含注意力的平方项。"""
    return 6 * parameters * tokens


def training_days(
    parameters: float, tokens: float, devices: float, peak_flops: float, mfu: float
) -> float:
    """按 6ND 与 MFU 估的天数；peak_flops 是每卡每秒的峰值。"""
    seconds = training_flops(parameters, tokens) / (devices * peak_flops * mfu)
    return seconds / 86_400


def activation_bytes_per_layer(
    sequence: int,
    batch: int,
    hidden: int,
    heads: int,
    tensor_parallel: int = 1,
    stored: int = 0,
    sequence_parallel: int = 0,
) -> float:
    """Korthikanti 等 2022 的每层激活字节（16 位，f=4h，dropout 掩码 1 字节，无 FlashAttention）。

    stored：0 全存 sbh(10+24/t+5as/(ht))，1 选择性重算 sbh(10+24/t)，2 全重算 2sbh（未切）。
    sequence_parallel 取 1 时，归一化与 dropout 那 10sbh 也除以 t。
    """
    sbh = sequence * batch * hidden
    if stored == 2:
        return 2 * sbh
    quadratic = 5 * heads * sequence / (hidden * tensor_parallel) if stored == 0 else 0
    outside = 10 / (tensor_parallel if sequence_parallel else 1)
    return sbh * (outside + 24 / tensor_parallel + quadratic)


def gpu_hours(parameters: float, tokens: float, peak_flops: float, mfu: float) -> float:
    """按 6ND 与 MFU 估的卡时；peak_flops 是每卡每秒的稠密峰值。不含中断。"""
    return training_flops(parameters, tokens) / (peak_flops * mfu) / 3600


def achieved_flops(parameters: float, tokens: float, card_hours: float) -> float:
    """由总卡时反推每卡每秒做的模型 FLOPs：6ND ÷ 秒数；除以峰值就是 MFU。"""
    return training_flops(parameters, tokens) / (card_hours * 3600)


def flops_utilization(achieved: float, peak_flops: float) -> float:
    """利用率：每卡每秒做的 FLOPs ÷ 峰值。分子只计 6ND 是 MFU，计入重算是 HFU。"""
    return achieved / peak_flops


def recompute_ratio(forward_recomputed: float = 1) -> float:
    """HFU/MFU：(6 + 2·重算的前向份数)/6，全量重算为 8/6。"""
    return (6 + 2 * forward_recomputed) / 6


def attention_flops_share(layers: int, hidden: int, sequence: int, parameters: float) -> float:
    """注意力分数项与 6N 之比：12Lhs/(6N)，头数乘头维等于 h，因果不减半（PaLM 附录 B 的口径）。"""
    return 12 * layers * hidden * sequence / (6 * parameters)


def tokens_per_second(parameters: float, peak_flops: float, mfu: float) -> float:
    """每卡每秒训练的 token 数：峰值 × MFU ÷ 6N。"""
    return peak_flops * mfu / (6 * parameters)


def resume_checkpoint_bytes(parameters: float) -> float:
    """能续训的 checkpoint：fp32 主参数与 Adam 的两个矩，各 4 字节，合 12N。"""
    return 12 * parameters


def adafactor_moment_share(rows: int, columns: int) -> float:
    """Adafactor 的二阶矩只存行和与列和：(r+c)/(rc)，相对 Adam 的一份。"""
    return (rows + columns) / (rows * columns)


def hours_between_failures(days: float, failures: float) -> float:
    """平均多少小时中断一次。"""
    return days * 24 / failures


def young_interval_minutes(write_seconds: float, hours_between: float) -> float:
    """Young 公式 √(2·δ·MTBF)，δ 是写一次 checkpoint 的阻塞秒数；返回分钟。"""
    return sqrt(2 * write_seconds * hours_between * 3600) / 60


def checkpoint_waste(interval_minutes: float, write_seconds: float, hours_between: float) -> float:
    """浪费的比例 δ/τ + τ/(2·MTBF)；假设 δ ≪ τ ≪ MTBF，重启时间不计。"""
    interval = interval_minutes * 60
    return write_seconds / interval + interval / (2 * hours_between * 3600)


def adam_spike_bound(beta1: float, beta2: float) -> float:
    """单个梯度对当步更新的贡献上界，也是不做偏差修正时第一步的大小：(1-β1)/√(1-β2)。"""
    return (1 - beta1) / sqrt(1 - beta2)


def adam_noise_rms(beta1: float) -> float:
    """梯度全是噪声、v 已收敛时，Adam 更新的均方根：√((1-β1)/(1+β1))，以学习率为单位。"""
    return sqrt((1 - beta1) / (1 + beta1))


def averaging_window(beta: float) -> float:
    """指数滑动平均的窗口 1/(1-β)，单位是步。"""
    return 1 / (1 - beta)


def decay_window(learning_rate: float, weight_decay: float) -> float:
    """AdamW 的权重是近期更新的指数平均，窗口 1/(ηλ)，单位是步。"""
    return 1 / (learning_rate * weight_decay)


def muon_flops_share(rows: int, columns: int, tokens: float) -> float:
    """5 步 Newton–Schulz 的 FLOPs 占这个矩阵一步训练 6·r·c·token 的比例，乘加算 2。"""
    small, large = min(rows, columns), max(rows, columns)
    orthogonalize = 5 * (4 * small * small * large + 2 * small**3)
    return orthogonalize / (6 * rows * columns * tokens)


def critical_batch_steps(batch: float, noise_scale: float) -> float:
    """步数与最小步数之比 1 + B_noise/B；样本数之比把 batch 与 noise_scale 对调。"""
    return 1 + noise_scale / batch


def effective_tokens(unique: float, total: float, decay: float = 15.387756) -> float:
    """重复数据等价的新 token 数：U + U·R*·(1-e^{-R/R*})，R = D/U - 1（Muennighoff 等 2023）。"""
    if total <= unique:
        return total
    return unique + unique * decay * (1 - exp(-(total / unique - 1) / decay))


def uniform_guess_loss(classes: float) -> float:
    """均匀猜的交叉熵 ln V，单位 nat；也是随机初始化的起点。"""
    return log(classes)


def label_smoothing_gap(epsilon: float, classes: int) -> float:
    """标签平滑的最优处，正确类与其它类的 logit 之差：ln((1-ε+ε/V)/(ε/V))。"""
    return log((1 - epsilon + epsilon / classes) / (epsilon / classes))


def smallest_normal(exponent_bits: int) -> float:
    """IEEE 式浮点的最小正规数 2^(2-2^(e-1))。"""
    return float(2.0 ** (2 - 2 ** (exponent_bits - 1)))


def largest_finite(exponent_bits: int, mantissa_bits: int) -> float:
    """IEEE 式浮点的最大有限数 (2-2^-m)·2^(2^(e-1)-1)；E4M3 不留无穷，不适用。"""
    return float((2 - 2.0**-mantissa_bits) * 2.0 ** (2 ** (exponent_bits - 1) - 1))


def largest_without_infinity(exponent_bits: int, mantissa_bits: int) -> float:
    """不留无穷、只把全 1 当 NaN 的格式（如 FP8 E4M3）的最大数 (2-2^(1-m))·2^(2^(e-1))。"""
    return float((2 - 2.0 ** (1 - mantissa_bits)) * 2.0 ** (2 ** (exponent_bits - 1)))


def exponential_overflow(exponent_bits: int, mantissa_bits: int) -> float:
    """IEEE 式浮点里 e^x 上溢的 x：最大有限数的自然对数。"""
    return log(largest_finite(exponent_bits, mantissa_bits))


def spacing_at_one(mantissa_bits: int) -> float:
    """1 附近（向上）相邻两数的间距 2^-m。"""
    return float(2.0**-mantissa_bits)


def logits_bytes(tokens: float, vocabulary: float, element_bytes: float = 4) -> float:
    """全部位置的 logits 占的字节：token 数 × 词表 × 每元素字节。"""
    return tokens * vocabulary * element_bytes


def lora_parameters(layers: int, matrices: int, rank: int, d_in: int, d_out: int) -> float:
    """LoRA 的可训练元素：层数 × 每层的矩阵数 × r(d_in+d_out)，各矩阵同形状。"""
    return layers * matrices * rank * (d_in + d_out)


def lora_parameters_all_linear(model_hidden: int, model_ffn: int, layers: int, rank: int) -> float:
    """四个 h×h 与三个 h×f 的矩阵都加 LoRA（MHA 加 SwiGLU）：L·r·(8h + 3(h+f))。"""
    return layers * rank * (8 * model_hidden + 3 * (model_hidden + model_ffn))


def frozen_base_flops_ratio(hidden: int, intermediate: int, rank: int) -> float:
    """底座冻住、只训 LoRA 时每 token 的矩阵乘 FLOPs 与全参之比；底座 4 份，适配器 6 份。"""
    base = 4 * hidden * hidden + 3 * hidden * intermediate
    adapters = rank * (8 * hidden + 3 * (hidden + intermediate))
    return (4 * base + 6 * adapters) / (6 * base)


def finetune_state_bytes(base: float, base_bytes: float, trainable: float) -> float:
    """微调的权重、梯度与优化器状态：底座 × 每参数字节 + 16 × 可训练参数；激活另算。"""
    return base * base_bytes + 16 * trainable


def scale_bits_per_parameter(block: int = 64, second_block: int = 0) -> float:
    """分块量化的缩放常数每参数几比特：fp32 是 32/块；双重量化是 8/块 + 32/(块 × 外块)。"""
    if not second_block:
        return 32 / block
    return 8 / block + 32 / (block * second_block)


def quantized_base_bytes(parameters: float, bits: float, scale_bits: float) -> float:
    """量化底座的字节：参数 × (权重比特 + 缩放比特)/8。"""
    return parameters * (bits + scale_bits) / 8


def activation_bytes_per_token(
    hidden: int, heads: int, kv_heads: int, intermediate: int, fused: int = 1
) -> float:
    """Llama 式一层每 token 的激活字节：bf16、SwiGLU、GQA、无 dropout、FlashAttention。

    两个归一化的输入 4h，QKV 与前馈的输入 4h，Q、K、V 2(ad+2h_kv·d)，输出投影的输入 2ad，
    SwiGLU 6f（融合核）或 8f，每行一个 fp32 的 LSE 4a；假设 ad=h。
    """
    kv = hidden // heads * kv_heads
    attention = 2 * (hidden + 2 * kv) + 2 * hidden + 4 * heads
    return 8 * hidden + attention + (6 if fused else 8) * intermediate


def recompute_peak_layers(layers: int, segment: int, kept: float, inputs: float) -> float:
    """每 segment 层一段重算的激活峰值：段数×段输入 + 正在重算的一段；kept、inputs 是一层的量。"""
    return -(-layers // segment) * inputs + segment * kept


def recompute_best_segment(layers: int, kept: float, inputs: float) -> float:
    """使激活峰值最小的段长（连续近似）：√(L·inputs/kept)。"""
    return float((layers * inputs / kept) ** 0.5)


def selective_recompute_share(sequence: int, hidden: int) -> float:
    """选择性重算多出的 FLOPs 占整个训练步（前向加反向）：s/(18h+3s)，f=4h。"""
    return sequence / (18 * hidden + 3 * sequence)


def attention_core_share(sequence: int, hidden: int) -> float:
    """注意力核心（QKᵀ 与 PV）占一层 FLOPs 的比例：s/(6h+s)，f=4h，不减半。"""
    return sequence / (6 * hidden + sequence)


def stack_activation_bytes(
    layers: int,
    sequence: int,
    batch: int,
    hidden: int,
    heads: int,
    tensor_parallel: int = 1,
    stored: int = 0,
    sequence_parallel: int = 0,
) -> float:
    """layers 层激活的字节，每层见 activation_bytes_per_layer；不含层外与正在重算的那一层。"""
    layer = activation_bytes_per_layer(
        sequence, batch, hidden, heads, tensor_parallel, stored, sequence_parallel
    )
    return layers * layer


def recompute_saving(kept: float, inputs: float) -> float:
    """层内激活是层输入的几倍：一层一段重算时省下的倍数。"""
    return kept / inputs


def logits_layer_ratio(
    vocabulary: int, hidden: int, heads: int, kv_heads: int, intermediate: int
) -> float:
    """fp32 logits（每 token 4V 字节）÷ Llama 式一层激活的字节。"""
    layer = activation_bytes_per_token(hidden, heads, kv_heads, intermediate)
    return 4 * vocabulary / layer


def hardware_utilization(mfu: float, forward_recomputed: float = 1) -> float:
    """由 MFU 折 HFU：乘 (6 + 2·重算的前向份数)/6。"""
    return mfu * recompute_ratio(forward_recomputed)


def adam_spike_limit(beta1: float, beta2: float) -> float:
    """平静期 m=v=1 之后来一个任意大的梯度，更新的上界：√(β1²/β2 + (1-β1)²/(1-β2))。"""
    return sqrt(beta1**2 / beta2 + (1 - beta1) ** 2 / (1 - beta2))


def adam_burst_peak(beta1: float, beta2: float, factor: float, steps: int) -> float:
    """平静期 m=v=1 之后连着 steps 步的梯度都是 factor，更新的最大值，以学习率为单位。"""
    first = second = 1.0
    peak = 0.0
    for _ in range(steps):
        first = beta1 * first + (1 - beta1) * factor
        second = beta2 * second + (1 - beta2) * factor**2
        peak = max(peak, first / sqrt(second))
    return peak


def adam_uncorrected_peak_step(beta1: float, beta2: float) -> float:
    """不做偏差修正、梯度恒定时，更新在第几步最大：(1-β1^t)/√(1-β2^t) 的极大点。"""
    return max(range(1, 1000), key=lambda t: (1 - beta1**t) / sqrt(1 - beta2**t))


def adam_restart_scale(beta1: float, beta2: float) -> float:
    """续训把 t 归零、m 与 v 保留时，第一步被多乘的倍数：√(1-β2)/(1-β1)。"""
    return sqrt(1 - beta2) / (1 - beta1)


def wsd_mean_rate(decay_share: float) -> float:
    """WSD 线性退火到 0、退火占 decay_share 时，平均学习率与峰值之比（不计 warmup）。"""
    return 1 - decay_share / 2


def power_growth(factor: float, exponent: float) -> float:
    """量按 C^a 涨时，算力加 factor 倍它涨几倍。"""
    return float(factor**exponent)


def repeat_value(epoch: int, decay: float = 15.387756) -> float:
    """重复数据第 k 遍的边际价值 e^{-(k-1)/R*}，第 1 遍算 1（Muennighoff 等 2023 的拟合）。"""
    return exp(-(epoch - 1) / decay)


def repeat_limit(decay: float = 15.387756) -> float:
    """遍数趋于无穷时，有效 token 是唯一 token 的几倍：1 + R*。"""
    return 1 + decay


def relative_rounding(mantissa_bits: int) -> float:
    """正规数四舍五入的最大相对误差 2^-(m+1)：刚过 2 的幂时取到。"""
    return float(2.0 ** -(mantissa_bits + 1))


def smallest_subnormal(exponent_bits: int, mantissa_bits: int) -> float:
    """IEEE 式浮点最小的正数（次正规）：最小正规数 × 2^-m。"""
    return smallest_normal(exponent_bits) * 2.0**-mantissa_bits


def spacing_at(number: float, mantissa_bits: int) -> float:
    """number 所在区间 [2^e, 2^{e+1}) 里相邻两数的间距 2^{e-m}。"""
    return float(2.0 ** (frexp(number)[1] - 1 - mantissa_bits))


def perplexity(nats: float) -> float:
    """困惑度 e^loss，loss 的单位是 nat。"""
    return exp(nats)


def mad_scale() -> float:
    """正态分布下标准差 ÷ 中位绝对偏差：1/Φ⁻¹(3/4)。"""
    return 1 / NormalDist().inv_cdf(0.75)


def nf4_edge_probability() -> float:
    """NF4 端点取的分位：½(29/30 + 31/32)，避开概率 1 处的无穷大。"""
    return (29 / 30 + 31 / 32) / 2


def decay_after(rate: float, steps: int) -> float:
    """每步乘 rate，steps 步之后剩下的比例。"""
    return rate**steps


def variance_preserving_std(fan_in: int) -> float:
    """线性层保持方差的初始化标准差 1/√fan_in。"""
    return 1 / sqrt(fan_in)


def last_sublayer_share(layers: int, increment: float) -> float:
    """Pre 结构、每层两个子层各加方差 increment，最后一个子层占残差流方差的比例。"""
    return increment / (1 + 2 * layers * increment)
