"""目录 → 页面：每种页面一个 `render_*`，返回 Markdown；生成的部分是 HTML，值都经模板转义。

渲染不知道 mkdocs：链接由调用者给的 `href(docs 内路径, 锚点)` 换成相对地址。
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache

from markupsafe import Markup

from mianjing import briefs
from mianjing import catalog as group
from mianjing.answers import split_sections
from mianjing.atlas.age import STALE, count_months
from mianjing.atlas.listings import Listing, group_listings
from mianjing.checks import QUESTION_SECTIONS, TOPIC_SECTIONS
from mianjing.claims import CITATION, cited_by, find_citations, ledger_page
from mianjing.diagrams import DIAGRAMS
from mianjing.labels import period_label, rounds_label
from mianjing.markdown import DIAGRAM, make_fence, make_fold, replace_prose
from mianjing.model import (
    Catalog,
    Derivation,
    Exercise,
    Experience,
    Question,
    Topic,
    Withdrawn,
)
from mianjing.parts import Part
from mianjing.template import Href, fill_template

WITHDRAWN = "已撤下的面经"


def render_experience(experience: Experience, catalog: Catalog, href: Href, today: date) -> str:
    """面经页：事实框、轮次、正文、考点与同类公司、出处；today 是这份内容的日期。"""
    company_page = f"experiences/companies/{experience.company}.md"
    values = {
        "experience": experience,
        "catalog": catalog,
        "href": href,
        "months": count_months(experience.period, today),
        "stale": STALE,
        "company_page": company_page if company_page in group_listings(catalog) else None,
    }
    related = group.group_related(catalog, experience)
    return "\n".join(
        [
            fill_template("facts.html", **values),
            fill_template("rounds.html", **values) if experience.rounds else "",
            experience.body.strip("\n"),
            "",
            "## 接着看",
            "",
            fill_template("next_steps.html", related=related, **values),
            "## 出处",
            "",
            fill_template("provenance.html", **values),
            _render_aliases(catalog.companies[experience.company].aliases),
        ]
    )


def render_withdrawn(record: Withdrawn) -> str:
    """撤下的面经：原来的地址只剩一句话，不说它写过什么。"""
    return (
        f"# {WITHDRAWN}\n\n这一篇已于 {record.date} 应要求撤下，内容不再保留。"
        "怎么要求撤下，见[更正与下架](../about/takedown.md)。\n"
    )


def render_listing(listing: Listing, catalog: Catalog, href: Href) -> str:
    """一页列表：同一张表，只有其中几篇。"""
    return render_table(listing.experiences, {}, catalog, href)


def render_part(part: Part, catalog: Catalog, href: Href) -> str:
    """分出来的一页。"""
    return fill_template(
        part.template, key=part.key, catalog=catalog, group=group, cited_by=cited_by, href=href
    )


def render_table(
    experiences: tuple[Experience, ...], years: dict[str, str], catalog: Catalog, href: Href
) -> str:
    """面经的表；years 是按年份分的各页：年 → 题目，没有分就是空的。"""
    return fill_template(
        "experience_table.html", experiences=experiences, years=years, catalog=catalog, href=href
    )


def describe_experience() -> dict[str, Callable[[Experience], str]]:
    """比较页里要换成中文说法的项目。"""
    return {"轮数": rounds_label, "时间": lambda experience: period_label(experience.period)}


def render_topic(topic: Topic, catalog: Catalog, href: Href) -> str:
    """考点页：正文里在第一节之后插入「谁问过」，末尾接题、推导与来源。"""
    asked = fill_template(
        "who_asked.html",
        topic=topic,
        mentions=group.group_topic_mentions(catalog, topic.key),
        denials=group.group_topic_denials(catalog, topic.key),
        unstated=group.count_unstated(catalog, topic.key),
        catalog=catalog,
        href=href,
    )
    body = render_marks(topic.body, catalog, href)
    head, mark, tail = body.partition(f"\n## {TOPIC_SECTIONS[1]}\n")
    related = fill_template(
        "related.html",
        questions=group.group_topic_questions(catalog, topic.key),
        derivations=group.group_topic_derivations(catalog, topic.key),
        exercises=group.group_topic_exercises(catalog, topic.key),
        prerequisites=[catalog.topics[key] for key in topic.prerequisites],
        chapters=group.group_chapters(catalog, topic.key),
        href=href,
    )
    parts = [head.strip("\n"), "", "## 谁问过", "", asked, mark.strip("\n"), tail.strip("\n"), ""]
    if related.strip():
        parts += ["## 题目与推导", "", related]
    return "\n".join([*parts, *_render_sources(topic), _render_checked(topic, catalog, href)])


def render_question(question: Question, catalog: Catalog, href: Href) -> str:
    """题目页：考点、难度、出处与谁问过，正文，来源。"""
    head = fill_template(
        "question_head.html",
        question=question,
        topic=catalog.topics[question.topic],
        mentions=group.group_question_mentions(catalog, question.key),
        group=group,
        catalog=catalog,
        href=href,
    )
    body = render_marks(question.body, catalog, href).strip("\n")
    tail = _render_checked(question, catalog, href)
    return "\n".join([head, body, "", *_render_sources(question), tail])


FOLD_ALL = (
    '<button type="button" class="mj-fold-all" aria-pressed="false" disabled data-search-exclude>'
    "展开全部答案</button>\n"
)


def fold_answers(html: str) -> str:
    """题目页的五层答案各折进一个 `<details>`：先自己答，再展开；标题仍在外面，目录与链接照旧。

    全部展开的按钮写在第一节之前，脚本到了才能按；没有脚本时不显示。
    """
    head, sections = split_sections(html)
    folded = [head, FOLD_ALL if sections else ""]
    for heading, name, body in sections:
        if name in QUESTION_SECTIONS:
            summary = f"<summary data-search-exclude>展开：{name}</summary>"
            body = f'\n<details class="mj-fold">{summary}{body}</details>\n'
        folded += [heading, body]
    return "".join(folded)


def render_exercise(
    exercise: Exercise,
    catalog: Catalog,
    has_python: bool,
    href: Href,
) -> str:
    """手写题的一页：出处，题面，作答的地方，折着的参考答案与已知的错误。"""
    values = {"exercise": exercise, "catalog": catalog, "group": group, "href": href}
    head = fill_template("exercise_head.html", topic=catalog.topics[exercise.topic], **values)
    area = fill_template("exercise_area.html", has_python=has_python, **values)
    tail = fill_template("exercise_mutants.html", **values)
    body, _, hint = exercise.body.partition("\n## 提示\n")
    reference = make_fence(exercise.reference, ".python .mj-reference")
    return "\n".join(
        [
            head,
            body.strip("\n"),
            "",
            "## 作答",
            "",
            area,
            make_fence(exercise.starter, ".python .mj-starter"),
            "",
            make_fold("提示", hint.strip("\n"), "note mj-hint"),
            make_fold("参考答案", reference, "note mj-solution"),
            "## 它会抓住哪些错误",
            "",
            tail,
            _render_aliases(exercise.aliases),
        ]
    )


def render_derivation(
    derivation: Derivation,
    number: int,
    markdown: str,
    catalog: Catalog,
    has_python: bool,
    repository: str,
    href: Href,
) -> str:
    """推导的第 number 页：各页的目录、下载与运行，随后是执行过的正文。

    repository 是 GitHub 上的「主人/仓库」，不知道时是空串。
    """
    head = fill_template(
        "derivation_head.html",
        derivation=derivation,
        number=number,
        catalog=catalog,
        has_python=has_python,
        repository=repository,
        href=href,
    )
    return "\n".join([head, markdown, "" if number else _render_aliases(derivation.aliases)])


def render_topic_brief(topic: Topic, catalog: Catalog, href: Href, pdf: str) -> str:
    """考点的「面试前 30 分钟」：公式与表、误区、各题最要紧的一条错。

    pdf 是这一页的 PDF 的相对地址，这次构建没有就是空串。
    """
    questions = [q for q in catalog.questions.values() if q.topic == topic.key]
    mistakes = [
        f"- {question.title}：{mistake.removeprefix('- ')}"
        for question in questions
        for mistake in briefs.select_mistakes(question)[:1]
    ]
    parts = [
        fill_template("brief_head.html", topic=topic, pdf=pdf, href=href),
        "## 公式与表",
        briefs.select_formulas(topic),
        "## 误区",
        "\n".join(briefs.select_traps(topic)),
    ]
    if mistakes:
        parts += ["## 各题最要紧的一条错", "\n".join(mistakes)]
    return render_marks("\n\n".join(parts), catalog, href)


def render_company_brief(company: str, catalog: Catalog, href: Href, pdf: str) -> str:
    """公司的「面试前 30 分钟」：结果、问了什么、这些考点的 30 秒版与误区。pdf 同上。"""
    experiences = group.group_companies(catalog)[company]
    values = {"experiences": experiences, "catalog": catalog, "href": href}
    hint = briefs.make_hint(catalog, company)
    asked = (
        fill_template("brief_hint.html", hint=hint, **values)
        if hint
        else fill_template("brief_asked.html", **values)
    )
    parts = [
        fill_template("brief_head.html", topic=None, pdf=pdf, href=href),
        fill_template("brief_company.html", **values),
        "## 问了什么",
        asked,
    ]
    answers = [
        f"**{question.title}**（{topic.title}）：{briefs.select_brief(question)}"
        for topic, questions in briefs.select_questions(catalog, company)
        for question in questions
    ]
    if answers:
        parts += ["## 30 秒版", *answers]
    if traps := briefs.select_company_traps(catalog, company):
        parts += ["## 误区", "\n".join(traps)]
    return render_marks("\n\n".join(parts), catalog, href)


@lru_cache(maxsize=8192)
def _render_mark(status: str, checked: str | None, url: str) -> str:
    """一处引用的记号；同一条在各页引用许多次。"""
    return fill_template("claim_mark.html", status=status, checked=checked, url=url).strip()


def render_marks(markdown: str, catalog: Catalog, href: Href) -> str:
    """正文里的引用（`[✓](claim:键)`）与图（`![替代文字](diagram:名字)`）换成 HTML。"""
    if "](claim:" not in markdown and "](diagram:" not in markdown:
        return markdown

    def cite(match: re.Match[str]) -> str:
        claim = catalog.claims[match.group(1)]
        return _render_mark(claim.status, claim.checked, href(ledger_page(claim), claim.key))

    def draw(match: re.Match[str]) -> str:
        alt, name = match.groups()
        return fill_template("diagram.html", alt=alt, svg=Markup(DIAGRAMS[name]()))

    return replace_prose(markdown, lambda line: DIAGRAM.sub(draw, CITATION.sub(cite, line)))


def _render_sources(page: Topic | Question) -> list[str]:
    aliases = _render_aliases(page.aliases)
    if not page.sources:
        return [aliases]
    return ["## 来源", "", fill_template("sources.html", sources=page.sources), aliases]


def _render_checked(page: Topic | Question, catalog: Catalog, href: Href) -> str:
    """页末的一句：引用了账本几条、核对到哪一天；没有引用时为空。"""
    keys = dict.fromkeys(key for _, key in find_citations(page))
    claims = [catalog.claims[key] for key in keys]
    return fill_template("checked.html", claims=claims, href=href) if claims else ""


def _render_aliases(aliases: tuple[str, ...]) -> str:
    """别名只为搜索而写，标明是本站所加，不当作原文的事实。"""
    return fill_template("aliases.html", aliases=aliases)
