"""对齐与多模态的图：RLHF 三步、CLIP 的损失矩阵。"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, exp, log, radians

from mianjing.diagrams.svg import Drawing, Paint


def draw_rlhf_pipeline() -> str:
    """rlhf-pipeline：三步，第三步的四个模型里两个更新、两个冻结。"""
    drawing = Drawing(height=426)
    rows = (
        ("① 监督微调（SFT）", "人写的示范", "SFT 模型"),
        ("② 奖励模型", "人排序的回答", "打分器 r"),
    )
    for index, (title, source, result) in enumerate(rows):
        y = 22 + 74 * index
        drawing.text(8, y - 5, title, bold=True)
        drawing.box(8, y + 4, 120, 32, source)
        drawing.arrow([(128, y + 20), (220, y + 20)])
        drawing.text(174, y + 14, "训练", size=11, anchor="middle")
        drawing.box(220, y + 4, 132, 32, result, Paint.KEPT, fill=0.25)
    drawing.text(8, 165, "③ 强化学习（PPO）", bold=True)
    trained, frozen = Paint.GOOD, Paint.PLAIN
    drawing.box(8, 178, 82, 32, "提示 x")
    drawing.arrow([(90, 194), (130, 194)])
    drawing.box(130, 174, 100, 40, "策略 π\nSFT 起步", trained, fill=0.35, bold=True)
    drawing.arrow([(230, 194), (270, 194)])
    drawing.box(270, 178, 82, 32, "回答 y")
    boxes = (
        (12, "参考 π_ref\n冻结的 SFT", frozen),
        (130, "奖励 r\n第二步训好", frozen),
        (248, "价值 V\n估还能得几分", trained),
    )
    drawing.line([(311, 210), (311, 232), (62, 232)])
    for x, label, paint in boxes:
        center = x + 50
        drawing.arrow([(center, 232), (center, 252)])
        updated = paint is trained
        drawing.box(
            x, 252, 100, 42, label, paint, fill=0.35 * updated, dashed=not updated, bold=True
        )
        drawing.arrow([(center, 294), (center, 330)])
    drawing.text(68, 318, "− β·KL", size=11)
    drawing.text(186, 318, "+ 分数", size=11)
    drawing.text(304, 318, "减基线", size=11)
    drawing.box(12, 330, 336, 32, "每个 token 的优势 A → PPO 截断目标", Paint.PAUSE, fill=0.2)
    drawing.arrow([(12, 346), (4, 346), (4, 222), (150, 222), (150, 214)], trained)
    drawing.text(12, 386, "更新策略与价值；再用新策略采样", size=11)
    drawing.box(12, 396, 22, 18, "", trained, fill=0.35)
    drawing.text(40, 410, "更新")
    drawing.box(92, 396, 22, 18, "", frozen, dashed=True)
    drawing.text(120, 410, "冻结：只前向")
    return drawing.svg()


IMAGES = (10.0, 55.0, 100.0, 160.0)
TEXTS = (18.0, 46.0, 112.0, 150.0)
"""四对图文的示意向量：单位圆上的角度，配对的两个靠得近。"""
TEMPERATURE = 0.07


def similarities() -> list[list[float]]:
    """归一化向量两两的余弦；行是图，列是文。"""
    return [[cos(radians(image - text)) for text in TEXTS] for image in IMAGES]


def clip_loss(matrix: Sequence[Sequence[float]], temperature: float) -> float:
    """对称的交叉熵：按行、按列各求一次 softmax，取平均；对角线是正例。"""
    columns = list(zip(*matrix, strict=True))
    rows = [_cross_entropy(line, index, temperature) for index, line in enumerate(matrix)]
    rest = [_cross_entropy(line, index, temperature) for index, line in enumerate(columns)]
    return (sum(rows) + sum(rest)) / (2 * len(matrix))


def _cross_entropy(scores: Sequence[float], target: int, temperature: float) -> float:
    logits = [score / temperature for score in scores]
    top = max(logits)
    return top + log(sum(exp(logit - top) for logit in logits)) - logits[target]


def draw_clip_loss_matrix() -> str:
    """clip-loss-matrix：4 对图文的相似度，行与列各做一次 softmax。"""
    matrix = similarities()
    left, top, cell = 70, 62, 50
    side = cell * len(matrix)
    drawing = Drawing(height=356)
    for row, line in enumerate(matrix):
        y = top + cell * row
        drawing.text(left - 10, y + cell / 2 + 4, f"图 {row + 1}", anchor="end", bold=True)
        x = left + cell * row
        drawing.text(x + cell / 2, top - 10, f"文 {row + 1}", anchor="middle", bold=True)
        for column, score in enumerate(line):
            x = left + cell * column
            paired = row == column
            paint, fill = (Paint.GOOD, 0.5) if paired else (Paint.PLAIN, 0)
            drawing.rect(x, y, cell, cell, paint, fill=fill, stroke=2 if paired else 0.6)
            value = f"{score:.2f}".replace("-", "−")
            drawing.text(x + cell / 2, y + cell / 2 + 4, value, anchor="middle", bold=paired)
    middle = top + cell / 2
    drawing.arrow([(left + side + 6, middle), (left + side + 28, middle)], Paint.KEPT, stroke=2)
    drawing.text(left + side + 12, middle + 20, "按行", bold=True)
    drawing.text(left + side + 12, middle + 37, "softmax", size=11)
    drawing.text(left + side + 12, middle + 54, "给图找文", size=11)
    first = left + cell / 2
    drawing.arrow([(first, top + side + 6), (first, top + side + 28)], Paint.BAD, stroke=2)
    drawing.text(first + 12, top + side + 24, "按列 softmax：给文找图")
    loss = clip_loss(matrix, TEMPERATURE)
    drawing.text(8, 18, "格里是余弦相似度（示意）；粗框是配好的一对", size=11)
    drawing.text(8, 316, f"除以温度 {TEMPERATURE:g}，两个方向的交叉熵取平均 = {loss:.2f}")
    drawing.text(
        8,
        340,
        f"{len(matrix)} 对图文：{len(matrix)} 个正例，{len(matrix) ** 2 - len(matrix)} 个负例",
    )
    return drawing.svg()
