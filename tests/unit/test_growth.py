"""构建随面经的篇数线性增长：篇数翻倍，走过的行也只翻倍；数的是次数，与机器快慢无关。"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from types import FrameType
from typing import Any

import pytest
from mianjing import blocks, cards, plan, render
from mianjing.atlas.compare import dump_comparison
from mianjing.atlas.facets import dump_facets
from mianjing.atlas.listings import group_listings
from mianjing.catalog import group_companies
from mianjing.model import Catalog
from mianjing.tags import tags_of

from tests.library import Library, multiply

TODAY = date(2027, 3, 1)
SMALL, LARGE = 150, 300
"""抄多少份：都多过各处只列最新几篇的那个数，与找同类公司时比的篇数。"""
ALLOWED = 2.15


def href(target: str, anchor: str) -> str:
    return f"../{target}#{anchor}"


def render_experiences(catalog: Catalog) -> None:
    for experience in catalog.experiences.values():
        render.render_experience(experience, catalog, href, TODAY)


def render_topics(catalog: Catalog) -> None:
    for topic in catalog.topics.values():
        render.render_topic(topic, catalog, href)


def render_questions(catalog: Catalog) -> None:
    for question in catalog.questions.values():
        render.render_question(question, catalog, href)


def render_briefs(catalog: Catalog) -> None:
    for company in group_companies(catalog):
        render.render_company_brief(company, catalog, href, "")


def render_listings(catalog: Catalog) -> None:
    for listing in group_listings(catalog).values():
        render.render_listing(listing, catalog, href)


def render_all_blocks(catalog: Catalog) -> None:
    marks = "\n".join(f"<!-- mianjing: {name} -->" for name in blocks.BLOCKS)
    blocks.render_blocks(marks, catalog, href)


def dump_data(catalog: Catalog) -> None:
    plan.dump_plan(catalog)
    cards.dump_cards(catalog)
    dump_facets(catalog, str)
    dump_comparison(catalog, str, render.describe_experience())


def list_tags(catalog: Catalog) -> None:
    for experience in catalog.experiences.values():
        tags_of(experience, catalog)


STEPS: dict[str, Callable[[Catalog], None]] = {
    "面经": render_experiences,
    "考点": render_topics,
    "题目": render_questions,
    "面试前 30 分钟": render_briefs,
    "列表": render_listings,
    "生成块": render_all_blocks,
    "数据": dump_data,
    "标签": list_tags,
}


def count_lines(step: Callable[[Catalog], None], catalog: Catalog) -> int:
    """这一步一共走过多少行 Python，推导式的每一轮都算；C 里面的循环看不到。"""
    lines = 0

    def count(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal lines
        lines += 1
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        step(catalog)
    finally:
        sys.settrace(before)
    return lines


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_twice_the_records_take_twice_the_lines(
    crowd: Library, step: Callable[[Catalog], None]
) -> None:
    catalog = crowd.catalog()
    step(catalog)  # 模板第一次用要编译，不算在小的那一次里
    small, large = (count_lines(step, multiply(catalog, count)) for count in (SMALL, LARGE))
    assert large / small < ALLOWED, f"{small} 行变成 {large} 行"
