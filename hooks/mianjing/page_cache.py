"""Markdown 转成的 HTML 按页缓存：没有变的页面不再转，构建的时间只随变了的页面走。

一页的结果取决于：正文、转换的配置、各库的版本、本包的代码，以及它链接到的文件。前四样合成键；
链接到的文件记在结果里，用之前逐个对一遍，有一个不在了、换了地址，就重新转，断链照旧由 mkdocs 报出。
转的时候就有断链的页面不进缓存。
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor
from markdown.util import AMP_SUBSTITUTE
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import AnchorLink, TableOfContents

from mianjing.code_version import code_version
from mianjing.math_signs import MathSigns
from mianjing.search.sections import Section, read_sections
from mianjing.whole_file import write_whole

_LIBRARIES = ("markdown", "pymdown-extensions", "pygments", "mkdocs", "mkdocs-material")


class LinkRecorder(Extension):
    """记下一页写的全部链接，赶在 mkdocs 把它们换成地址之前。"""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.urls: list[str] = []

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Python-Markdown 的入口，每转一页调用一次。"""
        self.urls = []
        md.treeprocessors.register(_Record(self.urls), "mianjing_links", priority=1)


class _Record(Treeprocessor):
    def __init__(self, urls: list[str]) -> None:
        super().__init__()
        self.urls = urls

    def run(self, root: Element) -> None:
        for element in root.iter():
            if element.tag in ("a", "img"):
                self.urls.append(element.get("href" if element.tag == "a" else "src", ""))


class PageCache:
    """一次构建用的缓存：`<folder>/<源路径的哈希>.json`，一页一份，新的盖掉旧的。"""

    def __init__(self, folder: Path, config: MkDocsConfig) -> None:
        """接到 mkdocs 的配置上。"""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.config = config
        self.recorder = LinkRecorder()
        config.markdown_extensions += [self.recorder, MathSigns()]  # type: ignore[list-item]
        self.version = _read_version(Path(config.config_file_path))
        self.entries: dict[str, dict[str, Any]] = {}
        self.changed: set[str] = set()

    def render(self, page: Page, files: Files) -> None:
        """代替 `Page.render`：上次的结果还能用就不转。"""
        key = self._key(page.url, page.markdown or "")
        entry = self._read(page)
        if entry.get("key") != key or not _restore(page, entry, files):
            Page.render(page, self.config, files)
            links = list(_find_links(page, self.recorder.urls, files))
            if None not in links:
                self._keep(page, {"key": key, "links": links, **_dump(page)})

    def read_sections(self, page: Page, content: str) -> list[Section]:
        """一页的各节：内容与上次相同时用上次的。"""
        key = self._key(content)
        entry = self._read(page)
        if entry.get("sections_key") == key:
            return [Section(*row) for row in entry["sections"]]
        sections = read_sections(content)
        rows = [[section.anchor, section.heading, section.text] for section in sections]
        self._keep(page, {**entry, "sections_key": key, "sections": rows})
        return sections

    def close(self, page: Page) -> None:
        """一页用完了：变了的存下；不再记着，几千页的内容都留到最后要好几百 MB。"""
        uri = page.file.src_uri
        entry = self.entries.pop(uri)
        if uri in self.changed:
            text = json.dumps(entry, ensure_ascii=False)
            write_whole(self._file(uri), text.encode())

    def _key(self, *parts: str) -> str:
        return hashlib.sha256("\0".join((self.version, *parts)).encode()).hexdigest()

    def _file(self, uri: str) -> Path:
        name = f"{self.config.use_directory_urls} {uri}"  # 离线包的地址不同，另成一份
        return self.folder / f"{hashlib.sha256(name.encode()).hexdigest()[:24]}.json"

    def _read(self, page: Page) -> dict[str, Any]:
        uri = page.file.src_uri
        if uri not in self.entries:
            self.entries[uri] = {}
            with suppress(FileNotFoundError, ValueError):  # 坏了的缓存重新转就好
                entry = json.loads(self._file(uri).read_text(encoding="utf-8"))
                self.entries[uri] = entry if isinstance(entry, dict) else {}
        return self.entries[uri]

    def _keep(self, page: Page, entry: dict[str, Any]) -> None:
        self.entries[page.file.src_uri] = entry
        self.changed.add(page.file.src_uri)


def _read_version(config_file: Path) -> str:
    """缓存随配置、各库的版本、本包的代码失效。"""
    config = hashlib.sha256(config_file.read_bytes()).hexdigest()
    return f"{config} {code_version(_LIBRARIES)}"


def _find_links(page: Page, urls: list[str], files: Files) -> Iterator[list[str] | None]:
    """站内的链接：[目标的源路径, 目标的地址, 锚点, 原来的写法]；找不到目标的是 None。"""
    for url in dict.fromkeys(urls):
        scheme, host, path, _, anchor = urlsplit(url)
        if scheme or host or AMP_SUBSTITUTE in url or not (path or anchor):
            continue
        here = page.file.src_uri
        there = posixpath.normpath(posixpath.join(posixpath.dirname(here), unquote(path)))
        file = files.get_file_from_path(there if path else here)
        if file is None or url.startswith(("/", "\\")):
            yield None
        else:
            yield [file.src_uri, file.url, anchor, url]


def _dump(page: Page) -> dict[str, Any]:
    return {
        "content": page.content,
        "ids": sorted(page.present_anchor_ids or ()),
        "toc": [dump_toc(item) for item in page.toc],
    }


def dump_toc(item: AnchorLink) -> list[Any]:
    """目录里的一项，连同它下面的，写成 JSON 写得成的样子。"""
    return [item.title, item.id, item.level, [dump_toc(child) for child in item.children]]


def _read_toc(row: list[Any]) -> AnchorLink:
    title, anchor, level, children = row
    item = AnchorLink(title, anchor, level)
    item.children = [_read_toc(child) for child in children]
    return item


def _restore(page: Page, entry: dict[str, Any], files: Files) -> bool:
    """把上次的结果放回页面；链接到的文件变了时返回 False，什么也不动。"""
    anchors: dict[Any, dict[str, str]] = {}
    for target, address, anchor, url in entry["links"]:
        file = files.get_file_from_path(target)
        if file is None or file.url != address:
            return False
        if anchor:
            anchors.setdefault(file, {}).setdefault(anchor, url)
    page.content = entry["content"]
    page.present_anchor_ids = set(entry["ids"])
    page.links_to_anchors = anchors
    items = [_read_toc(row) for row in entry["toc"]]
    for item in items[:1]:
        item.active = True  # type: ignore[attr-defined]
    page.toc = TableOfContents(items)
    return True
