"""分出来的页：空的一档也在，各页的目录真有；标签点开的筛选真有，篇数相同。"""

from __future__ import annotations

from dataclasses import replace

from mianjing.atlas.facets import group_facets
from mianjing.parts import group_parts
from mianjing.tags import SHOWN, Tag, group_tags, tag_anchor

from tests.library import Library
from tests.site_library import read_site_library


def test_an_empty_level_keeps_its_page(library: Library) -> None:
    parts = group_parts(library.catalog())
    assert {f"questions/levels/{level}.md" for level in ("l1", "l2", "l3")} <= parts.keys()
    assert not [uri for uri in parts if uri.startswith(("claims/", "practice/"))]


def test_every_index_is_a_page() -> None:
    catalog, _ = read_site_library()
    parts = group_parts(catalog)
    assert {part.index for part in parts.values()} <= catalog.pages.keys()
    assert len({part.title for part in parts.values()}) == len(parts)


def test_a_tag_leads_to_a_facet_that_exists(crowd: Library) -> None:
    catalog = crowd.catalog()
    options = {(f.key, option.value): option for f in group_facets(catalog) for option in f.options}
    found = [tag for group in group_tags(catalog).values() for tag in group if tag.query]
    assert found
    for tag in found:
        key, _, value = tag.query.removeprefix("?").partition("=")
        option = options[key, value]
        assert (option.label, option.count) == (tag.label, len(tag.experiences))


def test_a_crowded_tag_shows_the_newest(library: Library) -> None:
    (experience,) = library.catalog().experiences.values()
    records = tuple(replace(experience, key=str(number)) for number in range(SHOWN + 5))
    few = Tag("结果/未通过", "experiences/index.md", "", records[:SHOWN])
    assert few.shown == list(records[:SHOWN])
    many = Tag("结果/未通过", "experiences/index.md", "", records)
    assert many.shown == list(reversed(records[5:]))


def test_the_anchor_of_a_tag() -> None:
    assert tag_anchor("结果/口头 offer（未接受）") == "tag:结果/口头-offer未接受"
