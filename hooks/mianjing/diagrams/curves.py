"""由公式画的曲线：学习率调度、LSH 的 S 曲线、PPO 的截断。"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi

from mianjing.diagrams.svg import Drawing, Paint, Point
from mianjing.estimates.data import lsh_probability, lsh_threshold


@dataclass(frozen=True)
class Axes:
    """数据坐标到画布坐标：左下角、宽高与两个轴的范围。"""

    x: float
    y: float
    width: float
    height: float
    x_range: Point
    y_range: Point

    def at(self, x: float, y: float) -> Point:
        """一个数据点在画布上的位置。"""
        across = (x - self.x_range[0]) / (self.x_range[1] - self.x_range[0])
        up = (y - self.y_range[0]) / (self.y_range[1] - self.y_range[0])
        return self.x + across * self.width, self.y - up * self.height

    def draw(self, drawing: Drawing) -> None:
        """横轴与纵轴。"""
        drawing.arrow([(self.x, self.y), (self.x + self.width + 8, self.y)], stroke=1)
        drawing.arrow([(self.x, self.y), (self.x, self.y - self.height - 8)], stroke=1)

    def curve(
        self, function: Callable[[float], float], low: float, high: float, steps: int = 100
    ) -> list[Point]:
        """函数在 [low, high] 上的折线。"""
        values = [low + (high - low) * step / steps for step in range(steps + 1)]
        return [self.at(value, function(value)) for value in values]


WARMUP, DECAY, LOW = 0.1, 0.1, 0.1
"""占总步数的比例；下限是峰值的一成。"""


def cosine_rate(progress: float) -> float:
    """cosine：升到 1，再按半个余弦降到 LOW；progress 是步数 ÷ 总步数。"""
    if progress < WARMUP:
        return progress / WARMUP
    x = (progress - WARMUP) / (1 - WARMUP)
    return LOW + (1 - LOW) * (1 + cos(pi * x)) / 2


def wsd_rate(progress: float, end: float = 1) -> float:
    """WSD：升、平、到 end 之前的 DECAY 里线性降到 LOW。"""
    if progress < WARMUP:
        return progress / WARMUP
    x = max(0.0, (progress - (end - DECAY)) / DECAY)
    return 1 - (1 - LOW) * x


def draw_lr_schedules() -> str:
    """lr-schedules：cosine 与 WSD，以及从稳定段提前分叉的退火。"""
    drawing = Drawing(height=250)
    axes = Axes(40, 190, 296, 150, (0, 1), (0, 1.05))
    axes.draw(drawing)
    fork = 0.6
    drawing.line(axes.curve(cosine_rate, 0, 1), Paint.KEPT, stroke=2.2, dashed=True)
    drawing.line(axes.curve(wsd_rate, 0, 1), Paint.BAD, stroke=2.2)
    branch = axes.curve(lambda x: wsd_rate(x, fork), fork - DECAY, fork, 2)
    drawing.arrow(branch, Paint.BAD, stroke=1.4)
    drawing.text(*_move(axes.at(0.72, 1), 0, -8), "WSD：升、平、降", anchor="middle", bold=True)
    drawing.text(*axes.at(0.31, 0.62), "cosine", anchor="middle", bold=True)
    drawing.text(*_move(axes.at(fork, LOW), -12, -8), "提前退火", size=11, anchor="end")
    drawing.line([axes.at(WARMUP, 0), axes.at(WARMUP, 1)], stroke=1, dashed=True, faint=True)
    drawing.line([axes.at(1 - DECAY, 0), axes.at(1 - DECAY, 1)], stroke=1, dashed=True, faint=True)
    drawing.text(34, axes.at(0, 1)[1] + 4, "1", anchor="end")
    drawing.text(34, axes.at(0, LOW)[1] + 4, f"{LOW:g}", anchor="end")
    drawing.text(8, 18, "学习率 ÷ 峰值", size=11)
    for at, note in ((WARMUP / 2, "预热"), (1 - DECAY / 2, "退火")):
        drawing.text(axes.at(at, 0)[0], 206, note, size=11, anchor="middle")
    drawing.text(axes.at(0.5, 0)[0], 206, "步数 →", size=11, anchor="middle")
    drawing.text(8, 228, "cosine 的总步数要预先定；WSD 可以从平段任一处分叉", size=11)
    drawing.text(8, 244, f"画图取：预热、退火各 {WARMUP:.0%}，下限是峰值的 {LOW:.0%}", size=11)
    return drawing.svg()


def _move(point: Point, dx: float, dy: float) -> Point:
    return point[0] + dx, point[1] + dy


BANDS, ROWS = 14, 8
LOOSER = (28, 4)
"""同样 112 个哈希的另一种切法。"""


def draw_lsh_s_curve() -> str:
    """lsh-s-curve：FineWeb 的 14×8 与同样哈希数的 28×4。"""
    drawing = Drawing(height=264)
    axes = Axes(40, 206, 300, 176, (0, 1), (0, 1))
    axes.draw(drawing)
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        drawing.text(axes.at(tick, 0)[0], 222, f"{tick:g}", size=11, anchor="middle")
    for tick in (0.5, 1.0):
        drawing.text(34, axes.at(0, tick)[1] + 4, f"{tick:.0%}", size=11, anchor="end")
    loose = axes.curve(lambda s: lsh_probability(s, *LOOSER), 0, 1)
    drawing.line(loose, Paint.PAUSE, stroke=1.8, dashed=True)
    drawing.line(
        axes.curve(lambda s: lsh_probability(s, BANDS, ROWS), 0, 1), Paint.KEPT, stroke=2.4
    )
    edge = lsh_threshold(BANDS, ROWS)
    drawing.line([axes.at(edge, 0), axes.at(edge, 1)], stroke=1, dashed=True, faint=True)
    drawing.text(axes.at(edge, 0)[0] + 5, 200, f"拐点约 {edge:.3f}", size=11)
    for similarity in (0.6, 0.75, 0.85):
        chance = lsh_probability(similarity, BANDS, ROWS)
        x, y = axes.at(similarity, chance)
        drawing.circle(x, y, 3.5, Paint.KEPT, fill=1)
        if similarity < edge:
            drawing.text(x - 8, y + 5, f"{chance:.1%}", size=11, anchor="end")
        else:
            drawing.text(x + 5, y + 15, f"{chance:.1%}", size=11)
    x, y = axes.at(0.36, lsh_probability(0.36, *LOOSER))
    drawing.text(x - 14, y - 8, f"b={LOOSER[0]}，r={LOOSER[1]}", anchor="end")
    drawing.text(x - 14, y + 8, "更松", anchor="end")
    drawing.text(356, axes.at(0, 0.45)[1], f"b={BANDS}，r={ROWS}", anchor="end", bold=True)
    drawing.text(8, 16, "成为候选对的概率 1−(1−sʳ)ᵇ", size=11)
    drawing.text(8, 246, "横轴：Jaccard 相似度 s；都用 112 个哈希；拐点 b^(−1/r)", size=11)
    return drawing.svg()


EPSILON = 0.2


def clipped(ratio: float, advantage: float) -> float:
    """PPO 的一项：min(ρA, clip(ρ, 1−ε, 1+ε)A)。"""
    limited = min(max(ratio, 1 - EPSILON), 1 + EPSILON)
    return min(ratio * advantage, limited * advantage)


def draw_ppo_clip() -> str:
    """ppo-clip：优势为正与为负，目标随比率怎样变。"""
    drawing = Drawing(height=260)
    for index, advantage in enumerate((1.0, -1.0)):
        low, high = sorted((0.4 * advantage, 1.7 * advantage))
        axes = Axes(30 + 178 * index, 190, 132, 140, (0.4, 1.6), (low, high))
        axes.draw(drawing)
        sign = ">" if advantage > 0 else "<"
        drawing.text(axes.x + 66, 18, f"A {sign} 0", anchor="middle", bold=True)
        drawing.text(
            axes.x + 66, 36, f"{'好' if advantage > 0 else '坏'}动作", size=11, anchor="middle"
        )
        _draw_clip(drawing, axes, advantage)
    drawing.text(8, 234, "横轴 ρ = 新概率 ÷ 旧概率，纵轴是目标（取最大）", size=11)
    drawing.text(8, 252, f"虚线 ρA；粗平段被截断，梯度为 0；另一侧不截（ε={EPSILON:g}）", size=11)
    return drawing.svg()


def _draw_clip(drawing: Drawing, axes: Axes, advantage: float) -> None:
    edges = {1 - EPSILON: "1−ε", 1.0: "1", 1 + EPSILON: "1+ε"}
    for ratio, name in edges.items():
        foot = axes.at(ratio, axes.y_range[0])
        top = axes.at(ratio, axes.y_range[1])
        drawing.line([foot, top], stroke=0.8, dashed=True, faint=True)
        drawing.text(foot[0], 206, name, size=11, anchor="middle")
    low, high = axes.x_range
    drawing.line(axes.curve(lambda r: r * advantage, low, high, 1), dashed=True, stroke=1)
    drawing.line(axes.curve(lambda r: clipped(r, advantage), low, high, 120), Paint.KEPT, stroke=2)
    flat = (1 + EPSILON, high) if advantage > 0 else (low, 1 - EPSILON)
    drawing.line(axes.curve(lambda r: clipped(r, advantage), *flat, 1), Paint.BAD, stroke=4)
    x, y = axes.at(sum(flat) / 2, clipped(sum(flat) / 2, advantage))
    drawing.text(x, y + 18, "梯度 0", size=11, anchor="middle")
