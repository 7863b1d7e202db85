"""多出来的列表页：面经多到一页放不下时按年份一页，一家公司有几篇时一家一页。"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from mianjing.atlas.facets import SHOWN, group_facets
from mianjing.catalog import group_companies
from mianjing.model import Catalog, Experience


@dataclass(frozen=True)
class Listing:
    """一页列表。"""

    uri: str
    """docs 内的路径。"""
    title: str
    description: str
    experiences: tuple[Experience, ...]


@lru_cache(maxsize=2)
def group_listings(catalog: Catalog) -> dict[str, Listing]:
    """路径 → 列表页。"""
    pages = [*_by_year(catalog), *_by_company(catalog)]
    return {page.uri: page for page in pages}


def _by_year(catalog: Catalog) -> list[Listing]:
    experiences = list(catalog.experiences.values())
    if len(experiences) <= SHOWN:
        return []
    facet = next(facet for facet in group_facets(catalog) if facet.key == "year")
    return [
        Listing(
            f"experiences/years/{option.value}.md",
            f"{option.label}的面经" if option.value != "unknown" else "时间未提及的面经",
            f"{option.label}的 {option.count} 篇面经",
            tuple(e for e, values in zip(experiences, facet.values, strict=True) if n in values),
        )
        for n, option in enumerate(facet.options)
    ]


def _by_company(catalog: Catalog) -> list[Listing]:
    return [
        Listing(
            f"experiences/companies/{key}.md",
            f"{catalog.companies[key].name}的面经",
            f"{catalog.companies[key].name}的 {len(found)} 篇面经",
            found,
        )
        for key, found in group_companies(catalog).items()
        if len(found) > 1
    ]
