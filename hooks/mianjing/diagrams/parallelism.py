"""数据并行与张量并行的图：环形 all-reduce、ZeRO、切开的 MLP。"""

from __future__ import annotations

from dataclasses import dataclass

from mianjing.diagrams.svg import Drawing, Paint, Point
from mianjing.estimates.parallelism import ring_all_reduce_bytes, zero_bytes, zero_volume

RANKS = 4
Chunks = list[list[frozenset[int]]]
"""`chunks[rank][块]`：这一块里已经加了哪些 rank 的数据。"""


@dataclass(frozen=True)
class Step:
    """环上的一步：每卡发出的块号，与这一步之后的状态。"""

    sent: list[int]
    after: Chunks


def ring_steps(ranks: int) -> list[Step]:
    """环形 all-reduce 的 2(N−1) 步：先 reduce-scatter，再 all-gather。"""
    chunks = [[frozenset({rank}) for _ in range(ranks)] for rank in range(ranks)]
    steps = []
    for number in range(2 * (ranks - 1)):
        gather = number >= ranks - 1
        turn = number - (ranks - 1) - 1 if gather else number
        sent = [(rank - turn) % ranks for rank in range(ranks)]
        after = [list(row) for row in chunks]
        for rank, chunk in enumerate(sent):
            right = (rank + 1) % ranks
            moved = chunks[rank][chunk]
            after[right][chunk] = moved if gather else after[right][chunk] | moved
        chunks = after
        steps.append(Step(sent, after))
    return steps


def draw_ring_all_reduce() -> str:
    """ring-all-reduce：4 张卡、4 块，每一步之后每块加了几份。"""
    steps = ring_steps(RANKS)
    left, pitch, cell, height = 50, 79, 17, 40
    drawing = Drawing(height=384)
    for rank in range(RANKS):
        x = left + pitch * rank
        drawing.text(x + 2 * cell, 16, f"卡 {rank}", anchor="middle", bold=True)
        for chunk, letter in enumerate("ABCD"):
            drawing.text(x + cell * (chunk + 0.5), 34, letter, size=11, anchor="middle")
    start = [[frozenset({rank}) for _ in range(RANKS)] for rank in range(RANKS)]
    places: dict[int, list[Point]] = {parts: [] for parts in range(1, RANKS + 1)}
    fresh: list[Point] = []
    for number, step in enumerate([Step([], start), *steps]):
        y = 40 + height * number + (14 if number >= RANKS else 0)
        drawing.text(2, y + 17, f"步 {number}" if number else "开始")
        if number == RANKS:
            drawing.line([(2, y - 11), (358, y - 11)], dashed=True, faint=True)
        for rank in range(RANKS):
            x = left + pitch * rank
            for chunk in range(RANKS):
                corner = (x + cell * chunk + 1, y + 2)
                places[len(step.after[rank][chunk])].append(corner)
            if number:
                drawing.arrow([(x - 10, y + 12), (x - 1, y + 12)], head=5)
                received = step.sent[(rank - 1) % RANKS]
                fresh.append((x + cell * received + 1, y + 2))
    for parts, corners in places.items():
        full = parts == RANKS
        paint, fill = (Paint.GOOD, 0.5) if full else (Paint.KEPT, 0.12 * (parts - 1))
        drawing.tiles(corners, cell - 2, 20, paint, fill=fill)
        drawing.texts(((x + 7.5, y + 14, str(parts)) for x, y in corners), size=11, bold=full)
    drawing.tiles(fresh, cell - 2, 20, stroke=2.2)
    drawing.text(2, 356, "数字：已加几份；粗框：这一步从左邻收到的块（卡 0 从卡 3）", size=11)
    sent = ring_all_reduce_bytes(1, RANKS)
    note = f"步 1～3 相加，步 4～6 覆盖；每步发 S/4，每卡共 {len(steps)}·S/4 = {sent:g}S"
    drawing.text(2, 376, note, size=11)
    return drawing.svg()


SHARDS = 8
ZERO_PARTS = (("参数", 2.0, 3), ("梯度", 2.0, 2), ("优化器状态", 12.0, 1))
"""（名称，每参数字节，从第几阶段起切开）。"""


def zero_parts(stage: int, ranks: int) -> list[tuple[str, float]]:
    """每卡每参数的字节，按参数、梯度、优化器状态分开。"""
    return [(name, size / (ranks if stage >= split else 1)) for name, size, split in ZERO_PARTS]


def draw_zero_stages() -> str:
    """zero-stages：四条横条，每参数在每卡上的字节。"""
    drawing = Drawing(height=250)
    unit = 340 / zero_bytes(1, 0, SHARDS)
    drawing.text(8, 16, f"{SHARDS} 张卡，混合精度 Adam：每卡每参数的字节；Ψ 是参数量", size=11)
    for stage in range(4):
        y = 28 + 48 * stage
        name = f"ZeRO-{stage}" if stage else "数据并行"
        size, volume = zero_bytes(1, stage, SHARDS), zero_volume(1, stage)
        drawing.text(8, y + 12, name, bold=True)
        drawing.text(86, y + 12, f"{size:g} 字节")
        drawing.text(352, y + 12, f"通信 {volume:g}Ψ", anchor="end")
        x = 8.0
        for index, (_, part) in enumerate(zero_parts(stage, SHARDS)):
            _draw_part(drawing, x, y + 18, part * unit, index)
            x += part * unit
    x = 8
    for index, (name, size, _) in enumerate(ZERO_PARTS):
        _draw_part(drawing, x, 226, 22, index)
        drawing.text(x + 28, 240, f"{name} {size:g}")
        x += 92
    return drawing.svg()


def _draw_part(drawing: Drawing, x: float, y: float, width: float, index: int) -> None:
    paint = (Paint.KEPT, Paint.PAUSE, Paint.GOOD)[index]
    fill = (0.6, 0.3, 0.2)[index]
    drawing.rect(x, y, width, 20, paint, fill=fill, hatched=index == 1)


BATCH, HIDDEN, INNER, CARDS = 44, 34, 96, 2
"""画矩阵用的尺寸（画布单位）：bs、h、f 与张量并行度。"""


def shard_shapes() -> dict[str, tuple[int, int]]:
    """每张卡上的矩阵（行，列）。"""
    part = INNER // CARDS
    return {
        "X": (BATCH, HIDDEN),
        "A": (HIDDEN, part),
        "Y": (BATCH, part),
        "B": (part, HIDDEN),
        "Z": (BATCH, HIDDEN),
    }


def draw_tensor_parallel_mlp() -> str:
    """tensor-parallel-mlp：A 按列切，B 按行切，最后一次 all-reduce。"""
    drawing = Drawing(height=300)
    gap, signs = 28, {"X": "×", "A": "→", "Y": "×", "B": "="}
    last = 0.0
    for card in range(CARDS):
        middle = 68 + 96 * card
        drawing.text(8, middle - 32, f"卡 {card}", bold=True)
        x = 8.0
        for name, (rows, columns) in shard_shapes().items():
            paint = Paint.PLAIN if name == "X" else (Paint.KEPT, Paint.PAUSE)[card]
            fill = 0.08 if name == "X" else 0.3
            y = middle - rows / 2
            hatched = name == "Z"
            drawing.rect(x, y, columns, rows, paint, fill=fill, hatched=hatched)
            label = name if name == "X" else f"{name}{'₁₂'[card]}"
            if not hatched:
                drawing.text(x + columns / 2, middle + 4, label, anchor="middle")
            if name in signs:
                center = x + columns + gap / 2
                drawing.text(center, middle + 4, signs[name], anchor="middle")
            if name == "A":
                drawing.text(x + columns + gap / 2, middle - 12, "gelu", size=11, anchor="middle")
            last, x = x, x + columns + gap
        right = last + HIDDEN
        drawing.text(right + 4, middle + 4, f"Z{'₁₂'[card]}")
        drawing.line([(right, middle + 14), (344, middle + 14), (344, 226)])
    drawing.texts(
        [(25, 16, "X 复制"), (94, 16, "A 按列切"), (239, 16, "B 按行切"), (301, 16, "部分和")],
        size=11,
    )
    drawing.arrow([(344, 226), (344, 242), (262, 242)])
    drawing.box(128, 226, 134, 34, "all-reduce 相加", Paint.GOOD, fill=0.3, bold=True)
    drawing.arrow([(128, 243), (92, 243)])
    drawing.text(8, 247, "Z = Z₁ + Z₂")
    drawing.text(8, 264, "各卡一份", size=11)
    drawing.text(8, 286, "gelu 各算各的；前向只在末尾通信一次，反向只在入口一次", size=11)
    return drawing.svg()
