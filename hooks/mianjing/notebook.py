"""执行过的 notebook → 本站的 Markdown：与其他页面走同一条路（目录、链接、公式、搜索都一样）。"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mianjing.problem import Problem

_DETAILS = re.compile(
    r"^<details>\s*<summary>(?P<title>.*?)</summary>\s*$(?P<body>.*?)^</details>\s*$",
    re.DOTALL | re.MULTILINE,
)


@dataclass
class Rendering:
    """一本推导的 Markdown、它的图（文件名 → SVG）与发现的问题。"""

    markdown: str
    figures: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_notebook(file: Path) -> dict[str, Any]:
    """读入 .ipynb。"""
    notebook: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return notebook


def render_notebook(key: str, notebook: dict[str, Any]) -> Rendering:
    """把一本推导写成 Markdown；图放在 `<key>/figure-<n>.svg`，缺替代文字是问题。"""
    result = Rendering("")
    parts: list[str] = []
    for number, cell in enumerate(notebook["cells"], 1):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(_render_text(source))
        elif cell["cell_type"] == "code":
            parts.append(_render_code(key, number, cell, source, result))
    result.markdown = "\n\n".join(part for part in parts if part) + "\n"
    return result


def _render_text(source: str) -> str:
    """站内链接从仓库的相对路径换成站点的；折叠块换成 pymdownx 的写法，里面的公式才会渲染。"""
    source = re.sub(r"\]\(\.\./docs/", "](../", source)
    return _DETAILS.sub(_render_details, source)


def _render_details(match: re.Match[str]) -> str:
    body = match.group("body").strip("\n")
    indented = "\n".join(f"    {line}" if line.strip() else "" for line in body.split("\n"))
    return f'??? note "{match.group("title").strip()}"\n\n{indented}\n'


def _render_code(
    key: str, number: int, cell: dict[str, Any], source: str, result: Rendering
) -> str:
    oracle = "oracle" in cell["metadata"].get("tags", [])
    parts = ["用 PyTorch 核对：\n{ .mj-oracle }"] if oracle else []
    parts.append(_fence("python", source))
    for output in cell.get("outputs", []):
        if output["output_type"] == "stream":
            parts.append(_fence("text", "".join(output["text"]), "mj-output"))
        elif "image/svg+xml" in output.get("data", {}):
            parts.append(_render_figure(key, number, cell, output, result))
        elif output["output_type"] == "error":
            message = f"第 {number} 格的结果是错误 {output.get('ename')}：修好后 make execute"
            result.problems.append(_problem(key, message))
        elif any(kind.startswith("image/") for kind in output.get("data", {})):
            message = f'第 {number} 格的图不是 SVG：用 set_matplotlib_formats("svg")'
            result.problems.append(_problem(key, message))
        elif "text/plain" in output.get("data", {}):
            parts.append(_fence("text", "".join(output["data"]["text/plain"]), "mj-output"))
    return "\n\n".join(parts)


def _render_figure(
    key: str, number: int, cell: dict[str, Any], output: dict[str, Any], result: Rendering
) -> str:
    alt = str(cell["metadata"].get("alt", "")).strip()
    if not alt:
        message = f'第 {number} 格的图没有替代文字：在格子的标记行写 # %% alt="…"'
        result.problems.append(_problem(key, message))
    name = f"figure-{len(result.figures) + 1}.svg"
    result.figures[name] = "".join(output["data"]["image/svg+xml"])
    safe = alt.replace("[", "［").replace("]", "］")
    return f"![{safe}]({key}/{name}){{ .mj-figure loading=lazy }}"


def _fence(language: str, text: str, extra: str = "") -> str:
    text = text.rstrip("\n")
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    ticks = "`" * max(3, longest + 1)
    head = f"{{ .{language} .{extra} }}" if extra else language
    return f"{ticks} {head}\n{text}\n{ticks}"


def _problem(key: str, message: str) -> Problem:
    return Problem(f"notebooks/{key}.py", 1, "E403", "", message)
