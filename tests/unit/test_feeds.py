"""订阅：合 RSS 2.0，地址是绝对的，标识不变，日期来自历史，文字转义。"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from mianjing.dates import Change, read_history
from mianjing.feeds import FEEDS, LIMIT, Feed, render_feed
from mianjing.model import Catalog

from tests.library import ERRATUM, Library
from tests.site_library import read_site_library

ROOT = Path(__file__).resolve().parents[2]
SITE = "https://example.com/kb/"
EXPERIENCES, QUESTIONS, ERRATA = FEEDS


def read_feed(
    feed: Feed, catalog: Catalog, history: dict[str, Change], site_url: str = SITE
) -> ET.Element:
    """渲染一份，查过 RSS 2.0 必有的元素，返回 channel。"""
    root = ET.fromstring(render_feed(feed, catalog, history, site_url).encode())
    assert (root.tag, root.attrib) == ("rss", {"version": "2.0"})
    (channel,) = root
    assert channel.tag == "channel"
    for name in ("title", "link", "description"):
        assert len(channel.findall(name)) == 1
        assert channel.findtext(name)
    guids = [guid.text for guid in channel.findall("item/guid")]
    assert len(guids) == len(set(guids))
    for item in channel.findall("item"):
        assert item.findtext("title") or item.findtext("description")
        assert item.find("guid") is not None
        assert item.find("guid").get("isPermaLink") == "false"  # type: ignore[union-attr]
        for date in item.findall("pubDate"):
            assert parsedate_to_datetime(date.text or "").tzinfo is not None
    return channel


def titles(channel: ET.Element) -> list[str | None]:
    return [item.findtext("title") for item in channel.findall("item")]


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.path)
def test_the_real_feeds(feed: Feed) -> None:
    """站上真正的三份：链接都是绝对地址，不超过上限，新的在前。"""
    catalog, _ = read_site_library()
    channel = read_feed(feed, catalog, read_history(ROOT))
    items = channel.findall("item")
    assert 0 < len(items) <= LIMIT
    links = [channel.findtext("link"), *(item.findtext("link") for item in items)]
    links += [link.get("href") for link in channel if link.tag.endswith("}link")]
    for link in links:
        parts = urlsplit(link or "")
        assert (parts.scheme, parts.netloc) == ("https", "example.com")
        assert parts.path.startswith("/kb/")
    dates = [parsedate_to_datetime(date.text or "") for date in channel.findall("item/pubDate")]
    assert dates == sorted(dates, reverse=True)


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.path)
def test_an_empty_feed_is_a_feed(feed: Feed) -> None:
    empty = Catalog({}, {}, {}, {}, {}, {}, {}, {}, {}, {})
    assert titles(read_feed(feed, empty, {})) == []


def test_new_records_come_first_with_the_day_they_were_added(crowd: Library) -> None:
    """看加入的时刻，不看最后改动的：改一个错字不会又变成新的。"""
    history = {
        "docs/experiences/example-2026.md": Change(1_767_268_800, 1_790_000_000, "2026-09-21"),
        "docs/experiences/quiet-2026.md": Change(1_767_355_200, 1_767_355_200, "2026-01-02"),
    }
    channel = read_feed(EXPERIENCES, crowd.catalog(), history)
    assert titles(channel) == ["沉默公司面经", "示例公司面经（2026）", "样本面经 & 'x'"]
    dates = [item.findtext("pubDate") for item in channel.findall("item")]
    assert dates == ["Fri, 02 Jan 2026 12:00:00 +0000", "Thu, 01 Jan 2026 12:00:00 +0000", None]


def test_what_an_item_says(crowd: Library) -> None:
    channel = read_feed(EXPERIENCES, crowd.catalog(), {})
    items = {item.findtext("guid"): item for item in channel.findall("item")}
    quiet = items["experience:quiet-2026"]
    assert quiet.findtext("link") == f"{SITE}experiences/quiet-2026/"
    assert quiet.findtext("description") == (
        "结果：简历未通过；轮数：没有进入面试轮次；时间：未提及；问到的考点：未提及"
    )
    question = read_feed(QUESTIONS, crowd.catalog(), {}).find("item")
    assert question is not None
    assert question.findtext("link", "").startswith(f"{SITE}questions/why-")
    assert question.findtext("guid", "").startswith("question:why-")


def test_text_is_escaped(crowd: Library) -> None:
    """标题里的引号、括号、& 原样到读者那里，不成为元素。"""
    catalog = crowd.catalog()
    title = "5 < 6 & {{ 700 * 7 }} ]]> 'x'"
    changed = replace(catalog.questions["why-scale"], title=title)
    catalog = replace(catalog, questions={"why-scale": changed})
    assert "5 &lt; 6 &amp; " in render_feed(QUESTIONS, catalog, {}, SITE)
    assert titles(read_feed(QUESTIONS, catalog, {})) == [title]


def test_guids_do_not_depend_on_the_address(crowd: Library) -> None:
    """站搬家、题目改名，标识不变。"""
    before = read_feed(QUESTIONS, crowd.catalog(), {})
    crowd.change("docs/questions/why-scale.md", "title: 为什么要缩放", "title: 换了个问法")
    after = read_feed(QUESTIONS, crowd.catalog(), {}, "https://elsewhere.example/")
    guids = [[i.findtext("guid") for i in c.findall("item")] for c in (before, after)]
    assert guids[0] == guids[1]


def test_at_most_so_many(library: Library) -> None:
    text = (library.root / "docs/questions/why-scale.md").read_text(encoding="utf-8")
    for number in range(LIMIT + 5):
        library.write(
            f"docs/questions/q{number}.md",
            text.replace("为什么要缩放", f"第 {number} 题").replace("[缩放]", "[]"),
        )
    assert len(titles(read_feed(QUESTIONS, library.catalog(), {}))) == LIMIT


def test_errata(library: Library) -> None:
    """勘误的日期来自勘误表。"""
    library.write("docs/about/errata.yml", ERRATUM)
    item = read_feed(ERRATA, library.catalog(), {}).find("item")
    assert item is not None
    assert item.findtext("guid") == "sample"
    assert item.findtext("link") == f"{SITE}about/errata/#sample"
    assert item.findtext("pubDate") == "Fri, 01 May 2026 00:00:00 +0000"
    assert "虚构的对 & 1 < 2" in item.findtext("description", "")


def test_published_addresses_do_not_move() -> None:
    """订阅了的人不会换地址。"""
    assert [feed.path for feed in FEEDS] == [
        "feeds/experiences.xml",
        "feeds/questions.xml",
        "errata.xml",
    ]
