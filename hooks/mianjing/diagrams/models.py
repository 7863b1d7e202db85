"""模型结构的图：RoPE 的旋转、MoE 的路由。"""

from __future__ import annotations

from math import ceil, degrees, pi, sin

from mianjing.diagrams.svg import Drawing, Paint, arc, polar
from mianjing.estimates.models import moe_capacity, rope_wavelength

BASE, HEAD_DIM, SHOWN = 10_000, 8, 4
"""画图取 d=8，四对的角频率是 1、0.1、0.01、0.001。"""


def rope_angle(position: int, pair: int) -> float:
    """第 pair 对在位置 position 转过的弧度。"""
    return position * 2 * pi / rope_wavelength(BASE, HEAD_DIM, pair)


def relative_angle(query: int, key: int, pair: int, apart: float = 0.0) -> float:
    """转过之后 k 与 q 的夹角；apart 是没转时的夹角。"""
    return rope_angle(key, pair) - rope_angle(query, pair) + apart


def draw_rope_rotation() -> str:
    """rope-rotation：前三对各转多快；分数只依赖位置差。"""
    drawing = Drawing(height=366)
    drawing.text(8, 16, f"同一个 q 放在位置 0～{SHOWN - 1}：每对转的快慢不同", bold=True)
    for pair in range(3):
        center, radius = (62 + 118 * pair, 84), 44
        drawing.circle(*center, radius + 2)
        for position in range(SHOWN):
            tip = polar(center, radius, rope_angle(position, pair))
            drawing.arrow([center, tip], Paint.KEPT, stroke=1.4)
            if pair == 0:
                x, y = polar(center, radius + 10, rope_angle(position, pair))
                drawing.text(x, y + 4, str(position), size=11, anchor="middle")
        step = degrees(rope_angle(1, pair))
        drawing.text(center[0], 152, f"第 {pair} 对：每步 {step:.2g}°", size=11, anchor="middle")
        length = rope_wavelength(BASE, HEAD_DIM, pair)
        drawing.text(center[0], 168, f"{length:.0f} 个 token 一圈", size=11, anchor="middle")
    drawing.text(8, 204, "一起平移，夹角不变：分数只看 n−m", bold=True)
    for index, (query, key) in enumerate(((0, 1), (3, 4))):
        center, radius = (90 + 180 * index, 276), 50
        drawing.circle(*center, radius + 2)
        start, end = rope_angle(query, 0), rope_angle(key, 0)
        vectors = ((start, Paint.KEPT, "q"), (end, Paint.BAD, "k"))
        for angle, paint, name in vectors:
            drawing.arrow([center, polar(center, radius, angle)], paint, stroke=2)
            x, y = polar(center, radius + 12, angle)
            drawing.text(x, y + 4, name, anchor="middle", bold=True)
        drawing.line(arc(center, 20, start, end), stroke=1.6)
        x, y = polar(center, 34, (start + end) / 2)
        gap = degrees(relative_angle(query, key, 0))
        drawing.text(x, y + 4, f"{gap:.0f}°", size=11, anchor="middle")
        note = f"q 在 m={query}，k 在 n={key}"
        drawing.text(center[0], 352, note, anchor="middle")
    return drawing.svg()


ROUTED, EXPERTS, CHOSEN = 6, 4, 2
FACTOR = 1.0


def router_scores() -> list[list[float]]:
    """一组确定的路由分数；偏向前面的专家，好让容量装不下。"""
    return [
        [sin(1.3 * token + 1.7 * expert + 0.4) - 0.4 * expert for expert in range(EXPERTS)]
        for token in range(ROUTED)
    ]


def route(
    scores: list[list[float]], chosen: int, capacity: int
) -> tuple[list[list[int]], list[tuple[int, int]]]:
    """每个 token 取分数最高的 chosen 个专家，按 token 的次序占容量。

    返回每个专家收下的 token，与放不下的（token，专家）。
    """
    held: list[list[int]] = [[] for _ in scores[0]]
    dropped = []
    for token, row in enumerate(scores):
        best = sorted(range(len(row)), key=lambda expert: -row[expert])[:chosen]
        for expert in sorted(best):
            if len(held[expert]) < capacity:
                held[expert].append(token)
            else:
                dropped.append((token, expert))
    return held, dropped


def draw_moe_routing() -> str:
    """moe-routing：6 个 token 各选 2 个专家，容量 3，满了就丢。"""
    capacity = ceil(moe_capacity(ROUTED, EXPERTS, CHOSEN, FACTOR))
    held, dropped = route(router_scores(), CHOSEN, capacity)
    drawing = Drawing(height=330)
    drawing.text(34, 18, "token", anchor="middle", bold=True)
    drawing.text(268, 18, f"专家（各 {capacity} 个槽）", anchor="middle", bold=True)
    tokens = [48 + 40 * token for token in range(ROUTED)]
    experts = [64 + 58 * expert for expert in range(EXPERTS)]
    for expert, y in enumerate(experts):
        for token in held[expert]:
            drawing.line([(54, tokens[token]), (196, y)], Paint.KEPT, stroke=1.4)
        for token in (one for one, where in dropped if where == expert):
            drawing.line([(54, tokens[token]), (196, y)], Paint.BAD, stroke=1.6, dashed=True)
        drawing.box(196, y - 17, 48, 34, f"E{expert + 1}", Paint.GOOD, fill=0.2, bold=True)
        for slot in range(capacity):
            x = 250 + 27 * slot
            full = slot < len(held[expert])
            drawing.rect(x, y - 13, 24, 26, Paint.KEPT, fill=0.3 * full, dashed=not full)
            if full:
                name = str(held[expert][slot] + 1)
                drawing.text(x + 12, y + 4, name, anchor="middle")
        lost = sum(where == expert for _, where in dropped)
        if lost:
            drawing.text(344, y + 5, f"丢 {lost}", anchor="middle", bold=True, paint=Paint.BAD)
    for token, y in enumerate(tokens):
        drawing.box(14, y - 13, 40, 26, str(token + 1), radius=13)
    drawing.line([(14, 288), (40, 288)], Paint.KEPT, stroke=1.6)
    drawing.text(46, 292, "收下")
    drawing.line([(88, 288), (114, 288)], Paint.BAD, stroke=1.8, dashed=True)
    drawing.text(120, 292, "放不下：这一份丢掉")
    drawing.text(14, 318, f"容量 ⌈k·T/E·c⌉ = ⌈{CHOSEN}×{ROUTED}÷{EXPERTS}×{FACTOR:g}⌉ = {capacity}")
    drawing.text(352, 318, f"丢 {len(dropped)}/{ROUTED * CHOSEN}", anchor="end")
    return drawing.svg()
