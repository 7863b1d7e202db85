"""执行推导：`notebooks/<名字>.py`（jupytext percent）→ 同名 `.ipynb`，结果像锁文件一样提交。

为了换一台机器也得到同样的文件：元数据归一，输出流合并，图里去掉时间，单线程、固定散列盐。
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

CELL_SECONDS = 60
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": "0",
}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
FIGURE_TOLERANCE = 0.5
"""两次执行的图里，对应的数允许差多少（SVG 单位；图宽约 500，即约千分之一）。"""


class NotebookError(Exception):
    """推导没有执行成功；消息写明哪一本、哪一格。"""


def execute_notebooks(folder: Path, names: list[str]) -> int:
    """执行 folder 下点名的推导（缺省全部），写出 .ipynb，返回退出码。"""
    sources = [folder / f"{name}.py" for name in names] or sorted(folder.glob("*.py"))
    for number, source in enumerate(sources, 1):
        print(f"[{number}/{len(sources)}] 执行 {source.name} …", flush=True)
        try:
            notebook = execute_notebook(source)
        except (NotebookError, OSError) as error:
            print(error, file=sys.stderr)
            return 1
        source.with_suffix(".ipynb").write_text(dump_notebook(notebook), encoding="utf-8")
    return 0


def execute_notebook(source: Path, seconds: int = CELL_SECONDS) -> dict[str, Any]:
    """执行一本推导，返回归一化的 notebook（nbformat 4 的字典）。

    失败的断言、异常、单格超过 seconds 秒都抛 NotebookError。
    """
    import jupytext
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = jupytext.read(source, fmt="py:percent")
    client = NotebookClient(
        notebook,
        timeout=seconds,
        kernel_name="python3",
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
    return normalize_notebook(json.loads(json.dumps(notebook)), source.name)


def normalize_notebook(notebook: dict[str, Any], source_name: str) -> dict[str, Any]:
    """去掉每次执行、每台机器都会变的东西。"""
    cells = []
    count = 0
    for number, cell in enumerate(notebook["cells"], 1):
        metadata = {k: v for k, v in cell["metadata"].items() if k in ("alt", "tags")}
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
    """提交的结果与重新执行的结果差在哪里：文字逐字比，图按结构比、数差在容差之内。"""
    found: list[str] = []
    if committed["metadata"] != fresh["metadata"]:
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


def same_figure(old: str, new: str) -> bool:
    """两幅 SVG 结构相同，且对应的数之差不超过容差。"""
    if _NUMBER.sub("0", old) != _NUMBER.sub("0", new):
        return False
    pairs = zip(_NUMBER.findall(old), _NUMBER.findall(new), strict=True)
    # 散列里的「3e4567」读成无穷大，相减是 NaN：原样相同的先算相同
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
            svg = re.sub(r"<metadata>.*?</metadata>\s*", "", "".join(svg), flags=re.DOTALL)
            clean["data"] = {"image/svg+xml": svg, "text/plain": "<Figure>"}
        result.append(clean)
    return result


def _place(source: Path, notebook: Any, position: int) -> str:
    cell = notebook.cells[position]
    first = next((line for line in cell.source.splitlines() if line.strip()), "")
    return f"notebooks/{source.name} 第 {position + 1} 格（{first[:60]}）"
