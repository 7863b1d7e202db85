"""FSRS 排期、今天的队列、抽题与进度文件：在 Node 里运行浏览器端的模块。

FSRS 的应得值抄自 ts-fsrs 自己的测试 `packages/fsrs/__tests__/FSRS-6.test.ts`
（https://github.com/open-spaced-repetition/ts-fsrs，MIT），记忆状态那一组它又引自 fsrs-rs。
状态每打一次分都经 JSON 存取一回，与读者那里相同。
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.review_engine import ask_review

START = 1_672_317_000_000
"""2022-12-29 12:30 UTC。"""
MINUTE, DAY = 60_000, 86_400_000
AGAIN, GOOD = 1, 3
CARD = {
    "due": START + DAY,
    "stability": 2.3,
    "difficulty": 5.0,
    "reps": 1,
    "lapses": 0,
    "state": 2,
    "steps": 0,
    "days": 1,
    "last": START,
    "first": START,
}


def test_the_intervals_are_those_of_the_library() -> None:
    ratings = [GOOD] * 6 + [AGAIN] * 2 + [GOOD] * 5
    days = ask_review("intervals", {"start": START, "ratings": ratings, "whole": True})
    assert days == [0, 2, 11, 46, 163, 498, 0, 0, 2, 4, 7, 12, 21]


def test_no_interval_is_longer_than_a_year() -> None:
    """四个按钮的间隔要分得开，库因此可以比上限多一天。"""
    days = ask_review("intervals", {"start": START, "ratings": [GOOD] * 8})
    assert days[:6] == [0, 2, 11, 46, 163, 365]
    assert max(days) <= 366


def test_the_memory_state_is_that_of_the_library() -> None:
    ratings, gaps = [AGAIN] + [GOOD] * 5, [0, 0, 1, 3, 8, 21]
    card = ask_review("memory", {"start": START, "ratings": ratings, "gaps": gaps})
    assert card["stability"] == pytest.approx(53.62691, abs=5e-5)
    assert card["difficulty"] == pytest.approx(6.3574867, abs=5e-5)


def test_the_first_answer_is_that_of_the_library() -> None:
    cards = ask_review("first", {"start": START})
    assert [card["stability"] for card in cards] == [0.212, 1.2931, 2.3065, 8.2956]
    assert [card["difficulty"] for card in cards] == [6.4133, 5.11217071, 2.11810397, 1]
    assert [card["days"] for card in cards] == [0, 0, 0, 8]
    assert [card["state"] for card in cards] == [1, 1, 1, 2]
    assert [card["due"] - START for card in cards[:3]] == [MINUTE, 6 * MINUTE, 10 * MINUTE]


def test_spans_are_said() -> None:
    spans = [1000, 10 * MINUTE, 90 * MINUTE, 2 * DAY, 365 * DAY]
    assert ask_review("span", spans) == ["1 分钟", "10 分钟", "2 小时", "2 天", "365 天"]


def queue(records: dict[str, Any], now: int, limit: int = 2, count: int = 5) -> Any:
    return ask_review(
        "queue", {"selected": list(range(count)), "records": records, "limit": limit, "now": now}
    )


def test_cards_by_the_day_are_due_from_midnight() -> None:
    tomorrow = START + DAY - 12 * 3_600_000
    assert queue({"0": CARD}, START)["due"] == []
    found = queue({"0": CARD}, tomorrow)
    assert found["due"] == [0]
    assert (found["seen"], found["unseen"]) == (1, 4)


def test_cards_in_learning_are_due_to_the_minute() -> None:
    card = CARD | {"state": 1, "due": START + MINUTE}
    waiting = queue({"0": card}, START + MINUTE - 1)
    assert waiting["due"] == []
    assert waiting["next"] == START + MINUTE
    assert queue({"0": card}, START + MINUTE)["due"] == [0]


def test_new_cards_of_today_count_against_the_limit() -> None:
    """今天学了一张，还能学一张；昨天学的不算；题库里没有了的那张今天学的也算。"""
    yesterday = CARD | {"first": START - DAY}
    assert queue({"0": CARD}, START)["fresh"] == [1]
    assert queue({"0": yesterday}, START)["fresh"] == [1, 2]
    assert queue({"0": CARD, "99": CARD}, START)["fresh"] == []
    assert queue({}, START, limit=0)["fresh"] == []


BANK = {
    "topics": [{"key": "a", "parent": -1}, {"key": "b", "parent": 0}, {"key": "c", "parent": -1}],
    "companies": [
        {"key": "example", "kind": "startup", "topics": [0], "cards": [0]},
    ],
    "cards": [{"key": "x", "topic": 0}, {"key": "y", "topic": 1}, {"key": "z", "topic": 2}],
}


@pytest.mark.parametrize(
    ("company", "tickets", "drawn"),
    [
        ("example", [0, 0, 0], [0, 1, 2]),
        # 份数是 8、3、1：前 8/12 是第 0 张，再 3/12 是分章里的，最后 1/12 是没有写到的
        ("example", [7.9 / 12, 0, 0], [0, 1, 2]),
        ("example", [8 / 12, 0, 0], [1, 0, 2]),
        ("example", [11 / 12, 0, 0], [2, 0, 1]),
        ("kind:startup", [11 / 12, 0, 0], [2, 0, 1]),
        ("", [1 / 3, 0, 0], [1, 0, 2]),
        ("", [0.999, 0.999, 0.999], [2, 1, 0]),
    ],
)
def test_the_draw_follows_the_shares(company: str, tickets: list[float], drawn: list[int]) -> None:
    question = {"bank": BANK, "company": company, "count": 9, "tickets": tickets}
    assert ask_review("draw", question) == drawn


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, ""),
        ({"due": "x"}, "due 不是"),
        ({"stability": None}, "stability 不是"),
        ({"difficulty": 11}, "超出范围"),
        ({"state": 4}, "state 不在"),
        ({"reps": 1.5}, "reps 不是整数"),
        ({"last": -1}, "last 不是"),
        ({"due": 9e15}, "日期超出范围"),
    ],
)
def test_a_wrong_card_is_refused(change: dict[str, Any], message: str) -> None:
    assert message in (fault := ask_review("check", [CARD | change])[0])
    assert bool(fault) == bool(message)


def merge(mine: dict[str, Any], theirs: dict[str, Any]) -> Any:
    return ask_review("merge", {"mine": mine, "theirs": theirs})


def test_a_merge_keeps_what_is_newer() -> None:
    old, new = CARD, CARD | {"last": START + DAY}
    assert merge({"card.x": new}, {"card.x": old, "card.y": old}) == {"card.y": old}
    assert merge({"card.x": old}, {"card.x": new}) == {"card.x": new}
    mine = {"text": "旧", "passed": True, "at": 1}
    theirs = {"text": "新", "at": 2}
    assert merge({"practice.x": mine}, {"practice.x": theirs}) == {
        "practice.x": {"text": "新", "passed": True, "at": 2}
    }
    assert merge({"practice.x": theirs}, {"practice.x": mine})["practice.x"]["text"] == "新"
    # 先前的文件没有时刻：自己的草稿不动，通过过的并进来
    assert merge(
        {"practice.x": {"text": "我"}}, {"practice.x": {"text": "它", "passed": True}}
    ) == {"practice.x": {"text": "我", "passed": True}}
    one, two = {"of": "3.a", "text": "我"}, {"of": "3.a", "text": "它"}
    assert merge({"cells.x": {"1": one}}, {"cells.x": {"1": two, "2": two}}) == {
        "cells.x": {"1": one, "2": two}
    }


def test_plans_merge_tick_by_tick() -> None:
    choice = {"companies": ["example"], "kinds": [], "days": 3}
    mine = {"version": 1, "choice": choice, "at": 5, "done": {"topic/a": [9, 0], "topic/b": [1, 1]}}
    theirs = {
        "version": 1,
        "choice": choice | {"days": 9},
        "at": 4,
        "done": {"topic/a": [8, 1], "topic/b": [2, 0], "topic/c": [3, 1]},
    }
    done = {"topic/a": [9, 0], "topic/b": [2, 0], "topic/c": [3, 1]}
    assert merge({"plan": mine}, {"plan": theirs})["plan"] == mine | {"done": done}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "不是 JSON 文件"),
        ("[]", "不是从这里导出的进度文件"),
        ("null", "不是从这里导出的进度文件"),
        ('{"kind": "mianjing-progress", "version": 2}', "版本 2 不认识"),
        ('{"kind": "mianjing-practice", "version": 9}', "版本 9 不认识"),
        ('{"kind": "mianjing-progress", "version": 1, "items": []}', "文件里没有 items"),
        ('{"kind": "mianjing-progress", "version": 1, "items": {"x": 1}}', "不认识「x」这一项"),
        (
            '{"kind": "mianjing-progress", "version": 1, "items": {"card.x": {}}}',
            "「card.x」的内容不对：due",
        ),
        (
            '{"kind": "mianjing-practice", "version": 1, "items": {"x": {"text": 1}}}',
            "「x」的内容不对：text",
        ),
        (
            '{"kind": "mianjing-progress", "version": 1, "items": {"plan": {"version": 0}}}',
            "版本是 0",
        ),
        ('{"kind": "mianjing-practice", "version": 1, "items": {"x": {"text": "a"}}}', ""),
        ('{"kind": "mianjing-progress", "version": 1, "items": {}}', ""),
        # 推导里改过的代码，样子与 cells/notebook.js 存的相同
        (
            '{"kind": "mianjing-progress", "version": 1,'
            ' "items": {"cells.attention": {"3": {"of": "12.ab", "text": "y"}}}}',
            "",
        ),
        (
            '{"kind": "mianjing-progress", "version": 1, "items": {"cells.attention": {"3": "y"}}}',
            "「cells.attention」的内容不对：改动不是",
        ),
    ],
)
def test_the_wrong_file_is_refused_with_the_reason(text: str, reason: str) -> None:
    (answer,) = ask_review("file", [text])
    assert reason in answer["reason"]
    assert bool(answer["reason"]) == bool(reason)
    if not reason and "practice" in text:
        assert answer["items"] == {"practice.x": {"text": "a"}}
