"""课程大纲的每一条都落到站上的一处：`tests/coverage/*.yml` 是抄来的条目与它们的位置。"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

from tests.server import SiteServer

FOLDER = Path(__file__).parents[1] / "coverage"
SECTIONS = sorted(file.stem for file in FOLDER.glob("*.yml"))


def read_items(section: str) -> list[dict[str, object]]:
    items: list[dict[str, object]] = yaml.safe_load(
        (FOLDER / f"{section}.yml").read_text(encoding="utf-8")
    )
    return items


@cache
def ids_of(file: Path) -> frozenset[str]:
    return frozenset(re.findall(r'\bid="([^"]+)"', file.read_text(encoding="utf-8")))


def test_the_tables_cover_the_curriculum() -> None:
    """一节一份，每份至少二十条（动态那一节少些），同一份里没有重复。"""
    assert len(SECTIONS) >= 9
    for section in SECTIONS:
        names = Counter(str(item["item"]) for item in read_items(section))
        assert len(names) >= 20 or section.startswith("13-"), section
        assert max(names.values()) == 1, names.most_common(1)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_item_has_its_place(server: SiteServer, section: str) -> None:
    """写了位置的，页面与锚点都在；没有位置的，说明为什么。"""
    lost: list[str] = []
    for item in read_items(section):
        assert set(item) <= {"item", "at", "why"}, item
        places = item["at"]
        assert isinstance(places, list)
        if not places and not item.get("why"):
            lost.append(f"{item['item']}：没有位置，也没有理由")
        for place in places:
            url, _, anchor = str(place).partition("#")
            file = server.site / url / "index.html"
            if not file.is_file() or (anchor and unquote(anchor) not in ids_of(file)):
                lost.append(f"{item['item']}：没有 {place}")
    assert lost == []
