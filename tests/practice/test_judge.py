"""判题本身：什么算相同，什么算不同，话说得清不清；答案怎么坏，判题都不坏。"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.practice.exercises import compare, judge, load

REFERENCE = "def double(x):\n    return 2 * x\n"


def run(answer: str, *values: Any, **options: Any) -> Any:
    """用 double 这道题判一份答案，返回第一个测试的结果。"""

    def make_cases() -> list[Any]:
        cases = []
        for value in values:
            copied = value.copy() if isinstance(value, np.ndarray) else value
            cases.append(
                judge.Case("翻倍", lambda s, x=copied: s.double(x), {"x": copied}, **options)
            )
        return cases

    return next(judge.judge(load(answer), load(REFERENCE), make_cases))


@pytest.mark.parametrize(
    ("expected", "got", "message"),
    [
        (1.0, 1.0 + 1e-9, ""),
        (1.0, 1.1, "应是 1.0，得到 1.1"),
        (1.0, np.float64(1.0), ""),
        (1.0, np.array(1.0), ""),
        (1.0, torch.tensor(1.0), ""),
        (1.0, "1.0", "应是一个数，得到 str"),
        (1.0, None, "应是一个数，得到 None"),
        (math.nan, math.nan, ""),
        (math.inf, 1e300, "应是 inf，得到 1e+300"),
        (True, 1, "应是 True，得到 1"),
        (3, 3.0, ""),
        ([1, 2], (1, 2), ""),
        ([1, 2], [1], "应有 2 项，得到 1 项"),
        ([1, 2], [1, 3], "第 1 项（从 0 起）：应是 2，得到 3"),
        ((1, [2.0]), (1, [2.5]), "第 1 项（从 0 起）：第 0 项（从 0 起）：应是 2.0，得到 2.5"),
        ({"a": 1}, {"b": 1}, "键不对：缺 'a'，多 'b'"),
        ({"a": 1}, {"a": 2}, "键 'a'：应是 1，得到 2"),
        ("甲", "乙", "应是 '甲'，得到 '乙'"),
        (b"a", "a", "应是 bytes，得到 str"),
        (np.zeros(2), [0.0, 0.0], "应是形状 (2,) 的数组，得到 list"),
        (np.zeros((2, 3)), np.zeros((3, 2)), "形状应是 (2, 3)，得到 (3, 2)"),
        (np.zeros(2), np.zeros(2, np.float32), "dtype 应是 float64，得到 float32"),
        (np.zeros(2), np.array([0, np.nan]), "[1] 处是 NaN，应是 0"),
        (np.zeros(2), np.array([0, 1.5]), "1 个数不对，第一个在 [1]：应是 0，得到 1.5"),
        (np.array([1, 2]), np.array([1, 3]), "1 个数不对，第一个在 [1]：应是 2，得到 3"),
        (torch.ones(2), np.ones(2, np.float32), ""),
    ],
)
def test_what_is_the_same(expected: Any, got: Any, message: str) -> None:
    assert compare(expected, got) == message


values = st.recursive(
    st.one_of(
        st.integers(-9, 9),
        st.floats(width=32),
        st.text(max_size=3),
        hnp.arrays(np.float64, hnp.array_shapes(max_dims=3, max_side=3), elements=st.floats()),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=6,
)


@given(values)
def test_everything_equals_itself(value: Any) -> None:
    assert compare(value, value) == ""


@given(values, values)
def test_comparing_never_fails(one: Any, other: Any) -> None:
    assert isinstance(compare(one, other), str)
    assert isinstance(judge.show(one), str)


@given(
    hnp.arrays(np.float64, hnp.array_shapes(max_dims=3, max_side=4), elements=st.floats(-9, 9)),
    st.data(),
)
def test_one_wrong_number_is_found(right: Any, data: st.DataObject) -> None:
    where = tuple(data.draw(st.integers(0, n - 1)) for n in right.shape)
    wrong = right.copy()
    wrong[where] += 0.5
    assert f"第一个在 {list(where)}" in compare(right, wrong)


def test_an_answer_that_changes_its_input_is_told() -> None:
    answer = "def double(x):\n    x *= 2\n    return x\n"
    assert run(answer, np.ones(3)).message == "改动了输入 x：不要原地修改，先复制"
    assert run(answer, np.ones(3), mutates=True).message == ""


def test_the_name_the_task_wants_is_told() -> None:
    assert run("def Double(x):\n    return 2 * x\n", 1).message == (
        "没有定义 double：名字要与题目给的一样"
    )


def test_an_exception_points_into_the_answer() -> None:
    result = run("def double(x):\n    y = 0\n    return x / y\n", 1)
    assert result.message == "抛出 ZeroDivisionError：division by zero"
    assert "line 3, in double" in result.error
    assert "judge.py" not in result.error


@pytest.mark.parametrize(
    "answer",
    [
        "def double(x):\n    raise RecursionError\n",
        "def double(x):\n    return double(x)\n",
        "def double(x):\n    return [x] * 1000\n",
        "def double(x):\n    return lambda: x\n",
        "def double(x):\n    return type('T', (), {})\n",
        "class double:\n    def __init__(self, x):\n        pass\n",
        "double = 3\n",
    ],
)
def test_strange_answers_are_wrong_and_nothing_more(answer: str) -> None:
    result = run(answer, 1)
    assert result.message
    assert isinstance(result.got, str)


def test_own_checks_are_used() -> None:
    def is_even(got: Any) -> str:
        return "" if got % 2 == 0 else f"{got} 不是偶数"

    assert run("def double(x):\n    return 2 * x + 2\n", 3, check=is_even).message == ""
    assert run("def double(x):\n    return 3 * x\n", 3, check=is_even).message == "9 不是偶数"
    odd = run("def double(x):\n    return None\n", 3, check=is_even)
    assert odd.message.startswith("返回的东西没法检查：None")


def test_arrays_inside_a_dict_are_watched_too() -> None:
    answer = "def double(x):\n    x['a'] += 1\n    return 2\n"
    reference = load("def double(x):\n    return 2\n")

    def make_cases() -> list[Any]:
        x = {"a": np.zeros(2)}
        return [judge.Case("字典", lambda s: s.double(x), {"x": x})]

    (result,) = judge.judge(load(answer), reference, make_cases)
    assert "改动了输入 x" in result.message


def test_same_behaviour_means_the_same_on_every_case() -> None:
    def make_cases() -> list[Any]:
        return [judge.Case("a", lambda s: s.double(2)), judge.Case("b", lambda s: s.double(0))]

    one, square = load(REFERENCE), load("def double(x):\n    return x * x\n")
    assert judge.same_behaviour(one, square, make_cases)
    other = load("def double(x):\n    return 2 * x if x else 1 / x\n")
    assert not judge.same_behaviour(one, other, make_cases)
    assert judge.same_behaviour(other, other, make_cases)
