"""汉字与西文之间的空格、标点的全半角：交给 AutoCorrect 看，自动改；代码、公式、链接一个字不动。

只看正文的代码围栏以外与 front matter 里的文本。要 `autocorrect_py`，只在检查时用，构建不需要。
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from mianjing.frontmatter import Mapping, Node, Scalar, read_document
from mianjing.markdown import prose_lines
from mianjing.pages import list_pages
from mianjing.problem import Problem

RULES = {
    "space-word": 1,
    "space-punctuation": 1,
    "space-backticks": 1,
    "space-dollar": 1,
    "fullwidth": 1,
    "no-space-fullwidth": 1,
    # 会在链接的方括号前加空格、改破折号、把「V3：256」的冒号变成半角，与本站的写法不合
    "space-bracket": 0,
    "space-dash": 0,
    "halfwidth-word": 0,
    "halfwidth-punctuation": 0,
    "spellcheck": 0,
}
_KEPT = re.compile(r"`[^`]*`|\$[^$]*\$|\]\([^)]*\)|\{ ?#[^}]*\}|<[^>]*>|https?://\S+")
"""改动前后必须一模一样的部分。"""
_TEXT_FIELDS = re.compile(
    r"(?:^|\.)(?:title|description|role|team|detail|notes|name|interviewer_role|value|text|reason|"
    r"impression|where)$"
)


@dataclass(frozen=True)
class Change:
    """一行：现在的与该有的。"""

    path: str
    line: int
    old: str
    new: str

    def problem(self) -> Problem:
        """写成一条问题。"""
        at = next(
            (i for i, (a, b) in enumerate(zip(self.old, self.new, strict=False)) if a != b), 0
        )
        old, new = self.old[max(0, at - 8) : at + 8], self.new[max(0, at - 8) : at + 9]
        message = f"排版：「{old}」应是「{new}」；python -m mianjing typography --fix 会改好"
        return Problem(self.path, self.line, "E611", "", message)


Correct = Callable[[str], str]


def load_corrector() -> Correct:
    """按 `RULES` 设好的 AutoCorrect。"""
    autocorrect_py = import_module("autocorrect_py")
    autocorrect_py.load_config(json.dumps({"rules": RULES}))
    return lambda text: str(autocorrect_py.format_for(text, "md"))


def find_changes(path: str, text: str, correct: Correct) -> Iterator[Change]:
    """一份 Markdown 里该改的行；改动会碰到代码、公式或链接的行不算。"""
    document, _ = read_document(path, text.encode())
    if document is None:
        return
    lines = text.split("\n")
    for value in _values(document.fields, ""):
        wanted = correct(value.text)
        line = lines[value.line - 1]
        if wanted != value.text and line.count(value.text) == 1 and _same_kept(value.text, wanted):
            yield Change(path, value.line, line, line.replace(value.text, wanted))
    keep = dict(prose_lines(document.body, 0))
    masked = [line if i in keep else "" for i, line in enumerate(document.body.split("\n"))]
    corrected = correct("\n".join(masked)).split("\n")
    if len(corrected) != len(masked):
        raise ValueError(f"{path}: AutoCorrect 改变了行数")
    for i, (old, new) in enumerate(zip(masked, corrected, strict=True)):
        if old != new and _same_kept(old, new):
            yield Change(path, document.body_line + i, old, new)


def check_typography(path: str, text: str) -> list[Problem]:
    """一份还没有进仓库的 Markdown 的排版。"""
    return [change.problem() for change in find_changes(path, text, load_corrector())]


def find_all_changes(root: Path) -> list[Change]:
    """仓库 root 里 docs 下全部 .md 该改的行。"""
    correct = load_corrector()
    changes: list[Change] = []
    for file in list_pages(root):
        path = file.relative_to(root).as_posix()
        changes += find_changes(path, file.read_text(encoding="utf-8"), correct)
    return changes


def write_changes(root: Path, changes: list[Change]) -> None:
    """把改动写回文件。"""
    for path in dict.fromkeys(change.path for change in changes):
        lines = (root / path).read_text(encoding="utf-8").split("\n")
        for change in changes:
            if change.path == path:
                lines[change.line - 1] = change.new
        (root / path).write_text("\n".join(lines), encoding="utf-8")


def _values(node: Node, field: str) -> Iterator[Scalar]:
    """给读者看的文本字段；键、别名与地址不看。"""
    if isinstance(node, Scalar):
        if _TEXT_FIELDS.search(field):
            yield node
    elif isinstance(node, Mapping):
        for key, value in node.entries.items():
            yield from _values(value, f"{field}.{key}")
    else:
        for item in node.items:
            yield from _values(item, field)


def _same_kept(old: str, new: str) -> bool:
    return _KEPT.findall(old) == _KEPT.findall(new)
