"""草稿写成的文件：填的每一个字都在，读得回来；正文显示出来一字不差。"""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from hypothesis import example, given
from hypothesis import strategies as st
from markdown import Markdown
from mianjing.contribution import check_draft, complete_draft
from mianjing.draft import (
    Draft,
    Mention,
    Need,
    RoundDraft,
    Section,
    default_title,
    escape,
    next_number,
    quote,
    read_paragraphs,
    write_company,
    write_record,
)
from mianjing.frontmatter import CONTROL, MARKUP, Scalar, read_document, read_table
from mianjing.problem import Problem
from mianjing.records import read_experience
from mkdocs.config import load_config

from tests.drafts import PIECES, draw_draft
from tests.library import COMPANIES, FILES, TODAY, Library, write_library

ROOT = Path(__file__).resolve().parents[2]
GOOD = Draft(
    company="示例",
    start="2026-03",
    end="2026-04",
    role="基座算法",
    channel="referral",
    outcome="rejected",
    stage_reached="technical",
    round_min="2",
    round_max="2",
    before="内推，要求硕士。",
    rounds=(
        RoundDraft(
            index="1",
            kind="technical",
            interviewer_role="算法组",
            minutes="60",
            story="先问项目。\n\n再手写注意力，写到一半。",
            asked=(
                Mention("", "project", "做过的项目"),
                Mention("注意力", "handwriting", "手写注意力", "partly", "2"),
            ),
            not_asked=(Mention("", "probability", "", "", "1"),),
            notes="自我感觉一般",
        ),
        RoundDraft(index="2", kind="leader", story="聊方向。"),
    ),
    after="没有 LeetCode。\n没有通过。",
    not_asked=(Mention("", "leetcode"),),
    requirements=(Need("degree", "硕士"),),
    pay_kind="band",
    pay="40～60 万",
    reason="岗位收缩",
    impression="节奏快",
    review="面得很细。",
    contributed_by="某位读者",
)
NEW = Draft(company="沉默公司", company_key="quiet", company_kind="startup", start="2026-03")


@pytest.fixture(scope="module")
def converter() -> Markdown:
    """与站点相同的 Markdown。"""
    config = load_config(str(ROOT / "mkdocs.yml"))
    return Markdown(extensions=config.markdown_extensions, extension_configs=config.mdx_configs)


def finish(draft: Draft, library: Library) -> tuple[Draft, list[Problem]]:
    catalog = library.catalog()
    draft = complete_draft(draft, catalog)
    return draft, check_draft(draft, catalog, TODAY.isoformat())


def test_a_good_draft_is_a_good_record(library: Library) -> None:
    draft, problems = finish(GOOD, library)
    assert problems == []
    path = "docs/experiences/example-2026-2.md"
    library.write(path, write_record(draft))
    experience = library.catalog().experiences["example-2026-2"]
    assert experience.title == "示例公司面经（2026，第 2 篇）"
    first, second = experience.rounds
    assert [(a.topic, a.form, a.answered, a.anchor) for a in first.asked] == [
        ("unknown", "project", "unknown", "round-1-1"),
        ("attention", "handwriting", "partly", "round-1-2"),
    ]
    assert [n.anchor for n in experience.all_not_asked] == ["after-1", "round-1-1"]
    assert second.asked == ()
    assert experience.pay is not None and experience.pay.text == "40～60 万"
    assert "## 作者的评价\n\n面得很细。\n{ #review }" in experience.body


def test_the_file_reads_like_one_written_by_hand(library: Library) -> None:
    draft, _ = finish(GOOD, library)
    text = write_record(draft)
    assert "period: {from: 2026-03, to: 2026-04, precision: stated}\n" in text
    assert (
        "      - {topic: attention, form: handwriting, detail: 手写注意力, answered: partly, "
        "anchor: round-1-2}\n" in text
    )


def test_nothing_known_is_still_a_record(library: Library) -> None:
    draft, problems = finish(Draft(company="example", year="2026"), library)
    assert problems == []
    library.write("docs/experiences/example-2026-2.md", write_record(draft))
    library.catalog()


def test_a_new_company_comes_with_its_entry(library: Library) -> None:
    draft, problems = finish(NEW, library)
    assert problems == []
    assert write_company(draft) == "quiet:\n  name: 沉默公司\n  kind: startup\n"
    library.write(COMPANIES, FILES[COMPANIES] + write_company(draft))
    library.write("docs/experiences/quiet-2026.md", write_record(draft))
    assert library.catalog().companies["quiet"].name == "沉默公司"


@pytest.mark.parametrize(
    ("draft", "code", "field"),
    [
        (Draft(start="2026-03"), "E102", "company"),
        (Draft(company="新公司", start="2026-03"), "E102", "company"),
        (Draft(company="新公司", company_key="新", start="2026-03"), "E105", "新"),
        (Draft(company="示例"), "E301", ""),
        (Draft(company="示例", start="三月", year="2026"), "E106", "period.from"),
        (Draft(company="示例", start="2026-13", end="2026-04"), "E106", "period.from"),
        (Draft(company="示例", start="2026-07"), "E203", "period.from"),
        (Draft(company="示例", start="2026-05", end="2026-04"), "E203", "period.to"),
        (Draft(company="示例", start="2026-03", round_min="3", round_max="2"), "E204", ""),
        (Draft(company="示例", start="2026-03", round_min="两"), "E105", "round_count.min"),
        (Draft(company="示例", start="2026-03", pay_kind="band"), "E102", "pay.text"),
        (Draft(company="示例", start="2026-03", role="<b>"), "E010", "role"),
        (Draft(company="示例", start="2026-03", role="a\u202eb"), "E002", "role"),
        (Draft(company="示例", start="2026-03", after="a\u202eb"), "E002", ""),
        (Draft(company="示例", start="2026-03", after="长" * 200_000), "E001", ""),
        (Draft(company="示例", start="2026-03", title='"x"'), "E103", "title"),
        (Draft(company="示例", start="2026-03", title="**粗**"), "E419", "title"),
        (Draft(company="示例", start="2026-03", after="{{ x }}"), "E415", ""),
        (Draft(company="示例", start="2026-03", after="电话13800138000"), "E601", ""),
        (Draft(company="王老师公司", company_key="wang", start="2026-03"), "E606", ""),
        (
            Draft(company="示例", start="2026-03", not_asked=(Mention(paragraph="1"),)),
            "E102",
            "not_asked[1].topic",
        ),
        (
            Draft(company="示例", start="2026-03", rounds=(RoundDraft(asked=(Mention(),)),)),
            "E208",
            "rounds[1].asked[1].anchor",
        ),
    ],
)
def test_a_mistake_is_named(draft: Draft, code: str, field: str, library: Library) -> None:
    problems = finish(draft, library)[1]
    assert [p for p in problems if p.code == code and (not field or p.field == field)], problems


def test_the_check_of_a_draft_is_the_check_of_the_build(tmp_path: Path) -> None:
    """写到盘上再读，问题一条不多、一条不少。"""
    library = write_library(tmp_path)
    catalog = library.catalog()
    dice = random.Random(8)
    for _ in range(60):
        draft = complete_draft(draw_draft(dice, catalog), catalog)
        problems = check_draft(draft, catalog, TODAY.isoformat())
        path = next((p.path for p in problems if p.path != COMPANIES), "")
        path = path or f"docs/experiences/{draft.company}-2026.md"
        library.write(COMPANIES, FILES[COMPANIES] + write_company(draft))
        library.write(path, write_record(draft))
        found = [p for p in library.read()[1] if p.path == path]
        (library.root / path).unlink()
        assert found == [p for p in problems if p.path == path]


def test_every_value_comes_back(library: Library) -> None:
    """读回来的字段就是填的字。"""
    catalog = library.catalog()
    dice = random.Random(9)
    for _ in range(200):
        draft = complete_draft(draw_draft(dice, catalog), catalog)
        document, problems = read_document("docs/experiences/x.md", write_record(draft).encode())
        if document is None:
            assert CONTROL.search(write_record(draft)), problems
            continue
        assert not [p for p in problems if p.code not in ("E002", "E010")]
        read = read_experience(document, [])
        for name in ("team", "role", "reason", "impression", "contributed_by"):
            assert (getattr(read, name) or "") == getattr(draft, name)
        assert (read.pay.text if read.pay else "") == draft.pay
        assert [r.value for r in read.requirements] == [n.value for n in draft.requirements]
        assert len(read.rounds) == len(draft.rounds)
        for one, typed in zip(read.rounds, draft.rounds, strict=True):
            for name in ("name", "interviewer_role", "notes"):
                assert (getattr(one, name) or "") == getattr(typed, name)
            assert [a.topic for a in one.asked] == [m.topic or "unknown" for m in typed.asked]
            for kept, told in ((one.asked, typed.asked), (one.not_asked, typed.not_asked)):
                assert [item.detail for item in kept] == [item.detail for item in told]


def shown(converter: Markdown, paragraph: str) -> str:
    """一段话写进正文、渲染之后显示的字；连成一串的空白算一个空格。"""
    converter.reset()
    html = converter.convert(
        f"## 经过\n\n{escape(paragraph)}\n{{ #round-1 }}\n\n下一段\n{{ #x }}\n"
    )
    page = BeautifulSoup(html, "html.parser")
    found = page.select("p#round-1")
    assert len(found) == 1, html
    assert len(page.find_all()) - len(page.select("h2, h2 *")) == 2, html
    return " ".join(found[0].get_text().split())


LINE = st.text(
    st.one_of(
        st.sampled_from("\\`*_{}[]()<>#+-.!|$&;:=~?^%@'\" \t0123456789ab中文，。"),
        st.characters(exclude_categories=["Cs", "Cc"]),
    ),
    min_size=1,
)


@given(LINE)
@example("1986. 年")
@example("10.5")
@example("\\begin{equation}")
@example("\\(x\\) \\\\(x\\\\)")
@example("!!! note")
@example("??? note")
@example("=== x")
@example("a & b &amp; &lt; &#60;")
def test_a_paragraph_shows_what_was_typed(converter: Markdown, line: str) -> None:
    for paragraph in read_paragraphs(line):
        if not CONTROL.search(paragraph):
            assert shown(converter, paragraph) == " ".join(paragraph.split())


@pytest.mark.parametrize("piece", PIECES)
def test_a_hostile_paragraph_is_only_text(converter: Markdown, piece: str) -> None:
    for paragraph in (piece.strip(), f"x {piece.strip()}"):
        if not CONTROL.search(paragraph):
            assert shown(converter, paragraph) == " ".join(paragraph.split())


def test_hostile_paragraphs_break_no_rule(library: Library) -> None:
    stories = "\n".join(one for one in PIECES if not CONTROL.search(one) and "{{" not in one)
    one = RoundDraft(story=stories)
    draft = Draft(company="示例", start="2026-03", before=stories, rounds=(one,), after=stories)
    assert finish(draft, library)[1] == []


@given(st.text())
@example("a: b # c")
@example("yes")
@example("\ud800")
@example("\x85\u2028\ufeff\uffff")
def test_a_quoted_value_is_read_as_it_was(value: str) -> None:
    table, problems = read_table("x.yml", f"a: {quote(value)}\n".encode())
    codes = {"E002": CONTROL.search(value), "E010": MARKUP.search(value)}
    assert {p.code for p in problems} == {code for code, found in codes.items() if found}
    assert table is not None
    node = table.entries["a"]
    assert isinstance(node, Scalar)
    assert node.text == value


@pytest.mark.parametrize(
    ("taken", "number"),
    [([], ""), (["x-2025"], ""), (["x-2026"], "2"), (["x-2026", "x-2026-2"], "3")],
)
def test_the_next_number(taken: list[str], number: str) -> None:
    assert next_number("x", "2026", taken) == number


def test_titles() -> None:
    assert default_title("示例", "2026", "") == "示例面经（2026）"
    assert default_title("示例", "", "") == "示例面经"
    assert default_title("", "2026", "2") == "面经（2026，第 2 篇）"


def test_anchors() -> None:
    assert Section("after", ("一",)).anchor("1") == "after"
    assert Section("after", ("一", "二")).anchor("1") == "after-1"
    assert Section("after", ("一",)).anchor("2") == "after-2"
    assert Section("after", ()).anchor("1") == "after"
    assert re.fullmatch(r"[a-z0-9-]+", Section("round-10", ("一", "二")).anchor("2"))
