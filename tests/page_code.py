"""页面里的 Python 代码：取出、按页依次执行。"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

DOCS = Path(__file__).resolve().parents[1] / "docs"

_BLOCK = re.compile(r"^```python[^\n]*\n(?P<code>.*?)^```\s*$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """一段代码与它第一行在文件里的行号。"""

    code: str
    line: int


def find_blocks(text: str) -> list[Block]:
    """一页里全部顶格的 ```python 代码块，按出现次序。"""
    return [
        Block(match.group("code"), text.count("\n", 0, match.start("code")) + 1)
        for match in _BLOCK.finditer(text)
    ]


def run_page(file: Path) -> int:
    """在同一个名字空间里依次执行一页的代码，返回块数；异常的位置是 Markdown 里的行。"""
    blocks = find_blocks(file.read_text(encoding="utf-8"))
    namespace: dict[str, object] = {"__name__": f"page_{file.stem}"}
    for block in blocks:
        code = compile("\n" * (block.line - 1) + block.code, str(file), "exec", dont_inherit=True)
        exec(code, namespace)
    return len(blocks)


def _defines(node: ast.stmt) -> bool:
    """import、def、class、匿名函数与大写的常量；其余是页面自己的核对。"""
    if not isinstance(node, ast.Assign):
        return isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef)
    names = [n for t in node.targets for n in ast.walk(t) if not isinstance(n, ast.expr_context)]
    return isinstance(node.value, ast.Lambda) or all(
        isinstance(n, ast.Tuple) or (isinstance(n, ast.Name) and n.id.isupper()) for n in names
    )


class Page:
    """一页代码里定义的名字：`page("questions/gae").gae(...)`。页面自己的核对不跑，所以快。"""

    def __init__(self, file: Path) -> None:
        if not file.is_file():
            raise LookupError(f"没有页面 {file}：改了名，就改用到它的测试")
        self._file = file
        self._names: dict[str, Any] = {"__name__": f"page_{file.stem}"}
        for block in find_blocks(file.read_text(encoding="utf-8")):
            for node in ast.parse("\n" * (block.line - 1) + block.code, str(file)).body:
                if _defines(node):
                    self._run(ast.Module([node], []))
        for name, value in self._names.items():
            if isinstance(value, FunctionType) and value.__module__ == self._names["__name__"]:
                value.__qualname__ = f"{file.name} {name}"  # 断言失败时看得见是哪一页

    def _run(self, module: ast.Module) -> None:
        code = compile(module, str(self._file), "exec", dont_inherit=True)
        try:
            exec(code, self._names)
        except NameError:  # 要用核对里的变量：用到它的测试会说没有这个名字
            return

    def __getattr__(self, name: str) -> Any:
        if name not in self._names:
            have = "、".join(sorted(n for n, v in self._names.items() if callable(v)))
            raise LookupError(f"{self._file} 的代码里没有 {name}；有的是 {have}")
        return self._names[name]


@cache
def page(name: str) -> Page:
    """name 是 docs 下不带后缀的路径，如 questions/gae。"""
    return Page(DOCS / f"{name}.md")
