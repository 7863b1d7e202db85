"""手写题：读出来，在真的 PyTorch 或网页用的子集上判。"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from mianjing.model import Mutant

ROOT = Path(__file__).resolve().parents[2]
PRACTICE = ROOT / "docs" / "practice"
_SCRIPTS = ROOT / "docs" / "assets" / "javascripts" / "python"
sys.path.insert(0, str(_SCRIPTS))

import judge as judge  # type: ignore[import-not-found]  # noqa: E402

compare = judge.compare
same_behaviour = judge.same_behaviour
KEYS = sorted(folder.parent.name for folder in PRACTICE.glob("*/reference.py"))


@dataclass(frozen=True)
class Exercise:
    """一道手写题的各份代码；站里的那一份（`mianjing.model.Exercise`）没有见证。"""

    key: str
    starter: str
    reference: str
    oracle: str
    tests: str
    mutants: tuple[Mutant, ...]

    def mutated(self, mutant: Mutant) -> str:
        """错误答案的代码。"""
        assert self.reference.count(mutant.old) == 1, (
            f"{self.key} 的 {mutant.id}：「{mutant.old}」在参考答案里应恰好出现一次"
        )
        return self.reference.replace(mutant.old, mutant.new)


def read_exercise(key: str) -> Exercise:
    """`docs/practice/<key>/` 下的一道题。"""
    folder = PRACTICE / key
    texts = {
        name: (folder / f"{name}.py").read_text(encoding="utf-8")
        for name in ("starter", "reference", "oracle", "tests")
    }
    table = yaml.safe_load((folder / "mutants.yml").read_text(encoding="utf-8"))
    return Exercise(key=key, mutants=tuple(Mutant(**entry) for entry in table), **texts)


@contextmanager
def using_subset() -> Iterator[None]:
    """期间 `import torch` 得到的是网页用的子集。"""
    names = ("torch", "torch.nn", "torch.nn.functional", "torch_subset")
    kept = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    try:
        import torch_subset  # type: ignore[import-not-found]

        torch_subset.install()
        yield
    finally:
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(kept)


def load(source: str) -> Any:
    """执行一份代码，返回它定义的名字。"""
    return judge.load(source)


def case_maker(exercise: Exercise) -> Callable[[], list[Any]]:
    """这道题的 make_cases。"""
    maker: Callable[[], list[Any]] = judge.load(exercise.tests, "tests.py").make_cases
    return maker


def judge_answer(exercise: Exercise, answer: str) -> list[Any]:
    """判一份答案，返回各个测试的 Result。"""
    reference = load(exercise.reference)
    return list(judge.judge(load(answer), reference, case_maker(exercise)))
