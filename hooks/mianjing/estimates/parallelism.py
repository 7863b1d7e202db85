"""并行、通信与 GPU：ZeRO、张量与流水线并行、集合通信、roofline、CUDA 的计数规则。"""

from __future__ import annotations

import math


def zero_bytes(
    parameters: float,
    stage: int,
    ranks: int,
    optimizer_bytes: float = 12,
    gradient_bytes: float = 2,
) -> float:
    """混合精度 Adam 下每卡的模型状态字节：参数 2、梯度 gradient_bytes、优化器 optimizer_bytes。

    stage 0～3 依次把优化器状态、梯度、参数切到 ranks 张卡上（ZeRO 论文 §3 的口径，缺省 2+2+12）；
    gradient_bytes 取 4 就是 Megatron-LM 的口径（bf16 参数、fp32 梯度）。
    """
    optimizer = optimizer_bytes / (ranks if stage >= 1 else 1)
    gradients = gradient_bytes / (ranks if stage >= 2 else 1)
    weights = 2 / (ranks if stage >= 3 else 1)
    return parameters * (optimizer + gradients + weights)


def zero_least_ranks(parameters: float, stage: int, budget: float) -> float:
    """模型状态（16 字节每参数）装进每卡 budget 字节，至少几张卡；多少张都装不下时是无穷。"""
    kept = {0: 16, 1: 4, 2: 2, 3: 0}[stage] * parameters
    if stage == 0:
        return 1 if kept <= budget else math.inf
    if kept >= budget:
        return math.inf
    return math.ceil((16 * parameters - kept) / (budget - kept))


def zero_volume(
    parameters: float, stage: int, microbatches: int = 1, element_bytes: float = 1
) -> float:
    """每卡每步的通信量（忽略 (N−1)/N）：数据并行与 ZeRO-1 是 2Ψ，2 级 (m+1)Ψ，3 级 3mΨ。

    microbatches 是一步累积的微批数 m；m=1 时 2 级与数据并行相同。缺省数元素，element_bytes
    取 2 就是 bf16 的字节。
    """
    times = {0: 2, 1: 2, 2: microbatches + 1, 3: 3 * microbatches}[stage]
    return times * parameters * element_bytes


def zero3_least_tokens(
    peak_flops: float, bandwidth: float, gradient_bytes: float = 2, recompute: int = 0
) -> float:
    """ZeRO-3 的通信藏得住，每卡每微批至少多少 token：反向的「传字节 ÷ 算 FLOPs」乘 C/B。

    反向传参数 2 字节、梯度 gradient_bytes 字节；算 4 FLOPs，全量重算（recompute=1）是 6 FLOPs。
    peak_flops 是有效算力（FLOPs/s），bandwidth 是集合通信的等效带宽（字节/s）。
    """
    return peak_flops / bandwidth * (2 + gradient_bytes) / (6 if recompute else 4)


def offload_seconds(parameters: float, link: float, memory: float) -> float:
    """优化器卸到 CPU，每步的额外秒数：链路来回 4 字节每参数，CPU Adam 访存 28 字节每参数。

    link 是单向链路带宽，memory 是主机内存带宽，都按字节/s；全不重叠。
    """
    return parameters * 4 / link + parameters * 28 / memory


def tensor_parallel_elements(
    batch: int, sequence: int, hidden: int, tensor_parallel: int, layers: int = 1
) -> float:
    """张量并行每卡每微批发送的元素数：每层 4 次环形 all-reduce，8bsh(t−1)/t。"""
    size = batch * sequence * hidden
    return layers * 8 * (tensor_parallel - 1) / tensor_parallel * size


def zero3_or_tensor_tokens(hidden: int, tensor_parallel: int) -> float:
    """ZeRO-3 传参数与张量并行传激活一样多时，一组每步的 token 数：4.5h·t/(t−1)（f=4h）。"""
    return 4.5 * hidden * tensor_parallel / (tensor_parallel - 1)


def pipeline_bubble_ideal(stages: int, microbatches: int, interleave: int = 1) -> float:
    """气泡 ÷ 理想时间：(p−1)/(v·m)。"""
    return (stages - 1) / (interleave * microbatches)


def pipeline_bubble_total(stages: int, microbatches: int, interleave: int = 1) -> float:
    """气泡 ÷ 总时间：(p−1)/(v·m+p−1)。"""
    return (stages - 1) / (interleave * microbatches + stages - 1)


def pipeline_in_flight(stages: int, microbatches: int, stage: int) -> float:
    """1F1B 第 stage 段（从 0 数）在飞微批的峰值：min(p−i, m)。"""
    return min(stages - stage, microbatches)


def pipeline_first_stage_layers(layers: int, stages: int, interleave: int = 1) -> float:
    """1F1B 首段要为多少层留激活（m 足够大）：不交错是 L 层，交错 v 段是 L·(1+(p−1)/(pv))。"""
    if interleave == 1:
        return layers
    return layers * (1 + (stages - 1) / (stages * interleave))


def context_parallel_imbalance(ranks: int) -> float:
    """因果掩码下沿序列连续切，最忙的卡与平均之比：(2c−1)/c（忽略对角块内的零头）。"""
    return (2 * ranks - 1) / ranks


def expert_all_to_all_bytes(
    tokens: int, hidden: int, top_k: int, expert_parallel: int, element_bytes: float
) -> float:
    """专家并行一次 all-to-all 每卡发送的字节（均匀路由、不去重）：(e−1)/e·k·T·h·字节。"""
    return (expert_parallel - 1) / expert_parallel * top_k * tokens * hidden * element_bytes


def expert_capacity(capacity_factor: float, top_k: int, tokens: int, experts: int) -> float:
    """每个专家的容量：⌈c_f·k·T/E⌉ 个 token。"""
    return math.ceil(capacity_factor * top_k * tokens / experts)


def sharded_logits_bytes(tokens: int, vocabulary: int, ranks: int = 1) -> float:
    """fp32 logits 每卡的字节：4·T·V/t。"""
    return 4 * tokens * vocabulary / ranks


def ring_all_reduce_bytes(size: float, ranks: int) -> float:
    """环形 all-reduce 每卡发送的字节：2(N−1)/N·S。"""
    return 2 * (ranks - 1) / ranks * size


def ring_all_reduce_steps(ranks: int) -> float:
    """环形 all-reduce 的步数：2(N−1)。"""
    return 2 * (ranks - 1)


def ring_all_reduce_seconds(size: float, ranks: int, bandwidth: float, latency: float = 0) -> float:
    """环形 all-reduce 的时间：2(N−1)α + 2(N−1)/N·S/B；B 是每条链路每秒的字节，α 是每步的秒数。"""
    return 2 * (ranks - 1) * latency + ring_all_reduce_bytes(size, ranks) / bandwidth


def tree_all_reduce_seconds(size: float, ranks: int, bandwidth: float, latency: float = 0) -> float:
    """双二叉树 all-reduce 的时间（分块流水）：2⌈log₂N⌉α + 2S/B。"""
    return 2 * math.ceil(math.log2(ranks)) * latency + 2 * size / bandwidth


def ring_tree_crossover_bytes(ranks: int, bandwidth: float, latency: float) -> float:
    """环与双二叉树一样快的消息字节数：αB·N(N−1−log₂N)，N 是 2 的幂；小于它用树。"""
    return latency * bandwidth * ranks * (ranks - 1 - math.log2(ranks))


def hierarchical_node_bytes(size: float, nodes: int) -> float:
    """分层 all-reduce 每台机器出机的字节：2(n−1)/n·S。"""
    return 2 * (nodes - 1) / nodes * size


def all_to_all_bytes(size: float, ranks: int) -> float:
    """all-to-all 每卡发送的字节：(N−1)/N·S，S 是每卡的输入。"""
    return (ranks - 1) / ranks * size


def machine_balance(peak_flops: float, bandwidth: float) -> float:
    """roofline 的平衡点：峰值 FLOPs/s ÷ 显存带宽（字节/s），单位 FLOP/字节。"""
    return peak_flops / bandwidth


def matmul_intensity(rows: int, inner: int, columns: int, element_bytes: float = 2) -> float:
    """(n,h)×(h,f) 的算术强度：2nhf ÷ 字节数·(nh+hf+nf)，单位 FLOP/字节。"""
    moved = rows * inner + inner * columns + rows * columns
    return 2 * rows * inner * columns / (element_bytes * moved)


def decode_attention_intensity(heads: int, kv_heads: int) -> float:
    """解码一步的注意力读 bf16 的 K、V：4·s·d·a FLOPs ÷ 4·s·d·h_kv 字节，即 a/h_kv。"""
    return heads / kv_heads


def load_efficiency(stride: int) -> float:
    """一个 warp 按步长 stride 读 32 个对齐的 float：用到的 128 字节 ÷ 取来的 32 字节段。"""
    segments = {4 * stride * lane // 32 for lane in range(32)}
    return 128 / (32 * len(segments))


def bank_conflict_ways(stride: int) -> float:
    """一个 warp 按步长 stride（4 字节字）访问共享内存的冲突路数：gcd(stride, 32)。"""
    return math.gcd(stride, 32)


def gpu_occupancy(threads: int, registers: int, shared_bytes: int = 0) -> float:
    """计算能力 9.0 的占用率：活跃 warp ÷ 64；寄存器按 warp 分配，以 256 个为单位取整。

    threads 是每块线程，registers 是每线程寄存器，shared_bytes 是每块共享内存（忽略系统保留）。
    """
    warps = math.ceil(threads / 32)
    limits = [32, 64 // warps, 65_536 // (math.ceil(registers * 32 / 256) * 256 * warps)]
    if shared_bytes:
        limits.append(228 * 1024 // shared_bytes)
    return min(limits) * warps / 64


def tiled_matmul_reads(size: int, tile: int = 1) -> float:
    """n×n 矩阵乘从全局内存读的元素数：每个元素读进共享内存用 T 次，2n³/T。"""
    return 2 * size**3 / tile


def transpose_segments_ratio(stride_bytes: int) -> float:
    """直接转置 float 矩阵的 32 字节段数 ÷ 理想值：读 n²/8，写每元素一段（行距不小于 32 字节）。"""
    write = 1 if stride_bytes >= 32 else stride_bytes / 32
    return (1 / 8 + write) / (2 / 8)
