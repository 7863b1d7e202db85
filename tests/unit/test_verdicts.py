"""检查的结论：没有变的不再检查，问题照样报；文字、路径、代码变了就重新检查。"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from mianjing import code_version, verdicts
from mianjing.library import read_library
from mianjing.problem import Problem
from mianjing.verdicts import KeptVerdicts

from tests.library import EXERCISES, EXPERIENCE, MUTANTS, QUESTION, TODAY, Library

FOUND = Problem("docs/示例.md", 3, "E411", "title", "虚构的问题「\udcff」")


class Checker:
    """数得出检查了几次的检查。"""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> Iterator[Problem]:
        self.calls += 1
        yield FOUND


def recall(file: Path, *parts: object) -> tuple[list[Problem], int]:
    """一次新的读入：结论，与检查的次数。"""
    kept, check = KeptVerdicts(file), Checker()
    found = kept.recall(parts, check)
    kept.write()
    return found, check.calls


def test_what_did_not_change_is_not_checked_again(tmp_path: Path) -> None:
    file = tmp_path / "cache" / "verdicts.json"
    assert recall(file, "页", "文字", 1) == ([FOUND], 1)
    assert recall(file, "页", "文字", 1) == ([FOUND], 0), "问题每次都在"


@pytest.mark.parametrize("parts", [("页", "文字", 2), ("页", "文", "字1"), ("文字", "页", 1), ()])
def test_any_other_input_is_checked(tmp_path: Path, parts: tuple[object, ...]) -> None:
    file = tmp_path / "verdicts.json"
    recall(file, "页", "文字", 1)
    assert recall(file, *parts)[1] == 1


def test_new_code_checks_everything_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "verdicts.json"
    recall(file, "页")
    monkeypatch.setattr(verdicts, "code_version", lambda libraries: "另一版")
    assert recall(file, "页")[1] == 1


def test_the_code_version_follows_every_file_of_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_version, "_PACKAGE", tmp_path)
    (tmp_path / "部").mkdir()
    seen = set()
    for name, text in (("a.py", "1"), ("a.py", "2"), ("部/b.yml", "1"), ("部/c.html", "")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        code_version._package_version.cache_clear()
        seen.add(code_version.code_version(("markdown",)))
    code_version._package_version.cache_clear()
    assert len(seen) == 4


def test_only_what_was_used_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "verdicts.json"
    recall(file, "旧")
    recall(file, "新")
    assert len(json.loads(file.read_text(encoding="utf-8"))) == 1
    assert recall(file, "旧")[1] == 1


@pytest.mark.parametrize("rubbish", [b"", b"{", b"[]", b"\xff"])
def test_rubbish_is_no_verdict(tmp_path: Path, rubbish: bytes) -> None:
    file = tmp_path / "verdicts.json"
    file.write_bytes(rubbish)
    assert recall(file, "页") == ([FOUND], 1)


@pytest.mark.parametrize(
    ("path", "added", "many"),
    [
        (QUESTION, "\n<script>1</script>\n\n电话 13800138000\n", 3),
        ("docs/practice/scores/tests.py", "def\n", 1),
        ("docs/practice/scores/reference.py", "# x / 2\n", 5),
        (MUTANTS, "- {id: 2026-01-01, old: 1, new: 2, why: 3}\n", 1),
    ],
)
def test_the_library_says_the_same_with_and_without_verdicts(
    library: Library, path: str, added: str, many: int
) -> None:
    """改坏、原样再读、改好：每一次都与不记结论时一样。"""
    for name, text in EXERCISES.items():
        library.write(name, text)
    file = library.root / ".cache" / "verdicts.json"
    good = (library.root / path).read_text(encoding="utf-8")
    bad = good + added
    for text, count in ((good, 0), (bad, many), (bad, many), (good, 0), (bad, many)):
        (library.root / path).write_text(text, encoding="utf-8")
        kept = KeptVerdicts(file)
        _, problems = read_library(library.root, TODAY, kept)
        kept.write()
        assert problems == read_library(library.root, TODAY)[1]
        assert len(problems) == count, problems


def test_an_experience_is_held_to_its_own_rules(library: Library) -> None:
    """同样的字，换一个路径、换一条规矩，就是另一条结论。"""
    kept = KeptVerdicts(library.root / "verdicts.json")
    read_library(library.root, TODAY, kept)
    before = len(kept.used)
    text = (library.root / EXPERIENCE).read_text(encoding="utf-8")
    (library.root / EXPERIENCE).write_text(
        text.replace("虚构的印象", "月薪 4.3 万"), encoding="utf-8"
    )
    again = KeptVerdicts(library.root / "verdicts.json")
    again.known = dict(kept.used)
    _, problems = read_library(library.root, TODAY, again)
    assert len(again.used) == before
    assert problems == read_library(library.root, TODAY)[1]
    assert any(problem.code == "E607" for problem in problems)
