"""由目录画的两幅图：停在哪一步，与按先后的结果。数字都在旁边的表里，图只帮忙看。"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from mianjing.diagrams.svg import WIDTH, Drawing, Paint
from mianjing.model import Catalog, Experience
from mianjing.vocabulary import read_vocabulary

MARKS: dict[str, tuple[str, Paint]] = {
    "offer": ("✓", Paint.GOOD),
    "offer-declined": ("○", Paint.KEPT),
    "oral-offer-declined": ("○", Paint.KEPT),
    "broken-off": ("‖", Paint.PAUSE),
    "rejected": ("×", Paint.BAD),
    "resume-rejected": ("–", Paint.BAD),
    "unknown": ("?", Paint.PLAIN),
}
"""结果 → 记号与颜色；不靠颜色也分得清。"""
_ROW, _SIDE, _ACROSS = 26, 28, 12


def count_ends(catalog: Catalog) -> dict[str, dict[str, int]]:
    """最远到的环节 → 结果 → 篇数，都按词表次序，只含出现过的。"""
    pairs = Counter((e.stage_reached, e.outcome) for e in catalog.experiences.values())
    words = read_vocabulary()
    table = {
        stage.key: {
            o.key: pairs[stage.key, o.key] for o in words["outcomes"] if pairs[stage.key, o.key]
        }
        for stage in words["stages"]
    }
    return {stage: counts for stage, counts in table.items() if counts}


def draw_ends(catalog: Catalog) -> str:
    """横条：每个环节停下几篇，分段是结果。"""
    ends = count_ends(catalog)
    labels = read_vocabulary()["stages"]
    most = max((sum(counts.values()) for counts in ends.values()), default=1)
    left, right = 76, 26
    unit = (WIDTH - left - right) / most
    drawing = Drawing(_ROW * max(1, len(ends)) + 4)
    for row, (stage, counts) in enumerate(ends.items()):
        y = row * _ROW + 4
        drawing.text(0, y + 14, labels.label(stage))
        x: float = left
        for outcome, count in counts.items():
            mark, paint = MARKS[outcome]
            drawing.rect(x, y, unit * count, 18, paint, fill=0.18)
            drawing.text(x + unit * count / 2, y + 13, mark, anchor="middle", paint=paint)
            x += unit * count
        drawing.text(x + 6, y + 14, str(sum(counts.values())))
    return drawing.svg()


def draw_order(experiences: Iterable[Experience]) -> str:
    """同一位候选人的各场，按先后排成格子：序号与结果的记号。"""
    ordered = sorted((e for e in experiences if e.order is not None), key=lambda e: e.order or 0)
    drawing = Drawing(44 * -(-len(ordered) // _ACROSS) or 44)
    for place, one in enumerate(ordered):
        row, column = divmod(place, _ACROSS)
        x, y = column * 30, row * 44
        mark, paint = MARKS[one.outcome]
        drawing.rect(x + 1, y + 1, _SIDE - 2, _SIDE - 2, paint, fill=0.18, radius=3)
        drawing.text(x + _SIDE / 2, y + 19, mark, anchor="middle", bold=True, paint=paint)
        drawing.text(x + _SIDE / 2, y + 40, str(one.order), anchor="middle", size=11)
    return drawing.svg()
