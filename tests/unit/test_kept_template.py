"""套好的页面留着用：模板读得到的都在键里；哪一样变了就重新套，没有变就不套。"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Template
from mianjing.kept_template import AROUND, CONFIG, PAGE, KeptTemplates
from mianjing.places import theme_folder
from mkdocs.config.base import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import AnchorLink, TableOfContents

ROOT = Path(__file__).resolve().parents[2]
FIXED = {"mdx_configs", "plugins", "theme"}
"""只由 mkdocs.yml 定的。"""
BLOG = re.compile(r"blog|post|redirect")


def read_fields(name: str) -> set[str]:
    """主题与本站的模板读 name 的哪些字段；博客的模板用不到。"""
    folder = theme_folder()
    assert folder is not None
    files = [
        *folder.glob("*.html"),
        *folder.glob("partials/**/*.html"),
        *ROOT.glob("overrides/**/*.html"),
    ]
    return {
        field
        for file in files
        if not BLOG.search(file.name)
        for field in re.findall(rf"(?<![\w.]){name}\.(\w+)", file.read_text(encoding="utf-8"))
    }


def test_the_key_holds_all_that_templates_read() -> None:
    assert read_fields("page") - {*PAGE, *AROUND} == set()
    assert read_fields("config") - {*CONFIG, *FIXED} == set()
    assert {"content", "toc"} <= read_fields("page")
    assert read_fields("nav") - {"html"} == {"items", "homepage"}  # html 是文件名 nav.html


@pytest.fixture
def config(tmp_path: Path) -> MkDocsConfig:
    (tmp_path / "docs").mkdir()
    (tmp_path / "overrides").mkdir()
    (tmp_path / "overrides" / "main.html").write_text("一", encoding="utf-8")
    (tmp_path / "mkdocs.yml").write_text("site_name: 站\n", encoding="utf-8")
    return load_config(str(tmp_path / "mkdocs.yml"))


class Counted:
    """数套了几次的模板。"""

    def __init__(self) -> None:
        self.count = 0

    def render(self, context: dict[str, Any]) -> str:
        self.count += 1
        return f"第 {self.count} 次：{context['page'].content}\n"


def make_context(config: MkDocsConfig, **changes: Any) -> dict[str, Any]:
    """两页的站里第一页的上下文；changes 改其中一样。"""
    files = [
        File(f"{name}.md", config.docs_dir, config.site_dir, use_directory_urls=True)
        for name in ("index", "other")
    ]
    page, other = (
        Page(name, file, config) for name, file in zip(("首页", "他页"), files, strict=True)
    )
    page.content, page.meta = "正文", {"hide": ["toc"]}
    page.toc = TableOfContents([AnchorLink("节", "one", 2)])
    section = Section("栏目", [page, other])
    page.next_page, page.parent = other, section
    match changes:
        case {"content": str(content)}:
            page.content = content
        case {"meta": dict(meta)}:
            page.meta = meta
        case {"heading": str(heading)}:
            page.toc = TableOfContents([AnchorLink(heading, "one", 2)])
        case {"next": str(title)}:
            other.title = title
        case {"section": str(title)}:
            section.title = title
        case {"edit": str(url)}:
            page.edit_url = url
    return {
        "page": page,
        "config": config,
        "nav": Navigation([section], [page, other]),
        "base_url": ".",
        "mkdocs_version": "1",
    }


def finish(output: str, page: Page) -> str:
    return f"{output}整理过"


def render(config: MkDocsConfig, template: Counted, folder: Path, **changes: Any) -> str:
    """新的一次构建里套一页。"""
    kept = KeptTemplates(folder, config, finish, {"index.md": changes.get("fonts", [])})
    return kept.render(template, make_context(config, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"content": "改了"},
        {"meta": {}},
        {"heading": "改了"},
        {"next": "改了"},
        {"section": "改了"},
        {"edit": "https://example.com/edit"},
        {"fonts": ["Main"]},
    ],
    ids=str,
)
def test_a_change_is_rendered_again(
    config: MkDocsConfig, tmp_path: Path, change: dict[str, Any]
) -> None:
    template, folder = Counted(), tmp_path / "themed"
    first = render(config, template, folder)
    assert first.endswith("整理过")
    assert render(config, template, folder) == first
    assert template.count == 1
    render(config, template, folder, **change)
    assert template.count == 2


def test_a_change_of_the_site_is_rendered_again(config: MkDocsConfig, tmp_path: Path) -> None:
    template, folder = Counted(), tmp_path / "themed"
    render(config, template, folder)
    config.repo_url = "https://github.com/example/example"
    render(config, template, folder)
    (tmp_path / "overrides" / "main.html").write_text("二", encoding="utf-8")
    render(config, template, folder)
    assert template.count == 3


def test_a_half_written_page_is_rendered_again(config: MkDocsConfig, tmp_path: Path) -> None:
    template, folder = Counted(), tmp_path / "themed"
    render(config, template, folder)
    (kept,) = folder.iterdir()
    kept.write_bytes(kept.read_bytes()[:20])
    assert render(config, template, folder).startswith("第 2 次")


def test_something_new_for_templates_is_refused(config: MkDocsConfig, tmp_path: Path) -> None:
    context = {**make_context(config), "weather": "晴"}
    with pytest.raises(PluginError, match="weather"):
        KeptTemplates(tmp_path, config, finish, {}).render(Template(""), context)
