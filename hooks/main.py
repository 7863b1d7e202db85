"""mkdocs 的入口：只有 `on_*`，规则与渲染都在 `mianjing` 包里。"""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

from mianjing.search_box import SearchBox
from mianjing.site_pages import SitePages, apply_edition
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

_site: SitePages


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """读入并检查全部数据；有问题就在写任何文件之前停下。每次构建重新来过。"""
    global _site
    gc.unfreeze()  # serve 时上一次构建的，先收掉
    gc.collect()
    if not config.repo_url:
        config.edit_uri = None
    apply_edition(config)
    _site = SitePages(Path(config.config_file_path).parent, config)
    config.plugins["material/search"] = SearchBox()
    gc.freeze()  # 目录活到构建结束：几十万个对象，不必每一轮回收都数一遍
    gc.set_threshold(50_000)  # 缺省 700：一页就要回收好几轮
    return config


@event_priority(100)
def on_files(files: Files, config: MkDocsConfig) -> Files:
    """加入推导与它们的图；要在 mkdocs-jupyter 之前。"""
    return _site.add_files(files)


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """面经与题目不进导航树，在这里接上前后页与所属的栏目。"""
    _site.link_pages(nav, files)
    return nav


@event_priority(-100)
def on_pre_page(page: Page, config: MkDocsConfig, files: Files) -> Page:
    """推导走本站的 Markdown；要在 mkdocs-jupyter 之后。"""
    _site.prepare_page(page)
    return page


def on_page_read_source(page: Page, config: MkDocsConfig) -> str:
    """正文与字段都已在目录里：mkdocs 不必再读一遍文件、再解析一遍字段。"""
    return ""


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """填标题与标签，渲染正文与生成的部分。"""
    return _site.compose(page, files)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """题目的答案先折着；各页的文字进搜索。"""
    return _site.fold(html, page)


def on_env(env: Any, config: MkDocsConfig, files: Files) -> Any:
    """各页进搜索索引，做好牌组，再把全部页面的公式一次渲染；模板只编译变了的。"""
    _site.index_pages()
    _site.make_deck(files)
    _site.render_math(files)
    _site.keep_templates(env)
    return env


def on_page_context(
    context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Navigation
) -> dict[str, Any]:
    """套模板之前换上公式。"""
    _site.place_math(page)
    return context


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """套好的一页马上写出：内容不再留着。"""
    page.content = None
    return output


def on_post_template(output: str, template_name: str, config: MkDocsConfig) -> str:
    """404 页不是由 Markdown 来的，同样写上内容安全策略。"""
    return _site.add_policy(output, template_name) if template_name.endswith(".html") else output


def on_build_error(error: Exception) -> None:
    """套模板时出了错，搜索索引可能还在写：等它写完，下一次构建要清空同一个文件夹。"""
    SitePages.await_index()


def on_post_build(config: MkDocsConfig) -> None:
    """写出字体与卡片，等搜索索引写完。"""
    _site.write_files()
