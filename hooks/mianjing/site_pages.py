"""目录与 mkdocs 之间的薄层：把文件、导航、页面接到 `Catalog` 与渲染上。"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from jinja2 import Environment, FileSystemBytecodeCache
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page as SitePage

from mianjing import briefs, cards, csp, formulas, math_fonts, plan, render, social
from mianjing.assets import missing_assets
from mianjing.atlas.age import read_today
from mianjing.atlas.compare import dump_comparison
from mianjing.atlas.facets import dump_facets
from mianjing.atlas.listings import Listing, group_listings
from mianjing.catalog import group_companies
from mianjing.contribution import dump_rules
from mianjing.dates import read_history
from mianjing.edition import CARDS_WANTED, FILE, SITE
from mianjing.export import anki, render_data
from mianjing.feeds import FEEDS, render_feed
from mianjing.fonts import subset_fonts
from mianjing.kept_template import KeptTemplates
from mianjing.library import read_library
from mianjing.model import (
    Catalog,
    Derivation,
    Exercise,
    Experience,
    Page,
    Question,
    Topic,
    Withdrawn,
)
from mianjing.notebook import (
    Rendering,
    dump_cells,
    find_homes,
    read_notebook,
    render_notebook,
    retarget,
)
from mianjing.notices import read_notices, render_licences
from mianjing.offline import ARCHIVE, render_manifest
from mianjing.page_cache import PageCache
from mianjing.parts import Part, group_parts
from mianjing.pdf import PDF_WANTED
from mianjing.practice import dump_exercise
from mianjing.problem import Problem
from mianjing.published import read_redirects, render_redirect
from mianjing.search.documents import Document, make_documents, read_synonyms
from mianjing.search.index import write_index
from mianjing.social import Card
from mianjing.social_fonts import MissingGlyphError
from mianjing.tags import Tagged, tag_anchor, tags_of
from mianjing.theme_faults import mend_theme
from mianjing.theme_styles import THEMED, join_styles
from mianjing.verdicts import KeptVerdicts


@dataclass(frozen=True)
class DerivationPage:
    """一本推导的第 number 页（从 0 起）。"""

    derivation: Derivation
    number: int

    @property
    def title(self) -> str:
        """这一页的题目。"""
        return self.derivation.pages[self.number][1]


@dataclass(frozen=True)
class BriefPage:
    """一家公司或一个考点的「面试前 30 分钟」。"""

    key: str
    title: str
    source: str
    """摘自哪个文件，日期随它。"""


Record = (
    Experience
    | Topic
    | Question
    | Exercise
    | DerivationPage
    | BriefPage
    | Listing
    | Part
    | Page
    | Withdrawn
)

Shown = (
    Experience | Topic | Question | Exercise | DerivationPage | BriefPage | Listing | Part | Page
)
"""撤下的以外：有标题，有分享卡片。"""

_BUNDLE = "assets/bundle"
_FONTS = f"{_BUNDLE}/fonts"
_KATEX = f"{_BUNDLE}/katex.css"
_FACES = f"{_BUNDLE}/faces.js"
"""在样式之后开始解公式的字体。"""
_LATER = "katex-answers"
"""有这个类名的页面，公式稍后才放进来，字体用到才取。"""
_FILE_SCRIPT = f"{_BUNDLE}/file.js"
"""离线包的一份脚本；发布的站不带它，离线包不带另一个离线包。"""
STYLES = {
    "atlas": "mj-atlas",
    "katex": 'class="katex',
    "brief": "mj-brief",
    "contribute": "data-experience-form",
    "offline": 'class="mj-offline"',
    "study": "mj-study",
}
"""只在用到的页面才取的样式：`docs/assets/stylesheets/pages/` 里的名字 → 有这段字的页面才带上。"""


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

    search_index: Future[None] | None = None
    """正在写的搜索索引；上一次构建的也在这里。"""

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
            style = f"docs/{_BUNDLE}/{name}.css"
            if not (root / style).is_file():
                message = "还没有打包浏览器端的库：运行 npm run bundle，或用 make serve、make build"
                problems.append(Problem(style, 1, "E305", "", message))
        _stop_on(problems)
        self.today = read_today(root)
        self.history = read_history(root)
        self.records = _by_source(self.catalog)
        self.answers: dict[str, str] = {}
        templates = root / ".cache" / "templates"
        templates.mkdir(parents=True, exist_ok=True)
        self.bytecode = FileSystemBytecodeCache(str(templates))
        render.environment.bytecode_cache = self.bytecode
        self.cache = PageCache(root / ".cache" / "pages", config)
        self.documents: list[Document] = []
        self.math_styles = math_fonts.read_styles(
            (root / "docs" / _KATEX).read_text(encoding="utf-8")
        )
        self.math_text: dict[str, set[str]] = {}
        self.page_fonts: dict[str, list[str]] = {}
        self.card_files: dict[str, str] = {}

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
        """可下载的源与结果、图、网页要的数据、带走的数据与订阅；牌组的内容见 make_deck。"""
        site_url = self.config.site_url or "/"
        repository = _repository(self.config.repo_url or "")
        generated: dict[str, str | bytes] = {
            THEMED: join_styles(self.root),
            **{f.path: render_feed(f, self.catalog, self.history, site_url) for f in FEEDS},
            **render_data(self.catalog, site_url),
            anki.PATH: b"",
            "about/third-party.txt": render_licences(read_notices(self.root)),
            "experiences/atlas.json": dump_facets(
                self.catalog, _addresses(files, "experiences/index.md")
            ),
            "atlas/compare/compare.json": dump_comparison(
                self.catalog, _addresses(files, "atlas/compare.md"), render.describe_experience()
            ),
            cards.INDEX: cards.dump_cards(self.catalog),
            plan.PATH: plan.dump_plan(self.catalog),
            "contribute/experience/rules.json": dump_rules(self.catalog, repository),
        }
        for old, new in read_redirects(self.root).items():
            stub = render_redirect(old, new, self.config.site_url or "")
            generated[f"{old}index.html"] = stub
        if self.edition == SITE:
            generated["manifest.webmanifest"] = render_manifest(
                self.config.site_name or "", self.config.site_description or ""
            )
        for key, exercise in self.catalog.exercises.items():
            generated[f"practice/{key}/exercise.json"] = dump_exercise(exercise)
        for key, notebook in self.notebooks.items():
            folder = f"notebooks/{key}"
            result = self.root / "notebooks" / f"{key}.ipynb"
            generated[f"{folder}/{key}.ipynb"] = result.read_bytes()
            generated[f"{folder}/{key}.py"] = notebook.script
            generated[f"{folder}/cells.json"] = dump_cells(notebook)
            for name, figure in notebook.figures.items():
                generated[f"{folder}/{name}"] = figure
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
        page.meta = {"title": record.title, "description": self._description(record)}
        if change := self.history.get(self._source_path(page)):
            page.meta["git_revision_date_localized"] = change.day
        if isinstance(record, Page):
            page.meta["hide"] = _hidden_parts(record)
        elif isinstance(record, BriefPage | Listing | Part):
            page.meta["hide"] = ["toc"]
        elif isinstance(record, DerivationPage):
            if not record.number:
                page.meta["tags"] = self._list_tags(record.derivation)
        else:
            page.meta["tags"] = self._list_tags(record)
            page.meta["search"] = {"boost": 2}
        if self.has_cards:
            path = social.card_path(page.url)
            self.social_cards[path] = self._describe_card(record)
            page.meta["social_card"] = path
        body = self._render_body(record, uri, href)
        return f"# {record.title}\n\n{retarget(body, uri, self.homes)}"

    def _render_body(self, record: Shown, uri: str, href: render.Href) -> str:
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
                    _repository(self.config.repo_url or ""),
                    href,
                )
            case BriefPage():
                pdf = f"{record.key}.pdf" if self.has_pdf else ""
                if topic := self.catalog.topics.get(record.key):
                    return render.render_topic_brief(topic, self.catalog, href, pdf)
                return render.render_company_brief(record.key, self.catalog, href, pdf)
            case Page():
                try:
                    repository = _repository(self.config.repo_url or "")
                    site = render.Site(repository, self.archive_bytes)
                    return render.render_blocks(record.body, self.catalog, href, site)
                except render.UnknownBlockError as error:
                    raise PluginError(f"docs/{uri}: {error}") from error

    def fold(self, html: str, page: SitePage) -> str:
        """题目页的答案折起来，折之前的留给卡片与牌组；其余页面原样。"""
        record = self.records[page.file.src_uri]
        if not isinstance(record, Question):
            return html
        self.answers[record.key] = html
        return render.fold_answers(html)

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

    def index_pages(self, files: Files) -> None:
        """各页的文字进搜索索引；要在公式渲染之前，公式此时还是 TeX。

        索引由另一个进程建好、写出（一千多份小文件），与套模板同时进行。
        """
        pages = {}
        for file in files.documentation_pages():
            if isinstance(file.page, SitePage) and not isinstance(
                self.records[file.src_uri], BriefPage | Part
            ):
                pages[file.src_uri] = (file.page.url, self.cache.read_sections(file.page))
        self.cache.write()
        self.documents = make_documents(self.catalog, pages)
        with_spawn = get_context("spawn")  # mkdocs serve 有线程，不能 fork
        pool = ProcessPoolExecutor(1, mp_context=with_spawn)
        folder = Path(self.config.site_dir, "search")
        SitePages.search_index = pool.submit(write_index, self.documents, read_synonyms(), folder)
        pool.shutdown(wait=False)

    def write_files(self) -> None:
        """写出卡片的背面，与只留了用到的字的公式字体：各一份样式；等搜索索引写完。"""
        fonts = subset_fonts(
            self.root / "docs" / _FONTS, self.math_text, self.root / ".cache" / "fonts"
        )
        written = {f"{_FONTS}/{name}": content for name, content in fonts.items()}
        styles = math_fonts.render_styles(self.math_styles, self.math_text, fonts)
        written |= {f"{_BUNDLE}/{name}": content for name, content in styles.items()}
        written |= self._draw_cards()
        for name, text in self.card_files.items():
            written[name] = text.encode()
        for name, content in written.items():
            path = Path(self.config.site_dir, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.await_index()

    @classmethod
    def await_index(cls) -> None:
        """等搜索索引写完；没有写成时抛出原因。"""
        if cls.search_index is not None:
            cls.search_index.result()

    def _draw_cards(self) -> dict[str, bytes]:
        if not self.has_cards:
            return {}
        try:
            return social.draw_cards(
                self.root, self.social_cards, self.config.site_name, self.root / ".cache" / "social"
            )
        except (social.SocialError, MissingGlyphError) as error:
            raise PluginError(str(error)) from error

    def _describe_card(self, record: Shown) -> Card:
        match record:
            case Experience() | Topic() | Question() | Exercise():
                return social.describe_card(record, self.catalog)
            case DerivationPage():
                card = social.describe_card(record.derivation, self.catalog)
                return replace(card, title=record.title)
            case Listing():
                return Card("experience", record.title, note=record.description)
            case _:
                return Card("page", record.title, note=self._description(record))

    def render_math(self, files: Files) -> None:
        """把全部页面的公式换成 HTML；有错的公式连同文件与行号一起报出。"""
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
                    path = self._source_path(page)
                    source = (self.root / path).read_text(encoding="utf-8")
                    line = formulas.locate_formula(source, formula)
                    message = f"公式「{formula.tex[:60]}」渲染失败：{reason}"
                    problems.append(Problem(path, line, "E404", "", message))
            own[page.file.src_uri] = [rendered[formula].html for formula in dict.fromkeys(found)]
            if found:
                page.content = formulas.replace_formulas(page.content or "", rendered)
        _stop_on(problems)
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

    def finish(self, output: str, page: SitePage) -> str:
        """套好的一页：改好主题的毛病，带上用到的样式，最前写上内容安全策略。"""
        return self.add_policy(self._add_styles(mend_theme(output), page), page.file.src_uri)

    def _add_styles(self, output: str, page: SitePage) -> str:
        """在 head 里带上这一页用到的样式。"""
        root = "../" * page.url.count("/")
        names = [f"{name}.css" for name, marker in STYLES.items() if marker in output]
        fonts = self.page_fonts.get(page.file.src_uri, ())
        names += map(math_fonts.face_of, fonts)
        if _LATER in output:
            names.append(math_fonts.LATER)
        links = "".join(f'<link rel="stylesheet" href="{root}{_BUNDLE}/{name}">' for name in names)
        if fonts:
            links += f'<script src="{root}{_FACES}"></script>'
        return output.replace("</head>", f"{links}</head>", 1)

    def add_policy(self, output: str, name: str) -> str:
        """写上内容安全策略；有不在清单上的内联脚本时停下，说明里有它的哈希。"""
        try:
            return csp.add_policy(output)
        except ValueError as error:
            raise PluginError(f"{name}: E506 {error}") from error

    def _list_tags(self, record: Tagged) -> list[dict[str, str]]:
        """模板里用的标签：名字与标签页里的锚点。"""
        tags = tags_of(record, self.catalog)
        return [{"name": tag, "anchor": tag_anchor(tag)} for tag in tags]

    def _source_path(self, page: SitePage) -> str:
        record = self.records[page.file.src_uri]
        if isinstance(record, DerivationPage):
            return f"notebooks/{record.derivation.key}.py"
        if isinstance(record, BriefPage | Part) and record.source:
            return record.source
        return f"docs/{page.file.src_uri}"

    def _description(self, record: Record) -> str:
        match record:
            case Experience():
                outcome = render.label("outcomes", record.outcome)
                name = self.catalog.companies[record.company].name
                return f"{name}：{outcome}，{render.rounds_label(record)}"
            case Topic():
                return f"{record.title}：面试里怎么问、推导、复杂度、手写代码、追问与误区"
            case Question():
                return f"{record.title}：30 秒版、2 分钟版、推导或代码、追问、常见错误"
            case Exercise():
                return f"手写{record.title}：题面、起始代码、参考答案，在页面里写、当场判"
            case Listing() | Part():
                return record.description
            case DerivationPage():
                return record.derivation.description
            case BriefPage():
                return f"{record.title}：打印出来两面 A4"
            case Withdrawn():
                return render.WITHDRAWN
            case Page():
                return record.description or self.config.site_description or ""


def _hidden_parts(page: Page) -> list[str]:
    """首页与放大表与表单的页面不要两边的栏，把宽度让给正文。"""
    if page.path == "docs/index.md":
        return ["navigation", "toc"]
    wide = "-table -->" in page.body or "-form -->" in page.body
    return ["toc"] if wide else []


def _by_source(catalog: Catalog) -> dict[str, Record]:
    records: dict[str, Record] = dict(catalog.pages)
    records |= {f"experiences/{key}.md": e for key, e in catalog.experiences.items()}
    records |= {f"topics/{key}.md": t for key, t in catalog.topics.items()}
    records |= {f"questions/{key}.md": q for key, q in catalog.questions.items()}
    records |= {f"practice/{key}/index.md": e for key, e in catalog.exercises.items()}
    records |= {f"experiences/{key}.md": w for key, w in catalog.withdrawn.items()}
    records |= group_listings(catalog)
    records |= group_parts(catalog)
    for derivation in catalog.derivations.values():
        for number, (uri, _) in enumerate(derivation.pages):
            records[uri] = DerivationPage(derivation, number)
    for brief in _briefs(catalog):
        records[f"{briefs.FOLDER}/{brief.key}.md"] = brief
    return records


def _briefs(catalog: Catalog) -> Iterator[BriefPage]:
    for key, experiences in group_companies(catalog).items():
        name = catalog.companies[key].name
        yield BriefPage(key, f"面试前 30 分钟：{name}", experiences[-1].path)
    for topic in catalog.topics.values():
        yield BriefPage(topic.key, f"面试前 30 分钟：{topic.title}", topic.path)


def _page(files: Files, uri: str) -> SitePage:
    page = _file(files, uri).page
    assert page is not None, uri
    return page


def _file(files: Files, uri: str) -> File:
    file = files.src_uris.get(uri)
    assert file is not None, uri
    return file


def _addresses(files: Files, page: str) -> Callable[[str], str]:
    """面经的键 → 它相对 page 的地址。"""
    start = _file(files, page)
    return lambda key: _file(files, f"experiences/{key}.md").url_relative_to(start)


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
