"""模型的参数量与算力。"""

from __future__ import annotations

from mianjing.estimates.presets import Preset


def dense_parameters(
    layers: int,
    hidden: int,
    heads: int,
    kv_heads: int,
    head_dim: int,
    intermediate: int,
    vocabulary: int,
    tied: int = 0,
) -> float:
    """Llama 式稠密解码器的参数量：无偏置、SwiGLU 三个矩阵、每层两个 RMSNorm 与末尾一个。"""
    attention = 2 * hidden * heads * head_dim + 2 * hidden * kv_heads * head_dim
    layer = attention + 3 * hidden * intermediate + 2 * hidden
    embeddings = vocabulary * hidden * (1 if tied else 2)
    return layers * layer + hidden + embeddings


def preset_parameters(model: Preset) -> float:
    """公开的 Llama 系模型按配置数出来的参数量；不适用于 MLA、MoE 与带 QK-norm 的模型。"""
    return dense_parameters(
        model.layers,
        model.hidden,
        model.heads,
        model.kv_heads,
        model.head_dim,
        model.intermediate,
        model.vocabulary,
        int(model.tied),
    )
