"""归一化的图：统计的轴，放在残差的哪里。"""

from __future__ import annotations

from mianjing.diagrams.svg import Drawing, Paint

SAMPLES, LENGTH, CHANNELS, GROUPS = 2, 3, 6, 2
Cell = tuple[int, int, int]
"""（样本，位置，特征）。"""
NORMS = (
    ("BN", "BN：一个特征，跨样本"),
    ("LN", "LN：一个 token 的全部特征"),
    ("IN", "IN：一个样本的一个特征"),
    ("GN", "GN：一个样本的一组特征"),
)


def group_of(norm: str, cell: Cell) -> tuple[int, ...]:
    """与 cell 共用一对均值、方差的组；LN 按 Transformer 的用法，每个 token 一组。"""
    sample, position, channel = cell
    return {
        "BN": (channel,),
        "LN": (sample, position),
        "IN": (sample, channel),
        "GN": (sample, channel * GROUPS // CHANNELS),
    }[norm]


def all_cells() -> list[Cell]:
    """整个张量的格子。"""
    rows = [(sample, position) for sample in range(SAMPLES) for position in range(LENGTH)]
    return [(*row, channel) for row in rows for channel in range(CHANNELS)]


def draw_norm_axes() -> str:
    """norm-axes：四种归一化里，与第一个格子同组的格子。"""
    cell = 17
    drawing = Drawing(height=360)
    for index, (norm, title) in enumerate(NORMS):
        x, y = 46 + index % 2 * 182, 38 + index // 2 * 168
        groups = {group_of(norm, one) for one in all_cells()}
        chosen = group_of(norm, all_cells()[0])
        drawing.text(x - 44, y - 20, title, size=11, bold=True)
        places = {True: [], False: []}  # type: dict[bool, list[tuple[float, float]]]
        for sample, position, channel in all_cells():
            row = sample * LENGTH + position
            corner = (x + cell * channel, y + cell * row + 6 * sample)
            places[group_of(norm, (sample, position, channel)) == chosen].append(corner)
        drawing.tiles(places[False], cell, cell, faint=True)
        drawing.tiles(places[True], cell, cell, Paint.KEPT, fill=0.6)
        for sample in range(SAMPLES):
            drawing.text(
                x - 44, y + cell * LENGTH * (sample + 0.5) + 8 * sample, f"样本 {sample + 1}"
            )
        size = len(all_cells()) // len(groups)
        drawing.text(x, y + 126, f"{len(groups)} 组，每组 {size} 个数", size=11)
    drawing.text(2, 352, "横：特征；竖：样本里的位置。深色格共用一对均值与方差", size=11)
    return drawing.svg()


PLACEMENTS = (
    ("Post", ("F",), ("N",)),
    ("Pre", ("N", "F"), ()),
    ("Sandwich", ("N", "F", "N"), ()),
    ("OLMo 2", ("F", "N"), ()),
)
"""（名称，支路上依次经过的，相加之后经过的）。"""


def formula(branch: tuple[str, ...], after: tuple[str, ...]) -> str:
    """一层的式子，如 `N(x+F(x))`。"""
    inner = "x"
    for name in branch:
        inner = f"{name}({inner})"
    total = f"x+{inner}"
    for name in after:
        total = f"{name}({total})"
    return total


def draw_pre_post_norm() -> str:
    """pre-post-norm：四种放法，主路竖直向下，支路在右。"""
    drawing = Drawing(height=322)
    for index, (title, branch, after) in enumerate(PLACEMENTS):
        main = 26 + 90 * index
        side = main + 38
        drawing.text(main - 18, 18, title, bold=True)
        drawing.text(main, 42, "x", anchor="middle")
        drawing.line([(main, 48), (main, 184)], stroke=2)
        gap = 114 / (len(branch) + 1)
        drawing.line([(main, 58), (side, 58), (side, 47 + gap)])
        last = 58.0
        for step, name in enumerate(branch, 1):
            y = 58 + gap * step
            if step > 1:
                drawing.line([(side, last), (side, y - 11)])
            _draw_layer(drawing, side, y, name)
            last = y + 11
        drawing.arrow([(side, last), (side, 194), (main + 10, 194)])
        drawing.circle(main, 194, 9)
        drawing.text(main, 198, "+", anchor="middle", bold=True)
        y = 203.0
        for name in after:
            drawing.line([(main, y), (main, y + 14)], stroke=2)
            _draw_layer(drawing, main, y + 25, name)
            y += 36
        drawing.arrow([(main, y), (main, 258)], stroke=2)
        drawing.text(main - 20, 276, formula(branch, after), size=11)
    drawing.text(6, 298, "粗线是残差主路，F 是子层；只有 Post 把 N 压在主路上", size=11)
    drawing.text(6, 315, "Pre 在全部层之后另补一个 N", size=11)
    return drawing.svg()


def _draw_layer(drawing: Drawing, x: float, y: float, name: str) -> None:
    paint, fill = (Paint.PAUSE, 0.45) if name == "N" else (Paint.KEPT, 0.12)
    drawing.box(x - 15, y - 11, 30, 22, name, paint, fill=fill, radius=3)
