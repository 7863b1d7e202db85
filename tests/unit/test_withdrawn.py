"""撤下的面经：原来的地址还在，内容在数据、列表、标签、搜索里都不在。"""

from __future__ import annotations

import pytest
from mianjing import render
from mianjing.blocks import render_blocks
from mianjing.search.documents import make_documents
from mianjing.search.sections import Section

from tests.library import EXPERIENCE, Library

STUB = "---\nwithdrawn: {date: 2026-05-01}\n---\n"


def test_a_withdrawn_record_leaves_a_stub_and_nothing_else(crowd: Library) -> None:
    before = crowd.catalog()
    secret = before.experiences["example-2026"].title
    crowd.write(EXPERIENCE, STUB)
    catalog = crowd.catalog()
    assert list(catalog.withdrawn) == ["example-2026"]
    assert set(before.experiences) - set(catalog.experiences) == {"example-2026"}
    page = render.render_withdrawn(catalog.withdrawn["example-2026"])
    assert "已撤下的面经" in page
    assert "2026-05-01" in page
    pages: dict[str, tuple[str, list[Section]]] = {
        f"{folder}/{key}.md": ("", [])
        for folder, records in (
            ("experiences", catalog.experiences),
            ("topics", catalog.topics),
            ("questions", catalog.questions),
        )
        for key in records
    }
    pages |= {f"practice/{key}/index.md": ("", []) for key in catalog.exercises}
    pages |= {uri: ("", []) for d in catalog.derivations.values() for uri, _ in d.pages}
    pages |= {path: ("", []) for path in (*catalog.pages, "tags.md")}
    documents = make_documents(catalog, pages)
    assert secret not in repr(documents)
    listed = "\n".join(
        render_blocks(f"<!-- mianjing: {name} -->", catalog, lambda target, _: target)
        for name in ("experience-table", "experience-summary", "home-newest", "home-numbers")
    )
    assert secret not in listed
    assert "example-2026" not in listed
    for topic in catalog.topics.values():
        assert "example-2026" not in render.render_topic(topic, catalog, lambda t, _: t)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (STUB + "\n留了一句。\n", f"{EXPERIENCE}:4: E306 撤下的面经不留正文：删掉它"),
        (
            "---\nwithdrawn: {date: 2026-05-01}\ncompany: example\n---\n",
            f"{EXPERIENCE}:3: E306 company：撤下的面经只留 withdrawn：删掉「company」",
        ),
        (
            "---\nwithdrawn: unknown\n---\n",
            f"{EXPERIENCE}:2: E306 withdrawn：写明撤下的日期：withdrawn: {{date: 2026-03-01}}",
        ),
        (
            "---\nwithdrawn: {date: unknown}\n---\n",
            f"{EXPERIENCE}:2: E306 withdrawn：写明撤下的日期：withdrawn: {{date: 2026-03-01}}",
        ),
    ],
)
def test_a_stub_keeps_only_the_date(library: Library, text: str, expected: str) -> None:
    library.write(EXPERIENCE, text)
    assert expected in library.messages()
