"""标签全由字段推出；未提及的不成标签。"""

from __future__ import annotations

from mianjing.tags import tags_of

from tests.library import COMPANIES, EXPERIENCE, Library


def test_tags_of_an_experience(library: Library) -> None:
    catalog = library.catalog()
    assert tags_of(catalog.experiences["example-2026"], catalog) == [
        "考点/注意力",
        "形式/手写代码",
        "结果/未通过",
        "公司类型/创业公司",
    ]


def test_tags_are_not_repeated(crowd: Library) -> None:
    catalog = crowd.catalog()
    assert tags_of(catalog.experiences["sample-2026"], catalog) == [
        "考点/算法",
        "考点/注意力",
        "形式/LeetCode",
        "形式/手写代码",
        "形式/项目深挖",
        "结果/offer",
        "公司类型/创业公司",
    ]


def test_what_is_unknown_gives_no_tag(library: Library) -> None:
    library.change(COMPANIES, "kind: startup", "kind: unknown")
    library.change(EXPERIENCE, "outcome: rejected", "outcome: unknown")
    library.change(EXPERIENCE, "form: handwriting", "form: unknown")
    library.change(EXPERIENCE, "      - topic: attention", "      - topic: unknown")
    catalog = library.catalog()
    assert tags_of(catalog.experiences["example-2026"], catalog) == []


def test_what_was_denied_gives_no_tag(library: Library) -> None:
    """明说没有 LeetCode 的，不带 LeetCode 的标签。"""
    catalog = library.catalog()
    assert not any("LeetCode" in t for t in tags_of(catalog.experiences["example-2026"], catalog))


def test_tags_of_the_other_pages(library: Library) -> None:
    catalog = library.catalog()
    assert tags_of(catalog.topics["attention"], catalog) == ["考点/注意力"]
    assert tags_of(catalog.questions["why-scale"], catalog) == ["考点/注意力", "难度/L1 基础"]
    assert tags_of(catalog.derivations["scaling"], catalog) == ["考点/注意力"]
