"""页面以外由数据生成的文件：样式、可下载的源与结果、图、网页要的数据、带走的数据与订阅。"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from mianjing import cards, plan, render
from mianjing.atlas.compare import dump_comparison
from mianjing.atlas.facets import dump_facets
from mianjing.contribution import dump_rules
from mianjing.dates import Change
from mianjing.export import anki, render_data
from mianjing.feeds import FEEDS, render_feed
from mianjing.model import Catalog
from mianjing.notebook import Rendering, dump_cells
from mianjing.notices import read_notices, render_licences
from mianjing.practice import dump_exercise
from mianjing.published import read_redirects, render_redirect
from mianjing.theme_styles import THEMED, join_styles

Address = Callable[[str, str], str]
"""（页面的源路径，面经的键）→ 面经相对那一页的地址。"""


def generate_files(
    root: Path,
    catalog: Catalog,
    notebooks: Mapping[str, Rendering],
    history: Mapping[str, Change],
    site_url: str,
    repository: str,
    address: Address,
) -> dict[str, str | bytes]:
    """站内路径 → 内容；牌组要等题目转成 HTML，这里先占着位置。

    site_url 是站点根的地址，不知道时是空串；repository 是 GitHub 上的「主人/仓库」。
    """
    base = site_url or "/"

    def address_from(page: str) -> Callable[[str], str]:
        return lambda key: address(page, key)

    return {
        THEMED: join_styles(root),
        **{feed.path: render_feed(feed, catalog, history, base) for feed in FEEDS},
        **render_data(catalog, base),
        anki.PATH: b"",
        "about/third-party.txt": render_licences(read_notices(root)),
        "experiences/atlas.json": dump_facets(catalog, address_from("experiences/index.md")),
        "atlas/compare/compare.json": dump_comparison(
            catalog, address_from("atlas/compare.md"), render.describe_experience()
        ),
        cards.INDEX: cards.dump_cards(catalog),
        plan.PATH: plan.dump_plan(catalog),
        "contribute/experience/rules.json": dump_rules(catalog, repository),
        **{
            f"{old}index.html": render_redirect(old, new, site_url)
            for old, new in read_redirects(root).items()
        },
        **{
            f"practice/{key}/exercise.json": dump_exercise(exercise)
            for key, exercise in catalog.exercises.items()
        },
        **_derivation_files(root, notebooks),
    }


def _derivation_files(root: Path, notebooks: Mapping[str, Rendering]) -> dict[str, str | bytes]:
    files: dict[str, str | bytes] = {}
    for key, notebook in notebooks.items():
        folder = f"notebooks/{key}"
        files[f"{folder}/{key}.ipynb"] = (root / "notebooks" / f"{key}.ipynb").read_bytes()
        files[f"{folder}/{key}.py"] = notebook.script
        files[f"{folder}/cells.json"] = dump_cells(notebook)
        files |= {f"{folder}/{name}": figure for name, figure in notebook.figures.items()}
    return files
