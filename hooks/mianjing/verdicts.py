"""检查的结论按内容记下来：没有变过的文字不再检查一遍，有问题的照旧报出同样的问题。

一条结论只取决于被检查的文字、它的路径、本包的代码与数据、各库的版本，这些合成键。
只看一份文字就能下的结论才放进来；要对照别处的（链接、引用、账本）每次都重新检查。
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path

from mianjing.code_version import code_version
from mianjing.problem import Problem
from mianjing.whole_file import write_whole

_LIBRARIES = ("markdown", "pymdown-extensions", "nh3")
Check = Callable[[], Iterable[Problem]]


class Verdicts:
    """一次读入用的结论；不记到文件里的这一种每次都检查。"""

    def recall(self, parts: tuple[object, ...], check: Check) -> list[Problem]:
        """parts 写全了 check 的输入。"""
        return list(check())


class KeptVerdicts(Verdicts):
    """记在一份 JSON 里：键 → 问题。写的时候只留这一次用到的。"""

    def __init__(self, file: Path) -> None:
        """读入上次的结论；没有、坏了就当作没有。"""
        self.file = file
        self.version = code_version(_LIBRARIES)
        self.known: dict[str, list[list[object]]] = {}
        with suppress(FileNotFoundError, ValueError):
            found = json.loads(file.read_text(encoding="utf-8"))
            self.known = found if isinstance(found, dict) else {}
        self.used: dict[str, list[list[object]]] = {}

    def recall(self, parts: tuple[object, ...], check: Check) -> list[Problem]:
        """上次的结论；没有时检查，记下。"""
        text = json.dumps([self.version, *parts])
        key = hashlib.sha256(text.encode()).hexdigest()[:32]
        if key not in self.known:
            self.known[key] = [list(astuple(problem)) for problem in check()]
        self.used[key] = self.known[key]
        return [Problem(*row) for row in self.known[key]]  # type: ignore[arg-type]

    def write(self) -> None:
        """存下；与上次一样时不写。"""
        text = json.dumps(self.used, sort_keys=True)  # 说明里可能有写不成 UTF-8 的字
        with suppress(FileNotFoundError, ValueError):
            if self.file.read_text(encoding="utf-8") == text:
                return
        write_whole(self.file, text.encode())
