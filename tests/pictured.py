"""各种页面各拍一张，只看第一屏：拍样子的脚本与快照测试用同一份清单。"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PicturedPage:
    """拍样子的一页，代表一种页面。"""

    name: str
    path: str
    """相对站的根。"""
    ready: str = "h1"
    """脚本画完之后才有的东西。"""


PICTURED = (
    PicturedPage("home", ""),
    PicturedPage("experience", "experiences/moonshot-2023/"),
    PicturedPage("topic", "topics/multi-head-attention/"),
    PicturedPage("question", "questions/attention-scale-sqrt-d/", ".mj-fold-all"),
    PicturedPage("derivation", "notebooks/attention/", ".mj-run button"),
    PicturedPage("practice", "practice/multi-head-attention/", ".mj-practice button"),
    PicturedPage("atlas", "atlas/", ".mj-matrix"),
    PicturedPage("ledger", "claims/attention/"),
    PicturedPage("calculator", "calculators/", ".mj-calculator output"),
    PicturedPage("contribute", "contribute/experience/", "[data-form-bar] button"),
    PicturedPage("plan", "plan/", ".mj-plan form"),
    PicturedPage("review", "review/", ".mj-face"),
)
