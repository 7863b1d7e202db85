"""数据：去重、配比、合成与分词。"""

from __future__ import annotations

from math import acos, comb, cos, exp, log, pi, sqrt

from mianjing.estimates.presets import Preset


def lsh_probability(similarity: float, bands: int, rows: int) -> float:
    """MinHash LSH 的 S 曲线：相似度 s 的一对至少在一个带里相同的概率 1−(1−s^r)^b。"""
    return 1 - (1 - similarity**rows) ** bands


def lsh_threshold(bands: int, rows: int) -> float:
    """S 曲线最陡处的近似位置 (1/b)^(1/r)；那里的命中率约 1−1/e，不是一半。"""
    return float((1 / bands) ** (1 / rows))


def minhash_standard_error(similarity: float, hashes: int) -> float:
    """k 个独立哈希估 Jaccard 的标准差 √(J(1−J)/k)。"""
    return sqrt(similarity * (1 - similarity) / hashes)


def document_pairs(documents: float) -> float:
    """两两比较的对数 N(N−1)/2。"""
    return documents * (documents - 1) / 2


def bloom_bits_per_item(error: float) -> float:
    """布隆过滤器在最优哈希数下，每个元素要几位：−ln ε/(ln 2)²。"""
    return -log(error) / log(2) ** 2


def simhash_distance(cosine: float, bits: int = 64) -> float:
    """夹角 θ 的两个向量，SimHash 指纹的期望汉明距离：位数 × θ/π。"""
    return bits * acos(cosine) / pi


def hamming_ball(bits: int, distance: int) -> float:
    """与一个指纹的汉明距离不超过 k 的指纹数：Σ C(n,i)，i 从 0 到 k。"""
    return sum(comb(bits, i) for i in range(distance + 1))


def kept_percent(before: float, after: float) -> float:
    """一步处理之后留下的百分比。"""
    return 100 * after / before


def source_epochs(weight: float, total_tokens: float, source_tokens: float) -> float:
    """某个源被看的遍数 e = wD/n：w 是它在训练 token 中的比例，D 是总量，n 是它自己的 token 数。"""
    return weight * total_tokens / source_tokens


def tempered_ratio(ratio: float, temperature_exponent: float) -> float:
    """按 p ∝ n^τ 采样，量比是 R 的两个源，采样比是 R^τ。"""
    return float(ratio**temperature_exponent)


def variance_after_generations(samples: int, generations: int) -> float:
    """每代只用上一代的 M 个样本做最大似然拟合，T 代之后高斯方差的期望是原来的 (1−1/M)^T。"""
    return (1 - 1 / samples) ** generations


def bpe_vocabulary(base: int, merges: int, special: int) -> float:
    """BPE 的词表大小：初始符号数 + 合并次数 + 特殊 token 数。"""
    return base + merges + special


def utf8_bytes(code_point: int) -> float:
    """一个码位的 UTF-8 字节数。"""
    return len(chr(code_point).encode())


def tokens_per_character(tokens: float, characters: float) -> float:
    """压缩率的倒数：每个字符几个 token。"""
    return tokens / characters


def token_saving_percent(before: float, after: float) -> float:
    """每 token 字符数由 before 升到 after，同一段文本的 token 数少百分之几。"""
    return 100 * (1 - before / after)


def vocabulary_table_parameters(model: Preset) -> float:
    """与词表有关的参数：输入嵌入 Vh，输出层不共享再加一份。"""
    return model.vocabulary * model.hidden * (1 if model.tied else 2)


def vocabulary_logits_bytes(batch: int, sequence: int, vocabulary: int, width: int = 4) -> float:
    """训练时 logits 的字节数 b·s·V × 每个元素的字节。"""
    return batch * sequence * vocabulary * width


def wordpiece_score(pair: float, first: float, second: float) -> float:
    """WordPiece 通行的打分 n(ab)/(n(a)n(b))。"""
    return pair / (first * second)


def nats_to_bits_per_byte(nats_per_token: float, bytes_per_token: float) -> float:
    """每 token 的 nat 换成每字节的比特：nat/ln 2 ÷ 每 token 字节数。"""
    return nats_per_token / log(2) / bytes_per_token


def lsh_limit() -> float:
    """S 曲线在 (1/b)^(1/r) 处、b 很大时的命中率 1 − 1/e。"""
    return 1 - exp(-1)


def simhash_cosine(distance: int, bits: int = 64) -> float:
    """指纹差 distance 位对应的余弦：cos(π·距离/位数)。"""
    return cos(pi * distance / bits)


def gpt2_printable_bytes() -> float:
    """GPT-2 的字节映射里直接用自己的字节数：`!`～`~`、`¡`～`¬`、`®`～`ÿ` 三段。"""
    ranges = (("!", "~"), ("¡", "¬"), ("®", "ÿ"))
    return sum(ord(last) - ord(first) + 1 for first, last in ranges)


def utf8_absent_bytes() -> float:
    """不出现在任何合法 UTF-8 里的字节数：前 2,048 个码位，其后每 64 个取一个，首字节就都见过。"""
    points = (*range(0x800), *range(0x800, 0xD800, 64), *range(0xE000, 0x110000, 64))
    return 256 - len({byte for point in points for byte in chr(point).encode()})


def binary_unit_excess(power: int) -> float:
    """二进制单位比十进制的大多少：1024^k/1000^k − 1；GiB 对 GB 是 k=3。"""
    return float((1024 / 1000) ** power - 1)


def quantity_ratio(larger: float, smaller: float) -> float:
    """两个同单位的量之比。"""
    return larger / smaller
