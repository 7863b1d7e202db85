"""各种页面各一张：拍样子的脚本与快照测试用同一份清单。"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PageKind:
    """一种页面的代表。"""

    name: str
    path: str
    """相对站的根。"""
    ready: str = "h1"
    """脚本画完之后才有的东西。"""


PAGE_KINDS = (
    PageKind("home", ""),
    PageKind("experience", "experiences/moonshot-2023/"),
    PageKind("topic", "topics/multi-head-attention/"),
    PageKind("question", "questions/attention-scale-sqrt-d/", ".mj-fold-all"),
    PageKind("derivation", "notebooks/attention/", ".mj-run button"),
    PageKind("practice", "practice/multi-head-attention/", ".mj-practice button"),
    PageKind("atlas", "atlas/", ".mj-matrix"),
    PageKind("ledger", "claims/attention/"),
    PageKind("calculator", "calculators/", ".mj-calculator output"),
    PageKind("contribute", "contribute/experience/", "[data-form-bar] button"),
    PageKind("plan", "plan/", ".mj-plan form"),
    PageKind("review", "review/", ".mj-face"),
)
