"""词表：键是 ASCII，标签与别名不含糊；文件自身有错时说得出来。"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mianjing import vocabulary
from mianjing.problem import Problem, suggest
from mianjing.vocabulary import FIELD_TERMS, UNKNOWN, Terms, read_vocabulary

WORDS = read_vocabulary()


@pytest.mark.parametrize("terms", WORDS.values(), ids=list(WORDS))
def test_keys_are_ascii_and_labels_are_given(terms: Terms) -> None:
    assert list(terms)
    for term in terms:
        assert re.fullmatch(r"[A-Za-z0-9]+(-[a-z0-9]+)*", term.key)
        assert term.label.strip()


@pytest.mark.parametrize("terms", WORDS.values(), ids=list(WORDS))
def test_no_name_means_two_things(terms: Terms) -> None:
    """同一张表里，标签与别名只指一项；也不会是别项的键。"""
    names = [name for term in terms for name in {term.key, term.label, *term.aliases}]
    assert [name for name, count in Counter(names).items() if count > 1] == []


@pytest.mark.parametrize(
    "name",
    [
        "outcomes",
        "stages",
        "forms",
        "round_kinds",
        "channels",
        "answers",
        "company_kinds",
        "precisions",
    ],
)
def test_what_a_text_may_not_say_has_an_explicit_unknown(name: str) -> None:
    assert WORDS[name].label(UNKNOWN) == "未提及"
    assert [term.key for term in WORDS[name]][-1] == UNKNOWN


def test_every_outcome_belongs_to_a_group() -> None:
    assert {term.key for term in WORDS["outcomes"] if not term.group} == {UNKNOWN}


def test_the_contributors_guide_names_existing_vocabularies() -> None:
    assert set(FIELD_TERMS.values()) <= set(WORDS)


def test_yes_and_no_stay_text() -> None:
    assert [term.key for term in WORDS["answers"]] == ["yes", "partly", "no", "unknown"]


def test_lookup() -> None:
    forms = WORDS["forms"]
    assert "handwriting" in forms
    assert "手撕" not in forms
    assert forms.label("handwriting") == "手写代码"
    assert forms.closest_by_alias("手撕") == "handwriting"
    assert forms.closest_by_alias("手写代码") == "handwriting"
    assert forms.closest_by_alias("手写") is None
    assert forms.names["手撕"] == "handwriting"
    with pytest.raises(KeyError):
        forms["nope"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("outcomes: {a: {label: 甲}, a: {label: 乙}}\n", "E007 outcomes.a：键「a」重复"),
        ("outcomes: {a: {label: &x 甲}}\n", "E006 不允许 YAML 的锚点"),
        ("outcomes: [a]\n", ":1: 应是映射"),
        ("outcomes:\n  a: 甲\n", ":2: 应是映射"),
        ("outcomes:\n  a: {label: [甲]}\n", ":2: 应是文本"),
        ("outcomes:\n  a: {label: 甲, aliases: 乙}\n", ":2: 应是列表"),
        ("outcomes:\n  a: {aliases: [乙]}\n", ":2: 「a」缺少 label"),
        ("- a\n", "E008 应是「键: 值」的映射"),
    ],
)
def test_a_broken_vocabulary_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    file = tmp_path / "vocabulary.yml"
    file.write_text(text, encoding="utf-8")
    monkeypatch.setattr(vocabulary, "_PATH", file)
    with pytest.raises(ValueError, match=re.escape(message)):
        read_vocabulary.__wrapped__()


def test_a_problem_reads_as_place_code_field_and_message() -> None:
    problem = Problem("docs/x.md", 7, "E104", "outcome", "「挂」不在词表里，应写「rejected」")
    assert str(problem) == "docs/x.md:7: E104 outcome：「挂」不在词表里，应写「rejected」"
    assert str(Problem("docs/x.md", 1, "E003", "", "缺少")) == "docs/x.md:1: E003 缺少"


def test_problems_sort_by_place() -> None:
    places = [("b.md", 1), ("a.md", 10), ("a.md", 9)]
    problems = [Problem(path, line, "E101", "", "") for path, line in places]
    assert [(p.path, p.line) for p in sorted(problems)] == [("a.md", 9), ("a.md", 10), ("b.md", 1)]


@pytest.mark.parametrize(
    ("value", "options", "names", "hint"),
    [
        ("handwritting", ["leetcode", "handwriting"], {}, "最接近的是「handwriting」"),
        ("LeetCode", ["leetcode", "handwriting"], {}, "最接近的是「leetcode」"),
        ("code", ["leetcode", "concept"], {}, "最接近的是「leetcode」"),
        (
            "手写",
            ["leetcode", "handwriting"],
            {"手写代码": "handwriting"},
            "最接近的是「handwriting」",
        ),
        ("KIMI", ["moonshot"], {"Kimi": "moonshot"}, "最接近的是「moonshot」"),
        ("minimax", ["minimax"], {"Minimax": "other"}, "最接近的是「minimax」"),
        ("zzz", ["a", "b"], {"甲": "a"}, "可用：a、b"),
        ("zzz", [str(i) for i in range(12)], {}, "可用：0、1、2、3、4、5、6、7、8、9、10、11"),
        ("zzz", [str(i) for i in range(13)], {}, "可用：0、1、2、3、4、5、6、7、8、9、10、11 等"),
        ("zzz", [], {}, "现在一项也没有"),
        ("", ["a"], {}, "可用：a"),
    ],
)
def test_suggestions(value: str, options: list[str], names: dict[str, str], hint: str) -> None:
    assert suggest(value, options, names) == hint


@given(
    st.text(), st.lists(st.text(), max_size=5), st.dictionaries(st.text(), st.text(), max_size=3)
)
def test_suggestions_never_fail(value: str, options: list[str], names: dict[str, str]) -> None:
    assert suggest(value, options, names)
