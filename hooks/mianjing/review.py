"""审阅者的一屏：走哪条道、有什么问题、合并之后公开什么、多大，写成一份 Markdown。"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from mianjing.difference import escape, render_difference
from mianjing.library import read_library
from mianjing.problem import Problem

CONTENT = re.compile(
    r"docs/experiences/(?!index\.md$)[a-z0-9-]+\.md"
    r"|docs/experiences/(?:companies|sources)\.yml"
    r"|docs/assets/images/[a-z0-9/-]+\.(?:png|jpe?g|webp)"
)
"""内容道：任何人都能改的文件；多出一个别的，整个 PR 就走代码道。"""
_GROUPS = (
    ("HTML 策略", re.compile("E41")),
    ("隐私", re.compile("E60")),
    ("排版与形近字", re.compile("E61")),
    ("文件与地址", re.compile("E3|E52")),
    ("数据", re.compile("E")),
)
MAX_SHOWN = 50


@dataclass(frozen=True)
class Lane:
    """一个 PR 走的道：内容道或代码道，与把它带进代码道的文件。"""

    paths: tuple[str, ...]
    code: tuple[str, ...]

    @property
    def name(self) -> str:
        """道的名字。"""
        return "代码道" if self.code or not self.paths else "内容道"


def find_lane(paths: list[str]) -> Lane:
    """按改动的路径分道；改名与删除两边的路径都算。"""
    every = tuple(sorted(set(filter(None, paths))))
    return Lane(every, tuple(path for path in every if not CONTENT.fullmatch(path)))


def group_problems(problems: list[Problem]) -> dict[str, list[Problem]]:
    """按种类分开，空的种类也在。"""
    groups: dict[str, list[Problem]] = {name: [] for name, _ in _GROUPS}
    for problem in problems:
        name = next(name for name, codes in _GROUPS if codes.match(problem.code))
        groups[name].append(problem)
    return groups


def render_review(base: Path, head: Path, paths: list[str]) -> tuple[str, int]:
    """审阅的一屏，与问题的条数；base 与 head 是两份检出，paths 是改动的路径。"""
    lane = find_lane(paths)
    old, _ = read_library(base)
    new, problems = read_library(head)
    problems = [*problems, *_find_typography(head)]
    lines = [f"# {lane.name}", ""]
    if lane.code:
        lines += ["有这些文件，要维护者按代码审：", ""]
        lines += [f"- {escape(path)}" for path in lane.code[:MAX_SHOWN]]
        lines += [f"- 另有 {len(lane.code) - MAX_SHOWN} 个"] * (len(lane.code) > MAX_SHOWN)
    else:
        lines.append("只有面经、公司表、出处表与图片：按内容审。")
    lines += ["", "## 检查", "", "| 种类 | 问题 |", "|---|---|"]
    groups = group_problems(problems)
    lines += [f"| {name} | {len(found) or '没有'} |" for name, found in groups.items()]
    for name, found in groups.items():
        if found:
            lines += ["", f"### {name}", ""]
            lines += [f"- {escape(str(problem))}" for problem in found[:MAX_SHOWN]]
            lines += [f"- 另有 {len(found) - MAX_SHOWN} 条"] * (len(found) > MAX_SHOWN)
    lines += ["", render_difference(base, head, old, new), "## 大小", ""]
    lines += ["| 文件 | 原来 | 现在 |", "|---|---|---|"]
    lines += [
        f"| {escape(path)} | {_size(base / path)} | {_size(head / path)} |"
        for path in lane.paths[:MAX_SHOWN]
    ]
    lines += ["", "预览：这次运行的附件 `site`，下载后解开，`python -m http.server` 就能看。"]
    return "\n".join(lines) + "\n", len(problems)


def _find_typography(root: Path) -> list[Problem]:
    from mianjing.typography import find_all_changes

    return [change.problem() for change in find_all_changes(root)]


def _size(file: Path) -> str:
    if file.is_symlink() or not file.is_file():
        return "—"
    return f"{file.stat().st_size / 1024:.1f} KB"
