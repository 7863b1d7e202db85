"""推导的断言抓得住错：常见的错误写法换进源里，每一个都要让某一格的断言失败。"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from mianjing.execute import notebook_sources

from tests.notebooks.cells import MUTANTS, Mutant, judge_mutants, locate

ROOT = Path(__file__).resolve().parents[2]
NAMES = [source.stem for source in notebook_sources(ROOT / "notebooks")]

pytestmark = pytest.mark.notebooks


@pytest.mark.parametrize("name", NAMES)
def test_every_known_mistake_is_caught_by_an_assertion(name: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.notebooks.cells", name],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    results = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(results) >= 6
    missed = [r for r in results if not re.fullmatch(r"第 \d+ 格", r["verdict"])]
    assert missed == []


def test_the_list_holds_no_other_files() -> None:
    assert sorted(file.stem for file in MUTANTS.glob("*")) == NAMES


def test_harmless_change_is_reported_as_missed() -> None:
    cells = ["x = 1 + 1", "assert x == 2"]
    assert judge_mutants(cells, [Mutant("1 + 1", "3 - 1", "等价")]) == ["没有抓住"]


def test_crash_is_not_a_catch() -> None:
    (verdict,) = judge_mutants(["x = 1", "assert x == 1"], [Mutant("x = 1", "x = y", "没有 y")])
    assert "NameError" in verdict


def test_place_must_be_unique() -> None:
    with pytest.raises(ValueError, match="出现 2 次"):
        locate(Mutant("x", "y", ""), ["x = 1", "x"])
