"""复习卡片的数据：名册、背面、公司问过什么。"""

from __future__ import annotations

import json

import pytest
from mianjing.cards import dump_answers, dump_cards, group_profiles, select_section

from tests.library import Library

HTML = (
    '<p>头</p><h2 id="a">30 秒版<a class="headerlink" href="#a">¶</a></h2>\n<p>短 <b>答</b></p>\n'
    '<h2 id="b">2 分钟版</h2>\n<p>长</p>'
)


def test_the_index_of_cards(crowd: Library) -> None:
    catalog = crowd.catalog()
    data = json.loads(dump_cards(catalog))
    assert data["version"] == 1
    topics = [key for key, _, _ in data["topics"]]
    assert topics == list(catalog.topics)
    assert [row[0] for row in data["cards"]] == list(catalog.questions)
    assert [data["topics"][row[2]][0] for row in data["cards"]] == ["attention"] * 2
    assert [data["levels"][row[3]][0] for row in data["cards"]] == ["L1", "L2"]


def test_only_what_the_records_state_is_asked(crowd: Library) -> None:
    """示例公司与样本公司问过；一字未提的沉默公司不在，未提及的考点不算。"""
    profiles = {profile.company: profile for profile in group_profiles(crowd.catalog())}
    assert profiles.keys() == {"example", "sample"}
    assert profiles["example"].questions == ("why-scale",)
    assert set(profiles["sample"].topics) == {"algorithms", "attention"}
    assert [profile.count for profile in profiles.values()] == [1, 1]


def test_the_back_is_the_spoken_answer(crowd: Library) -> None:
    catalog = crowd.catalog()
    files = dump_answers(catalog, dict.fromkeys(catalog.questions, HTML))
    assert {path: json.loads(text) for path, text in files.items()} == {
        "review/answers/30s/attention.json": dict.fromkeys(
            catalog.questions, "<p>短 <b>答</b></p>"
        ),
        "review/answers/2min/attention.json": dict.fromkeys(catalog.questions, "<p>长</p>"),
    }


def test_a_page_without_the_section_is_an_error() -> None:
    with pytest.raises(ValueError, match="30 秒版"):
        select_section("<h2 id='x'>别的</h2><p>x</p>", "30 秒版")
