"""每个 arXiv 编号旁边是它自己的题目：站上写的与 tests/papers.yml 对得上。"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAPERS = ROOT / "tests" / "papers.yml"
PLACES = ("docs/**/*.md", "docs/**/*.yml", "notebooks/*.py")
ARXIV = re.compile(
    r"(?:arxiv\.org/[a-z]+/|arxiv[:：]?\s*(?=\d{4}\.\d))([^\s\"'）)\]},，。；#?]+)", re.I
)
SOURCE = re.compile(r'title: *"([^"]*)", *url: *"([^"]*)"')
WELL_FORMED = re.compile(r"\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}")
AUTHORS_AND_YEAR = re.compile(r"(.*\D)?\b(\d{4})")
NOTE = re.compile(r"（[^（）]*）$")
UNVERIFIED = 0  # 编号与题目都在独立的出处见过；新加的先核到再写


def read_papers() -> dict[str, dict[str, object]]:
    papers: dict[str, dict[str, object]] = yaml.safe_load(PAPERS.read_text("utf-8"))
    return papers


def arxiv_ids(text: str) -> list[str]:
    return [re.sub(r"(\.pdf)?(v\d+)?(\.pdf)?[.:]?$", "", found) for found in ARXIV.findall(text)]


def read_site() -> list[tuple[str, str]]:
    """（文件:行, 那一行），只取提到 arXiv 编号的。"""
    files = sorted({file for place in PLACES for file in ROOT.glob(place)})
    return [
        (f"{file.relative_to(ROOT)}:{number}", line)
        for file in files
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if arxiv_ids(line)
    ]


def read_sources() -> list[tuple[str, str, str]]:
    """（文件:行, 编号, 站上的题目）。"""
    return [
        (where, found, title)
        for where, line in SITE
        for title, url in SOURCE.findall(line)
        for found in arxiv_ids(url)
    ]


PAPERS_BY_ID = read_papers()
SITE = read_site()
SOURCES = read_sources()


def plain(text: str) -> str:
    """不计大小写、空格与标点。"""
    return re.sub(r"[\W_]+", "", text.casefold())


def problem_of(title: str, paper: dict[str, object]) -> str | None:
    """站上的题目与论文的对得上时没有话说；题目后的一对全角括号是注，不比。"""
    name = title.partition("，")[2] or title
    official, short = str(paper["title"]), paper.get("short", [])
    assert isinstance(short, list)
    for form in (name, NOTE.sub("", name)):
        if plain(form) and (plain(form) in plain(official) or plain(form) in map(plain, short)):
            return None
    return f"「{name}」不是「{official}」"


def year_problem_of(title: str, paper_id: str) -> str | None:
    authors, comma, _ = title.partition("，")
    matched = AUTHORS_AND_YEAR.fullmatch(authors)
    if not comma or matched is None:
        return None
    year = 2000 + int(paper_id[:2])
    return None if abs(int(matched[2]) - year) <= 1 else f"写 {matched[2]}，编号是 {year}"


def test_the_site_and_the_list_have_the_same_ids() -> None:
    used = {found: where for where, line in SITE for found in arxiv_ids(line)}
    unlisted = {found: used[found] for found in sorted(used.keys() - PAPERS_BY_ID.keys())}
    assert not unlisted, f"tests/papers.yml 没有：{unlisted}"
    unused = sorted(PAPERS_BY_ID.keys() - used.keys())
    assert not unused, f"站上没有用到：{unused}"


def test_ids_are_well_formed() -> None:
    bad = [found for found in PAPERS_BY_ID if not WELL_FORMED.fullmatch(found)]
    assert not bad, bad
    digits = [found for found in PAPERS_BY_ID if len(found) != (9 if found < "1501" else 10)]
    assert not digits, f"2015 年起小数点后五位，之前四位：{digits}"


def test_every_link_to_arxiv_in_a_list_of_sources_is_read() -> None:
    """来源写成一行 {title, url}；换了写法，题目就没人核对了。"""
    missed = [
        where
        for where, line in SITE
        if re.search(r"url: *\S*arxiv\.org/", line)
        and not any(arxiv_ids(url) for _, url in SOURCE.findall(line))
    ]
    assert not missed, missed
    assert len(SOURCES) > len(PAPERS_BY_ID)


def test_every_id_stands_beside_its_own_title() -> None:
    problems = [
        f"{where} {found}：{problem}"
        for where, found, title in SOURCES
        if found in PAPERS_BY_ID and (problem := problem_of(title, PAPERS_BY_ID[found]))
    ]
    assert not problems, "\n".join(problems)


def test_years_agree_with_ids() -> None:
    problems = [
        f"{where} {found}：{problem}"
        for where, found, title in SOURCES
        if (problem := year_problem_of(title, found))
    ]
    assert not problems, "\n".join(problems)


def test_short_forms_are_used_and_titles_differ() -> None:
    titles = [plain(str(paper["title"])) for paper in PAPERS_BY_ID.values()]
    assert len(set(titles)) == len(titles)
    used = {(found, plain(NOTE.sub("", t.partition("，")[2] or t))) for _, found, t in SOURCES}
    for found, paper in PAPERS_BY_ID.items():
        short = paper.get("short", [])
        assert isinstance(short, list)
        for form in short:
            assert (found, plain(form)) in used, f"{found} 的简称「{form}」没有用到"
            assert plain(form) not in plain(str(paper["title"])), f"{form} 已在题目里"


def test_few_titles_are_unverified() -> None:
    unverified = [found for found, paper in PAPERS_BY_ID.items() if not paper.get("verified", True)]
    assert len(unverified) <= UNVERIFIED, unverified


@pytest.mark.parametrize(
    ("title", "right"),
    [
        ("Kingma 与 Ba 2014，Adam", True),
        ("Kingma 与 Ba 2014，ADAM: a method for stochastic optimization（优化器）", True),
        ("Kingma 与 Ba 2014，亚当", True),
        ("Adam", True),
        ("Kingma 与 Ba 2014", False),
        ("Kingma 与 Ba 2014，AdamW", False),
        ("Kingma 与 Ba 2014，（优化器）", False),
    ],
)
def test_what_counts_as_the_title(title: str, right: bool) -> None:
    paper: dict[str, object] = {
        "title": "Adam: A Method for Stochastic Optimization",
        "short": ["亚当"],
    }
    assert (problem_of(title, paper) is None) is right


@pytest.mark.parametrize(
    ("title", "right"),
    [
        ("甲 等 2017，题", True),
        ("甲 等 2018，题", True),
        ("甲 等 2019，题", False),
        ("题 2019", True),
    ],
)
def test_what_counts_as_the_year(title: str, right: bool) -> None:
    assert (year_problem_of(title, "1706.03762") is None) is right
