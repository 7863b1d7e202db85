"""评测与侧题：pass@k 与误差，概率题的闭式解，推荐的还原，操作系统的页表与缺页。

比例、概率都在 0 到 1 之间；概率题内部用分数精确算，最后才换成小数。
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from fractions import Fraction
from math import ceil, comb, exp, log, log2, prod, sqrt
from statistics import NormalDist


def pass_at_k(samples: int, correct: int, k: int) -> float:
    """pass@k 的无偏估计：1 − C(n−c,k)/C(n,k)；c 或 k 大于 n 时没有意义，得 NaN。"""
    if correct > samples or k > samples:
        return float("nan")
    return 1 - comb(samples - correct, k) / comb(samples, k)


def pass_at_k_plugin(samples: int, correct: int, k: int) -> float:
    """有放回的代入法 1 − (1−c/n)^k，低估 pass@k；只用来对照。"""
    return 1 - (1 - correct / samples) ** k


def pass_at_k_deviation(samples: int, k: int, accuracy: float) -> float:
    """单题 pass@k 估计量的标准差：两个随机 k 元子集交 j 个，并集全错的概率是 q^(2k−j)。"""
    wrong = 1 - accuracy
    both = sum(
        comb(k, j) * comb(samples - k, k - j) / comb(samples, k) * wrong ** (2 * k - j)
        for j in range(k + 1)
    )
    return sqrt(both - wrong ** (2 * k))


def standard_error(accuracy: float, questions: int) -> float:
    """正确率的标准误 √(p(1−p)/n)。"""
    return sqrt(accuracy * (1 - accuracy) / questions)


def mcnemar(only_first: int, only_second: int) -> float:
    """McNemar 精确检验的双侧 p 值：一样强时，每道分歧题像抛一次公平硬币。"""
    total, fewer = only_first + only_second, min(only_first, only_second)
    return min(1.0, 2 * sum(comb(total, i) for i in range(fewer + 1)) / float(2**total))


def questions_needed(
    difference: float, variance: float, alpha: float = 0.05, power: float = 0.8
) -> float:
    """测出差值要的题数：(z(1−α/2) + z(功效))²·σ²/δ²，σ² 是逐题之差的方差。"""
    quantile = NormalDist().inv_cdf
    return (quantile(1 - alpha / 2) + quantile(power)) ** 2 * variance / difference**2


def elo_win_rate(gap: float) -> float:
    """Elo 分差 → 高分一方的胜率：1/(1+10^(−差/400))。"""
    return float(1 / (1 + 10 ** (-gap / 400)))


def rasch_gain(accuracy: float, ability: float) -> float:
    """一参数项目反应模型：能力（对数几率）高出 ability，正确率涨多少。"""
    return 1 / (1 + exp(-(log(accuracy / (1 - accuracy)) + ability))) - accuracy


def bayes_posterior(prior: float, sensitivity: float, specificity: float) -> float:
    """阳性之后真有的概率：πs/(πs + (1−π)(1−c))。"""
    hit = prior * sensitivity
    return hit / (hit + (1 - prior) * (1 - specificity))


def polygon_probability(pieces: int) -> float:
    """棍上均匀取 n−1 个折点，n 段能围成 n 边形的概率：1 − n/2^(n−1)。"""
    return 1 - pieces * 0.5 ** (pieces - 1)


def triangle_rebreak() -> float:
    """先折一次、再折较长的一段，成三角形的概率：2 ln 2 − 1。"""
    return 2 * log(2) - 1


def largest_piece_mean(pieces: int) -> float:
    """均匀折成 n 段，最长一段的期望（占全长）：H_n/n。"""
    return float(_harmonic(pieces) / pieces)


def pattern_wait(pattern: int, sides: int = 2) -> float:
    """等到一串点数首次出现的期望次数，每位数字是一面：HH 写 11，HT 写 12，骰子 66 写 66。"""
    return float(_overlap(str(pattern), str(pattern), sides))


def pattern_first(first: int, second: int) -> float:
    """公平硬币上 first 先于 second 出现的概率（Conway 公式），写法同 pattern_wait。"""
    a, b = str(first), str(second)
    wins = _overlap(b, b, 2) - _overlap(b, a, 2)
    loses = _overlap(a, a, 2) - _overlap(a, b, 2)
    return wins / (wins + loses)


def coupon_mean(kinds: int) -> float:
    """集齐 n 种等概率卡片的期望抽数：n·H_n。"""
    return float(kinds * _harmonic(kinds))


def coupon_deviation(kinds: int) -> float:
    """集齐 n 种的抽数的标准差：各阶段是独立的几何分布，方差 (1−p)/p² 相加。"""
    chances = (Fraction(kinds - k, kinds) for k in range(kinds))
    return sqrt(sum((1 - p) / p**2 for p in chances))


def coupon_done(kinds: int, draws: int) -> float:
    """draws 次之内集齐 n 种的概率（容斥）。"""
    terms = ((-1) ** j * comb(kinds, j) * Fraction(kinds - j, kinds) ** draws for j in range(kinds))
    return float(sum(terms))


def seen_share(pool: int, draws: int) -> float:
    """有放回抽 draws 次，平均见到池子里多大的比例：1 − (1−1/N)^draws。"""
    return 1 - (1 - 1 / pool) ** draws


def birthday_collision(people: int, days: int = 365) -> float:
    """至少两人同生日的概率。"""
    distinct = Fraction(1)
    for i in range(people):
        distinct *= Fraction(days - i, days)
    return float(1 - distinct)


def last_seat(passengers: int) -> float:
    """第一人随机坐，最后一人坐对的概率：坐到第 j 号就缩成 n−j+1 人的同一题。"""
    right = {1: Fraction(1)}
    for n in range(2, passengers + 1):
        right[n] = sum((right[n - j + 1] for j in range(2, n)), Fraction(1)) / n
    return float(right[passengers])


def wrong_seats(passengers: int) -> float:
    """飞机座位题里坐错的期望人数：H_(n−1)。"""
    return float(_harmonic(passengers - 1))


def rejection_calls(source: int, target: int, rolls: int) -> float:
    """每轮用 rolls 次 source 面的骰子拼数，取 target 的最大倍数以内：期望总次数。"""
    total = source**rolls
    return float(rolls * Fraction(total, total - total % target))


def least_calls(source: int, target: int) -> float:
    """造一个 target 面的均匀数最少的期望次数：Σ (s^k mod t)/s^k，s、t 互素。"""
    return float(sum(Fraction(source**k % target, source**k) for k in range(64)))


def egg_drops(floors: int, eggs: int) -> float:
    """最坏情况下最少扔几次：m 次、e 个蛋能测 Σ C(m,i) 层。"""
    drops = 0
    while sum(comb(drops, i) for i in range(1, eggs + 1)) < floors:
        drops += 1
    return drops


def testers_needed(bottles: int) -> float:
    """一次试完、找出唯一一瓶毒药要几只老鼠：⌈log₂ n⌉。"""
    return ceil(log2(bottles))


def heap_entries(items: int, kept: int) -> float:
    """次序随机时，大小为 k 的小顶堆真正进堆的期望次数：k(1 + H_n − H_k)。"""
    return float(kept * (1 + _harmonic(items) - _harmonic(kept)))


def downsampled_rate(rate: float, keep: float) -> float:
    """负例以比例 keep 保留之后，样本里的正例比例。"""
    return rate / (rate + (1 - rate) * keep)


def address_bits(page_bytes: int, levels: int, entry_bytes: int = 8) -> float:
    """多级页表能翻译的地址位数：页内偏移，加每级 log₂(一页能放的项数)。"""
    return log2(page_bytes) + levels * log2(page_bytes / entry_bytes)


def flat_page_table_bytes(bits: int, page_bytes: int, entry_bytes: int = 8) -> float:
    """平铺的单级页表占多少字节：2^位数 / 页大小 × 每项字节。"""
    return float(2**bits) / page_bytes * entry_bytes


def access_time(hit: float, memory: float, lookup: float, levels: int) -> float:
    """平均访存时间：快表查询 + 一次访存 + 缺失时走 levels 级页表；单位同 memory。"""
    return lookup + memory + (1 - hit) * levels * memory


def fifo_faults(pages: int, frames: int) -> float:
    """先进先出置换的缺页次数；pages 每位数字是一页，如 123412512345。"""
    return _faults(str(pages), frames, recent=False)


def lru_faults(pages: int, frames: int) -> float:
    """最近最少使用置换的缺页次数；pages 的写法同 fifo_faults。"""
    return _faults(str(pages), frames, recent=True)


def standard_error_difference(accuracy: float, questions: int) -> float:
    """两个模型同为 accuracy、当作独立样本，正确率之差的标准误 √(2p(1−p)/n)。"""
    return sqrt(2) * standard_error(accuracy, questions)


def triangle_first_then_random() -> float:
    """先折一次、再等可能地选一段折，成三角形的概率：ln 2 − 1/2。"""
    return log(2) - 0.5


def coupon_quantile(kinds: int, chance: float) -> float:
    """集齐 n 种的概率首次不低于 chance 的抽数；chance 取 0.5 是中位数。"""
    draws = kinds
    while coupon_done(kinds, draws) < chance:
        draws += 1
    return draws


def coupon_first(kinds: int, wanted: int) -> float:
    """集到 wanted 种（不是集齐）的期望抽数：Σ n/(n−k)，k 从 0 到 wanted−1。"""
    return float(sum(Fraction(kinds, kinds - k) for k in range(wanted)))


def biased_pattern_wait(pattern: int, heads: float) -> float:
    """硬币正面概率 heads，等到一串首次出现的期望次数；写法同 pattern_wait，1 正 2 反。"""
    text, chance = str(pattern), {"1": heads, "2": 1 - heads}
    ends = (k for k in range(1, len(text) + 1) if text[-k:] == text[:k])
    return sum(1 / prod(chance[c] for c in text[:k]) for k in ends)


def digits_per_roll(source: int, target: int) -> float:
    """批量造 target 面的均匀数，每个摊还的最少次数 log_source(target)。"""
    return log(target) / log(source)


def huge_page_reach(huge_bytes: int, page_bytes: int) -> float:
    """同样多的 TLB 项，大页覆盖的内存是小页的几倍。"""
    return huge_bytes / page_bytes


def _harmonic(n: int) -> Fraction:
    return _harmonic_between(0, n)


def _harmonic_between(low: int, high: int) -> Fraction:
    """Σ 1/i，low < i ≤ high；对半分着加，分母不会早早变长。"""
    if high - low < 2:
        return Fraction(1, high) if high > low else Fraction(0)
    middle = (low + high) // 2
    return _harmonic_between(low, middle) + _harmonic_between(middle, high)


def _overlap(a: str, b: str, sides: int) -> int:
    """a 的后 k 位等于 b 的前 k 位的每个 k 贡献 sides^k。"""
    ends = range(1, min(len(a), len(b)) + 1)
    return sum(int(sides**k) for k in ends if a[-k:] == b[:k])


def _faults(pages: Iterable[str], frames: int, *, recent: bool) -> int:
    memory: OrderedDict[str, None] = OrderedDict()
    count = 0
    for page in pages:
        if page in memory:
            if recent:
                memory.move_to_end(page)
            continue
        count += 1
        if len(memory) == frames:
            memory.popitem(last=False)
        memory[page] = None
    return count
