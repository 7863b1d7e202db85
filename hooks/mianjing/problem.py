"""一个问题：在哪里、哪条规则、哪个字段、什么值、怎么改。"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from mianjing.messages import say


@dataclass(frozen=True, order=True)
class Problem:
    """一条给人看的错误，`str()` 是 `文件:行: 代码 字段：说明`。"""

    path: str
    """相对仓库根的路径。"""
    line: int
    """从 1 数的行号；整个文件的问题记 1。"""
    code: str
    """规则代码：E0 读入，E1 字段，E2 关系，E3 文件，E4 正文，E5 构建好的站，E6 隐私与字，E7 账本，
    E8 issue。"""
    field: str
    """字段的路径，如 `rounds[2].asked[1].topic`；与字段无关时为空。"""
    message: str
    """说明，含出错的值与改法。"""

    def __str__(self) -> str:
        where = f"{self.field}：" if self.field else ""
        return f"{self.path}:{self.line}: {self.code} {where}{self.message}"


def suggest(value: str, options: Iterable[str], names: Mapping[str, str] | None = None) -> str:
    """改法：最接近的候选；没有接近的就列出全部（超过 12 个时列前 12 个）。

    names 是名称 → 候选：值像某个名称时，给出的是它的候选。
    """
    known = list(options)
    if not known:
        return say("no_options")
    lowered = {name.lower(): option for name, option in (names or {}).items()}
    lowered |= {option.lower(): option for option in known}
    near = get_close_matches(value.lower(), lowered, n=1, cutoff=0.5)
    if not near:
        near = [low for low in lowered if value and (value.lower() in low or low in value.lower())]
    if near:
        return say("nearest", value=lowered[near[0]])
    listed = "、".join(known[:12])
    return say("options_more" if len(known) > 12 else "options", values=listed)
