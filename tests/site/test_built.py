"""构建好的站：每一页都在、互相连得上、没有漏渲染的东西。审计（链接、锚点、外部主机）在构建里已跑过。"""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from lxml import html
from mianjing.labels import label
from mianjing.model import Catalog
from mianjing.notebook import read_notebook
from mianjing.theme_styles import UNUSED_CLASS

from tests.server import SiteServer
from tests.site.conftest import REPO_URL, ROOT
from tests.site_library import read_site_library

pytestmark = pytest.mark.site
HIDDEN = ("script", "style", "code", "pre", "math")
SHOWN = f"//text()[not({' or '.join(f'ancestor::{name}' for name in HIDDEN)})]"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    catalog, problems = read_site_library()
    assert not problems
    return catalog


def soup(server: SiteServer, path: str) -> BeautifulSoup:
    return BeautifulSoup((server.site / path).read_text(encoding="utf-8"), "lxml")


def pages(server: SiteServer) -> list[Path]:
    return sorted(server.site.rglob("*.html"))


def test_every_record_is_a_page(server: SiteServer, catalog: Catalog) -> None:
    for folder, records in (
        ("experiences", catalog.experiences),
        ("topics", catalog.topics),
        ("questions", catalog.questions),
        ("notebooks", catalog.derivations),
    ):
        for key, record in records.items():
            page = html.fromstring((server.site / folder / key / "index.html").read_bytes())
            (heading,) = page.xpath("//article//h1")
            assert heading.text_content().removesuffix("¶").strip() == record.title, key


def test_no_page_uses_a_class_whose_style_is_left_out(server: SiteServer) -> None:
    """`theme_styles.py` 去掉了的样式，没有一页用得着。"""
    for file in pages(server):
        attributes = re.findall(r'class="([^"]*)"', file.read_text(encoding="utf-8"))
        names = {name for attribute in attributes for name in attribute.split()}
        assert not list(filter(UNUSED_CLASS.fullmatch, names)), file


def test_company_and_topic_link_to_each_other(server: SiteServer, catalog: Catalog) -> None:
    """每一条问到的考点：面经页链到考点页，考点页链回那一句。"""
    checked = 0
    for experience in catalog.experiences.values():
        own = {
            a["href"]
            for a in soup(server, f"experiences/{experience.key}/index.html").select("article a")
        }
        for _, asked in experience.asked:
            if asked.topic not in catalog.topics:
                continue
            assert f"../../topics/{asked.topic}/" in own, (experience.key, asked)
            back = f"../../experiences/{experience.key}/#{asked.anchor}"
            topic = soup(server, f"topics/{asked.topic}/index.html")
            assert topic.select_one(f'article a[href="{back}"]'), (experience.key, asked)
            checked += 1
    assert checked >= 40


def test_outcome_of_the_record_is_shown(server: SiteServer, catalog: Catalog) -> None:
    table = soup(server, "experiences/index.html").select("table.mj-cards tbody tr")
    assert len(table) == len(catalog.experiences)
    for row, experience in zip(table, catalog.experiences.values(), strict=True):
        cells = row.get_text(" ", strip=True)
        assert catalog.companies[experience.company].name in cells
        assert label("outcomes", experience.outcome) in cells


def test_three_states_are_told_apart(server: SiteServer, catalog: Catalog) -> None:
    """考点页的三个数加起来是全部记录；明说没有的点名，其余只说未提及。"""
    text = soup(server, "topics/algorithms/index.html").get_text(" ", strip=True)
    asked = {
        e.key for e in catalog.experiences.values() for _, a in e.asked if a.topic == "algorithms"
    }
    denied = {e.key for e in catalog.experiences.values() if e.all_not_asked}
    assert len(denied) == 2
    rest = len(catalog.experiences) - len(asked) - len(denied)
    assert f"其余 {rest} 篇未提及，不等于没有问" in text
    for key in denied:
        assert catalog.companies[catalog.experiences[key].company].name in text


@pytest.mark.parametrize("topic", ["normalization", "evaluation"])
def test_topic_asked_by_nobody_says_so(server: SiteServer, topic: str) -> None:
    text = soup(server, f"topics/{topic}/index.html").get_text(" ", strip=True)
    assert "没有一篇写明问到这个考点" in text


def test_math_is_rendered_at_build(server: SiteServer) -> None:
    """没有剩下的 TeX，公式带 MathML；只有带公式的页面取 KaTeX 的样式。"""
    with_math = 0
    for file in pages(server):
        html = file.read_text(encoding="utf-8")
        assert "arithmatex" not in html, file
        assert "katex-error" not in html, file
        has_math = "<math " in html or 'class="katex-answers' in html  # 卡片的答案稍后才取
        assert has_math == ("bundle/katex.css" in html), file
        with_math += has_math
    assert with_math > 10


def test_nothing_is_left_unrendered(server: SiteServer) -> None:
    """正文里没有漏出来的标记：属性列表、生成块、加粗号、公式的美元号。"""
    for file in pages(server):
        text = " ".join(html.fromstring(file.read_bytes()).xpath(SHOWN))
        for leak in (r"\{ ?[#.:][a-z]", "<!--", r"mianjing:", r"\*\*\S", r"\$[^$ ]+\$", "!!!"):
            assert not re.search(leak, text), (file, re.search(f".{{0,40}}{leak}.{{0,40}}", text))


def test_notebook_pages_show_results_and_offer_files(server: SiteServer, catalog: Catalog) -> None:
    """每一页都有输出、目录与下载，压缩后不超过 35 kB；`.ipynb` 就是提交的那一份。"""
    for key, derivation in catalog.derivations.items():
        figures = 0
        for uri, title in derivation.pages:
            path = f"{uri.removesuffix('.ipynb').removesuffix('.md')}/index.html"
            assert len(gzip.compress((server.site / path).read_bytes())) <= 35_000, path
            page = soup(server, path)
            heading = page.select_one("h1")
            assert heading is not None and heading.text.startswith(title)
            assert page.select(".mj-output"), path
            figures += len(page.select("img.mj-figure"))
            assert all(image.get("alt") for image in page.select("article img"))
            for suffix in ("py", "ipynb"):
                assert page.select_one(f'a[download][href$="{key}.{suffix}"]') is not None
            assert page.select(".md-nav--secondary .md-nav__link")
            assert "nbconvert" not in str(page)
            assert not page.select("article style")
        assert figures >= 4, key
        served = server.site / "notebooks" / key
        committed = ROOT / "notebooks" / f"{key}.ipynb"
        assert (served / f"{key}.ipynb").read_bytes() == committed.read_bytes()
        cells = json.loads((served / "cells.json").read_text(encoding="utf-8"))
        sources = [c for c in read_notebook(committed)["cells"] if c["cell_type"] == "code"]
        assert [c["source"] for c in cells] == ["".join(c["source"]) for c in sources]


def test_edit_and_view_buttons_point_to_the_repository(server: SiteServer) -> None:
    record = soup(server, "experiences/moonshot-2023/index.html")
    edit = record.select_one('a[rel="edit"]')
    assert edit is not None
    assert edit["href"] == f"{REPO_URL}/edit/main/docs/experiences/moonshot-2023.md"
    notebook = soup(server, "notebooks/attention/index.html").select_one('a[rel="edit"]')
    assert notebook is not None
    assert notebook["href"] == f"{REPO_URL}/edit/main/notebooks/attention.py"


def test_tags_are_derived_and_hierarchical(server: SiteServer) -> None:
    page = soup(server, "tags/index.html")
    names = [str(h["id"]).removeprefix("tag:") for h in page.select("article [id^='tag:']")]
    assert [n for n in names if "/" not in n] == ["考点", "形式", "结果", "公司类型", "难度"]
    assert {"考点/多头注意力", "形式/手写代码", "结果/offer"} <= set(names)
    assert page.select_one('article a[href="../experiences/sensetime-2023/"]')
    record = soup(server, "experiences/sensetime-2023/index.html")
    used = [str(link["href"]) for link in record.select("nav.md-tags a")]
    assert "../../tags/#tag:形式/手写代码" in used
    assert {link.partition("#tag:")[2] for link in used} <= set(names)


def test_old_addresses_of_mistakes_lead_on(server: SiteServer) -> None:
    """错误答案拆成几页之前的 #编号，仍落在一项上，点开就是那一题。"""
    index = "practice/mistakes/"
    items = soup(server, f"{index}index.html").select("article li[id]:has(> a)")
    assert len(items) > 50
    targets: dict[str, set[str]] = {}
    for item in items:
        link = item.select_one("a")
        assert link is not None
        path, _, anchor = str(link["href"]).partition("#")
        assert anchor == item["id"]
        targets.setdefault(path, set()).add(anchor)
    for path, anchors in targets.items():
        page = soup(server, f"{index}{path}index.html")
        assert anchors <= {str(place["id"]) for place in page.select("[id]")}, path


def test_search_index_is_ours_and_only_ours(server: SiteServer) -> None:
    index = json.loads((server.site / "search" / "index.json").read_text(encoding="utf-8"))
    assert dict(index["kinds"])["公司"] == 24
    assert (server.site / "search" / index["version"] / "t0.json").is_file()
    assert not list(server.site.rglob("search_index.json"))


def test_not_found_page_is_chinese_and_links_home(server: SiteServer) -> None:
    page = soup(server, "404.html")
    assert page.select_one('article a[href="/kb/experiences/"]')
    heading = page.select_one("h1")
    assert heading is not None
    assert "没有这一页" in heading.get_text()


def test_footer_carries_licence_and_provenance(server: SiteServer) -> None:
    for file in pages(server):
        text = file.read_text(encoding="utf-8")
        assert "本站贡献者" in text, file
        assert 'rel="license"' in text, file
