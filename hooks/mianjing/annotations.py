"""问题 → GitHub Actions 的注解：显示在 PR 改动的那一行旁边。"""

from __future__ import annotations

from mianjing.problem import Problem


def render_annotation(problem: Problem) -> str:
    """一行工作流命令；值里的换行、百分号、逗号、冒号都转义，写不出第二条命令。"""
    file = _escape_property(problem.path)
    title = _escape_property(problem.code)
    return f"::error file={file},line={problem.line},title={title}::{_escape(str(problem))}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
