"""计划：分怎么加、怎么取、怎么切；没写到的不加不减；页面里的与这里的逐项相同。"""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from mianjing import catalog as group
from mianjing import plan
from mianjing.model import Catalog

from tests.library import FILES, TOPIC, Library
from tests.review_engine import ask_review
from tests.site_library import read_site_library

ROOT = Path(__file__).resolve().parents[2]


def scores(catalog: Catalog, *companies: str) -> dict[str, int]:
    items = plan.list_items(catalog)
    made = plan.make_plan(catalog, items, plan.weigh_records(catalog, items), companies, days=30)
    return {entry.item.id: entry.score for day in made.days for entry in day}


def test_the_base_follows_the_ranking(crowd: Library) -> None:
    """注意力排第 1，CUDA 排第 2，算法没有排。"""
    base = {item.id: item.base for item in plan.list_items(crowd.catalog())}
    assert base["topic/attention"] == 16
    assert base["topic/cuda"] == 14
    assert base["topic/algorithms"] == 0
    assert base["derivation/scaling"] == base["exercise/scores"] == 8
    assert base["question/why-scale"] == base["question/why-softmax"] == 8


def test_a_chapter_weighs_as_much_as_its_derivation(library: Library) -> None:
    """分章得 9 − r，不是考点的两倍。"""
    chapter = FILES[TOPIC].replace("title: 注意力", "title: 一章").replace("rank: 1\n", "")
    chapter = chapter.replace("aliases: [attention, 自注意力]", "aliases: []")
    library.write(
        "docs/topics/chapter.md", chapter.replace("---\n", "---\npart_of: attention\n", 1)
    )
    base = {item.id: item.base for item in plan.list_items(library.catalog())}
    assert (base["topic/attention"], base["topic/chapter"]) == (16, 8)


def test_denials_are_looked_up_once_for_each_topic(
    crowd: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """每篇记录再把全部记录翻一遍，一千篇就要半小时。"""
    catalog = crowd.catalog()
    asked: list[str] = []
    look_up = group.group_topic_denials

    def count(catalog: Catalog, topic: str) -> object:
        asked.append(topic)
        return look_up(catalog, topic)

    monkeypatch.setattr(group, "group_topic_denials", count)
    plan.weigh_records(catalog, plan.list_items(catalog))
    assert asked == list(catalog.topics)


def test_what_a_record_states_adds_up(crowd: Library) -> None:
    found = scores(crowd.catalog(), "example")
    assert found["topic/attention"] == 16 + 20
    assert found["question/why-scale"] == 8 + 30
    assert found["exercise/scores"] == 8 + 30
    assert found["question/why-softmax"] == 8 + 8
    assert found["derivation/scaling"] == 8 + 12
    assert found["topic/cuda"] == 14
    assert "topic/algorithms" not in found


def test_an_explicit_no_takes_away_and_silence_does_not(crowd: Library) -> None:
    catalog = crowd.catalog()
    items = plan.list_items(catalog)
    records = {record.key: record for record in plan.weigh_records(catalog, items)}
    # 样本公司问了注意力，也说没问概念：问了的算，不减
    assert records["sample-2026"].weights["topic/attention"] == 20
    assert records["quiet-2026"].weights == {}
    assert records["quiet-2026"].reasons == {}
    assert records["example-2026"].weights["topic/algorithms"] == -20


def test_a_company_without_a_statement_is_said(crowd: Library) -> None:
    catalog = crowd.catalog()
    items = plan.list_items(catalog)
    made = plan.make_plan(catalog, items, plan.weigh_records(catalog, items), ["quiet"], days=2)
    assert made.silent == ("quiet",)
    assert made.records == ()
    first = made.days[0][0]
    assert [reason.text for reason in first.reasons] == ["作者排第 1"]


def test_days_are_even_and_nothing_is_lost(crowd: Library) -> None:
    catalog = crowd.catalog()
    items = plan.list_items(catalog)
    records = plan.weigh_records(catalog, items)
    for days in (1, 2, 30):
        made = plan.make_plan(catalog, items, records, days=days)
        entries = [entry for day in made.days for entry in day]
        assert len(made.days) == days
        assert sum(plan.LOADS[e.item.kind] for e in entries) <= days * plan.DAY_LOAD
        assert len({e.item.id for e in entries}) == len(entries)
        assert made.left == len(scores(catalog)) - len(entries)


def test_reasons_lead_to_the_sentence(crowd: Library) -> None:
    catalog = crowd.catalog()
    items = plan.list_items(catalog)
    made = plan.make_plan(catalog, items, plan.weigh_records(catalog, items), ["example"])
    entry = next(e for day in made.days for e in day if e.item.id == "question/why-scale")
    reason = entry.reasons[0]
    assert reason.text == "示例公司一面问过这道题"
    assert (reason.target, reason.anchor) == ("experiences/example-2026.md", "round-1")


def as_page(made: plan.Plan) -> list[list[object]]:
    """一份计划，写成 `plan/schedule.js` 的样子。"""
    return [
        [
            [
                entry.item.id,
                entry.score,
                [[r.text, r.address] for r in entry.reasons],
            ]
            for entry in day
        ]
        for day in made.days
    ]


@pytest.mark.parametrize("seed", range(3))
def test_the_page_makes_the_same_plan(seed: int) -> None:
    """真的资料库，随机的选择：次序、分、理由与去处逐项相同。"""
    catalog, problems = read_site_library()
    assert not problems
    items = plan.list_items(catalog)
    records = plan.weigh_records(catalog, items)
    companies, kinds = plan.list_choices(catalog)
    dice = random.Random(seed)
    choices = [
        {
            "companies": [k for k in companies if dice.random() < share],
            "kinds": [k for k in kinds if dice.random() < share],
            "days": dice.randint(*plan.DAYS),
        }
        for share in (0, 0.05, 0.1, 0.3, 0.9)
        for _ in range(4)
    ]
    answers = ask_review("plan", {"data": json.loads(plan.dump_plan(catalog)), "choices": choices})
    for choice, answer in zip(choices, answers, strict=True):
        made = plan.make_plan(catalog, items, records, **choice)  # type: ignore[arg-type]
        assert answer["days"] == as_page(made)
        assert answer["silent"] == [k for k in companies if k in made.silent]
        assert answer["left"] == made.left
        assert answer["stated"] == [record.key for record in made.records]


def test_equal_input_gives_equal_bytes(crowd: Library) -> None:
    catalog = crowd.catalog()
    assert plan.dump_plan(catalog) == plan.dump_plan(crowd.catalog())
