"""并行与通信：ZeRO、流水线、集合通信。"""

from __future__ import annotations


def zero_bytes(parameters: float, stage: int, ranks: int, optimizer_bytes: float = 12) -> float:
    """混合精度 Adam 下每卡的模型状态字节：参数 2、梯度 2、优化器状态 optimizer_bytes（缺省 12）。

    stage 0～3 依次把优化器状态、梯度、参数切到 ranks 张卡上（ZeRO 论文 §3 的口径）。
    """
    optimizer = optimizer_bytes / (ranks if stage >= 1 else 1)
    gradients = 2 / (ranks if stage >= 2 else 1)
    weights = 2 / (ranks if stage >= 3 else 1)
    return parameters * (optimizer + gradients + weights)


def zero_volume(parameters: float, stage: int) -> float:
    """每卡每步收发的元素数（忽略 (N−1)/N）：数据并行与 ZeRO-1、2 是 2Ψ，ZeRO-3 是 3Ψ。"""
    return (3 if stage == 3 else 2) * parameters


def pipeline_bubble_ideal(stages: int, microbatches: int, interleave: int = 1) -> float:
    """气泡 ÷ 理想时间：(p−1)/(v·m)。"""
    return (stages - 1) / (interleave * microbatches)


def pipeline_bubble_total(stages: int, microbatches: int, interleave: int = 1) -> float:
    """气泡 ÷ 总时间：(p−1)/(v·m+p−1)。"""
    return (stages - 1) / (interleave * microbatches + stages - 1)


def ring_all_reduce_bytes(size: float, ranks: int) -> float:
    """环形 all-reduce 每卡发送的字节：2(N−1)/N·S。"""
    return 2 * (ranks - 1) / ranks * size


def ring_all_reduce_seconds(size: float, ranks: int, bandwidth: float, latency: float = 0) -> float:
    """环形 all-reduce 的时间：2(N−1)α + 2(N−1)/N·S/B；B 是每条链路每秒的字节，α 是每步的秒数。"""
    return 2 * (ranks - 1) * latency + ring_all_reduce_bytes(size, ranks) / bandwidth
