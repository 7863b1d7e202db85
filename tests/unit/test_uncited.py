"""带单位的数要有出处：哪些算数、哪些放过、表里列的句子还在不在。"""

from __future__ import annotations

from pathlib import Path

import pytest
from mianjing import uncited
from mianjing.model import Question, Topic
from mianjing.uncited import REASONS, check_uncited, find_uncited, page_key, read_excused

from tests.library import TOPIC, Library
from tests.site_library import read_site_library


def found(body: str) -> list[tuple[int, str]]:
    return [(line, number) for line, number, _ in find_uncited(body, 1)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("省了 93.3%。", "93.3%"),
        ("缓存要 10 GiB。", "10 GiB"),
        ("每步传 390GB 字节。", "390GB"),
        ("共 8.25 EFLOPs。", "8.25 EFLOPs"),
        ("快 2.7 倍。", "2.7 倍"),
        ("参数 2×，激活不变。", "2×"),
        ("前一句有出处 5%[✓](claim:a)。后一句 6% 没有。", "6%"),
        ("见[省 40% 的做法](a.md)。", "40%"),
        ("    缩进的框里 7%。", "7%"),
    ],
)
def test_numbers_without_a_source(text: str, number: str) -> None:
    assert found(text) == [(1, number)]


@pytest.mark.parametrize(
    "text",
    [
        "省了 93.3%[✓](claim:a)。",
        "10 GiB[✓](claim:a) 与 4 GiB，同一句一处就够。",
        "「快 64%」是误传。",
        "**15% 是最优吗？** 不是定律。",
        "满占用率是 100%。",
        "一次乘加 2 FLOPs。",
        "每块 $50\\%$ 与 `90%` 在公式和代码里。",
        "块是 14×8。",
        "$$\n\\text{快 } 3 倍\n$$",
        "```text\n省 3%\n```",
        "![省 3% 的示意，八块](diagram:ring-all-reduce)",
        "| 省 3% | b |\n|---|---|\n",
        "| 快多少[✓](claim:a) |\n|---|\n| 3 倍 |\n| 4 倍 |",
        "版本 2024 的 3D 图、4K 屏。",
    ],
)
def test_what_needs_no_source(text: str) -> None:
    assert found(text) == []


def test_a_table_row_is_one_sentence() -> None:
    table = "| 做法 | 快多少 |\n|---|---|\n| 一。 | 3 倍[✓](claim:a) |\n| 二 | 4 倍 |\n"
    assert found(table) == [(4, "4 倍")]
    assert found("| 快多少[✓](claim:a) |\n|---|\n| 3 倍 |\n\n快 5 倍。") == [(5, "5 倍")]


def test_the_message_says_where_and_how(library: Library) -> None:
    library.change(TOPIC, "先问公式。", "先问公式，省 12%。")
    (message,) = [one for one in library.messages() if "E704" in one]
    assert message.startswith(f"{TOPIC}:") and "「12%」没有出处" in message
    assert "[✓](claim:键)" in message and "uncited.yml" in message


def test_an_excused_sentence(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    library.change(TOPIC, "先问公式。", "先问公式，省 12%。另省 13%。")
    topic = library.read()[0].topics["attention"]
    excused = {"topics/attention": {"省 12%": "given"}}
    monkeypatch.setattr(uncited, "read_excused", lambda: excused)
    assert [one.message[:6] for one in check_uncited(topic)] == ["「13%」没"]


@pytest.mark.parametrize(
    "text",
    ["topics/a: 一段\n", "topics/a:\n  - 一段\n", "topics/a:\n  - {text: 一段, why: 因为}\n"],
)
def test_a_broken_table(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "uncited.yml"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(uncited, "_PATH", path)
    with pytest.raises(ValueError, match=r"uncited\.yml"):
        read_excused.__wrapped__()


def test_every_excuse_is_still_needed() -> None:
    """表里的每一条都放过一个句子；改掉了的要从表里删。"""
    catalog, _ = read_site_library()
    pages: list[Topic | Question] = [*catalog.topics.values(), *catalog.questions.values()]
    sentences = {
        page_key(page): [sentence for *_, sentence in find_uncited(page.body, page.body_line)]
        for page in pages
    }
    stale = [
        (key, text)
        for key, texts in read_excused().items()
        for text in texts
        if not any(text in sentence for sentence in sentences.get(key, []))
    ]
    assert stale == []
    assert {why for texts in read_excused().values() for why in texts.values()} <= set(REASONS)
