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
    sequence: int, batch: int, hidden: int, heads: int, tensor_parallel: int = 1, stored: int = 0
) -> float:
    """Korthikanti 等 2022 的每层激活字节（16 位，f=4h，dropout 掩码 1 字节，无 FlashAttention）。

    stored：0 全存 sbh(10+24/t+5as/(ht))，1 选择性重算 sbh(10+24/t)，2 全重算 2sbh。
    """
    sbh = sequence * batch * hidden
    if stored == 2:
        return 2 * sbh
    quadratic = 5 * heads * sequence / (hidden * tensor_parallel) if stored == 0 else 0
    return sbh * (10 + 24 / tensor_parallel + quadratic)
