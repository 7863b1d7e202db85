"""注意力、KV cache 与 FlashAttention。

FLOPs 一律按一次乘加 2 次计；长度、维数、头数都是个数；字节与秒写在函数名里。
"""

from __future__ import annotations

from math import sqrt

from mianjing.estimates.models import preset_parameters
from mianjing.estimates.presets import Preset


def dot_product_std(head_dim: int) -> float:
    """q、k 各分量独立、零均值、单位方差时，点积的标准差 √d（Vaswani 等 2017 §3.2.1 脚注）。"""
    return sqrt(head_dim)


def attention_parameters(hidden: int, heads: int, kv_heads: int, head_dim: int) -> float:
    """一层 Q、K、V、O 投影的参数元素数，无偏置：2h·a·d + 2h·h_kv·d；MHA 且 a·d=h 时是 4h²。"""
    return 2 * hidden * heads * head_dim + 2 * hidden * kv_heads * head_dim


def attention_forward_flops(batch: int, sequence: int, hidden: int) -> float:
    """一层 MHA 的前向 FLOPs（a·d=h，因果不减半）：投影 8bsh²，QKᵀ 与 PV 各 2bs²h。"""
    return 8 * batch * sequence * hidden**2 + 4 * batch * sequence**2 * hidden


def quadratic_ratio(sequence: int, hidden: int, intermediate: int, matrices: int) -> float:
    """一层里 QKᵀ 与 PV 的 FLOPs ÷ 其余矩阵乘的 FLOPs；FFN 有 matrices 个 h×f 的矩阵。

    两层、f=4h 是 s/(6h)；门控（3 个矩阵）且 f=4h 是 s/(8h)。MHA，因果不减半。
    """
    return 4 * sequence * hidden / (8 * hidden**2 + 2 * matrices * hidden * intermediate)


def score_bytes(batch: int, heads: int, sequence: int, element_bytes: float = 2) -> float:
    """一层 s×s 分数矩阵的字节：b·a·s²·字节。"""
    return batch * heads * sequence**2 * element_bytes


def logsumexp_bytes(batch: int, heads: int, sequence: int, element_bytes: float = 4) -> float:
    """FlashAttention 每层为反向另存的 LSE 的字节：b·a·s·字节（fp32）。"""
    return batch * heads * sequence * element_bytes


def attention_activation_bytes(sequence: int, batch: int, hidden: int, heads: int) -> float:
    """朴素注意力一层要存的激活字节 11sbh+5as²b（Korthikanti 等 2022 §4.1：16 位，掩码 1 字节）。"""
    return 11 * sequence * batch * hidden + 5 * heads * sequence**2 * batch


def quadratic_activation_length(head_dim: int) -> float:
    """激活里平方项 5as²b 追平其余 34sbh 的长度 s = 6.8d（口径同上，整层，a·d=h）。"""
    return 34 * head_dim / 5


def window_reach(layers: int, window: int) -> float:
    """滑动窗口（含自己共 window 个 key）叠 layers 层后，信息最远能传的位置数 L(w−1)。"""
    return layers * (window - 1)


def sparse_flops_ratio(
    tokens: int,
    selected: int,
    heads: int,
    latent: int,
    rope_dim: int,
    index_heads: int,
    index_dim: int,
) -> float:
    """DSA：一个 query 的稠密 FLOPs ÷ 稀疏 FLOPs，都用吸收式 MLA；索引器仍看全部 tokens 个。"""
    pair = 2 * heads * (latent + rope_dim) + 2 * heads * latent
    index = 2 * index_heads * index_dim
    return tokens * pair / (tokens * index + min(tokens, selected) * pair)


def kv_elements_per_token(layers: int, kv_heads: int, head_dim: int) -> float:
    """MHA、MQA、GQA 每 token 缓存的元素数：K 与 V 各一份。"""
    return 2 * layers * kv_heads * head_dim


def mla_elements_per_token(layers: int, kv_latent: int, rope_dim: int) -> float:
    """MLA 每 token 缓存的元素数：潜向量与解耦 RoPE 的键，K、V 共用。"""
    return layers * (kv_latent + rope_dim)


def mla_equivalent_groups(kv_latent: int, rope_dim: int, head_dim: int) -> float:
    """MLA 的缓存相当于几组 GQA：(d_c+d_h^R)/(2d)（DeepSeek-V2 报告 §2.1.4 表 1）。"""
    return (kv_latent + rope_dim) / (2 * head_dim)


def kv_cache_bytes(model: Preset, tokens: int, element_bytes: float = 2, batch: int = 1) -> float:
    """一个公开模型的 KV cache 字节：batch 条序列、每条 tokens 个 token。"""
    if model.kv_latent:
        per_token = mla_elements_per_token(model.layers, model.kv_latent, model.rope_dim)
    else:
        per_token = kv_elements_per_token(model.layers, model.kv_heads, model.head_dim)
    return batch * tokens * per_token * element_bytes


def kv_saving(
    elements: float, baseline: float, bits: float = 16, baseline_bits: float = 16
) -> float:
    """缓存比基线少的比例：1 − (元素 × 位数) ÷ (基线元素 × 基线位数)。"""
    return 1 - elements * bits / (baseline * baseline_bits)


def decode_intensity(heads: int, kv_heads: int, element_bytes: float = 2) -> float:
    """解码时注意力读缓存的算术强度，FLOP/字节：4a·s·d ÷ (2h_kv·s·d·字节)；16 位时是 a/h_kv。"""
    return 2 * heads / (kv_heads * element_bytes)


def mla_decode_intensity(
    heads: int, kv_latent: int, rope_dim: int, element_bytes: float = 2
) -> float:
    """吸收式 MLA 解码的算术强度，FLOP/字节：2a(2d_c+d_h^R) ÷ ((d_c+d_h^R)·字节)。"""
    return 2 * heads * (2 * kv_latent + rope_dim) / ((kv_latent + rope_dim) * element_bytes)


def decode_seconds(
    model: Preset, tokens: int, bandwidth: float, batch: int = 1, element_bytes: float = 2
) -> float:
    """解码一步的理想下限，秒：权重读一遍，每条序列的缓存各读一遍，再除以带宽（字节/秒）。

    只计矩阵乘的权重（Llama 式，不含输入嵌入与归一化）；不计计算、通信与开销。
    """
    weights = _matmul_parameters(model) * element_bytes
    return (weights + kv_cache_bytes(model, tokens, element_bytes, batch)) / bandwidth


def prefill_seconds(model: Preset, tokens: int, peak_flops: float) -> float:
    """预填充一条提示的理想下限，秒：2Ψ's 加因果注意力 2L·a·d·s²，再除以峰值 FLOP/s。"""
    attention = 2 * model.layers * model.heads * model.head_dim * tokens**2
    return (2 * _matmul_parameters(model) * tokens + attention) / peak_flops


def prefill_breakeven(model: Preset) -> float:
    """预填充里因果注意力的 FLOPs 追平线性层的长度 Ψ'/(L·a·d)。"""
    return _matmul_parameters(model) / (model.layers * model.heads * model.head_dim)


def chunked_prefill_reads(tokens: int, chunk: int) -> float:
    """分块预填充额外重读的 KV，单位是 token：(s/2)(s/C−1)；chunk 整除 tokens。"""
    return tokens / 2 * (tokens / chunk - 1)


def speculative_tokens(acceptance: float, draft: int) -> float:
    """投机解码一轮期望产出的 token 数 (1−α^{γ+1})/(1−α)（Leviathan 等 §3.1；独立同接受率）。"""
    if acceptance == 1:
        return draft + 1
    return (1 - acceptance ** (draft + 1)) / (1 - acceptance)


def speculative_speedup(acceptance: float, draft: int, cost: float) -> float:
    """投机解码的墙钟加速：期望 token 数 ÷ (γc+1)；c 是草稿一步与目标一步的耗时比。"""
    return speculative_tokens(acceptance, draft) / (draft * cost + 1)


def verification_cost(batch: int, tokens: int, balance: float) -> float:
    """投机解码一次验证 tokens 个与生成 1 个的耗时比，只算权重：读一遍与算，取长的那个。

    balance 是平衡点（FLOP/字节，bf16）：一步的 token 总数小于它时只花读权重的时间。
    """
    return max(1, batch * tokens / balance) / max(1, batch / balance)


def standard_attention_traffic(sequence: int, head_dim: int) -> float:
    """标准注意力一个头前向的显存读写，元素：Q、K、V、O 各一次，S、P 各一写一读。"""
    return 4 * sequence * head_dim + 4 * sequence**2


def flash_attention_traffic(sequence: int, head_dim: int, block_rows: int) -> float:
    """FlashAttention 一个头前向的显存读写，元素：Q、O、LSE 各一次，K、V 每个行块一次。"""
    blocks = -(-sequence // block_rows)
    return 2 * sequence * head_dim + blocks * 2 * sequence * head_dim + sequence


def flash_traffic_saving(sequence: int, head_dim: int, block_rows: int) -> float:
    """标准 ÷ FlashAttention 的前向显存读写；s 远大于 d 时约 2·B_r/d。"""
    standard = standard_attention_traffic(sequence, head_dim)
    return standard / flash_attention_traffic(sequence, head_dim, block_rows)


def flash_matmul_ratio() -> float:
    """FlashAttention ÷ 标准的矩阵乘个数，前向加反向：(2+5)/(2+4)，多的一个是反向重算 S。"""
    return (2 + 5) / (2 + 4)


def exponential_share(head_dim: int, matmul_flops: float, exponential_flops: float) -> float:
    """注意力前向里指数的时间 ÷ 矩阵乘的时间：每个分数 1 次指数、4d 次矩阵乘 FLOPs。"""
    return (1 / exponential_flops) / (4 * head_dim / matmul_flops)


def uniform_kv_bytes(
    layers: int, kv_heads: int, head_dim: int, tokens: int, element_bytes: float = 2
) -> float:
    """任意形状的 MHA、MQA、GQA 的 KV cache 字节，一条序列；用来算「若换成别的头数」。"""
    return kv_elements_per_token(layers, kv_heads, head_dim) * tokens * element_bytes


def kv_sequences(
    model: Preset, tokens: int, memory: float, share: float, element_bytes: float = 2
) -> float:
    """一张卡放得下几条序列：(显存 × 可用比例 − 权重) ÷ 每条的缓存；memory 按字节，不取整。"""
    weights = preset_parameters(model) * element_bytes
    return (memory * share - weights) / kv_cache_bytes(model, tokens, element_bytes)


def kv_weight_tokens(model: Preset, element_bytes: float = 2) -> float:
    """缓存与权重一样大时的总 token 数；稠密模型，权重与缓存同精度。"""
    return preset_parameters(model) * element_bytes / kv_cache_bytes(model, 1, element_bytes)


def prefill_attention_share(model: Preset, tokens: int) -> float:
    """预填充里因果注意力占全部 FLOPs 的比例：s ÷ (s + 两者打平的长度)。"""
    return tokens / (tokens + prefill_breakeven(model))


def mla_absorbed_flops(latent: int, rope_dim: int) -> float:
    """吸收式 MLA 每头每对 (q, 历史 token) 的 FLOPs：打分 2(d_c+d_r)，加权 2d_c。"""
    return 2 * (latent + rope_dim) + 2 * latent


def mla_restored_flops(head_dim: int, rope_dim: int) -> float:
    """还原式 MLA 每头每对的 FLOPs：打分 2(d_n+d_r)，加权 2d_n；不含还原 K、V 本身。"""
    return 2 * (head_dim + rope_dim) + 2 * head_dim


def mla_absorb_ratio(latent: int, rope_dim: int, head_dim: int) -> float:
    """吸收式 ÷ 还原式的每对 FLOPs。"""
    return mla_absorbed_flops(latent, rope_dim) / mla_restored_flops(head_dim, rope_dim)


def additive_score_bytes(queries: int, keys: int, width: int, element_bytes: float = 2) -> float:
    """加性注意力一个头的中间张量 tanh(W₁q+W₂k) 的字节：n·m·u·字节。"""
    return queries * keys * width * element_bytes


def grouped_bits(bits: float, group: int, overhead: float = 32) -> float:
    """分组量化每个元素的实际位数 n + overhead/g；缺省每组一个 16 位的缩放、一个 16 位的最小值。"""
    return bits + overhead / group


def quadratic_activation_factor(sequence: int, hidden: int, heads: int) -> float:
    """每层激活 sbh(34+5as/h) 里的平方项系数 5as/h。"""
    return 5 * heads * sequence / hidden


def _matmul_parameters(model: Preset) -> float:
    layer = attention_parameters(model.hidden, model.heads, model.kv_heads, model.head_dim)
    layer += 3 * model.hidden * model.intermediate
    return model.layers * layer + model.vocabulary * model.hidden
