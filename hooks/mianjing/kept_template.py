"""套好模板的页面按内容留着：一页与它周围都没有变，就不再套一遍模板，套好之后的整理也不再做。

模板读得到的都合成键：这一页的字段、前后页与所属的栏目，全站的导航与配置，模板自己与各库的版本。
主题的模板读了表里没有的字段时，测试会说。
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from jinja2 import Template
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure import StructureItem
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from mianjing.code_version import code_version
from mianjing.page_cache import dump_toc
from mianjing.whole_file import write_whole

_LIBRARIES = ("jinja2", "mkdocs", "mkdocs-material")
CONFIG = (
    "copyright",
    "edit_uri",
    "extra",
    "extra_css",
    "extra_javascript",
    "repo_name",
    "repo_url",
    "site_author",
    "site_description",
    "site_name",
    "site_url",
    "use_directory_urls",
)
"""配置里会随环境变的字段；其余的都写在 mkdocs.yml，整份算进键里。"""
PAGE = ("canonical_url", "content", "edit_url", "is_homepage", "meta", "title", "url")
AROUND = ("ancestors", "next_page", "parent", "previous_page", "toc")
"""页面的字段：前一张照原样进键，后一张另写成键里的样子。"""
_GIVEN = frozenset(
    {
        "base_url",
        "build_date_utc",
        "config",
        "extra_css",
        "extra_javascript",
        "mkdocs_version",
        "nav",
        "page",
        "pages",
    }
)
"""mkdocs 给模板的；build_date_utc 与 pages 只有 sitemap 用。"""


class KeptTemplates:
    """一次构建用的：`<folder>/<源路径的哈希>.html`，一页一份，第一行是键。"""

    def __init__(
        self,
        folder: Path,
        config: MkDocsConfig,
        finish: Callable[[str, Page], str],
        inputs: Mapping[str, object],
    ) -> None:
        """模板在 mkdocs.yml 旁边的 overrides 里，与主题里。

        finish 整理套好的一页，结果只取决于 HTML、页面与 inputs（源路径 → 写得成 JSON 的值）。
        """
        self.folder = folder
        self.config = config
        self.finish = finish
        self.inputs = inputs
        self.site = ""

    def keep(self, template: Template) -> KeptTemplate:
        """包住 mkdocs 取来的 main.html。"""
        return KeptTemplate(self, template)

    def render(self, template: Template, context: dict[str, Any]) -> str:
        """上次的结果还能用就用它。"""
        if unknown := context.keys() - _GIVEN:
            names = "、".join(sorted(unknown))
            raise PluginError(
                f"模板多了 {names}：在 hooks/mianjing/kept_template.py 里把它算进缓存的键"
            )
        page: Page = context["page"]
        self.site = self.site or _dump_site(self.config, context["nav"])
        own = [_dump_page(page, context), self.inputs.get(page.file.src_uri)]
        text = json.dumps([self.site, own], sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()
        kept = self.folder / f"{hashlib.sha256(page.file.src_uri.encode()).hexdigest()[:24]}.html"
        with suppress(FileNotFoundError):
            first, _, html = kept.read_bytes().partition(b"\n")
            if first == key.encode():
                return html.decode()
        output = self.finish(template.render(context), page)
        write_whole(kept, f"{key}\n{output}".encode())
        return output


class KeptTemplate:
    """mkdocs 只用模板的 render。"""

    def __init__(self, kept: KeptTemplates, template: Template) -> None:
        self.kept = kept
        self.template = template

    def render(self, context: dict[str, Any]) -> str:
        """套好的一页。"""
        return self.kept.render(self.template, context)


def _dump_site(config: MkDocsConfig, nav: Navigation) -> str:
    """全站共有的，一个哈希。"""
    root = Path(config.config_file_path).parent
    digest = hashlib.sha256(code_version(_LIBRARIES).encode())
    for file in (Path(config.config_file_path), *sorted((root / "overrides").rglob("*"))):
        if file.is_file():
            digest.update(f"{file.relative_to(root).as_posix()}\n".encode() + file.read_bytes())
    theme = {name: config.theme[name] for name in config.theme}
    values = {name: config[name] for name in CONFIG}
    homepage = _dump_around(nav.homepage)
    items = [_dump_item(item) for item in nav.items]
    shared = json.dumps([theme, values, homepage, items], sort_keys=True, default=str)
    digest.update(shared.encode())
    return digest.hexdigest()


def _dump_page(page: Page, context: dict[str, Any]) -> list[Any]:
    """一页自己的。"""
    return [
        [getattr(page, name) for name in PAGE],
        [_dump_around(item) for item in (page.previous_page, page.next_page, page.parent)],
        [_dump_around(item) for item in page.ancestors],
        [dump_toc(item) for item in page.toc],
        [context["base_url"], context["mkdocs_version"]],
    ]


def _dump_around(item: StructureItem | None) -> list[Any] | None:
    """导航里的一项，不管它下面的。"""
    if item is None:
        return None
    meta = item.meta if isinstance(item, Page) else {}
    return [type(item).__name__, item.title, getattr(item, "url", None), meta]


def _dump_item(item: StructureItem) -> list[Any]:
    children = getattr(item, "children", None) or ()  # 页面的是 None，链接没有
    return [_dump_around(item), [_dump_item(child) for child in children]]
