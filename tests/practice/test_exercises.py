"""手写题的测试自己也要被测试：参考答案与独立的见证全过，空答案不过，每个已知的错误都被抓住。"""

from __future__ import annotations

import itertools
import json
from functools import cache
from typing import Any

import pytest

from tests.practice.exercises import (
    KEYS,
    PRACTICE,
    Exercise,
    case_maker,
    compare,
    judge_answer,
    load,
    read_exercise,
    same_behaviour,
    using_subset,
)

REQUIRED = {
    "no-scale",
    "scale-by-d",
    "softmax-over-queries",
    "mask-times-small",
    "mask-after-softmax",
    "causal-off-by-one",
    "merge-last-two",
    "repeat-not-interleave",
    "wrong-axis",
    "ddof-1",
    "eps-outside",
    "rms-with-mean",
    "momentum-reversed",
    "longest-match",
    "mean-log-probs",
    "no-std-guard",
}
"""每个候选人都会犯的几种，至少各有一题收着。"""

EXERCISES = {key: read_exercise(key) for key in KEYS}
exercises = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=KEYS)


@cache
def judge_mutants(key: str) -> dict[str, list[Any]]:
    """一题的各个错误答案 → 判出来的 Result；几个测试看的是同一次判题，每题只判一次。"""
    exercise = EXERCISES[key]
    return {m.id: judge_answer(exercise, exercise.mutated(m)) for m in exercise.mutants}


@exercises
def test_reference_and_witness_pass(exercise: Exercise) -> None:
    """参考答案全过；另写的、不看参考答案的见证也全过。"""
    for source in (exercise.reference, exercise.oracle):
        failed = [(r.name, r.message, r.error) for r in judge_answer(exercise, source) if r.message]
        assert failed == []


@exercises
def test_subset_agrees_with_pytorch(exercise: Exercise) -> None:
    """子集上参考答案也全过，每个结果与真的 PyTorch 差不到 1e-10。"""
    real = [case.run(load(exercise.reference)) for case in case_maker(exercise)()]
    with using_subset():
        assert [r.message for r in judge_answer(exercise, exercise.reference)] == [""] * len(real)
        mine = [case.run(load(exercise.reference)) for case in case_maker(exercise)()]
        different = [compare(a, b, 1e-10, 1e-10) for a, b in zip(real, mine, strict=True)]
    assert different == [""] * len(real)


@exercises
def test_starter_fails(exercise: Exercise) -> None:
    assert any(r.message for r in judge_answer(exercise, exercise.starter))


@exercises
def test_every_mutant_is_caught_by_value(exercise: Exercise) -> None:
    assert len(exercise.mutants) >= 4
    for mutant in exercise.mutants:
        failed = [r for r in judge_mutants(exercise.key)[mutant.id] if r.message]
        assert failed, f"{exercise.key}：没有一个测试抓住 {mutant.id}（{mutant.why}）"
        by_value = [r for r in failed if not r.error and not r.message.startswith("形状")]
        if mutant.by == "value":
            assert by_value, f"{mutant.id} 只因异常或形状失败：{failed[0].message}"


@exercises
def test_mutants_are_different_mistakes(exercise: Exercise) -> None:
    """两两之间，至少有一个测试上给出的东西不同。"""
    maker = case_maker(exercise)
    answers = {m.id: load(exercise.mutated(m)) for m in exercise.mutants}
    same = [
        (one, other)
        for one, other in itertools.combinations(answers, 2)
        if same_behaviour(answers[one], answers[other], maker)
    ]
    assert same == []


def test_the_mistakes_everyone_makes_are_there() -> None:
    known = {mutant.id for exercise in EXERCISES.values() for mutant in exercise.mutants}
    assert known >= REQUIRED


def test_the_published_table_is_what_judging_gives(request: pytest.FixtureRequest) -> None:
    """站上的表：每题的测试名、每个错误答案被哪几个测试抓住；用 --update 重写。"""
    table = {}
    for key, exercise in EXERCISES.items():
        table[key] = {
            "cases": [case.name for case in case_maker(exercise)()],
            "mutants": {
                name: [number for number, result in enumerate(results) if result.message]
                for name, results in judge_mutants(key).items()
            },
        }
    file = PRACTICE / "caught.json"
    text = json.dumps(table, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    if request.config.getoption("--update"):
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text, "运行 pytest tests/practice --update 再提交"
