"""执行推导：`notebooks/<名字>.py`（jupytext percent）→ 同名 `.ipynb`，结果像锁文件一样提交。

为了换一台机器也得到同样的文件：元数据归一，输出流合并，图里去掉时间，单线程、固定散列盐。
标着 toolkit 的格子换成 `notebooks/toolkit.py` 的全文，所以 `.ipynb` 单独拿走也能跑。
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import platform
import re
import sys
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

CELL_SECONDS = 60
TOOLKIT = "toolkit.py"
_KEPT = ("alt", "tags", "part", "title")
_LIBRARIES = ("numpy", "matplotlib", "torch", "tokenizers", "tiktoken", "ipykernel")
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": "0",
}
_HASHED = re.compile(r'(?<= id=")(([A-Za-z]+?)[0-9a-f]{10})(?=")')
"""matplotlib 的 id：一种东西的名字，加十位散列。"""
_REFERENCE = re.compile(r'(?<=["#])[A-Za-z]+?[0-9a-f]{10}(?=["\)])')
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
FIGURE_TOLERANCE = 0.5
"""两次执行的图里，对应的数允许差多少（SVG 单位；图宽约 500，即约千分之一）。"""


class NotebookError(Exception):
    """推导没有执行成功；消息写明哪一本、哪一格。"""


def notebook_sources(folder: Path) -> list[Path]:
    """folder 下各本推导的源，按名字排。"""
    return sorted(file for file in folder.glob("*.py") if file.name != TOOLKIT)


def execute_notebooks(folder: Path, names: list[str]) -> int:
    """执行 folder 下变了的推导，写出 .ipynb，返回退出码；点了名的一定执行。"""
    sources = [folder / f"{name}.py" for name in names] or notebook_sources(folder)
    for number, source in enumerate(sources, 1):
        if not names and is_current(source):
            print(f"[{number}/{len(sources)}] {source.name} 没有变", flush=True)
            continue
        print(f"[{number}/{len(sources)}] 执行 {source.name} …", flush=True)
        try:
            notebook = execute_notebook(source)
        except (NotebookError, OSError) as error:
            print(error, file=sys.stderr)
            return 1
        source.with_suffix(".ipynb").write_text(dump_notebook(notebook), encoding="utf-8")
    return 0


def is_current(source: Path) -> bool:
    """提交的结果是否就出自现在的源、共用模块、Python 与库的版本。"""
    result = source.with_suffix(".ipynb")
    if not result.is_file():
        return False
    metadata = json.loads(result.read_text(encoding="utf-8"))["metadata"]
    return bool(metadata.get("executed_with") == describe_inputs(source))


def describe_inputs(source: Path) -> dict[str, str]:
    """决定执行结果的东西：源与共用模块的 SHA-256，Python 与库的版本。"""
    files = {"source": source, "toolkit": source.parent / TOOLKIT}
    return {
        **{name: _digest(file) for name, file in files.items() if file.is_file()},
        "python": ".".join(platform.python_version_tuple()[:2]),
        **{name: version(name) for name in _LIBRARIES},
    }


def execute_notebook(source: Path, seconds: int = CELL_SECONDS) -> dict[str, Any]:
    """执行一本推导，返回归一化的 notebook（nbformat 4 的字典）。

    失败的断言、异常、单格超过 seconds 秒都抛 NotebookError。
    """
    import jupytext
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = jupytext.read(source, fmt="py:percent")
    for cell in notebook.cells:
        if "toolkit" in cell.metadata.get("tags", []):
            cell.source = read_toolkit(source.parent)
    client = NotebookClient(
        notebook,
        timeout=seconds,
        kernel_name="python3",
        extra_arguments=["--InlineBackend.figure_formats={'svg'}"],
        resources={"metadata": {"path": str(source.parent)}},
    )
    environment = {**os.environ, **_ENVIRONMENT}
    position = 0
    try:
        with TemporaryDirectory() as sockets:
            manager = client.create_kernel_manager()
            manager.transport, manager.ip = "ipc", f"{sockets}/kernel"
            with client.setup_kernel(env=environment):
                for position, cell in enumerate(notebook.cells):
                    client.execute_cell(cell, position)
    except CellTimeoutError as error:
        raise NotebookError(f"{_place(source, notebook, position)}超过 {seconds} 秒") from error
    except CellExecutionError as error:
        reason = f"{error.ename}: {error.evalue}"
        raise NotebookError(f"{_place(source, notebook, position)}失败：{reason}") from error
    except DeadKernelError as error:
        raise NotebookError(f"{_place(source, notebook, position)}内核退出了") from error
    clean = normalize_notebook(json.loads(json.dumps(notebook)), source.name)
    clean["metadata"]["executed_with"] = describe_inputs(source)
    return clean


def read_toolkit(folder: Path) -> str:
    """共用模块的全文，去掉模块的说明。"""
    text = (folder / TOOLKIT).read_text(encoding="utf-8")
    docstring = ast.parse(text).body[0]
    return "\n".join(text.splitlines()[docstring.end_lineno :]).strip()


def normalize_notebook(notebook: dict[str, Any], source_name: str) -> dict[str, Any]:
    """去掉每次执行、每台机器都会变的东西。"""
    cells = []
    count = 0
    for number, cell in enumerate(notebook["cells"], 1):
        metadata = {k: v for k, v in cell["metadata"].items() if k in _KEPT}
        clean: dict[str, Any] = {
            "cell_type": cell["cell_type"],
            "id": f"cell-{number}",
            "metadata": metadata,
            "source": cell["source"],
        }
        if cell["cell_type"] == "code":
            count += 1
            clean["execution_count"] = count
            clean["outputs"] = _normalize_outputs(cell["outputs"], count)
        cells.append(clean)
    return {
        "cells": cells,
        "metadata": {
            "generated_from": f"{source_name}（由 make execute 生成，请改源文件）",
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"file_extension": ".py", "name": "python"},
            "mianjing": notebook["metadata"].get("mianjing"),
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def dump_notebook(notebook: dict[str, Any]) -> str:
    """写成文件的样子；同样的内容，逐字节相同。"""
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def differences(committed: dict[str, Any], fresh: dict[str, Any]) -> list[str]:
    """提交的结果与重新执行的结果差在哪里：文字逐字比，图按结构比、数差在容差之内。

    Python 与库的版本不比：换一个版本执行，结果也要相同。
    """
    found: list[str] = []
    if _metadata(committed) != _metadata(fresh):
        found.append("metadata 不同")
    if len(committed["cells"]) != len(fresh["cells"]):
        return [*found, f"格数不同：{len(committed['cells'])} 与 {len(fresh['cells'])}"]
    for number, (old, new) in enumerate(zip(committed["cells"], fresh["cells"], strict=True), 1):
        old_rest, old_figures = _split_figures(old)
        new_rest, new_figures = _split_figures(new)
        if old_rest != new_rest:
            found.append(f"第 {number} 格的源或输出不同")
        elif len(old_figures) != len(new_figures) or not all(
            map(same_figure, old_figures, new_figures)
        ):
            found.append(f"第 {number} 格的图不同")
    return found


def _metadata(notebook: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in notebook["metadata"].items() if key != "executed_with"}


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def same_figure(old: str, new: str) -> bool:
    """两幅 SVG 结构相同，且对应的数之差不超过容差。"""
    if _NUMBER.sub("0", old) != _NUMBER.sub("0", new):
        return False
    pairs = zip(_NUMBER.findall(old), _NUMBER.findall(new), strict=True)
    # 字形的编号里的「3e4567」读成无穷大，相减是 NaN：原样相同的先算相同
    return all(a == b or abs(float(a) - float(b)) <= FIGURE_TOLERANCE for a, b in pairs)


def _split_figures(cell: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    rest = json.loads(json.dumps(cell))
    figures = [
        output["data"].pop("image/svg+xml")
        for output in rest.get("outputs", [])
        if "image/svg+xml" in output.get("data", {})
    ]
    return rest, figures


def _normalize_outputs(outputs: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = []
    for output in outputs:
        last = result[-1] if result else None
        if output["output_type"] == "stream":
            text = "".join(output["text"])
            if last and last["output_type"] == "stream" and last["name"] == output["name"]:
                last["text"] += text
            else:
                result.append({"output_type": "stream", "name": output["name"], "text": text})
            continue
        clean = {"output_type": output["output_type"], "metadata": {}, "data": output["data"]}
        if output["output_type"] == "execute_result":
            clean["execution_count"] = count
        if svg := clean["data"].get("image/svg+xml"):
            svg = _normalize_figure("".join(svg))
            clean["data"] = {"image/svg+xml": svg, "text/plain": "<Figure>"}
        result.append(clean)
    return result


def _normalize_figure(svg: str) -> str:
    """去掉日期；id 按出现的次序编号：matplotlib 用坐标的散列，换种处理器末位不同，id 全不同。"""
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    names: dict[str, str] = {}
    for name, kind in _HASHED.findall(svg):
        names.setdefault(name, f"{kind}{len(names) + 1}")
    return _REFERENCE.sub(lambda match: names.get(match[0], match[0]), svg)


def _place(source: Path, notebook: Any, position: int) -> str:
    cell = notebook.cells[position]
    first = next((line for line in cell.source.splitlines() if line.strip()), "")
    return f"notebooks/{source.name} 第 {position + 1} 格（{first[:60]}）"
