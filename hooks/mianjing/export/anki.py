"""题库 → Anki 牌组：一题一张，导入第二遍只更新；输入相同，字节就相同。

标识都不许变：变了 MODEL_ID、DECK_ID、字段的名字与次序，或题目的 GUID，已经导入的人会得到第二份。
Anki 只在新的一份 mod 更晚时才更新，所以每条笔记的 mod 取它的来源最后一次改动的时刻。
"""

from __future__ import annotations

import hashlib
import io
import re
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape, unescape
from urllib.parse import urljoin, urlsplit

import genanki

from mianjing import catalog as group
from mianjing.answers import split_sections
from mianjing.checks import QUESTION_SECTIONS
from mianjing.dates import Change
from mianjing.export.json_file import LICENCE
from mianjing.export.shapes import VERSION
from mianjing.model import Catalog, Question
from mianjing.vocabulary import read_vocabulary

PATH = "data/mianjing.apkg"
MODEL_ID = 1_764_114_001
DECK_ID = 1_764_114_002
DECK_NAME = "大模型面试知识库"
FIELDS = ("题目", *QUESTION_SECTIONS, "考点", "难度", "谁问过", "链接")

_CODE = ("hooks/mianjing/export/anki.py", "mkdocs.yml")
_FIRST_ID = 1_700_000_000_000
_ID_RANGE = 30_000_000_000
"""笔记与卡片的编号由 GUID 散列到一年的毫秒里；撞上了 SQLite 会报错，不会悄悄丢一张。"""
_BLOCK = re.compile(r'<div class="[^"]*\bhighlight\b[^"]*">(.*?)</div>', re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_HEADER_LINK = re.compile(r'<a class="headerlink".*?</a>', re.DOTALL)
_LINK = re.compile(r'<a ([^>]*?)href="([^"]*)"([^>]*)>(.*?)</a>', re.DOTALL)
_IDS = re.compile(r' (?:id|tabindex)="[^"]*"')

_FRONT = """\
<h1>{{题目}}</h1>
<p class="about">{{考点}} · {{难度}}</p>
"""
_BACK = """\
{{FrontSide}}
<hr id="answer">
{{30 秒版}}
<details><summary>2 分钟版</summary>{{2 分钟版}}</details>
<details><summary>推导或代码</summary>{{推导或代码}}</details>
<details><summary>追问</summary>{{追问}}</details>
<details><summary>常见错误</summary>{{常见错误}}</details>
{{#谁问过}}<p class="about">问过：{{谁问过}}</p>{{/谁问过}}
{{#链接}}<p class="about"><a href="{{链接}}">站上的这一题</a></p>{{/链接}}
"""
_STYLE = """\
.card { max-width: 44rem; margin: 0 auto; font-size: 18px; line-height: 1.7; text-align: left; }
.card h1 { font-size: 1.25em; }
.about { font-size: .8em; opacity: .75; }
pre { padding: .6em; overflow-x: auto; font-size: .75em; border: 1px solid #8886; }
code { font-family: ui-monospace, Menlo, Consolas, monospace; }
summary { margin: .6em 0; cursor: pointer; }
table { display: block; overflow-x: auto; border-collapse: collapse; font-size: .85em; }
th, td { padding: .2em .5em; border: 1px solid #8886; }
"""


@dataclass(frozen=True)
class Card:
    """一张卡的料。"""

    question: Question
    html: str
    """题目页转好的 HTML，公式还是 `\\(…\\)` 与 `\\[…\\]`，答案还没折。"""
    changed: int
    """它的来源最后一次改动的时刻，Unix 秒。"""


def render_deck(cards: list[Card], catalog: Catalog, site_url: str) -> bytes:
    """一副 `.apkg`，新卡按站上的次序；site_url 是站点根的地址，是 `/` 时卡片里没有链接。"""
    order = {key: number for number, key in enumerate(catalog.questions)}
    cards = sorted(cards, key=lambda card: card.question.key)
    deck = genanki.Deck(DECK_ID, DECK_NAME, _describe(site_url))
    model = _make_model()
    for card in cards:
        deck.add_note(
            genanki.Note(
                model,
                make_fields(card, catalog, site_url),
                tags=make_tags(card.question, catalog),
                guid=make_guid(card.question.key),
                due=order[card.question.key],
            )
        )
    newest = max((card.changed for card in cards), default=0)
    database = sqlite3.connect(":memory:")
    ids = _make_ids([note.guid for note in deck.notes])
    genanki.Package(deck).write_to_db(database.cursor(), newest, ids)
    for card in cards:
        where = (card.changed, make_guid(card.question.key))
        database.execute("UPDATE notes SET mod = ? WHERE guid = ?", where)
    database.commit()
    database.execute("VACUUM")
    return _zip({"collection.anki2": database.serialize(), "media": b"{}"})


def last_change(question: Question, catalog: Catalog, history: Mapping[str, Change]) -> int:
    """卡片的来源最后一次改动的时刻：题目、考点、问过它的面经、做卡片的代码；没有历史时是 0。"""
    mentions = group.group_question_mentions(catalog, question.key)
    paths = [
        question.path,
        catalog.topics[question.topic].path,
        *(mention.experience.path for mention in mentions),
        *_CODE,
    ]
    return max(history[path].changed if path in history else 0 for path in paths)


def make_guid(key: str) -> str:
    """题目的键 → 笔记的 GUID。"""
    return str(genanki.guid_for("mianjing", key))


def make_tags(question: Question, catalog: Catalog) -> list[str]:
    """`考点::…`、`难度::…`、`公司::…`；Anki 的标签不能有空格，换成下划线。"""
    topic = catalog.topics[question.topic]
    companies = [catalog.companies[c].name for c in _companies(question, catalog)]
    tags = [f"考点::{topic.title}", f"难度::{question.level}"]
    tags += [f"公司::{name}" for name in companies]
    return [re.sub(r"\s+", "_", tag) for tag in tags]


def make_fields(card: Card, catalog: Catalog, site_url: str) -> list[str]:
    """一张卡的各个字段，次序同 FIELDS；缺一层答案时抛 ValueError。"""
    question = card.question
    _, sections = split_sections(card.html)
    answers = {name: body for _, name, body in sections}
    if missing := [name for name in QUESTION_SECTIONS if not answers.get(name, "").strip()]:
        raise ValueError(f"{question.path} 没有转出「{missing[0]}」这一节")
    known = bool(urlsplit(site_url).netloc)
    page = f"{site_url}questions/{question.key}/"
    base = page if known else ""
    companies = [catalog.companies[c].name for c in _companies(question, catalog)]
    return [
        escape(question.title),
        *(convert_html(answers[name], base) for name in QUESTION_SECTIONS),
        escape(catalog.topics[question.topic].title),
        escape(read_vocabulary()["levels"].label(question.level)),
        escape("、".join(companies)),
        escape(page) if known else "",
    ]


def convert_html(html: str, base: str) -> str:
    """页面的一节 → Anki 的字段。

    代码去掉着色，只留文字；链接换成以 base 为准的绝对地址，base 为空时只留链接的文字；
    公式不动：`\\(…\\)` 与 `\\[…\\]` 正是 Anki 的写法。
    """

    def link(match: re.Match[str]) -> str:
        before, href, after, text = match.groups()
        if base:
            return f'<a href="{escape(urljoin(base, unescape(href)))}">{text}</a>'
        return "" if "mj-claim" in before + after else text

    html = _BLOCK.sub(_plain_code, _HEADER_LINK.sub("", html))
    return _IDS.sub("", _LINK.sub(link, html)).strip()


def _plain_code(match: re.Match[str]) -> str:
    code = match.group(1).partition("<code")[2].partition(">")[2].partition("</code>")[0]
    return f"<pre><code>{_TAG.sub('', code)}</code></pre>"


def _companies(question: Question, catalog: Catalog) -> list[str]:
    mentions = group.group_question_mentions(catalog, question.key)
    return list(dict.fromkeys(mention.experience.company for mention in mentions))


def _make_model() -> genanki.Model:
    return genanki.Model(
        MODEL_ID,
        f"{DECK_NAME} 题目",
        fields=[{"name": name} for name in FIELDS],
        templates=[{"name": "题目 → 答案", "qfmt": _FRONT, "afmt": _BACK}],
        css=_STYLE,
    )


def _make_ids(guids: list[str]) -> Iterator[int]:
    """笔记与它的卡片的编号，只随 GUID，不随次序：中间加一题，别的编号不动。"""
    for guid in guids:
        for role in ("note", "card"):
            digest = hashlib.sha256(f"{role} {guid}".encode()).digest()
            yield _FIRST_ID + int.from_bytes(digest[:8], "big") % _ID_RANGE


def _describe(site_url: str) -> str:
    return (
        f"大模型面试题库，{site_url}；文字 {LICENCE['text']}，代码 {LICENCE['code']}，"
        f"署名「{LICENCE['attribution']}」。格式 {VERSION}。"
    )


def _zip(files: dict[str, bytes]) -> bytes:
    """时刻、权限、压缩级别都固定的 zip。"""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, 6)
    return out.getvalue()
