"""网页里的 torch 子集只有用得到的名字：参考答案、测试与已知错误里出现过的，和它们的另一种写法。"""

from __future__ import annotations

import ast
from pathlib import Path

from tests.practice.exercises import KEYS, judge, read_exercise, using_subset

SPELLINGS = {
    "contiguous": "reshape",
    "dim": "shape",
    "einsum": "@",
    "float32": "float64",
    "argsort": "sort",
    "int32": "long",
    "int64": "long",
    "linear": "@",
    "masked_fill_": "masked_fill",
    "matmul": "@",
    "mT": "transpose",
    "ones_like": "ones",
    "outer": "*",
    "pow": "**",
    "scatter_": "scatter",
    "softplus": "logsigmoid",
    "where": "masked_fill",
}
"""答题的人常用的另一种写法 → 用到的那个名字或运算符。"""
OPERATORS = {"@": ast.MatMult, "*": ast.Mult, "**": ast.Pow}


def names_in(source: str) -> set[str]:
    """一份代码里的属性名与运算符；np、math 的不算。"""
    nodes = list(ast.walk(ast.parse(source)))
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    used = {node.attr for node in attributes if ast.unparse(node.value) not in ("np", "math")}
    kinds = {type(node.op) for node in nodes if isinstance(node, ast.BinOp)}
    return used | {sign for sign, kind in OPERATORS.items() if kind in kinds}


def used_names() -> set[str]:
    exercises = [read_exercise(key) for key in KEYS]
    sources = [Path(judge.__file__).read_text(encoding="utf-8")]
    for exercise in exercises:
        sources += [exercise.reference, exercise.tests]
        sources += [exercise.mutated(mutant) for mutant in exercise.mutants]
    return set().union(*map(names_in, sources))


def offered_names() -> set[str]:
    """子集给得出的全部公开名字，不分挂在哪里。"""
    with using_subset():
        import torch
        import torch_subset as subset  # type: ignore[import-not-found]

        owners = [subset.Tensor, torch.nn, torch.nn.functional, torch.nn.Module]
        names = {name for owner in owners for name in vars(owner)}
        names |= {name for name, value in vars(subset).items() if not hasattr(value, "__path__")}
    others = {"np", "math", "sys", "types", "difflib", "install", "nn", "functional", "Tensor"}
    return {name for name in names - others if not name.startswith("_")}


def test_the_subset_has_only_names_that_are_used() -> None:
    unused = offered_names() - used_names()
    assert unused == set(SPELLINGS), "子集里多出的名字删掉；答题常用的另一种写法写进 SPELLINGS"


def test_a_spelling_stands_for_something_used() -> None:
    assert set(SPELLINGS.values()) <= used_names() | set(SPELLINGS)
