"""聚合：谁问过、谁明说没问、数一数。"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from mianjing import catalog as group
from mianjing.model import Catalog

from tests.library import EXPERIENCE, FILES, TOPIC, Library


def test_the_order_of_the_site(crowd: Library) -> None:
    """面经按时间（没有时间的在前）与出处里的先后；考点按排序，侧题在后；题按考点与难度。"""
    catalog = crowd.catalog()
    assert list(catalog.experiences) == ["quiet-2026", "example-2026", "sample-2026"]
    assert list(catalog.topics) == ["attention", "cuda", "algorithms"]
    assert list(catalog.questions) == ["why-scale", "why-softmax"]


def test_order_follows_the_source_not_the_file_name(library: Library) -> None:
    library.write("docs/experiences/example-2026-2.md", FILES[EXPERIENCE])
    library.change(EXPERIENCE, "order: 1", "order: 10")
    library.change("docs/experiences/example-2026-2.md", "order: 1", "order: 9")
    assert list(library.catalog().experiences) == ["example-2026-2", "example-2026"]


def mentions(catalog: Catalog, topic: str) -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (m.experience.key, [(one.index, asked.form) for one, asked in m.items])
        for m in group.group_topic_mentions(catalog, topic)
    ]


def test_mentions_of_a_topic(crowd: Library) -> None:
    """一篇一条，里面按轮次；没有人问的考点是空的。"""
    catalog = crowd.catalog()
    assert mentions(catalog, "attention") == [
        ("example-2026", [("1", "handwriting")]),
        ("sample-2026", [("1", "project"), ("unknown", "handwriting")]),
    ]
    assert mentions(catalog, "algorithms") == [("sample-2026", [("1", "leetcode")])]
    assert mentions(catalog, "cuda") == []


def test_mentions_of_a_question(crowd: Library) -> None:
    catalog = crowd.catalog()
    found = group.group_question_mentions(catalog, "why-scale")
    assert [(m.experience.key, len(m.items)) for m in found] == [
        ("example-2026", 1),
        ("sample-2026", 1),
    ]
    assert group.group_question_mentions(catalog, "why-softmax") == ()


def denials(catalog: Catalog, topic: str) -> list[tuple[str, str | None, str | None]]:
    return [
        (d.experience.key, d.item.topic, d.item.form)
        for d in group.group_topic_denials(catalog, topic)
    ]


def test_denials_of_a_topic_and_of_its_only_form(crowd: Library) -> None:
    """只写了形式的「没有 LeetCode」，归到只以这种形式出现的考点。"""
    catalog = crowd.catalog()
    assert denials(catalog, "attention") == [("sample-2026", "attention", "concept")]
    assert denials(catalog, "algorithms") == [("example-2026", None, "leetcode")]
    assert denials(catalog, "cuda") == []


def test_a_form_of_two_topics_denies_neither(crowd: Library) -> None:
    """另一个考点也用过 LeetCode 时，「没有 LeetCode」不能说成没问算法。"""
    crowd.change(
        "docs/experiences/sample-2026.md",
        "topic: attention, form: project",
        "topic: attention, form: leetcode",
    )
    assert denials(crowd.catalog(), "algorithms") == []


def test_an_unstated_form_denies_nothing(crowd: Library) -> None:
    crowd.change("docs/experiences/sample-2026.md", "form: leetcode", "form: unknown")
    assert denials(crowd.catalog(), "algorithms") == []


def test_unstated_is_what_is_neither_asked_nor_denied(crowd: Library) -> None:
    """又问了又明说没问某种形式的一篇只算一次：example 与 sample 之外剩 1 篇。"""
    catalog = crowd.catalog()
    assert group.count_unstated(catalog, "attention") == 1
    assert group.count_unstated(catalog, "algorithms") == 1
    assert group.count_unstated(catalog, "cuda") == 3


@pytest.mark.parametrize(
    ("function", "attention", "cuda"),
    [
        (group.group_topic_questions, ["why-scale", "why-softmax"], []),
        (group.group_topic_derivations, ["scaling"], []),
    ],
)
def test_what_belongs_to_a_topic(
    crowd: Library,
    function: Callable[[Catalog, str], list[object]],
    attention: list[str],
    cuda: list[str],
) -> None:
    catalog = crowd.catalog()
    assert [vars(item)["key"] for item in function(catalog, "attention")] == attention
    assert [vars(item)["key"] for item in function(catalog, "cuda")] == cuda


def test_topics_and_forms_of_an_experience(crowd: Library) -> None:
    """考点按出现的次序、形式按词表的次序，各一次，未提及的不算。"""
    sample = crowd.catalog().experiences["sample-2026"]
    assert group.asked_topics(sample) == ["algorithms", "attention"]
    assert group.asked_forms(sample) == ["leetcode", "handwriting", "project"]


def test_related_companies_are_of_one_kind(crowd: Library) -> None:
    """example 与 sample 都是创业公司；类型未提及的 quiet 与谁都不相关。"""
    catalog = crowd.catalog()
    related = {
        key: [other.key for other in group.group_related(catalog, experience)]
        for key, experience in catalog.experiences.items()
    }
    assert related == {
        "quiet-2026": [],
        "example-2026": ["sample-2026"],
        "sample-2026": ["example-2026"],
    }


def test_related_companies_that_asked_the_same_come_first(library: Library) -> None:
    """先比同问的考点数，再按站上的次序；不超过上限。"""
    library.write("docs/topics/cuda.md", FILES[TOPIC].replace("rank: 1\n", ""))
    for order, (number, topic) in enumerate(
        [(2, "unknown"), (3, "attention"), (4, "cuda"), (5, "attention")], 2
    ):
        text = FILES[EXPERIENCE].replace("topic: attention", f"topic: {topic}")
        path = f"docs/experiences/example-2026-{number}.md"
        library.write(path, text.replace("order: 1", f"order: {order}"))
    catalog = library.catalog()
    first = catalog.experiences["example-2026"]
    assert [other.key for other in group.group_related(catalog, first)] == [
        "example-2026-3",
        "example-2026-5",
        "example-2026-2",
        "example-2026-4",
    ]
    assert [other.key for other in group.group_related(catalog, first, limit=1)] == [
        "example-2026-3"
    ]


def test_counts_follow_the_vocabulary(crowd: Library) -> None:
    catalog = crowd.catalog()
    assert list(group.count_outcomes(catalog).items()) == [
        ("offer", 1),
        ("rejected", 1),
        ("resume-rejected", 1),
    ]
    assert list(group.count_stages(catalog).items()) == [
        ("resume", 1),
        ("technical", 1),
        ("offer", 1),
    ]


def test_the_newest_come_first(crowd: Library) -> None:
    catalog = crowd.catalog()
    assert [e.key for e in group.newest(catalog, 2)] == ["sample-2026", "example-2026"]
