"""RSS 2.0：新的面经、新的题、勘误，各一份。"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from mianjing import catalog as group
from mianjing.dates import Change
from mianjing.labels import label, period_label, rounds_label
from mianjing.model import Catalog
from mianjing.template import environment

LIMIT = 50
"""一份最多几条，新的在前。"""


@dataclass(frozen=True)
class Item:
    """一条；都是文本，转义交给模板。"""

    guid: str
    """稳定的标识，不是地址：站搬了家，读过的不会又变成没读。"""
    title: str
    link: str
    """相对站点根。"""
    description: str
    moment: int | None
    """Unix 秒；没有历史时为 None，那一条就不写日期。"""


@dataclass(frozen=True)
class Feed:
    """一份订阅。"""

    path: str
    """相对站点根；发布过的地址不改。"""
    title: str
    link: str
    description: str
    read: Callable[[Catalog, Mapping[str, Change]], list[Item]]


def render_feed(feed: Feed, catalog: Catalog, history: Mapping[str, Change], site_url: str) -> str:
    """一份 RSS；site_url 是站点根的地址，以 / 结尾，不知道时是 `/`。"""
    items = sorted(feed.read(catalog, history), key=lambda i: (-(i.moment or 0), i.guid))
    template = environment.get_template("feed.xml")
    return template.render(feed=feed, items=items[:LIMIT], site_url=site_url, date=_rss_date)


def _experiences(catalog: Catalog, history: Mapping[str, Change]) -> list[Item]:
    items = []
    for one in catalog.experiences.values():
        topics = [catalog.topics[key].title for key in group.asked_topics(one)]
        facts = [
            f"结果：{label('outcomes', one.outcome)}",
            f"轮数：{rounds_label(one)}",
            f"时间：{period_label(one.period)}",
            f"问到的考点：{'、'.join(topics) or '未提及'}",
        ]
        path = f"experiences/{one.key}/"
        moment = _added(one.path, history)
        items.append(Item(f"experience:{one.key}", one.title, path, "；".join(facts), moment))
    return items


def _questions(catalog: Catalog, history: Mapping[str, Change]) -> list[Item]:
    items = []
    for one in catalog.questions.values():
        topic = catalog.topics[one.topic].title
        about = f"考点：{topic}；难度：{label('levels', one.level)}"
        moment = _added(one.path, history)
        items.append(Item(f"question:{one.key}", one.title, f"questions/{one.key}/", about, moment))
    return items


def _errata(catalog: Catalog, history: Mapping[str, Change]) -> list[Item]:
    """勘误的日期写在勘误表里，不看历史。"""
    items = []
    for one in catalog.errata.values():
        about = f"对的是：{one.right}（从 {one.since} 起错；依据：{one.evidence}）"
        title = f"{one.page.removesuffix('.md')}：{one.wrong}"
        fixed = datetime.fromisoformat(one.fixed).replace(tzinfo=UTC) if one.fixed else None
        moment = int(fixed.timestamp()) if fixed else None
        items.append(Item(one.key, title, f"about/errata/#{one.key}", about, moment))
    return items


def _added(path: str, history: Mapping[str, Change]) -> int | None:
    change = history.get(path)
    return change.added if change else None


FEEDS = (
    Feed(
        "feeds/experiences.xml",
        "大模型面试知识库：新的面经",
        "experiences/",
        "新加进来的面试经历",
        _experiences,
    ),
    Feed(
        "feeds/questions.xml",
        "大模型面试知识库：新的题",
        "questions/",
        "题库新加的题",
        _questions,
    ),
    Feed(
        "errata.xml",
        "大模型面试知识库：勘误",
        "about/errata/",
        "哪里错了，从什么时候起，对的是什么",
        _errata,
    ),
)


def _rss_date(moment: int) -> str:
    """Unix 秒 → `Wed, 25 Nov 2026 00:00:00 +0000`。"""
    return format_datetime(datetime.fromtimestamp(moment, UTC))
