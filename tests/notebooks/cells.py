"""推导的格子：读出来、在进程里执行、换成错的再执行。

`python -m tests.notebooks.cells attention` 执行一本推导的全部错误版本，每行一个 JSON：被哪里抓住。
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
import matplotlib
import yaml

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
MUTANTS = Path(__file__).with_name("mutants")


@dataclass(frozen=True)
class Mutant:
    """一个常见的错误写法：把源里唯一的一处 old 换成 new。"""

    old: str
    new: str
    why: str


def read_code(name: str) -> list[str]:
    """一本推导的代码格，按次序。"""
    notebook = jupytext.read(NOTEBOOKS / f"{name}.py", fmt="py:percent")
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def read_mutants(name: str) -> list[Mutant]:
    """`mutants/<name>.yml` 里的错误版本。"""
    table = yaml.safe_load((MUTANTS / f"{name}.yml").read_text(encoding="utf-8"))
    return [Mutant(**entry) for entry in table]


def run_cell(source: str, number: int, namespace: dict[str, Any]) -> None:
    """在 namespace 里执行一格，不显示输出；图画完就关。"""
    with contextlib.redirect_stdout(io.StringIO()):
        code = compile(source, f"第 {number} 个代码格", "exec", dont_inherit=True)
        exec(code, namespace)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@functools.cache
def run_notebook(name: str) -> dict[str, Any]:
    """执行整本，返回它的名字空间；一次测试里每本只执行一次，用的人不要改里面的东西。"""
    prepare()
    namespace: dict[str, Any] = {"__name__": name}
    for number, source in enumerate(read_code(name), 1):
        run_cell(source, number, namespace)
    return namespace


def prepare() -> None:
    """与 make execute 同样的环境：认得共用模块，图不开窗口。"""
    matplotlib.use("agg")
    if str(NOTEBOOKS) not in sys.path:
        sys.path.insert(0, str(NOTEBOOKS))


def locate(mutant: Mutant, cells: list[str]) -> int:
    """错误版本改的是第几格；old 在全本代码里必须恰好出现一次。"""
    count = sum(cell.count(mutant.old) for cell in cells)
    if count != 1:
        raise ValueError(f"「{mutant.old}」在代码里出现 {count} 次，应恰好一次")
    return next(i for i, cell in enumerate(cells) if mutant.old in cell)


def judge_mutants(cells: list[str], mutants: list[Mutant]) -> list[str]:
    """依次执行各格；轮到要改的那一格，分出子进程执行错误版本，直到有断言失败。

    返回每个错误版本的下场：`第 n 格` 是被那一格的断言抓住，`没有抓住` 是全部通过，其余是别的异常。
    """
    prepare()
    places = [locate(mutant, cells) for mutant in mutants]
    verdicts = [""] * len(mutants)
    namespace: dict[str, Any] = {"__name__": "mutants"}
    for number, source in enumerate(cells):
        for i, mutant in enumerate(mutants):
            if places[i] == number:
                changed = [source.replace(mutant.old, mutant.new), *cells[number + 1 :]]
                verdicts[i] = _run_child(changed, number, namespace)
        run_cell(source, number + 1, namespace)
    return verdicts


def _run_child(cells: list[str], first: int, namespace: dict[str, Any]) -> str:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        verdict = "没有抓住"
        for number, source in enumerate(cells, first + 1):
            try:
                run_cell(source, number, namespace)
            except AssertionError:
                verdict = f"第 {number} 格"
                break
            except BaseException:
                verdict = traceback.format_exc(limit=-1)
                break
        os.write(writer, verdict.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        verdict = pipe.read().decode()
    os.waitpid(pid, 0)
    return verdict or "子进程没有回话就退出了"


def main() -> None:
    """打印一本推导各个错误版本的下场。"""
    name = sys.argv[1]
    mutants = read_mutants(name)
    verdicts = judge_mutants(read_code(name), mutants)
    for mutant, verdict in zip(mutants, verdicts, strict=True):
        print(json.dumps({"why": mutant.why, "verdict": verdict}, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
