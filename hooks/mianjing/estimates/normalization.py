"""归一化：参数、ε、精度、残差流的方差、DeepNorm、访存。"""

from __future__ import annotations

import math

from mianjing.estimates.models import preset_parameters
from mianjing.estimates.presets import Preset


def norm_parameters(
    layers: int, hidden: int, per_layer: int = 2, extra: int = 1, vectors: int = 1
) -> float:
    """全模型归一化的参数个数：(per_layer·L + extra)·h·vectors。

    extra 是层外的那一处：Pre 结构在末尾，BERT 在嵌入之后。vectors 是每处几个 h 维向量：
    LayerNorm 有 γ、β 取 2，RMSNorm 只有 γ 取 1。
    """
    return (per_layer * layers + extra) * hidden * vectors


def qk_norm_parameters(layers: int, query_width: int, key_width: int) -> float:
    """QK-norm 的参数个数：L·(query_width + key_width)。

    各头共用一套 γ 时两个宽度都是 d；在切头之前整宽归一化时是 a·d 与 h_kv·d。
    """
    return layers * (query_width + key_width)


def rms_norm_share(model: Preset) -> float:
    """Pre 结构、全用 RMSNorm 的公开模型里，归一化的参数占总参数的比例。"""
    return norm_parameters(model.layers, model.hidden) / preset_parameters(model)


def norm_gradient_bytes(model: Preset, element_bytes: float = 4) -> float:
    """序列并行时组内要相加的 γ 梯度的字节（全部 RMSNorm，element_bytes 缺省 fp32）。"""
    return norm_parameters(model.layers, model.hidden) * element_bytes


def epsilon_threshold(epsilon: float) -> float:
    """ε 的门槛 √ε：输入的标准差等于它时，输出的标准差是 1/√2。"""
    return math.sqrt(epsilon)


def normalized_scale(scale: float, epsilon: float) -> float:
    """标准差（RMSNorm 是均方根）为 scale 的输入，归一化之后的尺度：s/√(s²+ε)。"""
    return scale / math.sqrt(scale * scale + epsilon)


def unbiased_excess(width: int) -> float:
    """误用无偏标准差的倍数：√(h/(h−1))，输出因此小同样的倍数。"""
    return math.sqrt(width / (width - 1))


def mean_direction_share(width: int) -> float:
    """各分量独立零均值时，均值平方占均方的期望比例：1/h。"""
    return 1 / width


def running_remainder(steps: int, momentum: float = 0.1) -> float:
    """BN 的滑动统计更新 t 步之后初值还占的比例：(1−m)^t，m 是新值的权重（PyTorch）。"""
    return math.pow(1 - momentum, steps)


def square_overflow(largest: float) -> float:
    """平方刚好不溢出的最大绝对值：√largest；fp16 的 largest 是 65504。"""
    return math.sqrt(largest)


def sum_of_ones_limit(significand_bits: int) -> float:
    """在 p 位有效位的浮点数里逐个加 1 停住的地方：2^p（bf16 是 8 位，fp16 是 11 位）。"""
    return math.ldexp(1, significand_bits)


def one_pass_error(mean_over_std: float, significand_bits: int = 24) -> float:
    """单遍方差 E[x²]−E[x]² 的相对误差的量级：u(1+(μ/σ)²)，u = 2^−p，缺省 fp32。"""
    return math.ldexp(1, -significand_bits) * (1 + mean_over_std * mean_over_std)


def qk_norm_logit_bound(head_dim: int) -> float:
    """QK-norm 之后（RMSNorm、γ = 1）缩放过的分数的上界：|q·k|/√d ≤ √d。"""
    return math.sqrt(head_dim)


def residual_scale(sublayers: int, increment: float = 1) -> float:
    """Pre 的残差流经过若干子层之后的标准差：√(1 + n·c)，c 是每个子层增量的方差。"""
    return math.sqrt(1 + sublayers * increment)


def post_norm_identity_gain(sublayers: int) -> float:
    """Post 里梯度只走恒等那一路的衰减：2^(−n/2)，子层输出与输入同方差时。"""
    return math.pow(2, -sublayers / 2)


def deepnorm_alpha(layers: int) -> float:
    """只用解码器时残差的放大：(2L)^(1/4)，L 是层数（torchscale）。"""
    return math.pow(2 * layers, 0.25)


def deepnorm_beta(layers: int) -> float:
    """只用解码器时 FFN、V、O 初始化的缩小：(8L)^(−1/4)，L 是层数（torchscale）。"""
    return math.pow(8 * layers, -0.25)


def add_norm_bytes(tokens: float, hidden: int, passes: int = 4, element_bytes: float = 2) -> float:
    """一处「残差相加 + 归一化」的显存读写字节：passes·tokens·h·element_bytes，γ 不计。

    passes：融合是 2 读 2 写共 4；分开是 3 读 2 写共 5。
    """
    return passes * tokens * hidden * element_bytes


def add_norm_saving() -> float:
    """融合「残差相加 + 归一化」省下的读写比例：1 − 4/5。"""
    return 1 - add_norm_bytes(1, 1, passes=4) / add_norm_bytes(1, 1, passes=5)
