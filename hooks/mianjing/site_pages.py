"""目录与 mkdocs 之间的薄层：把文件、导航、页面接到 `Catalog` 与渲染上。"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from jinja2 import Environment, FileSystemBytecodeCache
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page as SitePage

from mianjing import blocks, briefs, cards, csp, formulas, math_fonts, render, social, template
from mianjing.assets import missing_assets
from mianjing.atlas.age import read_today
from mianjing.atlas.listings import Listing, group_listings
from mianjing.dates import read_history
from mianjing.edition import ARCHIVE, CARDS_WANTED, FILE, SITE
from mianjing.export import anki
from mianjing.first_screen import split_screen
from mianjing.fonts import subset_fonts
from mianjing.kept_template import KeptTemplates
from mianjing.library import read_library
from mianjing.model import (
    Catalog,
    Exercise,
    Experience,
    Page,
    Question,
    Topic,
    Withdrawn,
)
from mianjing.notebook import (
    Rendering,
    find_homes,
    read_notebook,
    render_notebook,
    retarget,
)
from mianjing.offline import render_manifest
from mianjing.page_cache import PageCache
from mianjing.page_styles import BUNDLE, STYLES, link_styles
from mianjing.parts import Part, group_parts
from mianjing.pdf import PDF_WANTED
from mianjing.problem import Problem
from mianjing.search.documents import make_documents, read_synonyms
from mianjing.search.sections import Section as PageSection
from mianjing.search.worker import IndexWorker
from mianjing.site_files import generate_files
from mianjing.site_records import (
    BriefPage,
    DerivationPage,
    Shown,
    describe_card,
    describe_page,
    group_records,
    make_meta,
    source_path,
)
from mianjing.social import Card
from mianjing.social_fonts import MissingGlyphError
from mianjing.theme_faults import mend_theme
from mianjing.theme_styles import THEMED
from mianjing.verdicts import KeptVerdicts
from mianjing.whole_file import write_files

_FONTS = f"{BUNDLE}/fonts"
_KATEX = f"{BUNDLE}/katex.css"
_FILE_SCRIPT = f"{BUNDLE}/file.js"
"""离线包的一份脚本；发布的站不带它，离线包不带另一个离线包。"""


def apply_edition(config: MkDocsConfig) -> None:
    """离线包：链接指到文件，一份普通脚本，没有即时导航。"""
    if config.extra["edition"] != FILE:
        return
    config.use_directory_urls = False
    config.extra_javascript = [_FILE_SCRIPT]
    features = config.theme["features"]
    config.theme["features"] = [name for name in features if name != "navigation.instant"]


class SitePages:
    """一次构建的状态。"""

    index_worker: IndexWorker | None = None
    """建搜索索引的进程；上一次构建的也在这里。"""

    def __init__(self, root: Path, config: MkDocsConfig) -> None:
        """读入仓库 root；数据有问题时抛 PluginError，列出全部问题。"""
        self.root = root
        self.config = config
        self.edition: str = config.extra["edition"]
        archive = root / "docs" / ARCHIVE
        has_archive = self.edition != FILE and archive.is_file()
        self.archive_bytes = archive.stat().st_size if has_archive else None
        self.catalog: Catalog
        verdicts = KeptVerdicts(root / ".cache" / "verdicts.json")
        self.catalog, problems = read_library(root, verdicts=verdicts)
        verdicts.write()
        self.notebooks: dict[str, Rendering] = {
            key: render_notebook(key, read_notebook(root / derivation.path))
            for key, derivation in self.catalog.derivations.items()
        }
        for notebook in self.notebooks.values():
            problems += notebook.problems
        self.homes = find_homes(
            {
                key: tuple(uri for uri, _ in derivation.pages)
                for key, derivation in self.catalog.derivations.items()
            },
            self.notebooks,
        )
        self.has_python = not missing_assets(root)
        self.has_pdf = bool(os.environ.get(PDF_WANTED))
        self.has_cards = bool(
            os.environ.get(CARDS_WANTED) and self.edition == SITE and config.site_url
        )
        self.social_cards: dict[str, Card] = {}
        for name in STYLES:
            style = f"docs/{BUNDLE}/{name}.css"
            if not (root / style).is_file():
                message = "还没有打包浏览器端的库：运行 npm run bundle，或用 make serve、make build"
                problems.append(Problem(style, 1, "E305", "", message))
        _stop_on(problems)
        self.today = read_today(root)
        self.history = read_history(root)
        self.records = group_records(self.catalog)
        self.repository = _repository(config.repo_url or "")
        self.answers: dict[str, str] = {}
        templates = root / ".cache" / "templates"
        templates.mkdir(parents=True, exist_ok=True)
        self.bytecode = FileSystemBytecodeCache(str(templates))
        template.environment.bytecode_cache = self.bytecode
        self.cache = PageCache(root / ".cache" / "pages", config)
        self.sections: dict[str, tuple[str, list[PageSection]]] = {}
        self.math_styles = math_fonts.read_styles(
            (root / "docs" / _KATEX).read_text(encoding="utf-8")
        )
        self.formulas: dict[formulas.Formula, formulas.Rendered] = {}
        self.math_text: dict[str, set[str]] = {}
        self.page_fonts: dict[str, list[str]] = {}
        self.card_files: dict[str, str] = {}
        SitePages.index_worker = self.index = IndexWorker()

    def add_files(self, files: Files) -> Files:
        """加入生成的页面与文件；离线包不带另一个离线包，发布的站不带离线包的脚本。"""
        for key in self.notebooks:
            page = File(
                f"notebooks/{key}.ipynb",
                str(self.root),
                self.config.site_dir,
                self.config.use_directory_urls,
            )
            files.append(page)
        files.remove(_file(files, THEMED))
        for uri, content in {**self._generated_files(files), **self._generated_pages()}.items():
            files.append(File.generated(self.config, uri, content=content))
        unwanted = files.get_file_from_path(ARCHIVE if self.edition == FILE else _FILE_SCRIPT)
        if unwanted is not None:
            files.remove(unwanted)
        return files

    def _generated_pages(self) -> dict[str, str]:
        """没有自己的源文件的页面：推导的后几页、面试前 30 分钟、多出来的列表、分出来的页。"""
        parts = [uri for d in self.catalog.derivations.values() for uri, _ in d.pages[1:]]
        sheets = [uri for uri, record in self.records.items() if isinstance(record, BriefPage)]
        more = [*group_listings(self.catalog), *group_parts(self.catalog)]
        return dict.fromkeys([*parts, *sheets, *more], "")

    def _generated_files(self, files: Files) -> dict[str, str | bytes]:
        """页面以外由数据生成的文件；牌组的内容见 make_deck。"""

        def address(page: str, key: str) -> str:
            return _file(files, f"experiences/{key}.md").url_relative_to(_file(files, page))

        generated = generate_files(
            self.root,
            self.catalog,
            self.notebooks,
            self.history,
            self.config.site_url or "",
            self.repository,
            address,
        )
        if self.edition == SITE:
            generated["manifest.webmanifest"] = render_manifest(
                self.config.site_name or "", self.config.site_description or ""
            )
        return generated

    def link_pages(self, nav: Navigation, files: Files) -> None:
        """面经按次序、题目按考点、推导按页前后相连，并归到各自的栏目。"""
        parts = [uri for d in self.catalog.derivations.values() for uri, _ in d.pages]
        for folder, uris in (
            ("experiences", [f"experiences/{key}.md" for key in self.catalog.experiences]),
            ("questions", [f"questions/{key}.md" for key in self.catalog.questions]),
            ("practice", [f"practice/{key}/index.md" for key in self.catalog.exercises]),
            ("notebooks", parts),
            (briefs.FOLDER, [u for u, r in self.records.items() if isinstance(r, BriefPage)]),
        ):
            pages = [_page(files, uri) for uri in uris]
            section = _section_of(nav, f"{folder}/index.md")
            for i, page in enumerate(pages):
                page.parent = section
                page.previous_page = pages[i - 1] if i else None
                page.next_page = pages[i + 1] if i + 1 < len(pages) else None
        for part in group_parts(self.catalog).values():
            _page(files, part.uri).parent = _section_of(nav, part.index)
        for key in self.catalog.withdrawn:
            page = _page(files, f"experiences/{key}.md")
            page.parent = _section_of(nav, "experiences/index.md")

    def prepare_page(self, page: SitePage) -> None:
        """各页经缓存转成 HTML，也替下 mkdocs-jupyter 给推导页的 render；推导编辑的是源。"""
        page.render = lambda config, files: self.cache.render(page, files)  # type: ignore[method-assign]
        record = self.records[page.file.src_uri]
        if isinstance(record, DerivationPage) and self.config.repo_url:
            edit = urljoin(self.config.repo_url + "/", self.config.edit_uri or "")
            page.edit_url = urljoin(edit, f"../notebooks/{record.derivation.key}.py")

    def compose(self, page: SitePage, files: Files) -> str:
        """用字段设好页面的元数据，返回正文与生成部分的 Markdown。"""
        uri = page.file.src_uri
        record = self.records[uri]

        def href(target: str, anchor: str) -> str:
            found = files.src_uris.get(target)  # 写的都是规整的路径；get_file_from_path 每次要整理
            if found is None:
                raise PluginError(f"{uri} 里生成的链接指向不存在的页面「{target}」")
            return found.url_relative_to(page.file) + (f"#{anchor}" if anchor else "")

        if isinstance(record, Withdrawn):
            page.meta = {"title": render.WITHDRAWN, "description": render.WITHDRAWN}
            return render.render_withdrawn(record)
        description = self._describe(record)
        meta = make_meta(record, self.catalog)
        page.meta = {"title": record.title, "description": description, **meta}
        if change := self.history.get(source_path(uri, record)):
            page.meta["git_revision_date_localized"] = change.day
        if self.has_cards:
            path = social.card_path(page.url)
            self.social_cards[path] = describe_card(record, self.catalog, description)
            page.meta["social_card"] = path
        body = self._render_body(record, uri, href)
        return f"# {record.title}\n\n{retarget(body, uri, self.homes)}"

    def _render_body(self, record: Shown, uri: str, href: template.Href) -> str:
        match record:
            case Experience():
                return render.render_experience(record, self.catalog, href, self.today)
            case Listing():
                return render.render_listing(record, self.catalog, href)
            case Part():
                return render.render_part(record, self.catalog, href)
            case Topic():
                return render.render_topic(record, self.catalog, href)
            case Question():
                return render.render_question(record, self.catalog, href)
            case Exercise():
                return render.render_exercise(record, self.catalog, self.has_python, href)
            case DerivationPage():
                return render.render_derivation(
                    record.derivation,
                    record.number,
                    self.notebooks[record.derivation.key].pages[record.number],
                    self.catalog,
                    self.has_python,
                    self.repository,
                    href,
                )
            case BriefPage():
                pdf = f"{record.key}.pdf" if self.has_pdf else ""
                if topic := self.catalog.topics.get(record.key):
                    return render.render_topic_brief(topic, self.catalog, href, pdf)
                return render.render_company_brief(record.key, self.catalog, href, pdf)
            case Page():
                try:
                    site = blocks.Site(self.repository, self.archive_bytes)
                    return blocks.render_blocks(record.body, self.catalog, href, site)
                except blocks.UnknownBlockError as error:
                    raise PluginError(f"docs/{uri}: {error}") from error

    def fold(self, html: str, page: SitePage) -> str:
        """题目页的答案折起来，折之前的留给卡片与牌组；其余页面原样。

        各节的文字这时留给搜索：公式还是 TeX。这一页的 Markdown 与缓存从此用不着了。
        """
        uri = page.file.src_uri
        record = self.records[uri]
        if isinstance(record, Question):
            self.answers[record.key] = html
            html = render.fold_answers(html)
        if not isinstance(record, BriefPage | Part):
            sections = self.cache.read_sections(page, html)
            self.sections[uri] = (page.url, sections)
            self.index.count(sections)
        page.markdown = ""  # None 是还没有读，标题会跟着没有
        self.cache.close(page)
        return html

    def make_deck(self, files: Files) -> None:
        """全部题目都转成 HTML 之后，写好牌组；复制静态文件在这以后。"""
        deck = [
            anki.Card(
                question, self.answers[key], anki.last_change(question, self.catalog, self.history)
            )
            for key, question in self.catalog.questions.items()
        ]
        site_url = self.config.site_url or "/"
        _file(files, anki.PATH).content_bytes = anki.render_deck(deck, self.catalog, site_url)

    def keep_templates(self, env: Environment) -> None:
        """编译好的模板、套好的页面留到下次构建，按内容取用；一次构建之内不再看模板变没变。

        要在公式渲染之后：各页用到的字体这时才知道。
        """
        env.bytecode_cache = self.bytecode
        env.auto_reload = False  # env 每次构建都是新的；否则每个 include 都要查一次文件
        folder = self.root / ".cache" / "themed"
        kept = KeptTemplates(folder, self.config, self.finish, self.page_fonts)
        load = env.get_template

        def get_template(name: str, *rest: Any) -> Any:
            template = load(name, *rest)
            return kept.keep(template) if name == "main.html" and not rest else template

        env.get_template = get_template  # type: ignore[method-assign, assignment]

    def index_pages(self) -> None:
        """各页的文字都有了：另一个进程写出搜索索引（一千多份小文件），与套模板同时进行。"""
        documents = make_documents(self.catalog, self.sections)
        self.index.write(documents, read_synonyms(), Path(self.config.site_dir, "search"))

    def write_files(self) -> None:
        """写出卡片的背面，与只留了用到的字的公式字体：各一份样式；等搜索索引写完。"""
        fonts = subset_fonts(
            self.root / "docs" / _FONTS, self.math_text, self.root / ".cache" / "fonts"
        )
        written = {f"{_FONTS}/{name}": content for name, content in fonts.items()}
        styles = math_fonts.render_styles(self.math_styles, self.math_text, fonts)
        written |= {f"{BUNDLE}/{name}": content for name, content in styles.items()}
        written |= self._draw_cards()
        for name, text in self.card_files.items():
            written[name] = text.encode()
        write_files(Path(self.config.site_dir), written)
        self.await_index()

    @classmethod
    def await_index(cls) -> None:
        """等搜索索引写完；没有写成时抛出原因。"""
        if cls.index_worker is not None:
            cls.index_worker.wait()

    def _describe(self, record: Shown) -> str:
        return describe_page(record, self.catalog) or self.config.site_description or ""

    def _draw_cards(self) -> dict[str, bytes]:
        if not self.has_cards:
            return {}
        try:
            return social.draw_cards(
                self.root, self.social_cards, self.config.site_name, self.root / ".cache" / "social"
            )
        except (social.SocialError, MissingGlyphError) as error:
            raise PluginError(str(error)) from error

    def render_math(self, files: Files) -> None:
        """渲染全部页面的公式；有错的公式连同文件与行号一起报出。换上去在 place_math。"""
        pages = [
            (file.page, formulas.find_formulas(file.page.content))
            for file in files.documentation_pages()
            if isinstance(file.page, SitePage) and file.page.content
        ]
        wanted = {formula for _, found in pages for formula in found}
        try:
            rendered = formulas.render_formulas(self.root, wanted)
        except formulas.FormulaError as error:
            raise PluginError(str(error)) from error
        problems: list[Problem] = []
        own: dict[str, list[str]] = {}
        for page, found in pages:
            for formula in dict.fromkeys(found):
                if reason := rendered[formula].error:
                    path = source_path(page.file.src_uri, self.records[page.file.src_uri])
                    source = (self.root / path).read_text(encoding="utf-8")
                    line = formulas.locate_formula(source, formula)
                    message = f"公式「{formula.tex[:60]}」渲染失败：{reason}"
                    problems.append(Problem(path, line, "E404", "", message))
            own[page.file.src_uri] = [rendered[formula].html for formula in dict.fromkeys(found)]
        _stop_on(problems)
        self.formulas = rendered
        text = math_fonts.read_text(
            (one.html for one in rendered.values()),
            self.math_styles,
            self.root / ".cache" / "math-text.json",
        )
        self.math_text = math_fonts.merge_text(text.values())
        self.page_fonts = {
            uri: sorted(math_fonts.merge_text(text[html] for html in whole))
            for uri, whole in own.items()
        }
        whole = {
            key: formulas.replace_formulas(html, rendered) for key, html in self.answers.items()
        }
        self.card_files = cards.dump_answers(self.catalog, whole)

    def place_math(self, page: SitePage) -> None:
        """马上要套模板的一页，公式换成 HTML；全部先换好，要多占一百 MB。"""
        page.content = formulas.replace_formulas(page.content or "", self.formulas)

    def finish(self, output: str, page: SitePage) -> str:
        """套好的一页：改好主题的毛病，带上用到的样式，第一屏到了才画，最前写上内容安全策略。"""
        uri = page.file.src_uri
        root = "../" * page.url.count("/")
        styled = link_styles(mend_theme(output), root, self.page_fonts.get(uri, ()))
        return self.add_policy(split_screen(styled), uri)

    def add_policy(self, output: str, name: str) -> str:
        """写上内容安全策略；有不在清单上的内联脚本时停下，说明里有它的哈希。"""
        try:
            return csp.add_policy(output)
        except ValueError as error:
            raise PluginError(f"{name}: E506 {error}") from error


def _page(files: Files, uri: str) -> SitePage:
    page = _file(files, uri).page
    assert page is not None, uri
    return page


def _file(files: Files, uri: str) -> File:
    file = files.src_uris.get(uri)
    assert file is not None, uri
    return file


def _repository(repo_url: str) -> str:
    """GitHub 仓库地址里的「主人/仓库」；不是 GitHub 的是空串。"""
    match = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)(\.git)?/?", repo_url)
    return match[1] if match else ""


def _section_of(nav: Navigation, uri: str) -> Section | None:
    for item in nav:
        if isinstance(item, Section):
            for child in item.children:
                if isinstance(child, SitePage) and child.file.src_uri == uri:
                    return item
    return None


def _stop_on(problems: list[Problem]) -> None:
    if problems:
        listed = "\n".join(map(str, sorted(set(problems))))
        raise PluginError(f"共 {len(problems)} 个问题，没有写任何文件：\n{listed}")
