"""目录 → 页面：每种页面一个 `render_*`，返回 Markdown；生成的部分是 HTML，值都经模板转义。

渲染不知道 mkdocs：链接由调用者给的 `href(docs 内路径, 锚点)` 换成相对地址。
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from functools import lru_cache, partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mianjing import briefs
from mianjing import catalog as group
from mianjing import plan as planning
from mianjing.answers import split_sections
from mianjing.atlas.age import STALE, age_label, count_months
from mianjing.atlas.charts import count_ends, draw_ends, draw_order
from mianjing.atlas.compare import name_experiences
from mianjing.atlas.facets import SHOWN, group_facets
from mianjing.atlas.listings import Listing, group_listings
from mianjing.atlas.matrix import group_forms, group_matrix
from mianjing.calculators import read_calculators, run_result, show_number
from mianjing.cards import count_topic_cards
from mianjing.checks import QUESTION_SECTIONS, TOPIC_SECTIONS
from mianjing.claims import CITATION, area_of, cited_by, find_citations, ledger_page
from mianjing.diagrams import DIAGRAMS
from mianjing.estimates.presets import read_presets
from mianjing.export.csv_file import TABLE_TITLES, TABLES
from mianjing.export.schema import list_fields
from mianjing.export.shapes import TITLES
from mianjing.labels import round_label
from mianjing.markdown import DIAGRAM, make_fence, make_fold, replace_prose
from mianjing.model import (
    Catalog,
    Derivation,
    Exercise,
    Experience,
    Period,
    Question,
    Topic,
    Withdrawn,
)
from mianjing.notices import read_notices
from mianjing.offline import ARCHIVE
from mianjing.parts import Part
from mianjing.tags import group_tags
from mianjing.vocabulary import FIELD_TERMS, read_vocabulary

Href = Callable[[str, str], str]

_BLOCK = re.compile(r"^<!-- mianjing: (\S+) -->$", re.MULTILINE)
WITHDRAWN = "已撤下的面经"


@dataclass(frozen=True)
class Site:
    """这一次构建才知道的事。"""

    repository: str = ""
    """GitHub 上的「主人/仓库」，不知道时是空串。"""
    archive_bytes: int | None = None
    """离线包的大小，没有时是 None。"""


class UnknownBlockError(Exception):
    """页面里要的生成块不存在。"""


def label(terms: str, key: str) -> str:
    """词表 terms 里 key 的中文。"""
    return read_vocabulary()[terms].label(key)


def period_label(period: Period) -> str:
    """时间与精度：`2023-03 至 2023-09（由原文推断）`。"""
    if period.start is None and period.end is None:
        return "未提及"
    start, end = period.start or "未提及", period.end or "未提及"
    span = start if start == end else f"{start} 至 {end}"
    return f"{span}（{label('precisions', period.precision)}）"


def rounds_label(experience: Experience) -> str:
    """轮数：`2 轮`、`3～4 轮`、`至少 4 轮`、`没有进入面试`、`未提及`。"""
    low, high = experience.rounds_min, experience.rounds_max
    if low is None and high is None:
        return "未提及"
    if high is None:
        return f"至少 {low} 轮"
    if low is None:
        return f"至多 {high} 轮"
    if low == high:
        return f"{low} 轮" if low else "没有进入面试轮次"
    return f"{low}～{high} 轮"


environment = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)
"""全部模板共用的 Jinja：值一律转义，没有给的名字就是错。"""
environment.globals.update(
    age_label=age_label,
    area_of=area_of,
    asked_forms=group.asked_forms,
    asked_topics=group.asked_topics,
    count_ends=count_ends,
    count_months=count_months,
    draw_ends=draw_ends,
    draw_order=draw_order,
    group_facets=group_facets,
    group_forms=group_forms,
    group_matrix=group_matrix,
    group_tags=group_tags,
    label=label,
    listed=group.LISTED,
    ledger_page=ledger_page,
    period_label=period_label,
    round_label=round_label,
    rounds_label=rounds_label,
    field_terms=FIELD_TERMS,
    words=read_vocabulary,
)


def _template(name: str, **values: object) -> str:
    """渲染一个模板；去掉空行，免得 Markdown 把一块 HTML 拆成几段。"""
    html = environment.get_template(name).render(**values)
    return "\n".join(line for line in html.splitlines() if line.strip()) + "\n"


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
            _template("facts.html", **values),
            _template("rounds.html", **values) if experience.rounds else "",
            experience.body.strip("\n"),
            "",
            "## 接着看",
            "",
            _template("next_steps.html", related=related, **values),
            "## 出处",
            "",
            _template("provenance.html", **values),
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
    return _experience_table(listing.experiences, {}, catalog, href)


def render_part(part: Part, catalog: Catalog, href: Href) -> str:
    """分出来的一页。"""
    return _template(
        part.template, key=part.key, catalog=catalog, group=group, cited_by=cited_by, href=href
    )


def _experience_table(
    experiences: tuple[Experience, ...], years: dict[str, str], catalog: Catalog, href: Href
) -> str:
    return _template(
        "experience_table.html", experiences=experiences, years=years, catalog=catalog, href=href
    )


def _first_experiences(catalog: Catalog, href: Href) -> str:
    """全部面经；多到放不下时只有新的一部分，与按年份看的链接。"""
    pages = [page for uri, page in group_listings(catalog).items() if "/years/" in uri]
    years = {Path(page.uri).stem: page.title for page in pages}
    experiences = tuple(catalog.experiences.values())
    shown = tuple(group.newest(catalog, SHOWN)) if years else experiences
    return _experience_table(shown, years, catalog, href)


def describe_experience() -> dict[str, Callable[[Experience], str]]:
    """比较页里要换成中文说法的项目。"""
    return {"轮数": rounds_label, "时间": lambda experience: period_label(experience.period)}


def render_topic(topic: Topic, catalog: Catalog, href: Href) -> str:
    """考点页：正文里在第一节之后插入「谁问过」，末尾接题、推导与来源。"""
    asked = _template(
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
    related = _template(
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
    head = _template(
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
    head = _template("exercise_head.html", topic=catalog.topics[exercise.topic], **values)
    area = _template("exercise_area.html", has_python=has_python, **values)
    tail = _template("exercise_mutants.html", **values)
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
    head = _template(
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
        _template("brief_head.html", topic=topic, pdf=pdf, href=href),
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
        _template("brief_hint.html", hint=hint, **values)
        if hint
        else _template("brief_asked.html", **values)
    )
    parts = [
        _template("brief_head.html", topic=None, pdf=pdf, href=href),
        _template("brief_company.html", **values),
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
    return _template("claim_mark.html", status=status, checked=checked, url=url).strip()


def render_marks(markdown: str, catalog: Catalog, href: Href) -> str:
    """正文里的引用（`[✓](claim:键)`）与图（`![替代文字](diagram:名字)`）换成 HTML。"""
    if "](claim:" not in markdown and "](diagram:" not in markdown:
        return markdown

    def cite(match: re.Match[str]) -> str:
        claim = catalog.claims[match.group(1)]
        return _render_mark(claim.status, claim.checked, href(ledger_page(claim), claim.key))

    def draw(match: re.Match[str]) -> str:
        alt, name = match.groups()
        return _template("diagram.html", alt=alt, svg=Markup(DIAGRAMS[name]()))

    return replace_prose(markdown, lambda line: DIAGRAM.sub(draw, CITATION.sub(cite, line)))


def render_blocks(markdown: str, catalog: Catalog, href: Href, site: Site | None = None) -> str:
    """把 `<!-- mianjing: 名字 -->` 单独一行的标记换成生成的块，引用换成记号。"""
    blocks = BLOCKS | {name: partial(block, site or Site()) for name, block in SITE_BLOCKS.items()}

    def replace(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in blocks:
            known = "、".join(blocks)
            raise UnknownBlockError(f"不认识的生成块「{name}」，可用：{known}")
        return blocks[name](catalog, href)

    return _BLOCK.sub(replace, render_marks(markdown, catalog, href))


def read_contact() -> str:
    """维护者的联系方式：环境变量 CONTACT，`mailto:` 或 https 链接；没有设就不显示，不编一个。"""
    contact = os.environ.get("CONTACT", "").strip()
    if contact and not re.fullmatch(r"mailto:[^\s@<>\"]+@[^\s@<>\"]+|https://[^\s<>\"]+", contact):
        raise ValueError(f"CONTACT「{contact}」应是 mailto: 或 https:// 开头的地址")
    return contact


def _block(template: str) -> Callable[[Catalog, Href], str]:
    def render(catalog: Catalog, href: Href) -> str:
        return _template(template, catalog=catalog, group=group, cited_by=cited_by, href=href)

    return render


BLOCKS: dict[str, Callable[[Catalog, Href], str]] = {
    "home-numbers": _block("home_numbers.html"),
    "home-newest": _block("home_newest.html"),
    "contact": lambda catalog, href: _template("contact.html", contact=read_contact()),
    "third-party": lambda catalog, href: _template("third_party.html", notices=read_notices()),
    "experience-summary": _block("experience_summary.html"),
    "experience-facets": _block("facets.html"),
    "experience-table": _first_experiences,
    "matrix-table": lambda catalog, href: _template(
        "matrix.html", catalog=catalog, shown=SHOWN, href=href
    ),
    "form-topics": _block("form_topics.html"),
    "ends": _block("ends.html"),
    "order": _block("order.html"),
    "compare": lambda catalog, href: _template(
        "compare.html", catalog=catalog, names=name_experiences(catalog), href=href
    ),
    "topic-table": _block("topic_table.html"),
    "question-levels": _block("question_levels.html"),
    "question-topics": _block("question_topics.html"),
    "derivation-list": _block("derivation_list.html"),
    "exercise-list": _block("exercise_list.html"),
    "exercise-mistakes": _block("exercise_mistakes.html"),
    "vocabulary": _block("vocabulary.html"),
    "question-companies": _block("question_companies.html"),
    "review": lambda catalog, href: _template(
        "review.html", counts=count_topic_cards(catalog), catalog=catalog, href=href
    ),
    "mock": lambda catalog, href: _template("mock.html", catalog=catalog, href=href),
    "plan": lambda catalog, href: _render_plan(catalog, href),
    "calculators": lambda catalog, href: _render_calculators(),
    "errata": _block("errata.html"),
    "brief-list": lambda catalog, href: _template(
        "brief_list.html", companies=group.group_companies(catalog), catalog=catalog, href=href
    ),
    "data-files": lambda catalog, href: _template(
        "data_files.html", titles=TITLES, catalog=vars(catalog), href=href
    ),
    "data-tables": lambda catalog, href: _template(
        "data_tables.html", titles=TABLE_TITLES, tables=TABLES, href=href
    ),
    "data-fields": lambda catalog, href: _template(
        "data_fields.html", titles=TITLES, list_fields=list_fields
    ),
    "tag-index": _block("tag_index.html"),
    "claim-counts": _block("claim_counts.html"),
}


def _render_plan(catalog: Catalog, href: Href) -> str:
    """没有选公司时的计划；选了之后由浏览器用同样的分重排。"""
    items = planning.list_items(catalog)
    return _template(
        "plan.html",
        plan=planning.make_plan(catalog, items, planning.weigh_records(catalog, items)),
        catalog=catalog,
        href=href,
    )


def _render_form(site: Site, catalog: Catalog, href: Href) -> str:
    return _template("experience_form.html", catalog=catalog, repository=site.repository, href=href)


def _render_archive(site: Site, catalog: Catalog, href: Href) -> str:
    address = "" if site.archive_bytes is None else href(ARCHIVE, "")
    return _template("offline_archive.html", size=site.archive_bytes, address=address)


SITE_BLOCKS: dict[str, Callable[[Site, Catalog, Href], str]] = {
    "experience-form": _render_form,
    "offline-archive": _render_archive,
}
"""还要知道这次构建的块。"""


def _render_calculators() -> str:
    presets = {
        key: {name: value for name, value in asdict(preset).items() if isinstance(value, int)}
        for key, preset in read_presets().items()
    }
    return _template(
        "calculators.html",
        calculators=read_calculators,
        run_result=run_result,
        show_number=show_number,
        presets=json.dumps(presets),
    )


def _render_sources(page: Topic | Question) -> list[str]:
    aliases = _render_aliases(page.aliases)
    if not page.sources:
        return [aliases]
    return ["## 来源", "", _template("sources.html", sources=page.sources), aliases]


def _render_checked(page: Topic | Question, catalog: Catalog, href: Href) -> str:
    """页末的一句：引用了账本几条、核对到哪一天；没有引用时为空。"""
    keys = dict.fromkeys(key for _, key in find_citations(page))
    claims = [catalog.claims[key] for key in keys]
    return _template("checked.html", claims=claims, href=href) if claims else ""


def _render_aliases(aliases: tuple[str, ...]) -> str:
    """别名只为搜索而写，标明是本站所加，不当作原文的事实。"""
    return _template("aliases.html", aliases=aliases)
