"""生成的 HTML 共用的 Jinja：模板在 `templates/`，值一律转义，没有给的名字就是错。"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mianjing import catalog as group
from mianjing.atlas.age import age_label, count_months
from mianjing.atlas.charts import count_ends, draw_ends, draw_order
from mianjing.atlas.facets import group_facets
from mianjing.atlas.matrix import group_forms, group_matrix
from mianjing.claims import area_of, ledger_page
from mianjing.labels import label, period_label, round_label, rounds_label
from mianjing.tags import group_tags
from mianjing.vocabulary import FIELD_TERMS, read_vocabulary

Href = Callable[[str, str], str]
"""（docs 内的路径，锚点）→ 相对这一页的地址。"""

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


def fill_template(name: str, **values: object) -> str:
    """渲染一个模板；去掉空行，免得 Markdown 把一块 HTML 拆成几段。"""
    html = environment.get_template(name).render(**values)
    return "\n".join(line for line in html.splitlines() if line.strip()) + "\n"
