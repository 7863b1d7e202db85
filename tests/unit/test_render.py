"""渲染：金样逐字比对（`pytest --update` 改写），值都转义，三种状态分得清。"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from datetime import date
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from mianjing import render
from mianjing.blocks import BLOCKS, SITE_BLOCKS, Site, UnknownBlockError, render_blocks
from mianjing.catalog import LISTED, group_companies, group_topic_mentions
from mianjing.export import render_data
from mianjing.labels import period_label, round_label, rounds_label
from mianjing.model import Catalog, Experience, Period
from mianjing.parts import group_parts

from tests.library import HOSTILE, Library, multiply

Golden = Callable[[str, str], None]

TEMPLATES = Path(render.__file__).with_name("templates")

TODAY = date(2027, 3, 1)


def href(target: str, anchor: str) -> str:
    return f"../{target}" + (f"#{anchor}" if anchor else "")


@pytest.mark.parametrize("key", ["example-2026", "sample-2026", "quiet-2026"])
def test_experience_page(crowd: Library, check_golden: Golden, key: str) -> None:
    """字段齐全的、值里满是符号的、什么都没提的，各一篇。"""
    catalog = crowd.catalog()
    page = render.render_experience(catalog.experiences[key], catalog, href, TODAY)
    check_golden(f"experience-{key}.txt", page)


@pytest.mark.parametrize("key", ["attention", "algorithms", "cuda"])
def test_topic_page(crowd: Library, check_golden: Golden, key: str) -> None:
    """谁问过：有人问的、有人明说没有的、没有一篇写明的。"""
    catalog = crowd.catalog()
    check_golden(f"topic-{key}.txt", render.render_topic(catalog.topics[key], catalog, href))


@pytest.mark.parametrize("key", ["why-scale", "why-softmax"])
def test_question_page(crowd: Library, check_golden: Golden, key: str) -> None:
    catalog = crowd.catalog()
    check_golden(
        f"question-{key}.txt", render.render_question(catalog.questions[key], catalog, href)
    )


def test_lists_of_records_do_not_grow_without_end(crowd: Library) -> None:
    """谁问过、谁否认，只列最新的几篇，说总共多少；页面不随篇数变大。"""
    one = crowd.catalog()
    many, more = multiply(one, 50), multiply(one, 500)
    blocks = "\n".join(f"<!-- mianjing: {name} -->" for name in BOUNDED)
    for catalog in (many, more):
        page = render.render_topic(catalog.topics["attention"], catalog, href)
        assert page.count('class="mj-company"') == LISTED
        total = len(group_topic_mentions(catalog, "attention"))
        assert f"共 {total} 篇写明问过，上面是最新的 {LISTED} 篇" in page
        assert "?topic=attention" in page
        assert list(catalog.experiences)[-1].rpartition("-")[2] in page
        question = render.render_question(catalog.questions["why-scale"], catalog, href)
        assert f"篇，最新的 {LISTED} 篇：" in question
    pages = [
        [render.render_topic(topic, catalog, href) for topic in one.topics.values()]
        + [render.render_question(question, catalog, href) for question in one.questions.values()]
        + [render_blocks(blocks, catalog, href)]
        for catalog in (many, more)
    ]
    for small, large in zip(*pages, strict=True):
        assert len(large) - len(small) < 3_000  # 只是序号与总数多了几位


BOUNDED = ("topic-table", "question-companies", "question-topics", "exercise-list", "home-newest")


def test_derivation_page(crowd: Library, check_golden: Golden) -> None:
    catalog = crowd.catalog()
    page = render.render_derivation(
        catalog.derivations["scaling"], 0, "正文\n", catalog, True, "example/example", href
    )
    check_golden("derivation-scaling.txt", page)


@pytest.mark.parametrize("name", BLOCKS)
def test_generated_block(crowd: Library, check_golden: Golden, name: str) -> None:
    html = render_blocks(f"前\n\n<!-- mianjing: {name} -->\n\n后\n", crowd.catalog(), href)
    check_golden(f"block-{name}.txt", html)


def test_the_blocks_of_an_empty_library() -> None:
    """一条数据都没有也渲染得出来。"""
    empty = Catalog({}, {}, {}, {}, {}, {}, {}, {}, {}, {})
    for block in BLOCKS.values():
        assert block(empty, href).strip()


def test_three_states_are_told_apart(crowd: Library) -> None:
    """注意力：两家问了，其中一家明说没问概念，剩一家未提及。"""
    catalog = crowd.catalog()
    page = render.render_topic(catalog.topics["attention"], catalog, href)
    section = page.partition("## 谁问过")[2].partition("## 直觉")[0]
    asked, _, rest = section.partition("明说没有：")
    denied, _, unstated = rest.partition("其余")
    assert "示例公司" in asked
    assert "样本 &amp; " in asked
    assert "沉默公司" not in section
    assert "experiences/sample-2026.md#round-1" in denied
    assert "示例公司" not in denied
    assert unstated.startswith(" 1 篇未提及，不等于没有问")


def test_who_asked_stands_after_the_first_section(crowd: Library) -> None:
    catalog = crowd.catalog()
    page = render.render_topic(catalog.topics["attention"], catalog, href)
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == [
        "面试里怎么问",
        "谁问过",
        "直觉",
        "推导",
        "复杂度与数字",
        "手写代码",
        "追问与误区",
        "题目与推导",
        "来源",
    ]


def test_a_topic_without_questions_has_no_empty_section(crowd: Library) -> None:
    catalog = crowd.catalog()
    page = render.render_topic(catalog.topics["algorithms"], catalog, href)
    assert "## 题目与推导" not in page


def test_a_question_without_sources_has_no_empty_section(crowd: Library) -> None:
    catalog = crowd.catalog()
    page = render.render_question(catalog.questions["why-scale"], catalog, href)
    assert "## 来源" not in page


def test_there_are_no_empty_lists_or_brackets(crowd: Library) -> None:
    """没有内容的列表、括号一个也不写。"""
    for html in generated(crowd.catalog()):
        assert "（）" not in html
        assert not re.search(r"<(ul|ol|dl|dd)[^>]*>\s*</\1>", html)


def test_the_prose_is_not_touched(crowd: Library) -> None:
    catalog = crowd.catalog()
    for key, topic in catalog.topics.items():
        page = render.render_topic(catalog.topics[key], catalog, href)
        assert [line for line in topic.body.split("\n") if line not in page.split("\n")] == []
    experience = catalog.experiences["sample-2026"]
    assert experience.body.strip("\n") in render.render_experience(experience, catalog, href, TODAY)


def test_an_unknown_block_is_refused(crowd: Library) -> None:
    with pytest.raises(UnknownBlockError) as raised:
        render_blocks("<!-- mianjing: topic-tabel -->\n", crowd.catalog(), href)
    known = "、".join([*BLOCKS, *SITE_BLOCKS])
    assert str(raised.value) == f"不认识的生成块「topic-tabel」，可用：{known}"


def test_the_archive_is_offered_with_its_size_only_when_it_is_there(library: Library) -> None:
    block = "<!-- mianjing: offline-archive -->"
    offered = render_blocks(block, library.catalog(), href, Site(archive_bytes=12_340_000))
    assert '<a href="../offline.zip" download>下载离线包（12.3 MB）</a>' in offered
    absent = render_blocks(block, library.catalog(), href)
    assert "href" not in absent and "make zip" in absent


def test_only_a_marker_on_its_own_line_is_replaced(crowd: Library) -> None:
    text = "见 <!-- mianjing: nope --> 处\n"
    assert render_blocks(text, crowd.catalog(), href) == text


class Html(HTMLParser):
    """收下元素、属性与文字。"""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parse(html: str) -> Html:
    parser = Html()
    parser.feed(html)
    parser.close()
    return parser


ATTACK = '<script>alert(1)</script><img src=x onerror=y>" onclick="z" \' {{ 700 * 7 }}\n\n# 标题\n'

FREE_TEXT = {
    "author",
    "contributed_by",
    "description",
    "detail",
    "impression",
    "interviewer_role",
    "licence",
    "name",
    "note",
    "notes",
    "reason",
    "retrieved",
    "role",
    "team",
    "text",
    "title",
    "value",
    "where",
    "why",
}


def poison(value: Any, name: str = "") -> Any:
    """把一棵数据里的自由文本全换成攻击；键、词表与地址不动。"""
    if is_dataclass(value) and not isinstance(value, type):
        changed = {f.name: poison(getattr(value, f.name), f.name) for f in fields(value)}
        return replace(value, **changed)
    if isinstance(value, tuple):
        return tuple(poison(item, name) for item in value)
    if isinstance(value, dict):
        return value if name == "lines" else {key: poison(item) for key, item in value.items()}
    if name == "aliases" or (name in FREE_TEXT and isinstance(value, str)):
        return ATTACK
    return value


def generated(catalog: Catalog) -> list[str]:
    """全部生成的部分；页面的正文是作者写的，换成空的。"""
    pages = [
        render.render_experience(replace(e, body=""), catalog, href, TODAY)
        for e in catalog.experiences.values()
    ]
    pages += [
        render.render_topic(replace(t, body=""), catalog, href) for t in catalog.topics.values()
    ]
    pages += [
        render.render_question(replace(q, body=""), catalog, href)
        for q in catalog.questions.values()
    ]
    pages += [
        render.render_derivation(d, 0, "", catalog, False, "", href)
        for d in catalog.derivations.values()
    ]
    pages += [
        render.render_exercise(replace(e, body="\n## 提示\n"), catalog, True, href)
        for e in catalog.exercises.values()
    ]
    pages += [
        render.render_company_brief(key, bare(catalog), href, "")
        for key in group_companies(catalog)
    ]
    return pages + [block(catalog, href) for block in BLOCKS.values()]


def bare(catalog: Catalog) -> Catalog:
    """题与考点没有正文、题目无害：「面试前 30 分钟」从那里摘，摘的是作者写的。"""
    questions = {k: replace(q, body="", title="题") for k, q in catalog.questions.items()}
    topics = {k: replace(t, body="", title="考点") for k, t in catalog.topics.items()}
    return replace(catalog, questions=questions, topics=topics)


def test_exercise_page(crowd: Library, check_golden: Golden) -> None:
    catalog = crowd.catalog()
    page = render.render_exercise(catalog.exercises["scores"], catalog, False, href)
    check_golden("exercise-scores.txt", page)


def test_every_value_is_escaped(crowd: Library) -> None:
    """绕过严格读取、直接把攻击放进每个值：生成的部分里没有多出一个元素、一个事件。"""
    catalog: Catalog = poison(crowd.catalog())
    html = "\n".join(generated(catalog))
    page = parse(html)
    assert not page.tags & {"script", "img"}
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "{{ 700 * 7 }}" in "".join(page.text)
    assert "4900" not in "".join(page.text)
    assert html.count("&lt;script&gt;") > 40


def test_hostile_words_reach_the_reader_unchanged(crowd: Library) -> None:
    catalog = crowd.catalog()
    page = render.render_experience(catalog.experiences["sample-2026"], catalog, href, TODAY)
    assert page.count(HOSTILE) == 0
    assert unescape(page).count(HOSTILE) >= 10


def test_html_blocks_have_no_blank_lines(crowd: Library) -> None:
    """空行会让 Markdown 把一块 HTML 拆开，值里的空行也不行。"""
    for block in generated(poison(crowd.catalog())):
        for opened in re.findall(r"^<(?:dl|ol|table|ul|div)\b.*?^</", block, re.M | re.S):
            assert "\n\n" not in opened


def test_every_link_leads_somewhere(crowd: Library) -> None:
    """生成的链接都指向存在的页面，锚点是那篇正文里的 id。"""
    catalog = crowd.catalog()
    asked: set[tuple[str, str]] = set()

    def note(target: str, anchor: str) -> str:
        asked.add((target, anchor))
        return target

    for e in catalog.experiences.values():
        render.render_experience(e, catalog, note, TODAY)
    for t in catalog.topics.values():
        render.render_topic(t, catalog, note)
    for q in catalog.questions.values():
        render.render_question(q, catalog, note)
    for t in catalog.topics.values():
        render.render_topic_brief(t, catalog, note, "")
    for key in group_companies(catalog):
        render.render_company_brief(key, catalog, note, "")
    for block in BLOCKS.values():
        block(catalog, note)
    known = {f"experiences/{key}.md" for key in catalog.experiences}
    known |= {f"topics/{key}.md" for key in catalog.topics}
    known |= {f"questions/{key}.md" for key in catalog.questions}
    known |= {f"notebooks/{key}.ipynb" for key in catalog.derivations}
    rooms = ("experiences", "topics", "questions", "practice", "notebooks")
    known |= {f"{name}/index.md" for name in rooms}
    known |= {
        "about/takedown.md",
        "about/summary.md",
        "tags.md",
        "atlas/index.md",
        "claims/index.md",
        "practice/mistakes.md",
    }
    known |= {f"practice/{key}/index.md" for key in catalog.exercises}
    known |= group_parts(catalog).keys()
    known |= {f"brief/{key}.md" for key in (*catalog.topics, *catalog.companies)}
    known |= render_data(catalog, "/").keys()
    known |= {"experiences/atlas.json", "atlas/compare/compare.json"}
    assert {target for target, _ in asked} <= known
    for target, anchor in asked:
        if anchor and target.startswith("experiences/"):  # 别的页面的锚点由站点的审计看
            key = target.removeprefix("experiences/").removesuffix(".md")
            assert f"{{ #{anchor} }}" in catalog.experiences[key].body


@pytest.mark.parametrize(
    ("index", "name", "label"),
    [
        ("1", None, "一面"),
        ("10", None, "十面"),
        ("11", None, "11面"),
        ("1-2", None, "一至二面"),
        ("unknown", None, "某一轮"),
        ("3", "终面", "终面"),
    ],
)
def test_round_labels(crowd: Library, index: str, name: str | None, label: str) -> None:
    one = crowd.catalog().experiences["example-2026"].rounds[0]
    assert round_label(replace(one, index=index, name=name)) == label


@pytest.mark.parametrize(
    ("start", "end", "precision", "label"),
    [
        (None, None, "unknown", "未提及"),
        ("2026-03", "2026-03", "stated", "2026-03（原文写明）"),
        ("2026-03", "2026-09", "inferred", "2026-03 至 2026-09（由原文推断）"),
        ("2026-03", None, "stated", "2026-03 至 未提及（原文写明）"),
        (None, "2026-09", "stated", "未提及 至 2026-09（原文写明）"),
    ],
)
def test_period_labels(start: str | None, end: str | None, precision: str, label: str) -> None:
    assert period_label(Period(start, end, precision)) == label


@pytest.mark.parametrize(
    ("low", "high", "label"),
    [
        (None, None, "未提及"),
        (0, 0, "没有进入面试轮次"),
        (2, 2, "2 轮"),
        (3, 4, "3～4 轮"),
        (4, None, "至少 4 轮"),
        (None, 4, "至多 4 轮"),
    ],
)
def test_round_counts(crowd: Library, low: int | None, high: int | None, label: str) -> None:
    experience: Experience = crowd.catalog().experiences["example-2026"]
    assert rounds_label(replace(experience, rounds_min=low, rounds_max=high)) == label


def test_every_template_is_used() -> None:
    """没有一个模板是多余的。"""
    package = Path(render.__file__).parent
    source = "".join(f.read_text(encoding="utf-8") for f in package.rglob("*.py"))
    assert [file.name for file in TEMPLATES.iterdir() if f'"{file.name}"' not in source] == []
