"""执行过的 notebook → 本站的 Markdown：与其他页面走同一条路（目录、链接、公式、搜索都一样）。

长的推导分成几部分，每部分一页；能在浏览器里运行的格子带编号，源另存一份给网页取用。
"""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymdownx.slugs import slugify

from mianjing.compact import dump_compact
from mianjing.markdown import make_fence, make_fold, prose_lines, replace_prose
from mianjing.model import Part
from mianjing.problem import Problem

_DETAILS = re.compile(
    r"^<details>\s*<summary>(?P<title>.*?)</summary>\s*$(?P<body>.*?)^</details>\s*$",
    re.DOTALL | re.MULTILINE,
)
_HEADING = re.compile(r"^#{2,6} (?P<text>.*?)(?:\s*\{:?\s*#(?P<id>[\w-]+)[^}]*\})?\s*$")
_LINK = re.compile(r"\]\((?P<path>[^()\s#]*)#(?P<anchor>[^()\s]+)\)")
_PART_KEY = re.compile(r"[a-z][a-z0-9-]*")
_TOOLKIT = "这一本用到的小工具：核对、有限差分、画图"
_WITNESSES = {"torch": "PyTorch", "tokenizers": "tokenizers", "tiktoken": "tiktoken"}
_slug = slugify(case="lower")


class PartError(ValueError):
    """分页的标记写得不对；消息写明哪一格、错在哪里。"""


@dataclass(frozen=True)
class Cell:
    """一个代码格：编号从 1 起，只数代码格；网页按它取源、记改动。"""

    number: int
    source: str
    page: int
    """在第几页，从 0 起。"""
    oracle: bool
    figure: bool


@dataclass
class Rendering:
    """一本推导各页的 Markdown、它的图（文件名 → SVG）、代码格与发现的问题。"""

    pages: list[str] = field(default_factory=list)
    anchors: list[set[str]] = field(default_factory=list)
    """各页里标题的锚点。"""
    figures: dict[str, str] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    script: str = ""
    """可下载的 `.py`。"""


def read_notebook(file: Path) -> dict[str, Any]:
    """读入 .ipynb。"""
    notebook: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return notebook


def read_parts(notebook: dict[str, Any]) -> tuple[Part, ...]:
    """各部分的名字与题目；不分页的推导没有。写得不对时抛 PartError。"""
    parts: list[Part] = []
    for number, cell in enumerate(notebook["cells"], 1):
        if "part" not in cell["metadata"]:
            continue
        key, title = str(cell["metadata"]["part"]), str(cell["metadata"].get("title", "")).strip()
        if cell["cell_type"] != "markdown":
            raise PartError(f"第 {number} 格：part 只写在文字格的标记行")
        if not parts and number != 1:
            raise PartError(f"第 {number} 格：分页的推导，第一格也要写 part 与 title")
        if not _PART_KEY.fullmatch(key):
            raise PartError(
                f"第 {number} 格：part「{key}」要以小写字母开头，只用小写字母、数字、连字符"
            )
        if not title:
            raise PartError(f'第 {number} 格：part「{key}」缺少 title="…"')
        if key in {part.key for part in parts}:
            raise PartError(f"第 {number} 格：part「{key}」重复")
        parts.append(Part(key, title))
    return tuple(parts)


def render_notebook(key: str, notebook: dict[str, Any]) -> Rendering:
    """把一本推导写成各页的 Markdown；图放在 `<key>/figure-<n>.svg`，缺替代文字是问题。"""
    result = Rendering()
    pages: list[list[str]] = [[]]
    for number, cell in enumerate(notebook["cells"], 1):
        if "part" in cell["metadata"] and pages[-1]:
            pages.append([])
        source = "".join(cell["source"])
        page = len(pages) - 1
        if cell["cell_type"] == "markdown":
            pages[page].append(_render_text(source, page))
        elif cell["cell_type"] == "code":
            pages[page].append(_render_code(key, number, cell, source, page, result))
    result.pages = ["\n\n".join(block for block in page if block) + "\n" for page in pages]
    result.anchors = [_read_anchors(page) for page in result.pages]
    result.script = dump_script(notebook)
    return result


def dump_cells(rendering: Rendering) -> str:
    """网页要的代码格：编号、源、能不能在浏览器里运行、画不画图。"""
    cells = [
        {"number": c.number, "source": c.source, "oracle": c.oracle, "figure": c.figure}
        for c in rendering.cells
    ]
    return dump_compact(cells) + "\n"


def dump_script(notebook: dict[str, Any]) -> str:
    """可下载的 `.py`：jupytext 的 percent 写法，共用的小工具已在里面，单独拿走也能跑。"""
    blocks = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            lines = "\n".join(f"# {line}".rstrip() for line in source.split("\n"))
            blocks.append(f"# %% [markdown]\n{lines}")
        else:
            blocks.append(f"# %%\n{source}")
    return "\n\n".join(blocks) + "\n"


def find_homes(
    pages: dict[str, tuple[str, ...]], renderings: dict[str, Rendering]
) -> dict[str, str]:
    """`notebooks/<key>.ipynb#锚点` → 锚点所在那一页的源路径。pages 是各本推导各页的源路径。"""
    return {
        f"notebooks/{key}.ipynb#{anchor}": uri
        for key, rendering in renderings.items()
        for uri, anchors in zip(pages[key], rendering.anchors, strict=True)
        for anchor in anchors
    }


def retarget(markdown: str, uri: str, homes: dict[str, str]) -> str:
    """指向推导某一节的链接，换成那一节所在的页。

    作者只写 `<key>.ipynb#锚点`；推导自己的页里写 `#锚点`，不管它在哪一页。
    """
    own = re.match(r"notebooks/([^/.]+)", uri)
    if not own and ".ipynb#" not in markdown:
        return markdown
    here = posixpath.dirname(uri)

    def replace(match: re.Match[str]) -> str:
        path, anchor = match["path"], match["anchor"]
        if path:
            target = posixpath.normpath(posixpath.join(here, path))
        elif own:
            target = f"notebooks/{own[1]}.ipynb"
        else:
            return match[0]
        home = homes.get(f"{target}#{anchor}")
        if home is None:
            return match[0]
        return f"](#{anchor})" if home == uri else f"]({posixpath.relpath(home, here)}#{anchor})"

    return replace_prose(markdown, lambda line: _LINK.sub(replace, line))


def _read_anchors(page: str) -> set[str]:
    found = set()
    for _, line in prose_lines(page, 1):
        if match := _HEADING.match(line):
            found.add(match["id"] or _slug(re.sub(r"[`*$]", "", match["text"]), "-"))
    return found


def _render_text(source: str, page: int) -> str:
    """站内链接从仓库的相对路径换成站点的；折叠块换成 pymdownx 的写法，里面的公式才会渲染。"""
    up = "../" * bool(page)
    source = re.sub(r"\]\(\.\./docs/", f"]({up}../", source)
    source = re.sub(r"\]\((?=[a-z0-9-]+\.ipynb[)#])", f"]({up}", source)
    return _DETAILS.sub(_render_details, source)


def _render_details(match: re.Match[str]) -> str:
    return make_fold(match.group("title").strip(), match.group("body").strip("\n"))


def _render_code(
    key: str, number: int, cell: dict[str, Any], source: str, page: int, result: Rendering
) -> str:
    tags = cell["metadata"].get("tags", [])
    code = Cell(
        number=len(result.cells) + 1,
        source=source,
        page=page,
        oracle="oracle" in tags,
        figure="alt" in cell["metadata"],
    )
    result.cells.append(code)
    parts = [_render_oracle(source)] if code.oracle else []
    fence = make_fence(source, f'.python .mj-cell #cell-{code.number} data-cell="{code.number}"')
    parts.append(make_fold(_TOOLKIT, fence) if "toolkit" in tags else fence)
    for output in cell.get("outputs", []):
        if output["output_type"] == "stream":
            parts.append(make_fence("".join(output["text"]), ".text .mj-output"))
        elif "image/svg+xml" in output.get("data", {}):
            parts.append(_render_figure(key, number, cell, output, page, result))
        elif output["output_type"] == "error":
            message = f"第 {number} 格的结果是错误 {output.get('ename')}：修好后 make execute"
            result.problems.append(_problem(key, message))
        elif any(kind.startswith("image/") for kind in output.get("data", {})):
            message = f"第 {number} 格的图不是 SVG：用 toolkit 的 figure 画，再 make execute"
            result.problems.append(_problem(key, message))
        elif "text/plain" in output.get("data", {}):
            parts.append(make_fence("".join(output["data"]["text/plain"]), ".text .mj-output"))
    return "\n\n".join(parts)


def _render_oracle(source: str) -> str:
    names = [
        name for module, name in _WITNESSES.items() if re.search(rf"\bimport {module}\b", source)
    ]
    witness = "、".join(names) or "独立的库"
    return f"构建时已用 {witness} 核对，浏览器里不能运行：\n{{ .mj-oracle data-search-exclude='' }}"


def _render_figure(
    key: str,
    number: int,
    cell: dict[str, Any],
    output: dict[str, Any],
    page: int,
    result: Rendering,
) -> str:
    alt = str(cell["metadata"].get("alt", "")).strip()
    if not alt:
        message = f'第 {number} 格的图没有替代文字：在格子的标记行写 # %% alt="…"'
        result.problems.append(_problem(key, message))
    name = f"figure-{len(result.figures) + 1}.svg"
    result.figures[name] = "".join(output["data"]["image/svg+xml"])
    safe = alt.replace("[", "［").replace("]", "］")
    where = name if page else f"{key}/{name}"
    return f"![{safe}]({where}){{ .mj-figure loading=lazy }}"


def _problem(key: str, message: str) -> Problem:
    return Problem(f"notebooks/{key}.py", 1, "E403", "", message)
