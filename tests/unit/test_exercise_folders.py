"""手写题的文件夹：少一份、多一份、写得不对，都说清是哪个文件、怎么改。"""

from __future__ import annotations

import json

import pytest
from mianjing.practice import dump_exercise

from tests.library import CAUGHT, EXERCISE, EXERCISES, MUTANTS, Library

FOLDER = "docs/practice/scores"


@pytest.fixture
def practice(library: Library) -> Library:
    """合格的资料库里多一道手写题。"""
    for path, content in EXERCISES.items():
        library.write(path, content)
    return library


def test_an_exercise_is_read(practice: Library) -> None:
    exercise = practice.catalog().exercises["scores"]
    assert (exercise.title, exercise.topic, exercise.spelling) == ("打分", "attention", "Python")
    assert [m.id for m in exercise.mutants] == ["wrong-3", "wrong-4", "wrong-5", "wrong-6"]
    assert exercise.caught["wrong-3"] == (0,)
    sent = json.loads(dump_exercise(exercise))
    assert sent["reference"] == "def half(x):\n    return x / 2\n"
    assert "oracle" not in sent


@pytest.mark.parametrize("name", ["starter", "reference", "oracle", "tests"])
def test_a_missing_script_is_named(practice: Library, name: str) -> None:
    (practice.root / FOLDER / f"{name}.py").unlink()
    assert f"{FOLDER}/{name}.py:1: E305 缺少这份文件：照已有的一题补上" in practice.messages()


def test_broken_python_is_named_with_its_line(practice: Library) -> None:
    practice.write(f"{FOLDER}/tests.py", "x = 1\ndef f(:\n")
    assert any(
        m.startswith(f"{FOLDER}/tests.py:2: E305 不是有效的 Python") for m in practice.messages()
    )


@pytest.mark.parametrize("name", ["reference.py", "mutants.yml"])
@pytest.mark.parametrize(("raw", "code"), [(b"x = '\xff'\n", "E001"), (b"x = '\x08'\n", "E002")])
def test_unreadable_files_are_named(practice: Library, name: str, raw: bytes, code: str) -> None:
    practice.write(f"{FOLDER}/{name}", raw)
    assert any(m.startswith(f"{FOLDER}/{name}:1: {code}") for m in practice.messages())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("old: x / 2\n  new: x / 3", "old: y / 2\n  new: x / 3", "出现 0 次，应恰好一次"),
        ("new: x / 3", 'new: "x /"', "换过之后不是有效的 Python"),
        ("new: x / 3", "new: 3", "每个字段都是文字"),
        ("id: wrong-3", "id: Wrong 3", "id「Wrong 3」应是小写字母、数字与连字符"),
        ("id: wrong-3", "id: wrong-4", "「wrong-4」重复：只留一个"),
        ("why: 除以了 3 <b>", 'why: " "', "why 是空的"),
        ("why: 除以了 3 <b>", "why: 除以了 3\n  by: luck", "by「luck」不认识"),
        ("why: 除以了 3 <b>", "reason: 除以了 3", "应有 id、old、new、why"),
        ("- id: wrong-3", "- id: [", "不是有效的 YAML"),
    ],
)
def test_mutants_are_checked(practice: Library, old: str, new: str, message: str) -> None:
    text = EXERCISES[MUTANTS]
    assert old in text
    practice.write(MUTANTS, text.replace(old, new, 1))
    assert any(m.startswith(f"{MUTANTS}:1: E305") and message in m for m in practice.messages())


@pytest.mark.parametrize("content", ["", "x: 1\n", "- 3\n", "!!python/object:os.system {}\n"])
def test_a_table_that_is_no_list_of_mistakes(practice: Library, content: str) -> None:
    practice.write(MUTANTS, content)
    assert any(m.startswith(f"{MUTANTS}:1: E305") for m in practice.messages())


def test_too_few_mistakes(practice: Library) -> None:
    practice.write(MUTANTS, EXERCISES[MUTANTS].split("- id: wrong-6")[0])
    assert f"{MUTANTS}:1: E305 只有 3 个错误答案，至少要 4 个" in practice.messages()


def test_a_stale_table_of_caught_mistakes(practice: Library) -> None:
    practice.change(CAUGHT, '"wrong-3"', '"wrong-9"')
    assert practice.messages() == [
        f"{CAUGHT}:1: E305 scores：「scores」的错误答案变了："
        "运行 pytest tests/practice --update 再提交"
    ]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("topic: attention", "topic: attentoin", "E206 topic"),
        ("questions: [why-scale]", "questions: [why-scal]", "E206 questions：没有题目「why-scal」"),
        ("level: L1", "level: L9", "E104 level"),
    ],
)
def test_fields_are_checked(practice: Library, field: str, value: str, message: str) -> None:
    practice.change(EXERCISE, field, value)
    assert any(message in m for m in practice.messages()), practice.messages()


def test_sections_are_fixed(practice: Library) -> None:
    practice.change(EXERCISE, "## 边界", "## 限制")
    assert any("缺少「## 边界」一节" in m for m in practice.messages())


@pytest.mark.parametrize("path", ["extra.py", "data.json", "deep/reference.py"])
def test_other_files_do_not_belong_there(practice: Library, path: str) -> None:
    practice.write(f"{FOLDER}/{path}", "x = 1\n")
    assert any("放错了地方" in m and path in m for m in practice.messages())
