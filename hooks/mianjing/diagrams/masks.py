"""掩码的图：五种注意力掩码，拼接样本的损失与文档掩码。"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mianjing.diagrams.svg import Drawing, Paint

Mask = list[list[bool]]
"""`mask[查询][键]`：能看为真。"""

TOKENS = 6
REAL = 4
"""padding 掩码里真的 token 数，其后是 pad。"""
DOCUMENTS = (0, 0, 0, 1, 1, 1)
PREFIX = 3
WINDOW = 3

_RULES: tuple[tuple[str, str, Callable[[int, int], bool]], ...] = (
    ("因果", "键 ≤ 查询", lambda q, k: k <= q),
    ("padding", f"后 {TOKENS - REAL} 个键是 pad", lambda q, k: k < REAL),
    ("文档", "因果且同一篇", lambda q, k: k <= q and DOCUMENTS[q] == DOCUMENTS[k]),
    ("前缀 LM", f"前 {PREFIX} 个双向", lambda q, k: k <= q or k < PREFIX),
    ("滑动窗口", f"因果，只看 {WINDOW} 个", lambda q, k: 0 <= q - k < WINDOW),
)


def build_masks() -> dict[str, Mask]:
    """五种掩码，由规则逐格算出。"""
    tokens = range(TOKENS)
    return {name: [[rule(q, k) for k in tokens] for q in tokens] for name, _, rule in _RULES}


def draw_attention_masks() -> str:
    """attention-masks：五个小方阵与图例。"""
    cell, side = 16, 16 * TOKENS
    drawing = Drawing(height=316)
    for index, (name, note, _) in enumerate(_RULES):
        x, y = 12 + index % 3 * 120, 24 + index // 3 * 158
        drawing.text(x + side / 2, y - 8, name, anchor="middle", bold=True)
        _draw_mask(drawing, x, y, cell, build_masks()[name])
        drawing.text(x + side / 2, y + side + 16, note, size=11, anchor="middle")
    x, y = 252, 186
    drawing.tiles([(x, y)], cell, cell, Paint.KEPT, fill=0.6)
    drawing.text(x + 24, y + 12, "能看")
    drawing.tiles([(x, y + 26)], cell, cell, faint=True)
    drawing.text(x + 24, y + 38, "分数加 −∞")
    drawing.text(x, y + 70, "行：查询 ↓")
    drawing.text(x, y + 90, "列：键 →")
    return drawing.svg()


def _draw_mask(drawing: Drawing, x: float, y: float, cell: float, mask: Mask) -> None:
    places = [(q, k) for q, row in enumerate(mask) for k in range(len(row))]
    seen = [(x + cell * k, y + cell * q) for q, k in places if mask[q][k]]
    hidden = [(x + cell * k, y + cell * q) for q, k in places if not mask[q][k]]
    drawing.tiles(hidden, cell, cell, faint=True)
    drawing.tiles(seen, cell, cell, Paint.KEPT, fill=0.6)


@dataclass(frozen=True)
class Packed:
    """拼好的一条序列；labels 与输入对齐，None 是 −100。"""

    roles: list[str]
    labels: list[int | None]
    positions: list[int]
    documents: list[int]


def pack(turns: tuple[tuple[int, int], ...], length: int) -> Packed:
    """把几段（提示长，回答长）的对话拼进一条长 length 的序列，余下是 pad。"""
    packed = Packed([], [], [], [])
    for document, (prompt, answer) in enumerate(turns):
        for position in range(prompt + answer):
            asked = position < prompt
            packed.roles.append("问" if asked else "答")
            packed.labels.append(None if asked else len(packed.labels))
            packed.positions.append(position)
            packed.documents.append(document)
    for position in range(length - len(packed.roles)):
        packed.roles.append("空")
        packed.labels.append(None)
        packed.positions.append(position)
        packed.documents.append(-1)
    return packed


def build_packed_mask(packed: Packed) -> Mask:
    """拼接后的文档掩码：因果、同一篇、不是 pad。"""
    documents = packed.documents
    tokens = range(len(documents))
    return [[k <= q and documents[q] == documents[k] >= 0 for k in tokens] for q in tokens]


def draw_loss_mask_packing() -> str:
    """loss-mask-packing：一条拼接序列的四行标注与文档掩码。"""
    packed = pack(((2, 3), (3, 2)), 12)
    left, cell = 60, 24.5
    drawing = Drawing(height=306)
    rows = (
        ("输入", packed.roles),
        ("损失", ["算" if label is not None else "×" for label in packed.labels]),
        ("位置", [str(position) for position in packed.positions]),
        ("文档", [str(document).replace("-", "−") for document in packed.documents]),
    )
    for index, (name, values) in enumerate(rows):
        y = 8 + 30 * index
        drawing.text(4, y + 17, name, bold=True)
        for column, value in enumerate(values):
            document = packed.documents[column]
            paint = (Paint.KEPT, Paint.PAUSE, Paint.PLAIN)[document]
            loss = index == 1 and packed.labels[column] is not None
            x = left + cell * column
            fill = 0.55 if loss else 0.15 if document >= 0 else 0
            drawing.rect(x, y, cell - 2, 26, paint, fill=fill, dashed=document < 0)
            drawing.text(x + cell / 2 - 1, y + 17, value, anchor="middle", bold=loss)
    grid = 13
    _draw_mask(drawing, left, 140, grid, build_packed_mask(packed))
    drawing.text(4, 152, "文档")
    drawing.text(4, 168, "掩码")
    x = left + grid * 12 + 14
    counted = sum(label is not None for label in packed.labels)
    notes = (
        "× 是标签 −100",
        f"{counted} 个 token 算损失",
        "每篇位置从 0 数",
        "只看自己那篇",
        "空是 pad，文档 −1",
        "标签与输入对齐",
    )
    for index, note in enumerate(notes):
        drawing.text(x, 158 + 24 * index, note)
    return drawing.svg()
