"""图谱：分面的数与逐篇数的一样，三种状态不混，列表页不丢一篇，年龄算到月。"""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mianjing.atlas.age import age_label, count_months, read_today
from mianjing.atlas.charts import MARKS, count_ends, draw_order
from mianjing.atlas.compare import ITEMS, dump_comparison, name_experiences
from mianjing.atlas.facets import FACETS, SHOWN, dump_facets, group_facets, select
from mianjing.atlas.listings import group_listings
from mianjing.atlas.matrix import State, group_forms, group_matrix
from mianjing.model import Period
from mianjing.render import describe_experience
from mianjing.vocabulary import read_vocabulary

from tests.bench_atlas import multiply, render_index
from tests.library import Library
from tests.site_library import read_site_library

ROOT = Path(__file__).resolve().parents[2]
REAL = read_site_library()[0]
STATES = st.fixed_dictionaries(
    {
        facet.key: st.sets(st.sampled_from([option.value for option in facet.options]), max_size=3)
        for facet in group_facets(REAL)
    }
).map(lambda state: {key: values for key, values in state.items() if values})


@given(STATES)
def test_selection_is_any_within_and_all_between(state: dict[str, set[str]]) -> None:
    chosen = {e.key for e in select(REAL, state)}
    facets = {facet.key: facet for facet in group_facets(REAL)}
    for place, experience in enumerate(REAL.experiences.values()):
        fits = all(
            any(facets[key].options[n].value in wanted for n in facets[key].values[place])
            for key, wanted in state.items()
        )
        assert (experience.key in chosen) == fits


def test_counts_are_those_of_the_selection() -> None:
    for facet in group_facets(REAL):
        for option in facet.options:
            assert option.count == len(select(REAL, {facet.key: {option.value}}))
        assert all(facet.values), "每篇在每个分面上至少有一个值，没有写明的是未提及"


def test_denied_is_not_unknown_and_not_asked(crowd: Library) -> None:
    catalog = crowd.catalog()
    for key in ("form", "topic"):
        for experience in select(catalog, {key: {"unknown"}}):
            assert not experience.asked or all(
                (asked.form if key == "form" else asked.topic) == "unknown"
                for _, asked in experience.asked
            )
    denied = [e.key for e in catalog.experiences.values() if e.all_not_asked]
    values = {v for key in denied for v in FACETS["form"][1](catalog.experiences[key], catalog)}
    values |= {v for key in denied for v in FACETS["topic"][1](catalog.experiences[key], catalog)}
    assert any(value.startswith("no-") for value in values)


def test_dumped_facets_come_back(crowd: Library) -> None:
    catalog = crowd.catalog()
    data = json.loads(dump_facets(catalog, lambda key: f"{key}/"))
    assert data["url"] == [f"{key}/" for key in catalog.experiences]
    for facet in group_facets(catalog):
        assert data["facets"][facet.key] == [[o.value, o.label] for o in facet.options]
        assert data["values"][facet.key] == [list(values) for values in facet.values]


def test_cells_of_the_matrix_are_the_records() -> None:
    """每个写明的格子，依据的锚点就是那篇里说到这个考点的那一段；没有写明的没有依据。"""
    matrix = group_matrix(REAL)
    assert [len(cells) for _, cells in matrix.rows] == [len(matrix.topics)] * len(REAL.experiences)
    for experience, cells in matrix.rows:
        for topic, cell in zip(matrix.topics, cells, strict=True):
            asked = [a for _, a in experience.asked if a.topic == topic.key]
            assert (cell.state in (State.ASKED, State.BOTH)) == bool(asked)
            if asked:
                assert cell.anchor == asked[0].anchor
            assert (cell.anchor == "") == (cell.state is State.UNKNOWN)
    asked_in = [
        sum(any(a.topic == topic.key for _, a in e.asked) for e in REAL.experiences.values())
        for topic in matrix.topics
    ]
    assert list(matrix.counts) == asked_in


def test_all_four_states_occur(crowd: Library) -> None:
    matrix = group_matrix(crowd.catalog())
    states = {cell.state for _, cells in matrix.rows for cell in cells}
    assert states >= {State.ASKED, State.UNKNOWN}
    assert states & {State.DENIED, State.BOTH}


def test_forms_count_each_experience_once() -> None:
    table = group_forms(REAL)
    for (topic, form), count in table.counts.items():
        assert topic in table.topics and form in table.forms
        assert count == sum(
            any((a.topic, a.form) == (topic, form) for _, a in e.asked)
            for e in REAL.experiences.values()
        )


def test_ends_sum_to_all_and_every_outcome_has_a_mark() -> None:
    ends = count_ends(REAL)
    assert sum(sum(counts.values()) for counts in ends.values()) == len(REAL.experiences)
    assert MARKS.keys() == {term.key for term in read_vocabulary()["outcomes"]}


def test_order_draws_each_experience_once() -> None:
    svg = draw_order(REAL.experiences.values())
    for number in range(1, 25):
        assert svg.count(f">{number}</text>") == 1


def test_few_experiences_need_no_more_pages(crowd: Library) -> None:
    assert group_listings(crowd.catalog()) == {}


def test_many_experiences_are_all_listed_by_year_and_company() -> None:
    catalog = multiply(REAL, SHOWN + 1)
    listings = group_listings(catalog)
    for kind in ("years", "companies"):
        pages = [page for uri, page in listings.items() if f"/{kind}/" in uri]
        assert {e.key for page in pages for e in page.experiences} == set(catalog.experiences)


def test_a_thousand_experiences_stay_small() -> None:
    """面经页里随篇数变的部分不随篇数涨：多出来的在数据与年份页里。"""
    catalog = multiply(REAL, 1_000)
    assert len(gzip.compress(render_index(catalog).encode(), mtime=0)) < 30_000
    assert len(gzip.compress(dump_facets(catalog, lambda key: f"{key}/").encode())) < 30_000


def test_comparison_has_every_item_and_links_to_anchors() -> None:
    data = json.loads(dump_comparison(REAL, lambda key: f"../{key}/", describe_experience()))
    assert data["items"] == list(ITEMS)
    for key, entry in data["experiences"].items():
        assert len(entry["items"]) == len(ITEMS)
        body = REAL.experiences[key].body
        for entries in entry["items"]:
            for text, anchor in entries:
                assert text and text != "未提及"
                assert not anchor or f"#{anchor}" in body


def test_a_company_with_two_records_has_two_names() -> None:
    catalog = multiply(REAL, len(REAL.experiences) + 1)
    assert len(set(name_experiences(catalog).values())) == len(catalog.experiences)


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [("2023-03", "2023-09", 38), ("2023-03", None, 44), (None, None, None), (None, "2027-01", 0)],
)
def test_age_is_counted_from_the_end(
    start: str | None, end: str | None, months: int | None
) -> None:
    assert count_months(Period(start, end, "stated"), date(2026, 11, 26)) == months


@pytest.mark.parametrize(
    ("months", "label"), [(0, "0 个月"), (11, "11 个月"), (12, "1 年"), (38, "3 年 2 个月")]
)
def test_age_in_words(months: int, label: str) -> None:
    assert age_label(months) == label


def test_today_is_the_day_of_the_content(monkeypatch: pytest.MonkeyPatch) -> None:
    """同一次提交构建出同样的页面：先看 SOURCE_DATE_EPOCH，再看提交的日期。"""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert read_today(ROOT) == date(1970, 1, 2)
