"""构建时由代码画出的图：名字 → 返回 SVG 文字的函数。正文里写 `![替代文字](diagram:名字)`。"""

from __future__ import annotations

from collections.abc import Callable

DIAGRAMS: dict[str, Callable[[], str]] = {}
