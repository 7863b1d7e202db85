"""画 SVG 的最小工具：矩形、线、箭头、文字、成片的格子。

同样的调用得到同样的字节；不用 id（一页可以放几幅图），箭头与斜线都画成路径；
颜色只用主题的变量，深浅两色都成立；不靠颜色也能分辨：斜线、虚线、文字。
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from enum import Enum
from html import escape
from math import cos, hypot, pi, sin

WIDTH = 360
"""画布的宽。手机正文约 350 px 宽，所以画布单位约等于像素。"""
SIZE = 12
"""字号；最小 11。"""
Point = tuple[float, float]


class Paint(Enum):
    """一块或一条线的颜色。"""

    PLAIN = "currentColor"
    ACCENT = "var(--md-typeset-a-color)"
    GOOD = "var(--mj-good)"
    KEPT = "var(--mj-kept)"
    BAD = "var(--mj-bad)"
    PAUSE = "var(--mj-pause)"


def text_width(text: str, size: float = SIZE) -> float:
    """文字宽的估计：汉字与全角标点 1 em，其余 0.6 em。"""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return size * (wide + 0.6 * (len(text) - wide))


def number(value: float) -> str:
    """坐标：至多两位小数，没有多余的零与负零。"""
    short = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if short == "-0" else short


class Drawing:
    """一幅图：依次添加图形，最后 `svg()` 得到一行文字。"""

    def __init__(self, height: float, width: float = WIDTH) -> None:
        self.height, self.width = height, width
        self._parts: list[str] = []

    def svg(self) -> str:
        """完整的 `<svg>`。图里的字不进搜索：替代文字已经说了图的意思。"""
        box = f"0 0 {number(self.width)} {number(self.height)}"
        head = (
            f'<svg viewBox="{box}" aria-hidden="true" data-search-exclude="" '
            f'style="max-width:24rem;fill:currentColor" font-size="{SIZE}">'
        )
        return head + "".join(self._parts) + "</svg>"

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        paint: Paint = Paint.PLAIN,
        *,
        fill: float = 0,
        dashed: bool = False,
        hatched: bool = False,
        stroke: float = 1,
        radius: float = 0,
    ) -> None:
        """矩形：fill 是填充的不透明度，stroke 是边框的粗细（0 为无边框）。"""
        place = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
        corner = f' rx="{number(radius)}"' if radius else ""
        inside = f"fill:{paint.value};fill-opacity:{number(fill)}" if fill else "fill:none"
        border = _stroke(paint, stroke, dashed) if stroke else ""
        self._parts.append(f'<rect {place}{corner} style="{inside}{border}"/>')
        if hatched:
            self._hatch(x, y, width, height, paint)

    def tiles(
        self,
        corners: Iterable[Point],
        width: float,
        height: float,
        paint: Paint = Paint.PLAIN,
        *,
        fill: float = 0,
        stroke: float = 0.8,
        faint: bool = False,
    ) -> None:
        """左上角在 corners 的许多同样的格子，画成一条路径。"""
        across, down = number(width), number(height)
        path = "".join(f"M{_pair(corner)}h{across}v{down}h-{across}z" for corner in corners)
        inside = f"fill:{paint.value};fill-opacity:{number(fill)}" if fill else "fill:none"
        style = f"{inside}{_stroke(paint, stroke, False)}" + (";stroke-opacity:.35" * faint)
        self._parts.append(f'<path d="{path}" style="{style}"/>')

    def _hatch(self, x: float, y: float, width: float, height: float, paint: Paint) -> None:
        """矩形里的 45° 斜线，画成一条路径。"""
        lines = []
        offset = 5.0
        while offset < width + height:
            start = (x + min(offset, width), y + max(0.0, offset - width))
            end = (x + max(0.0, offset - height), y + min(offset, height))
            lines.append(f"M{_pair(start)}L{_pair(end)}")
            offset += 5
        style = f"fill:none{_stroke(paint, 0.8, False)};stroke-opacity:.55"
        self._parts.append(f'<path d="{"".join(lines)}" style="{style}"/>')

    def line(
        self,
        points: Iterable[Point],
        paint: Paint = Paint.PLAIN,
        *,
        stroke: float = 1.2,
        dashed: bool = False,
        faint: bool = False,
    ) -> None:
        """折线；曲线也用足够密的折线画。"""
        path = "M" + "L".join(map(_pair, points))
        style = f"fill:none{_stroke(paint, stroke, dashed)}" + (";stroke-opacity:.4" * faint)
        self._parts.append(f'<path d="{path}" style="{style}"/>')

    def arrow(
        self,
        points: Iterable[Point],
        paint: Paint = Paint.PLAIN,
        *,
        stroke: float = 1.2,
        dashed: bool = False,
        head: float = 6,
    ) -> None:
        """折线，末端有实心箭头。"""
        route = list(points)
        (x0, y0), (x1, y1) = route[-2:]
        length = hypot(x1 - x0, y1 - y0)
        dx, dy = (x1 - x0) / length, (y1 - y0) / length
        neck = (x1 - dx * head, y1 - dy * head)
        half = head * 0.45
        wings = [(neck[0] - dy * half, neck[1] + dx * half), (x1, y1)]
        wings.append((neck[0] + dy * half, neck[1] - dx * half))
        self.line([*route[:-1], neck], paint, stroke=stroke, dashed=dashed)
        path = "M" + "L".join(map(_pair, wings)) + "Z"
        self._parts.append(f'<path d="{path}" style="fill:{paint.value}"/>')

    def circle(
        self, x: float, y: float, radius: float, paint: Paint = Paint.PLAIN, *, fill: float = 0
    ) -> None:
        """圆；fill 是填充的不透明度。"""
        inside = f"fill:{paint.value};fill-opacity:{number(fill)}" if fill else "fill:none"
        place = f'cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"'
        self._parts.append(f'<circle {place} style="{inside}{_stroke(paint, 1, False)}"/>')

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = SIZE,
        anchor: str = "start",
        bold: bool = False,
        paint: Paint = Paint.PLAIN,
    ) -> None:
        """一行文字，y 是基线；anchor 是 start、middle 或 end。"""
        extra = f' font-size="{number(size)}"' if size != SIZE else ""
        extra += f' text-anchor="{anchor}"' if anchor != "start" else ""
        extra += ' font-weight="600"' if bold else ""
        extra += f' style="fill:{paint.value}"' if paint is not Paint.PLAIN else ""
        place = f'x="{number(x)}" y="{number(y)}"'
        self._parts.append(f"<text {place}{extra}>{escape(text)}</text>")

    def texts(
        self, items: Iterable[tuple[float, float, str]], *, size: float = SIZE, bold: bool = False
    ) -> None:
        """许多居中的短字，共用字号与粗细；每个是（中心，基线，文字）。"""
        inside = "".join(
            f'<text x="{number(x)}" y="{number(y)}">{escape(text)}</text>' for x, y, text in items
        )
        extra = ' font-weight="600"' if bold else ""
        self._parts.append(
            f'<g font-size="{number(size)}" text-anchor="middle"{extra}>{inside}</g>'
        )

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        lines: str,
        paint: Paint = Paint.PLAIN,
        *,
        fill: float = 0,
        dashed: bool = False,
        radius: float = 4,
        bold: bool = False,
    ) -> None:
        """圆角框，文字居中；`\\n` 换行。"""
        self.rect(x, y, width, height, paint, fill=fill, dashed=dashed, radius=radius)
        rows = lines.split("\n")
        first = y + height / 2 + SIZE * 0.36 - (len(rows) - 1) * 7.5
        for index, row in enumerate(rows):
            here = first + 15 * index
            self.text(x + width / 2, here, row, anchor="middle", bold=bold and index == 0)


def polar(center: Point, radius: float, angle: float) -> Point:
    """圆上的点；角度从向右起逆时针，单位弧度（画布的 y 向下）。"""
    return center[0] + radius * cos(angle), center[1] - radius * sin(angle)


def arc(center: Point, radius: float, start: float, end: float) -> list[Point]:
    """从 start 到 end 的一段弧，每 5° 一点。"""
    steps = max(2, round(abs(end - start) / (pi / 36)))
    angles = (start + (end - start) * step / steps for step in range(steps + 1))
    return [polar(center, radius, angle) for angle in angles]


def _pair(point: Point) -> str:
    return f"{number(point[0])} {number(point[1])}"


def _stroke(paint: Paint, width: float, dashed: bool) -> str:
    dash = ";stroke-dasharray:3 3" if dashed else ""
    return f";stroke:{paint.value};stroke-width:{number(width)}{dash}"
