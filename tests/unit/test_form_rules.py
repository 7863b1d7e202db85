"""表单的规则（JavaScript）与构建的规则（Python）：随机的草稿，同样的文件，同样的问题，同样的话。"""

from __future__ import annotations

import json
import random
from dataclasses import asdict
from pathlib import Path

import pytest
from mianjing.contribution import check_draft, complete_draft, dump_rules
from mianjing.draft import Draft, Mention, Need, RoundDraft, name_file, write_company, write_record
from mianjing.library import COMPANIES
from mianjing.model import Catalog
from mianjing.problem import suggest

from tests.drafts import GUARDED, NOT_IN_THE_FORM, PIECES, draw_calm, draw_draft, read_draft
from tests.node import run_node
from tests.site_library import read_site_library

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "tests" / "contribute"
TODAY = "2026-06-01"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    catalog, problems = read_site_library()
    assert not problems
    return catalog


def compare(drafts: list[Draft], catalog: Catalog) -> set[str]:
    """逐份比较，返回遇到过的问题代码。"""
    rules = json.loads(dump_rules(catalog, ""))
    value = {"rules": rules, "month": TODAY[:7], "drafts": [asdict(one) for one in drafts]}
    codes: set[str] = set()
    for typed, answer in zip(drafts, run_node(SCRIPTS / "drafts.mjs", value), strict=True):
        draft = complete_draft(typed, catalog)
        assert read_draft(answer["draft"]) == draft
        assert answer["name"] == name_file(draft)
        assert answer["record"] == write_record(draft)
        assert answer["company"] == write_company(draft)
        problems = [p for p in check_draft(draft, catalog, TODAY) if p.code not in NOT_IN_THE_FORM]
        shown = {(p["code"], p["field"], p["message"]) for p in answer["problems"]}
        assert shown == {(p.code, p.field, p.message) for p in problems}, typed
        assert all(p["at"] for p in answer["problems"])
        seen = [json.dumps(p, sort_keys=True) for p in answer["problems"]]
        assert len(seen) == len(set(seen))
        codes |= {problem.code for problem in problems}
    return codes


def test_random_drafts(catalog: Catalog) -> None:
    dice = random.Random(2026)
    codes = compare([draw_draft(dice, catalog) for _ in range(600)], catalog)
    assert codes == {
        *("E002", "E010", "E102", "E103", "E105", "E106"),
        *("E203", "E204", "E205", "E206", "E207", "E208", "E301", "E415"),
        *("E601", "E602", "E603", "E604", "E605", "E606", "E607", "E612"),
    }


def test_calm_drafts_have_no_problems(catalog: Catalog) -> None:
    dice = random.Random(1)
    assert compare([draw_calm(dice, catalog) for _ in range(200)], catalog) == set()


def place_everywhere(piece: str, company: str) -> list[Draft]:
    """这些字写在各种格里：一行只有一格的，一行有几格的，正文，新公司。"""
    return [
        Draft(
            company=company,
            start="2024-05",
            team=piece,
            rounds=(
                RoundDraft(
                    "1", interviewer_role=piece, story=piece, asked=(Mention(detail=piece),)
                ),
            ),
        ),
        Draft(
            company=company, start="2024-05", pay_kind="band", pay=piece, review=f"{piece}\u200b"
        ),
        Draft(company=piece, company_key="new-co", year="2026"),
    ]


@pytest.mark.parametrize(
    ("draft", "at"),
    [
        (Draft(team="13800138000"), "team"),
        (Draft(rounds=(RoundDraft(story="好\n见了张总。"),)), "rounds.0.story"),
        (Draft(rounds=(RoundDraft(asked=(Mention(detail="ΜHA"),)),)), "rounds.0.asked.0.detail"),
        (Draft(not_asked=(Mention("张总", detail="没问"),), after="x"), "not_asked.0.topic"),
        (Draft(rounds=(RoundDraft(interviewer_role="王小明"),)), "rounds.0.interviewer_role"),
        (Draft(pay_kind="band", pay="52 万"), "pay"),
        (
            Draft(requirements=(Need("degree", "ＱＱ：１２３４５６"),), before="x"),
            "requirements.0.value",
        ),
        (Draft(after="总包 52 万"), "after"),
        (Draft(review="{{ x }}"), "review"),
        (Draft(company="张总", company_key="zhang"), "company"),
        (Draft(company="新的", company_key="a-13800138000"), "company_key"),
    ],
)
def test_the_problem_is_shown_where_it_was_typed(draft: Draft, at: str, catalog: Catalog) -> None:
    rules = json.loads(dump_rules(catalog, ""))
    value = {"rules": rules, "month": TODAY[:7], "drafts": [asdict(draft)]}
    (answer,) = run_node(SCRIPTS / "drafts.mjs", value)
    guards = [p for p in answer["problems"] if p["code"].startswith(("E415", "E6"))]
    assert at in {p["at"] for p in guards}
    assert {p["at"] for p in guards} <= {at, "title"}


def test_special_drafts(catalog: Catalog) -> None:
    taken = next(iter(catalog.experiences.values()))
    year = (taken.period.start or "")[:4]
    drafts = [
        Draft(),
        Draft(company="constructor", company_key="to-string", year="2026"),
        Draft(company="__proto__", company_key="__proto__"),
        Draft(company=taken.company, year=year),
        Draft(company=taken.company, start=f"{year}-03", rounds=(RoundDraft(asked=(Mention(),)),)),
        Draft(company=taken.company, start=f"{year}-03", after="字" * 180_000),
        Draft(company=taken.company, start=f"{year}-03", after="字" * 8_001, before="张总"),
        Draft(company=taken.company, start=f"{year}-03", after="𝐐" * 8_000),
        Draft(company="字" * 8_000, company_key="long-name", year="2026"),
        Draft(company=taken.company, start="unknown", end="unknown", round_min="unknown"),
        *(
            Draft(
                company=taken.company,
                title=piece.strip(),
                rounds=(RoundDraft(index=piece.strip()),),
            )
            for piece in PIECES
        ),
        *(one for piece in GUARDED for one in place_everywhere(piece, taken.company)),
        *(
            Draft(company=taken.company, after="x", not_asked=(Mention(topic=piece.strip()),))
            for piece in [*PIECES, "constructor", "toString", "注意", "flash", "MHA", "大模型"]
        ),
    ]
    assert "E001" in compare(drafts, catalog)


def test_suggestions_are_those_of_the_build(catalog: Catalog) -> None:
    """difflib 的另一份写法，结果相同。"""
    dice = random.Random(7)
    letters = "abcdeABE-注意力头多🈚"
    words = ["".join(dice.choices(letters, k=dice.randrange(8))) for _ in range(300)]
    cases = [
        (
            dice.choice(words),
            dice.sample(words, dice.choice([0, 1, 5, 12, 13, 30])),
            list(
                {dice.choice(words): dice.choice(words) for _ in range(dice.randrange(5))}.items()
            ),
        )
        for _ in range(1500)
    ]
    rules = json.loads(dump_rules(catalog, ""))
    found = run_node(SCRIPTS / "closest.mjs", {"rules": rules, "cases": cases})
    for (value, options, names), hint in zip(cases, found, strict=True):
        assert hint == suggest(value, options, dict(names)), (value, options, names)


def test_the_rules_are_plain_data(catalog: Catalog) -> None:
    rules = json.loads(dump_rules(catalog, "owner/name"))
    assert rules["repository"] == "owner/name"
    assert rules["company_names"]["kimi"] == "moonshot"
    assert rules["topic_names"]["mha"] == "multi-head-attention"
    assert set(rules["experiences"]) == set(catalog.experiences)
    assert COMPANIES.endswith(".yml")
