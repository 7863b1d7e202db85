"""Firefox 里的一程：搜索、换颜色、筛选、手写题运行、axe。其余的都在 Chromium 里。"""

from __future__ import annotations

import re
import shutil

import pytest

from tests.node import run_node
from tests.practice.exercises import read_exercise
from tests.server import SiteServer
from tests.site.axe import NOT_ASKED, RUN, SOURCE, TAGS
from tests.site.conftest import ROOT

pytestmark = pytest.mark.browser

NAMES = ("firefox-esr", "firefox")
PREFETCH = "violates the following directive: “default-src 'none'”"
"""Firefox 自己要预取 rel=next 的下一页，策略不让；读者看不到，不算错。"""
KEY = "scaled-dot-product-attention"


def find_firefox() -> str:
    """PATH 上的 Firefox；没有时抛 FileNotFoundError。"""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        raise FileNotFoundError("没有 Firefox：用 make test 运行，它会准备好")
    return path


def test_the_journey(server: SiteServer) -> None:
    seen = run_node(
        ROOT / "tests/firefox/journey.mjs",
        {
            "base": server.url(""),
            "firefox": find_firefox(),
            "query": "月之暗面",
            "exercise": KEY,
            "answer": read_exercise(KEY).reference,
            "axe": str(SOURCE),
            "run": RUN,
            "rules": [TAGS, list(NOT_ASKED)],
        },
    )
    assert [text for text in seen["errors"] if PREFETCH not in text] == []
    assert "月之暗面" in seen["found"]
    assert seen["scheme"] == ["default", "slate"], "换了颜色，下一页还是它"
    counted = re.fullmatch(r"\d+ 篇里的 (\d+) 篇", seen["status"])
    assert counted
    assert int(counted[1]) == seen["rows"] > 0
    assert "全部通过" in seen["judged"]
    assert seen["violations"] == []
