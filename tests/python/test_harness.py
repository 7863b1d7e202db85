"""网页里执行一格的那段 Python，在真的 Pyodide（Node）上：输出、错误指到哪一行、限时、名字空间。"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """执行一段，返回错误与发出的东西；整个文件共用一个 Pyodide。"""
    with subprocess.Popen(
        ["node", "tests/python/run.mjs"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as node:
        assert node.stdin and node.stdout

        def ask(source: str, **options: Any) -> dict[str, Any]:
            assert node.stdin and node.stdout
            node.stdin.write(json.dumps({"source": source, **options}) + "\n")
            node.stdin.flush()
            answer: dict[str, Any] = json.loads(node.stdout.readline())
            return answer

        yield ask
        node.stdin.close()


def printed(answer: dict[str, Any]) -> str:
    assert answer["error"] is None, answer
    return "".join(text for kind, text in answer["said"] if kind == "stdout")


def test_output_and_the_value_of_the_last_line(run: Run) -> None:
    answer = run("import sys\nprint('甲', end='')\nprint('错', file=sys.stderr)\n1 + 1")
    assert answer["error"] is None
    assert [kind for kind, _ in answer["said"]].count("stderr") >= 1
    assert printed(answer) == "甲2\n"
    assert printed(run("x = 3\nx;")) == "3\n"
    assert printed(run("x = 3")) == ""
    assert printed(run("None")) == ""


def test_numpy_is_there(run: Run) -> None:
    assert printed(run("import numpy as np\nprint(np.arange(6).reshape(2, 3).sum(axis=0))")) == (
        "[3 5 7]\n"
    )


def test_variables_stay_in_their_space(run: Run) -> None:
    run("kept = 1", space="a", forget=True)
    assert printed(run("kept", space="a")) == "1\n"
    assert run("kept", space="b")["error"]["kind"] == "NameError"
    assert run("kept", space="a", forget=True)["error"]["kind"] == "NameError"


def test_an_error_points_at_the_readers_line(run: Run) -> None:
    answer = run("def f(x):\n    y = 1\n    return y / x\n\nf(0)")
    error = answer["error"]
    assert (error["kind"], error["message"], error["line"]) == (
        "ZeroDivisionError",
        "division by zero",
        3,
    )
    assert "return y / x" in error["trace"]
    assert "harness.py" not in error["trace"]
    assert error["trace"].count("第 3 格") == 2


def test_an_error_inside_a_library_still_names_the_readers_line(run: Run) -> None:
    error = run("import numpy as np\n\nnp.zeros((2, 3)) @ np.zeros((2, 3))")["error"]
    assert (error["kind"], error["line"]) == ("ValueError", 3)


@pytest.mark.parametrize(
    ("source", "kind", "line"),
    [
        ("x = (", "SyntaxError", 1),
        ("if 1:\nx = 2", "IndentationError", 2),
        ("x = 1\n  y = 2", "IndentationError", 2),
        ("print('a'\nx = 1", "SyntaxError", 1),
        ("x\x00", "SyntaxError", None),
        ("return 1", "SyntaxError", 1),
        ("(" * 500 + ")" * 500, "SyntaxError", 1),
        ("raise SystemExit(3)", "SystemExit", 1),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", 1),
        ("input()", "EOFError", 1),
        ("def f():\n    return f()\nf()", "RecursionError", None),
        ("assert 1 == 2, '不等'", "AssertionError", 1),
    ],
)
def test_every_kind_of_error_is_an_answer(
    run: Run, source: str, kind: str, line: int | None
) -> None:
    error = run(source)["error"]
    assert error["kind"] == kind
    if line is not None:
        assert error["line"] == line
    assert printed(run("print('还在')")) == "还在\n"


@pytest.mark.parametrize("source", ["", "\n\n", "# 只有注释", "'''只有一段文字'''"])
def test_nothing_to_do_is_no_error(run: Run, source: str) -> None:
    assert run(source)["error"] is None


@pytest.mark.parametrize(
    "source",
    [
        "while True:\n    pass",
        "while True:\n    try:\n        while True:\n            pass\n    except:\n        pass",
        "def f():\n    while True:\n        try:\n            f2()\n        except BaseException:\n"
        "            pass\ndef f2():\n    for i in range(10**9):\n        pass\nf()",
        "import itertools\nsum(1 for _ in itertools.count())",
        "x = [i for i in iter(int, 1)]",
        "import time\nwhile True:\n    time.sleep(0.01)",
    ],
)
def test_a_runaway_cell_is_stopped(run: Run, source: str) -> None:
    run("kept = 7")
    error = run(source, seconds=0.3)["error"]
    assert error["kind"] == "TimeIsUp"
    assert error["line"] is not None
    assert printed(run("kept")) == "7\n"


def test_output_is_cut_but_the_cell_goes_on(run: Run) -> None:
    answer = run("for i in range(20000):\n    print('x' * 100)\ndone = True")
    assert answer["error"] is None
    assert len(printed(answer)) == 200_000
    assert [kind for kind, _ in answer["said"]].count("limit") == 1
    assert printed(run("done")) == "True\n"
    assert len(printed(run("print('x' * 10**8)"))) == 200_000


def test_an_exception_that_cannot_be_shown(run: Run) -> None:
    source = "class E(Exception):\n    def __str__(self):\n        raise ValueError\nraise E"
    error = run(source)["error"]
    assert error["kind"] == "E"
    assert "自己也显示不出来" in error["message"]


def test_long_messages_are_cut(run: Run) -> None:
    error = run("raise ValueError('长' * 100_000)")["error"]
    assert len(error["message"]) == 2_000
    assert len(error["trace"]) <= 8_000


def test_dataclasses_and_surrogates(run: Run) -> None:
    source = "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\nprint(A(1))"
    assert printed(run(source)) == "A(x=1)\n"
    assert run("print('\\ud800')")["said"]
