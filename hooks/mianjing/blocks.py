"""页面里的生成块：`<!-- mianjing: 名字 -->` 单独一行，换成由目录生成的 HTML。"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from mianjing import catalog as group
from mianjing import plan as planning
from mianjing.atlas.compare import name_experiences
from mianjing.atlas.facets import SHOWN
from mianjing.atlas.listings import group_listings
from mianjing.calculators import read_calculators, run_result, show_number
from mianjing.cards import count_topic_cards
from mianjing.claims import cited_by
from mianjing.edition import ARCHIVE
from mianjing.estimates.presets import read_presets
from mianjing.export.csv_file import TABLE_TITLES, TABLES
from mianjing.export.schema import list_fields
from mianjing.export.shapes import TITLES
from mianjing.model import Catalog
from mianjing.notices import read_notices
from mianjing.render import render_marks, render_table
from mianjing.template import Href, fill_template

_BLOCK = re.compile(r"^<!-- mianjing: (\S+) -->$", re.MULTILINE)


@dataclass(frozen=True)
class Site:
    """这一次构建才知道的事。"""

    repository: str = ""
    """GitHub 上的「主人/仓库」，不知道时是空串。"""
    archive_bytes: int | None = None
    """离线包的大小，没有时是 None。"""


class UnknownBlockError(Exception):
    """页面里要的生成块不存在。"""


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


def _first_experiences(catalog: Catalog, href: Href) -> str:
    """全部面经；多到放不下时只有新的一部分，与按年份看的链接。"""
    pages = [page for uri, page in group_listings(catalog).items() if "/years/" in uri]
    years = {Path(page.uri).stem: page.title for page in pages}
    experiences = tuple(catalog.experiences.values())
    shown = tuple(group.newest(catalog, SHOWN)) if years else experiences
    return render_table(shown, years, catalog, href)


def read_contact() -> str:
    """维护者的联系方式：环境变量 CONTACT，`mailto:` 或 https 链接；没有设就不显示，不编一个。"""
    contact = os.environ.get("CONTACT", "").strip()
    if contact and not re.fullmatch(r"mailto:[^\s@<>\"]+@[^\s@<>\"]+|https://[^\s<>\"]+", contact):
        raise ValueError(f"CONTACT「{contact}」应是 mailto: 或 https:// 开头的地址")
    return contact


def _block(template: str) -> Callable[[Catalog, Href], str]:
    def render(catalog: Catalog, href: Href) -> str:
        return fill_template(template, catalog=catalog, group=group, cited_by=cited_by, href=href)

    return render


BLOCKS: dict[str, Callable[[Catalog, Href], str]] = {
    "home-numbers": _block("home_numbers.html"),
    "home-newest": _block("home_newest.html"),
    "contact": lambda catalog, href: fill_template("contact.html", contact=read_contact()),
    "third-party": lambda catalog, href: fill_template("third_party.html", notices=read_notices()),
    "experience-summary": _block("experience_summary.html"),
    "experience-facets": _block("facets.html"),
    "experience-table": _first_experiences,
    "matrix-table": lambda catalog, href: fill_template(
        "matrix.html", catalog=catalog, shown=SHOWN, href=href
    ),
    "form-topics": _block("form_topics.html"),
    "ends": _block("ends.html"),
    "order": _block("order.html"),
    "compare": lambda catalog, href: fill_template(
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
    "review": lambda catalog, href: fill_template(
        "review.html", counts=count_topic_cards(catalog), catalog=catalog, href=href
    ),
    "mock": lambda catalog, href: fill_template("mock.html", catalog=catalog, href=href),
    "plan": lambda catalog, href: _render_plan(catalog, href),
    "calculators": lambda catalog, href: _render_calculators(),
    "errata": _block("errata.html"),
    "brief-list": lambda catalog, href: fill_template(
        "brief_list.html", companies=group.group_companies(catalog), catalog=catalog, href=href
    ),
    "data-files": lambda catalog, href: fill_template(
        "data_files.html", titles=TITLES, catalog=vars(catalog), href=href
    ),
    "data-tables": lambda catalog, href: fill_template(
        "data_tables.html", titles=TABLE_TITLES, tables=TABLES, href=href
    ),
    "data-fields": lambda catalog, href: fill_template(
        "data_fields.html", titles=TITLES, list_fields=list_fields
    ),
    "tag-index": _block("tag_index.html"),
    "claim-counts": _block("claim_counts.html"),
}


def _render_plan(catalog: Catalog, href: Href) -> str:
    """没有选公司时的计划；选了之后由浏览器用同样的分重排。"""
    items = planning.list_items(catalog)
    return fill_template(
        "plan.html",
        plan=planning.make_plan(catalog, items, planning.weigh_records(catalog, items)),
        catalog=catalog,
        href=href,
    )


def _render_form(site: Site, catalog: Catalog, href: Href) -> str:
    return fill_template(
        "experience_form.html", catalog=catalog, repository=site.repository, href=href
    )


def _render_archive(site: Site, catalog: Catalog, href: Href) -> str:
    address = "" if site.archive_bytes is None else href(ARCHIVE, "")
    return fill_template("offline_archive.html", size=site.archive_bytes, address=address)


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
    return fill_template(
        "calculators.html",
        calculators=read_calculators,
        run_result=run_result,
        show_number=show_number,
        presets=json.dumps(presets),
    )
