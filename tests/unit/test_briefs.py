"""面试前 30 分钟：摘得对、摘得全，链接换了出发点，没有写明的不装作写明了。"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from mianjing import briefs, render
from mianjing import catalog as group
from mianjing.labels import label
from mianjing.markdown import read_parts
from mianjing.model import Catalog, Topic

from tests.library import COMPANIES, EXPERIENCE, QUESTION, TOPIC, Library
from tests.site_library import read_site_library

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def real() -> Catalog:
    """站上真正的资料库。"""
    return read_site_library()[0]


def href(target: str, anchor: str) -> str:
    return f"../{target}" + (f"#{anchor}" if anchor else "")


def with_parts(topic: Topic, derivation: str, numbers: str = "", traps: str = "") -> Topic:
    body = f"## 推导\n\n{derivation}\n\n## 复杂度与数字\n\n{numbers}\n\n## 追问与误区\n\n{traps}\n"
    return replace(topic, body=body)


DERIVATION = """\
### 有公式的一节

前面一段隔得远。

紧挨着公式的一段：

$$
a = b
$$

其中 $a$ 是甲。

再后面一段。

```python
x = 1

$$
```

### 只有文字的一节

没有公式，见[别处](#有公式的一节)。

### 有表的一节

下表：

| 甲 | 乙 |
|---|---|
| 1 | [题](../questions/q.md) |

看代码：

```text
| 不是 | 表 |
```
"""


def test_formulas_and_tables_come_with_their_sentences(crowd: Library) -> None:
    topic = with_parts(crowd.catalog().topics["attention"], DERIVATION)
    assert briefs.select_formulas(topic).split("\n\n") == [
        "**有公式的一节**",
        "紧挨着公式的一段：",
        "$$\na = b\n$$",
        "其中 $a$ 是甲。",
        "**有表的一节**",
        "下表：",
        "| 甲 | 乙 |\n|---|---|\n| 1 | [题](../questions/q.md) |",
    ]


def test_a_sentence_that_introduces_something_else_is_left_out(crowd: Library) -> None:
    """公式后面那句引出的是代码，摘出来就没有下文。"""
    text = "$$\na\n$$\n\n验证如下：\n\n```python\nx = 1\n```\n"
    topic = with_parts(crowd.catalog().topics["attention"], text)
    assert briefs.select_formulas(topic) == "$$\na\n$$"


def test_traps_are_the_items_that_quote_a_wrong_saying(crowd: Library) -> None:
    traps = "- **为什么？** 因为。\n\n- 「错的」。对的是[这样](b.md)。\n- **「也错」**：不对。\n"
    topic = with_parts(crowd.catalog().topics["attention"], "x", traps=traps)
    assert briefs.select_traps(topic) == [
        "- 「错的」。对的是[这样](../topics/b.md)。",
        "- **「也错」**：不对。",
    ]


@pytest.mark.parametrize(
    ("path", "link", "expected"),
    [
        ("docs/topics/a.md", "[x](b.md#c)", "[x](../topics/b.md#c)"),
        ("docs/topics/a.md", "[x](#c)", "[x](../topics/a.md#c)"),
        ("docs/topics/a.md", "[x](../questions/q.md)", "[x](../questions/q.md)"),
        (
            "docs/questions/q.md",
            "[x](r.md)[y](s.md)",
            "[x](../questions/r.md)[y](../questions/s.md)",
        ),
        ("docs/topics/a.md", "[x](https://a.example/b)", "[x](https://a.example/b)"),
        ("docs/topics/a.md", "[✓](claim:a-b)", "[✓](claim:a-b)"),
        ("docs/topics/a.md", "```\n[x](b.md)\n```", "```\n[x](b.md)\n```"),
    ],
)
def test_links_start_from_the_brief(path: str, link: str, expected: str) -> None:
    assert briefs.rebase_links(link, path) == expected


def test_every_real_topic_has_formulas_and_traps(real: Catalog) -> None:
    """没有一页是空的；每个误区、每题的第一条常见错误都在。"""
    for key, topic in real.topics.items():
        assert len(briefs.select_formulas(topic)) > 100, key
        assert len(briefs.select_traps(topic)) >= 3, key
        page = render.render_topic_brief(topic, real, href, "")
        assert page.count("$$") % 2 == 0
        assert "```" not in page
    for key, question in real.questions.items():
        assert briefs.select_brief(question), key
        assert briefs.select_mistakes(question), key


def test_excerpts_are_not_copies(real: Catalog) -> None:
    """页上的每一句都在考点的正文里。"""
    for topic in real.topics.values():
        lines = {line.strip().lstrip("# ") for line in topic.body.split("\n")}
        for line in briefs.select_formulas(topic).split("\n"):
            if line.strip() and "](" not in line:
                assert line.strip().strip("*") in lines or line.strip() in lines, line


def test_every_company_has_a_page(real: Catalog) -> None:
    """问过的每一项、写明问过的每一题的 30 秒版都在。"""
    for key in group.group_companies(real):
        page = render.render_company_brief(key, real, href, "")
        for experience in real.experiences.values():
            if experience.company == key:
                assert f"../experiences/{experience.key}.md" in page
                assert label("outcomes", experience.outcome) in page
                for _, item in experience.asked:
                    if item.detail:
                        assert item.detail in page
                    if item.question:
                        assert f"**{real.questions[item.question].title}**" in page


def test_what_was_not_stated_is_said(real: Catalog) -> None:
    """没有写明的公司：说清楚没有写明、凭什么准备这几个。"""
    page = render.render_company_brief("lightyear", real, href, "")
    assert "记录没有写明这家问了什么，不等于没有问" in page
    hint = briefs.make_hint(real, "lightyear")
    assert hint is not None
    same = [
        e
        for e in real.experiences.values()
        if real.companies[e.company].kind == hint.kind and group.asked_topics(e)
    ]
    assert hint.experiences == len(same) >= 3
    for topic, count in hint.topics:
        assert count == sum(topic.key in group.asked_topics(e) for e in same)
        assert f"{topic.title}</a>（{count} 篇）" in page
    assert briefs.make_hint(real, "moonshot") is None


def test_too_few_of_the_same_kind_means_all(crowd: Library) -> None:
    """只有两家同类写明了，不够：看全部，也不说是同类；类型不知道的也看全部。"""
    crowd.change(COMPANIES, "name: 沉默公司\n  kind: unknown", "name: 沉默公司\n  kind: startup")
    hint = briefs.make_hint(crowd.catalog(), "quiet")
    assert hint is not None
    assert hint.kind == "unknown"
    crowd.change(COMPANIES, "name: 沉默公司\n  kind: startup", "name: 沉默公司\n  kind: unknown")
    hint = briefs.make_hint(crowd.catalog(), "quiet")
    assert hint is not None
    assert (hint.kind, hint.experiences) == ("unknown", 2)
    page = render.render_company_brief("quiet", crowd.catalog(), href, "")
    assert "写明了考点的 2 篇里" in page
    assert "没有进入面试轮次" in page


def test_nothing_is_known_at_all(library: Library) -> None:
    """一家没有写明、也没有别家可参考：只说没有写明。"""
    text = (library.root / EXPERIENCE).read_text(encoding="utf-8")
    start, end = text.index("    asked:"), text.index("  - index: 2-3")
    library.write(EXPERIENCE, text[:start] + text[end:])
    page = render.render_company_brief("example", library.catalog(), href, "")
    assert "记录没有写明这家问了什么" in page
    assert "## 30 秒版" not in page
    assert "## 误区" not in page


def test_named_questions_come_first(crowd: Library) -> None:
    chosen = briefs.select_questions(crowd.catalog(), "example")
    assert [(t.key, [q.key for q in questions]) for t, questions in chosen] == [
        ("attention", ["why-scale", "why-softmax"])
    ]


def test_a_question_of_another_topic_is_not_lost(crowd: Library) -> None:
    """问的是算法，题却归在注意力下面：跟着面经写的考点。"""
    crowd.change(EXPERIENCE, "topic: attention", "topic: algorithms")
    chosen = briefs.select_questions(crowd.catalog(), "example")
    assert [(t.key, [q.key for q in questions]) for t, questions in chosen] == [
        ("algorithms", ["why-scale"])
    ]


def test_the_link_to_the_pdf_is_there_only_when_it_is_made(crowd: Library) -> None:
    catalog = crowd.catalog()
    assert ".pdf" not in render.render_company_brief("example", catalog, href, "")
    page = render.render_company_brief("example", catalog, href, "example.pdf")
    assert '<a href="example.pdf">下载 PDF</a>' in page


def test_a_key_shared_by_company_and_topic_is_refused(library: Library) -> None:
    """两者共用 /brief/ 下的地址。"""
    library.rename(TOPIC, "docs/topics/example.md")
    library.change(QUESTION, "topic: attention", "topic: example")
    library.change(EXPERIENCE, "topic: attention", "topic: example")
    library.change("notebooks/scaling.ipynb", '"attention"', '"example"')
    (message,) = library.messages()
    assert message.startswith("docs/topics/example.md:1: E209 考点「example」与公司表里的键相同")
    assert "example:" in (library.root / COMPANIES).read_text(encoding="utf-8")


def test_parts_of_a_body() -> None:
    body = "前言\n\n## 甲\n\n一\n\n```\n## 不是标题\n```\n\n### 小节\n\n## 乙\n"
    assert read_parts(body) == {"甲": "一\n\n```\n## 不是标题\n```\n\n### 小节", "乙": ""}
    assert read_parts("没有标题") == {}


def test_mistakes_keep_their_continuation_lines(crowd: Library) -> None:
    question = replace(
        crowd.catalog().questions["why-scale"],
        body="## 常见错误\n\n- 甲\n  接着甲。\n- 乙\n\n## 别的\n\n- 丙\n",
    )
    assert briefs.select_mistakes(question) == ["- 甲\n  接着甲。", "- 乙"]
    assert re.search("丙", question.body)
