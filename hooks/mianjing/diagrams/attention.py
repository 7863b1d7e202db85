"""注意力的图：多头的形状、四种 KV cache、FlashAttention 的分块。"""

from __future__ import annotations

from mianjing.diagrams.svg import Drawing, Paint
from mianjing.estimates.attention import kv_elements_per_token, mla_elements_per_token

Shape = tuple[int, ...]
SIZES = {"b": 2, "s": 5, "a": 4, "d": 8}
"""画形状用的一组数；h = a·d。"""


def attention_shapes(b: int, s: int, a: int, d: int) -> dict[str, Shape]:
    """多头注意力一路的形状。"""
    heads, scores, flat = (b, a, s, d), (b, a, s, s), (b, s, a * d)
    return {"X": flat, "QKV": flat, "heads": heads, "P": scores, "O": heads, "merged": flat}


def draw_multi_head_shapes() -> str:
    """multi-head-shapes：从输入到输出，每一步的形状。"""
    shapes = attention_shapes(**SIZES)

    def show(key: str) -> str:
        return "×".join(map(str, shapes[key]))

    drawing = Drawing(height=452)
    columns = (66, 180, 294)
    drawing.box(100, 6, 160, 40, f"X (b, s, h)\n{show('X')}")
    for x, name in zip(columns, "QKV", strict=True):
        drawing.arrow([(180, 46), (180, 58), (x, 58), (x, 80)])
        drawing.box(x - 51, 80, 102, 40, f"{name} (b, s, h)\n{show('QKV')}", Paint.KEPT, fill=0.15)
        drawing.arrow([(x, 120), (x, 152)])
        label = f"{name} (b, a, s, d)\n{show('heads')}"
        drawing.box(x - 51, 152, 102, 40, label, Paint.KEPT, fill=0.15)
    drawing.text(237, 74, "各乘一个 W", size=11, anchor="middle")
    drawing.text(190, 140, "view，再转置", size=11)
    middle = (columns[0] + columns[1]) / 2
    for x in columns[:2]:
        drawing.arrow([(x, 192), (x, 206), (middle, 206), (middle, 228)])
    label = f"P (b, a, s, s)\n{show('P')}"
    drawing.box(middle - 58, 228, 116, 40, label, Paint.PAUSE, fill=0.2)
    drawing.text(middle + 8, 222, "QKᵀ/√d，掩码，softmax", size=11)
    drawing.arrow([(middle, 268), (middle, 282), (180, 282), (180, 304)])
    drawing.arrow([(columns[2], 192), (columns[2], 282), (180, 282), (180, 304)])
    drawing.text(190, 298, "P · V", size=11)
    drawing.box(122, 304, 116, 40, f"O (b, a, s, d)\n{show('O')}", Paint.KEPT, fill=0.15)
    drawing.arrow([(180, 344), (180, 372)])
    drawing.text(190, 362, "转置，contiguous，view", size=11)
    drawing.box(100, 372, 160, 40, f"合并 (b, s, a·d)\n{show('merged')}", Paint.KEPT, fill=0.15)
    drawing.arrow([(180, 412), (180, 432)])
    drawing.text(190, 427, "× W_O", size=11)
    drawing.text(180, 446, f"输出 (b, s, h) = {show('X')}", anchor="middle")
    return drawing.svg()


QUERY_HEADS = 8
_VARIANTS = (("MHA", 8), ("GQA", 2), ("MQA", 1))
_LATENT, _ROPE = 4, 0.5
"""DeepSeek-V2 的取法：潜向量 4d，共享的位置键 d/2。"""


def cached_units() -> dict[str, float]:
    """四种做法每 token 每层缓存的元素数，以每头维度 d 为单位。"""
    units = {name: kv_elements_per_token(1, heads, 1) for name, heads in _VARIANTS}
    d = 128
    mla = mla_elements_per_token(1, int(_LATENT * d), int(_ROPE * d))
    return units | {"MLA": mla / d}


def draw_kv_cache_variants() -> str:
    """kv-cache-variants：每种做法 8 个查询头连到各自的缓存块，块宽按元素数。"""
    pitch, unit, left = 43, 16, 29
    drawing = Drawing(height=438)
    units = cached_units()
    centers = [left + pitch * head for head in range(QUERY_HEADS)]
    for row, (name, width) in enumerate(units.items()):
        y = 8 + 105 * row
        heads = dict(_VARIANTS).get(name, 1)
        note = f"{heads} 对 K、V" if name != "MLA" else "压缩向量 c 与共享的键 kᴿ"
        drawing.text(8, y + 11, name, bold=True)
        drawing.text(50, y + 11, note)
        drawing.text(352, y + 11, f"缓存 {width:g}d", anchor="end", bold=True)
        group = QUERY_HEADS // heads
        for head, x in enumerate(centers):
            members = centers[head // group * group : (head // group + 1) * group]
            goal = sum(members) / group
            drawing.line([(x, y + 38), (goal, y + 58)], faint=True)
            drawing.rect(x - 10, y + 20, 20, 18, radius=9)
            drawing.text(x, y + 33, "q", anchor="middle")
        for index in range(heads):
            members = centers[index * group : (index + 1) * group]
            _draw_cache(drawing, sum(members) / group, y + 58, unit, latent=name == "MLA")
    drawing.text(8, 430, "块宽按元素数；每 token 每层，d 是每头维度", size=11)
    return drawing.svg()


def _draw_cache(drawing: Drawing, center: float, y: float, unit: float, *, latent: bool) -> None:
    """一对 K、V，或 MLA 的 c 与 kᴿ。"""
    sizes = ((_LATENT, "c"), (_ROPE, "")) if latent else ((1.0, "K"), (1.0, "V"))
    x = center - sum(size for size, _ in sizes) * unit / 2
    for index, (size, name) in enumerate(sizes):
        paint = (Paint.KEPT, Paint.PAUSE)[index]
        drawing.rect(x, y, size * unit, 24, paint, fill=0.35)
        drawing.text(x + size * unit / 2, y + 16, name, anchor="middle")
        x += size * unit
    if latent:
        drawing.text(x + 6, y + 16, "kᴿ")


ROW_BLOCKS, COLUMN_BLOCKS = 4, 5


def tile_states(done: int) -> list[list[str]]:
    """外层走 Q 块、内层走 K、V 块，算完 done 块之后每块的状态：done、now、todo。"""

    def state(index: int) -> str:
        return "done" if index < done else "now" if index == done else "todo"

    columns = range(COLUMN_BLOCKS)
    return [
        [state(row * COLUMN_BLOCKS + column) for column in columns] for row in range(ROW_BLOCKS)
    ]


def draw_flash_attention_tiling() -> str:
    """flash-attention-tiling：分数矩阵的分块，正在算的一块，写回的只有 O。"""
    row, column = 2, 3
    states = tile_states(row * COLUMN_BLOCKS + column)
    width, height, left, top = 38, 34, 66, 66
    drawing = Drawing(height=318)
    right = left + width * COLUMN_BLOCKS
    drawing.text((left + right) / 2, 16, "Kᵀ、V 分成块 j（内层循环 →）", anchor="middle")
    for j in range(COLUMN_BLOCKS):
        fill = 0.5 if j == column else 0.1
        x = left + width * j
        drawing.rect(x + 2, 26, width - 4, 30, Paint.KEPT, fill=fill)
        drawing.text(x + width / 2, 45, f"{j + 1}", anchor="middle", bold=j == column)
    for i, line in enumerate(states):
        y = top + height * i
        drawing.rect(22, y + 2, 34, height - 4, Paint.KEPT, fill=0.5 if i == row else 0.1)
        drawing.text(39, y + 21, f"Q{i + 1}", anchor="middle", bold=i == row)
        for j, state in enumerate(line):
            x = left + width * j
            if state == "now":
                drawing.rect(x + 1, y + 1, width - 2, height - 2, Paint.BAD, fill=0.4, stroke=2)
                drawing.text(x + width / 2, y + 21, "S", anchor="middle", bold=True)
            else:
                drawing.rect(
                    x + 1, y + 1, width - 2, height - 2, hatched=state == "done", stroke=0.6
                )
        finished = all(state == "done" for state in line)
        working = "now" in line
        label = f"O{i + 1}" if finished else "Õ" if working else ""
        fill = 0.5 if finished else 0.15 if working else 0
        here = right + 14
        drawing.rect(here, y + 2, 34, height - 4, Paint.GOOD, fill=fill, dashed=not finished)
        drawing.text(here + 17, y + 21, label, anchor="middle", bold=finished)
    x = right + 54
    drawing.text(x, top + 21, "写回")
    drawing.text(x, top + height + 21, "写回")
    drawing.text(x, top + height * 2 + 21, "在片上")
    y = 218
    drawing.text(22, y + 8, "外层循环 ↓ 走 Q 块（FlashAttention-2 的次序）")
    drawing.rect(22, y + 20, 20, 16, hatched=True, stroke=0.6)
    drawing.text(48, y + 33, "算过即丢")
    drawing.rect(118, y + 20, 20, 16, Paint.BAD, fill=0.4, stroke=2)
    drawing.text(144, y + 33, "正在片上（SRAM）")
    drawing.rect(264, y + 20, 20, 16, stroke=0.6)
    drawing.text(290, y + 33, "还没算")
    drawing.text(22, y + 60, "每行带着最大值 μ、分母 ℓ 与没归一的 Õ 往右走")
    drawing.text(22, y + 82, "走完一行 O = Õ/ℓ；s×s 的矩阵从不写回显存")
    return drawing.svg()
