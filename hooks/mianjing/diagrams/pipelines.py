"""流水线的图：按依赖模拟 GPipe 与 1F1B，画成甘特图。"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mianjing.diagrams.svg import Drawing, Paint, Point

STAGES, MICROBATCHES = 4, 8
FORWARD, BACKWARD = 1, 2
"""反向的时间是前向的两倍。"""
Kind = Literal["F", "B"]


@dataclass(frozen=True)
class Task:
    """一段上一个微批的一次前向或反向；微批从 0 数。"""

    stage: int
    kind: Kind
    microbatch: int
    start: int
    end: int


def order_gpipe(stage: int, stages: int, microbatches: int) -> list[tuple[Kind, int]]:
    """GPipe：全部前向，再全部反向；每段都一样。"""
    batches = range(microbatches)
    return [*(("F", one) for one in batches), *(("B", one) for one in batches)]


def order_1f1b(stage: int, stages: int, microbatches: int) -> list[tuple[Kind, int]]:
    """1F1B：预热 min(p−1−i, m) 个前向，之后一前一反，最后补齐反向。"""
    warmup = min(stages - 1 - stage, microbatches)
    order: list[tuple[Kind, int]] = [("F", one) for one in range(warmup)]
    for one in range(microbatches - warmup):
        order += [("F", warmup + one), ("B", one)]
    return [*order, *(("B", one) for one in range(microbatches - warmup, microbatches))]


def simulate(orders: list[list[tuple[Kind, int]]]) -> list[Task]:
    """每段按自己的次序执行，等上一段的前向、下一段的反向；忽略通信。"""
    ends: dict[tuple[int, Kind, int], int] = {}
    clock = [0] * len(orders)
    waiting = [list(order) for order in orders]
    tasks: list[Task] = []
    while any(waiting):
        before = len(tasks)
        for stage, order in enumerate(waiting):
            while order:
                kind, batch = order[0]
                ready = _ready(ends, stage, kind, batch, len(orders))
                if ready is None:
                    break
                start = max(clock[stage], ready)
                end = start + (FORWARD if kind == "F" else BACKWARD)
                ends[stage, kind, batch] = clock[stage] = end
                tasks.append(Task(stage, kind, batch, start, end))
                order.pop(0)
        if len(tasks) == before:
            raise ValueError("调度互相等待")
    return tasks


def _ready(
    ends: dict[tuple[int, Kind, int], int], stage: int, kind: Kind, batch: int, stages: int
) -> int | None:
    """这一步最早能开始的时刻；前一步还没排时为 None。"""
    if kind == "F":
        return ends.get((stage - 1, "F", batch)) if stage else 0
    own = ends.get((stage, "F", batch))
    if stage == stages - 1 or own is None:
        return own
    return ends.get((stage + 1, "B", batch))


def bubble_fraction(tasks: list[Task], stages: int) -> float:
    """空闲 ÷ 总时间（全部段合计）。"""
    total = max(task.end for task in tasks) * stages
    return 1 - sum(task.end - task.start for task in tasks) / total


def peak_in_flight(tasks: list[Task], stage: int) -> int:
    """一段同时存着多少个做完（或正在做）前向、还没做完反向的微批。"""
    forward = {task.microbatch: task.start for task in tasks if _is(task, stage, "F")}
    backward = {task.microbatch: task.end for task in tasks if _is(task, stage, "B")}
    return max(
        sum(forward[one] <= moment < backward[one] for one in forward)
        for moment in forward.values()
    )


def _is(task: Task, stage: int, kind: Kind) -> bool:
    return task.stage == stage and task.kind == kind


def draw_pipeline_gpipe() -> str:
    """pipeline-gpipe：p=4、m=8 的 GPipe。"""
    orders = [order_gpipe(stage, STAGES, MICROBATCHES) for stage in range(STAGES)]
    return _draw(simulate(orders))


def draw_pipeline_1f1b() -> str:
    """pipeline-1f1b：p=4、m=8 的 1F1B。"""
    orders = [order_1f1b(stage, STAGES, MICROBATCHES) for stage in range(STAGES)]
    return _draw(simulate(orders))


def _draw(tasks: list[Task]) -> str:
    total = max(task.end for task in tasks)
    left, top, height = 36, 8, 30
    unit = (356 - left) / total
    drawing = Drawing(height=236)
    for stage in range(STAGES):
        y = top + height * stage
        drawing.text(2, y + 17, f"段 {stage}")
        moment = 0
        for task in (task for task in tasks if task.stage == stage):
            if task.start > moment:
                _draw_idle(drawing, left + unit * moment, y, unit * (task.start - moment))
            moment = task.end
        if moment < total:
            _draw_idle(drawing, left + unit * moment, y, unit * (total - moment))
    kinds: tuple[Kind, ...] = ("F", "B")
    for kind in kinds:
        chosen = [task for task in tasks if task.kind == kind]
        places = [(left + unit * task.start, top + height * task.stage) for task in chosen]
        _draw_tasks(drawing, places, unit, kind, [str(task.microbatch + 1) for task in chosen])
    y = top + height * STAGES + 8
    drawing.arrow([(left, y), (356, y)], stroke=1)
    drawing.text(356, y + 16, f"时间，共 {total} 格", size=11, anchor="end")
    y += 44
    _draw_tasks(drawing, [(8, y - 17)], unit, "F", ["1"])
    drawing.text(24, y, "前向 1 格")
    _draw_tasks(drawing, [(96, y - 17)], unit, "B", ["1"])
    drawing.text(122, y, "反向 2 格")
    _draw_idle(drawing, 194, y - 17, unit * 2)
    drawing.text(220, y, "空闲；数字是微批号")
    peaks = "、".join(str(peak_in_flight(tasks, stage)) for stage in range(STAGES))
    idle = total - sum(task.end - task.start for task in tasks) // STAGES
    share = bubble_fraction(tasks, STAGES)
    drawing.text(8, y + 26, f"每段空闲 {idle}/{total} 格 = {share:.1%}（÷ 总时间）")
    drawing.text(8, y + 48, f"段 0～{STAGES - 1} 在飞微批的峰值：{peaks}", bold=True)
    return drawing.svg()


def _draw_tasks(
    drawing: Drawing, places: Sequence[Point], unit: float, kind: Kind, labels: Sequence[str]
) -> None:
    """同一种的许多步：左上角与微批号。"""
    forward = kind == "F"
    width = unit * (FORWARD if forward else BACKWARD)
    paint, fill = (Paint.KEPT, 0.15) if forward else (Paint.GOOD, 0.45)
    drawing.tiles(places, width, 24, paint, fill=fill)
    middles = [(x + width / 2, y + 16) for x, y in places]
    names = [(*middle, label) for middle, label in zip(middles, labels, strict=True)]
    drawing.texts(names, size=11, bold=not forward)


def _draw_idle(drawing: Drawing, x: float, y: float, width: float) -> None:
    drawing.rect(x, y, width, 24, stroke=0, hatched=True)
