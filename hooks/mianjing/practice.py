"""手写题：`docs/practice/<key>/` 一题一个文件夹，读入并检查它的各份文件。

题面在 `index.md`；`starter.py`、`reference.py`、`tests.py`、`mutants.yml` 给网页与测试，
`oracle.py` 是独立的见证，只在测试里执行，不进站。
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from mianjing.compact import dump_compact
from mianjing.fields import Fields
from mianjing.frontmatter import FAST_LOADER, Document, read_text
from mianjing.model import Exercise, Mutant
from mianjing.problem import Problem
from mianjing.verdicts import Verdicts
from mianjing.vocabulary import read_vocabulary

SCRIPTS = ("starter", "reference", "oracle", "tests")
FILES = {"index.md", "mutants.yml", *(f"{name}.py" for name in SCRIPTS)}
MIN_MUTANTS = 4
CAUGHT = "caught.json"
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_KEYS = {"id", "old", "new", "why", "by"}
_BY = ("value", "shape", "exception")


def read_exercise(
    root: Path,
    document: Document,
    table: dict[str, Any],
    problems: list[Problem],
    verdicts: Verdicts,
) -> Exercise:
    """一道手写题；文件缺失、代码有语法错误、错误答案写得不对，都记进 problems。

    table 是 `read_caught` 的结果；verdicts 是上次的结论。
    """
    folder = (root / document.path).parent
    top = Fields(document.path, document.fields, problems)
    scripts = {
        name: _read_script(root, folder / f"{name}.py", problems, verdicts) for name in SCRIPTS
    }
    judged = table.get(folder.name, {"cases": [], "mutants": {}})
    file = folder / "mutants.yml"
    mutants = _read_mutants(root, file, scripts["reference"], problems, verdicts)
    if {mutant.id for mutant in mutants} != judged["mutants"].keys():
        path = f"docs/practice/{CAUGHT}"
        message = f"「{folder.name}」的错误答案变了：运行 pytest tests/practice --update 再提交"
        problems.append(Problem(path, 1, "E305", folder.name, message))
    exercise = Exercise(
        key=folder.name,
        path=document.path,
        title=top.title(),
        topic=top.text("topic"),
        aliases=top.texts("aliases"),
        level=top.choice("level", read_vocabulary()["levels"]),
        questions=top.texts("questions"),
        starter=scripts["starter"],
        reference=scripts["reference"],
        tests=scripts["tests"],
        mutants=mutants,
        cases=tuple(judged["cases"]),
        caught={one: tuple(numbers) for one, numbers in judged["mutants"].items()},
        body=document.body,
        body_line=document.body_line,
        lines=top.lines,
    )
    top.done()
    return exercise


def read_caught(root: Path) -> dict[str, Any]:
    """每题的测试名与每个错误答案被哪几个测试抓住：由 `pytest tests/practice --update` 写出。"""
    file = root / "docs" / "practice" / CAUGHT
    table: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return table


def dump_exercise(exercise: Exercise) -> str:
    """网页要的一份：起始代码、参考答案、测试、错误答案。"""
    return dump_compact(
        {
            "starter": exercise.starter,
            "reference": exercise.reference,
            "tests": exercise.tests,
            "mutants": [{"old": m.old, "new": m.new, "why": m.why} for m in exercise.mutants],
        }
    )


def _read_script(root: Path, file: Path, problems: list[Problem], verdicts: Verdicts) -> str:
    path = file.relative_to(root).as_posix()
    if not file.is_file():
        problems.append(Problem(path, 1, "E305", "", "缺少这份文件：照已有的一题补上"))
        return ""
    source, found = read_text(path, file.read_bytes())
    problems += found
    if source is None:
        return ""
    problems += verdicts.recall(("script", path, source), partial(_check_script, path, source))
    return source


def _check_script(path: str, source: str) -> Iterator[Problem]:
    """一份代码是有效的 Python。"""
    try:
        ast.parse(source)
    except SyntaxError as error:
        message = f"不是有效的 Python：{error.msg}"
        yield Problem(path, error.lineno or 1, "E305", "", message)


def _read_mutants(
    root: Path, file: Path, reference: str, problems: list[Problem], verdicts: Verdicts
) -> tuple[Mutant, ...]:
    path = file.relative_to(root).as_posix()
    if not file.is_file():
        problems.append(Problem(path, 1, "E305", "", "缺少这份文件：写下已知的错误答案"))
        return ()
    text, unreadable = read_text(path, file.read_bytes())
    problems += unreadable
    if text is None:
        return ()
    try:
        table = yaml.load(text, Loader=FAST_LOADER)
    except yaml.YAMLError as error:
        problems.append(Problem(path, 1, "E305", "", f"不是有效的 YAML：{error}"))
        return ()
    if not isinstance(table, list):
        problems.append(Problem(path, 1, "E305", "", "应是列表，每项有 id、old、new、why"))
        return ()
    found = []
    for number, entry in enumerate(table, 1):
        check = partial(_check_mutant, path, number, entry, reference)
        faults = verdicts.recall(("mutant", path, number, repr(entry), reference), check)
        problems += faults
        if not faults:
            found.append(Mutant(**entry))
    if len(table) < MIN_MUTANTS:
        message = f"只有 {len(table)} 个错误答案，至少要 {MIN_MUTANTS} 个"
        problems.append(Problem(path, 1, "E305", "", message))
    ids = [mutant.id for mutant in found]
    problems += [
        Problem(path, 1, "E305", "id", f"「{one}」重复：只留一个")
        for one in sorted({one for one in ids if ids.count(one) > 1})
    ]
    return tuple(found)


def _check_mutant(path: str, number: int, entry: object, reference: str) -> Iterator[Problem]:
    """path 的第 number 个错误答案的全部毛病。"""
    for fault in _find_faults(entry, reference):
        yield Problem(path, 1, "E305", f"第 {number} 项", fault)


def _find_faults(entry: object, reference: str) -> Iterator[str]:
    """一个错误答案：四个字段都是文字，old 在参考答案里恰好出现一次，换过之后仍是有效的 Python。"""
    if not isinstance(entry, dict) or not {"id", "old", "new", "why"} <= entry.keys() <= _KEYS:
        yield "应有 id、old、new、why，可以有 by"
        return
    if not all(isinstance(value, str) for value in entry.values()):
        yield "每个字段都是文字：数与布尔加上引号"
        return
    if not _ID.fullmatch(entry["id"]):
        yield f"id「{entry['id']}」应是小写字母、数字与连字符"
    if entry.get("by", "value") not in _BY:
        yield f"by「{entry['by']}」不认识，可用：{'、'.join(_BY)}"
    if not entry["why"].strip():
        yield "why 是空的：写明错在哪里、对的是什么"
    if (count := reference.count(entry["old"])) != 1:
        yield f"old 在 reference.py 里出现 {count} 次，应恰好一次：{entry['old']!r}"
        return
    try:
        ast.parse(reference.replace(entry["old"], entry["new"]))
    except SyntaxError as error:
        yield f"换过之后不是有效的 Python：{error.msg}"
