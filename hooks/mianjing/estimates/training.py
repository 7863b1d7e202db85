"""训练的算力、显存与时间。"""

from __future__ import annotations


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
