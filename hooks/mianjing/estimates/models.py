"""模型的参数量、位置编码的波长与混合专家。"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, erf, exp, floor, log, pi, sqrt, tanh

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
    qk_norm: int = 0,
) -> float:
    """Llama 式稠密解码器的参数量：无偏置、SwiGLU 三个矩阵、每层两个 RMSNorm 与末尾一个。

    qk_norm 为 1 时每层另有 q、k 的两份逐维权重，各 head_dim 个（Qwen3）。
    """
    attention = 2 * hidden * heads * head_dim + 2 * hidden * kv_heads * head_dim
    layer = attention + 3 * hidden * intermediate + 2 * hidden + 2 * head_dim * qk_norm
    embeddings = vocabulary * hidden * (1 if tied else 2)
    return layers * layer + hidden + embeddings


def preset_parameters(model: Preset, qk_norm: int = 0) -> float:
    """公开的稠密模型按配置数出来的参数量；不适用于 MLA 与 MoE。Qwen3 要写 qk_norm=1。"""
    return dense_parameters(
        model.layers,
        model.hidden,
        model.heads,
        model.kv_heads,
        model.head_dim,
        model.intermediate,
        model.vocabulary,
        int(model.tied),
        qk_norm,
    )


def gpt_parameters(layers: int, hidden: int, vocabulary: int, context: int) -> float:
    """GPT-2 式解码器的参数量：有偏置、4h 的 FFN、输出头与嵌入共用、可学习的位置、末尾 LayerNorm。

    Vh + s·h + L(12h²+13h) + 2h。
    """
    layer = 12 * hidden**2 + 13 * hidden
    return (vocabulary + context) * hidden + layers * layer + 2 * hidden


def bert_parameters(
    layers: int, hidden: int, vocabulary: int, positions: int = 512, segments: int = 2
) -> float:
    """BERT 编码器的参数量：三种嵌入与其后的 LayerNorm、L(12h²+13h)、pooler；不含预训练的头。"""
    embeddings = (vocabulary + positions + segments) * hidden + 2 * hidden
    pooler = hidden**2 + hidden
    return embeddings + layers * (12 * hidden**2 + 13 * hidden) + pooler


def embedding_share(parameters: float, hidden: int, vocabulary: int, copies: int) -> float:
    """词表矩阵占全部参数的比例；绑定时 copies=1，不绑定时 2。"""
    return copies * vocabulary * hidden / parameters


def swiglu_width(hidden: int, multiple: int, factor: float = 1) -> float:
    """Llama 的 FFN 宽：8h/3 取整、乘 factor 取整，再向上取到 multiple 的倍数。"""
    width = int(factor * int(8 * hidden / 3))
    return ceil(width / multiple) * multiple


def moe_parameters(
    layers: int,
    hidden: int,
    heads: int,
    kv_heads: int,
    head_dim: int,
    expert_width: int,
    experts: int,
    counted: int,
    vocabulary: int,
    qk_norm: int = 0,
) -> float:
    """每层都是 MoE、注意力是 MHA 或 GQA、不绑定的模型：数 counted 个专家。

    counted=experts 是总参数，counted=k 是激活参数（含嵌入与输出头）。
    每层 FFN 是 counted·3hf_e + h·experts，后一项是路由器。
    """
    attention = 2 * hidden * heads * head_dim + 2 * hidden * kv_heads * head_dim
    feed_forward = counted * 3 * hidden * expert_width + hidden * experts
    layer = attention + feed_forward + 2 * hidden + 2 * head_dim * qk_norm
    return layers * layer + 2 * vocabulary * hidden + hidden


def mla_parameters(
    hidden: int, heads: int, query_latent: int, kv_latent: int, rope_dim: int, head_dim: int
) -> float:
    """一层 MLA 的参数：q、kv 的降维、各自的 RMSNorm、升维与输出投影；v 每头也是 head_dim 维。"""
    query = hidden * query_latent + query_latent + query_latent * heads * (head_dim + rope_dim)
    key_value = hidden * (kv_latent + rope_dim) + kv_latent + kv_latent * heads * 2 * head_dim
    return query + key_value + heads * head_dim * hidden


def deepseek_parameters(
    model: Preset,
    dense_layers: int,
    experts: int,
    shared: int,
    counted: int,
    expert_width: int,
    query_latent: int = 1536,
    router_bias: int = 1,
    embedding: int = 1,
) -> float:
    """DeepSeek-V2、V3 的参数：前 dense_layers 层稠密，其余是 MoE；不含 MTP 模块。

    counted=experts 是总参数，counted=k 是激活参数；embedding=0 时扣掉输入嵌入（它只查表）。
    """
    attention = mla_parameters(
        model.hidden, model.heads, query_latent, model.kv_latent, model.rope_dim, model.head_dim
    )
    expert = 3 * model.hidden * expert_width
    moe = (counted + shared) * expert + model.hidden * experts + experts * router_bias
    dense = 3 * model.hidden * model.intermediate
    layers = model.layers * (attention + 2 * model.hidden)
    feed_forward = dense_layers * dense + (model.layers - dense_layers) * moe
    table = model.vocabulary * model.hidden
    return layers + feed_forward + model.hidden + table * (1 + embedding)


def active_ratio(active: float, total: float) -> float:
    """激活参数 ÷ 总参数。"""
    return active / total


def moe_capacity(tokens: int, experts: int, chosen: int, factor: float) -> float:
    """每个专家的容量：⌈k·T/E·c⌉ 个 token。"""
    return ceil(chosen * tokens / experts * factor)


def moe_load_variation(tokens: int, experts: int) -> float:
    """k=1、完全随机路由时单个专家负载的标准差 ÷ 均值：√((E−1)/T)。"""
    return sqrt((experts - 1) / tokens)


def mtp_tokens_per_step(acceptance: float) -> float:
    """草稿一个 token 的投机解码，每次主模型前向平均产出的 token 数：1+p。"""
    return 1 + acceptance


def initial_lm_loss(vocabulary: int) -> float:
    """均匀猜的交叉熵 ln V（nat），即随机初始化时语言模型损失的近似值。"""
    return log(vocabulary)


def mlm_mask_share(selected: float, replaced: float) -> float:
    """MLM 里真正换成 [MASK] 的 token 占全部 token 的比例。"""
    return selected * replaced


def span_target_length(tokens: int, rate: float, mean_span: int) -> float:
    """T5 片段还原的目标长度：被挖的 token、每段一个哨兵、一个结束符。"""
    noise = round(tokens * rate)
    return noise + round(noise / mean_span) + 1


def gelu(x: float) -> float:
    """xΦ(x)。"""
    return x * (1 + erf(x / sqrt(2))) / 2


def gelu_tanh(x: float) -> float:
    """GELU 的 tanh 近似。"""
    return x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2


def silu(x: float) -> float:
    """xσ(x)。"""
    return x / (1 + exp(-x))


def rope_wavelength(base: float, head_dim: int, pair: int) -> float:
    """RoPE 第 pair 对（从 0 数）转一圈要多少个 token：2π·base^{2i/d}。"""
    return float(2 * pi * base ** (2 * pair / head_dim))


def rope_longest_wavelength(base: float, head_dim: int) -> float:
    """RoPE 最慢的一对的波长：2π·base^{(d−2)/d}。"""
    return rope_wavelength(base, head_dim, head_dim // 2 - 1)


def rope_unturned_pairs(base: float, head_dim: int, trained: int) -> float:
    """在长 trained 的序列里一圈都转不满的对数。"""
    pairs = range(head_dim // 2)
    return sum(rope_wavelength(base, head_dim, pair) > trained for pair in pairs)


def ntk_base(base: float, scale: float, head_dim: int) -> float:
    """NTK-aware 的新底数：base·s^{d/(d−2)}，使最慢的一对恰好慢 s 倍。"""
    return float(base * scale ** (head_dim / (head_dim - 2)))


def yarn_scale(scale: float, power: int = 1) -> float:
    """YaRN 给 q、k 各乘的 0.1·ln s+1；power=2 是注意力分数的倍数。"""
    return float((0.1 * log(scale) + 1) ** power)


def alibi_slope(heads: int, head: int) -> float:
    """ALiBi 第 head 个头（从 1 数，头数是 2 的幂）的斜率 2^{−8i/n}。"""
    return float(2 ** (-8 * head / heads))


def tokens_per_parameter(tokens: float, parameters: float) -> float:
    """训练 token 数 ÷ 参数量；Chinchilla 的计算最优约为 20。"""
    return tokens / parameters


def matrix_parameters(count: int, rows: int, columns: int) -> float:
    """count 个 rows×columns 的矩阵有多少参数，无偏置。"""
    return count * rows * columns


def vocabulary_compute_growth(model: Preset, smaller: int) -> float:
    """词表由 smaller 换成这个模型的，每 token 的矩阵乘 FLOPs 多出的比例；输入嵌入是查表，不计。"""
    rest = preset_parameters(model) - model.vocabulary * model.hidden * (1 if model.tied else 2)
    return (rest + model.vocabulary * model.hidden) / (rest + smaller * model.hidden) - 1


def vocabulary_compute_saving(model: Preset, smaller: int, before: float, after: float) -> float:
    """同上，每 token 字符数由 before 升到 after，每个字符的矩阵乘 FLOPs 净减的比例。"""
    return 1 - (1 + vocabulary_compute_growth(model, smaller)) * before / after


def gelu_minimum_point() -> float:
    """GELU 取最小值的 x：Φ(x) + xφ(x) = 0。"""
    return _root(lambda x: _normal_cdf(x) + x * _normal_pdf(x), -2, 0)


def gelu_minimum() -> float:
    """GELU 的最小值。"""
    return gelu(gelu_minimum_point())


def silu_minimum_point() -> float:
    """SiLU 取最小值的 x：1 + x(1−σ(x)) = 0。"""
    return _root(lambda x: 1 + x / (1 + exp(x)), -3, 0)


def silu_minimum() -> float:
    """SiLU 的最小值。"""
    return silu(silu_minimum_point())


def gelu_steepest() -> float:
    """GELU 导数的最大值，在 x = √2 处（二阶导是 φ(x)(2−x²)）。"""
    return _normal_cdf(sqrt(2)) + sqrt(2) * _normal_pdf(sqrt(2))


def silu_steepest() -> float:
    """SiLU 导数的最大值：二阶导 σ(1−σ)(2+x(1−2σ)) 在正半轴的零点处。"""
    x = _root(lambda v: 2 - v * tanh(v / 2), 1, 4)
    gate = 1 / (1 + exp(-x))
    return gate * (1 + x * (1 - gate))


def yarn_kept_by_turns(
    base: float, head_dim: int, trained: int, pair: int, slow: float = 1, fast: float = 32
) -> float:
    """YaRN 论文的斜坡：第 pair 对在训练长度里转的圈数，从 slow 到 fast 线性地由 0 保留到 1。"""
    turns = trained / rope_wavelength(base, head_dim, pair)
    return min(1.0, max(0.0, (turns - slow) / (fast - slow)))


def yarn_kept_by_index(
    base: float, head_dim: int, trained: int, pair: int, slow: float = 1, fast: float = 32
) -> float:
    """YaRN 官方代码的斜坡：两个边界换成维的序号再取整，对序号线性地由保留 1 到 0。"""
    low, high = (
        head_dim * log(trained / (turns * 2 * pi)) / (2 * log(base)) for turns in (fast, slow)
    )
    start, end = floor(low), ceil(high)
    return 1 - min(1.0, max(0.0, (pair - start) / (end - start)))


def _normal_cdf(x: float) -> float:
    return (1 + erf(x / sqrt(2))) / 2


def _normal_pdf(x: float) -> float:
    return exp(-x * x / 2) / sqrt(2 * pi)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """二分找 [low, high] 里的零点；两端异号。"""
    sign = function(low) > 0
    for _ in range(80):
        middle = (low + high) / 2
        if (function(middle) > 0) == sign:
            low = middle
        else:
            high = middle
    return (low + high) / 2
