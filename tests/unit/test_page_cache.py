"""按页缓存：取回的与重新转的一样；正文、目标、配置变了就重新转；断链每次都报。"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from mianjing.page_cache import PageCache
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files, get_files
from mkdocs.structure.pages import Page

PAGE = """# 标题

[去](other.md#there)、[图](x.svg)、[这里](#local)、[外面](https://example.com/)

## 小节 { #local }

### 更小 { #deep }

<a name="raw"></a>

```python
x = 1
```
"""


class Site:
    """一个最小的 mkdocs 站，每次 `build` 是一次新的构建。"""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "docs").mkdir()
        self.write("mkdocs.yml", "site_name: 示例\nmarkdown_extensions: [attr_list, toc]\n")
        self.write("docs/index.md", PAGE)
        self.write("docs/other.md", "# 另一页\n\n## 那里 { #there }\n")
        self.write("docs/x.svg", "<svg/>")
        self.converted: list[str] = []

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(text, encoding="utf-8")

    def build(self) -> tuple[Page, Page, Files, PageCache]:
        """首页、与绕过缓存直接转的首页。"""
        config = load_config(str(self.root / "mkdocs.yml"))
        files = get_files(config)
        cache = PageCache(self.root / ".cache", config)
        pages = [self.read("index.md", files, config) for _ in range(2)]
        cache.render(pages[0], files)
        cache.read_sections(pages[0], pages[0].content or "")
        cache.close(pages[0])
        plain = pages[1]
        Page.render(plain, config, files)
        return pages[0], plain, files, cache

    def read(self, uri: str, files: Files, config: MkDocsConfig) -> Page:
        file = files.get_file_from_path(uri)
        assert file is not None
        page = Page(None, file, config)
        page.read_source(config)
        return page


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """经 Python-Markdown 转过的页面；每次构建里直接转的那一次也在内。"""
    seen: list[str] = []
    real = Page.render

    def render(self: Page, config: MkDocsConfig, files: Files) -> None:
        seen.append(self.file.src_uri)
        real(self, config, files)

    monkeypatch.setattr(Page, "render", render)
    return seen


def shape(page: Page) -> dict[str, Any]:
    """一页转过之后 mkdocs 会用到的；题目不在内，它由字段给出。"""
    links = page.links_to_anchors or {}
    return {
        "content": page.content,
        "ids": page.present_anchor_ids,
        "toc": str(page.toc),
        "active": [getattr(item, "active", False) for item in page.toc],
        "links": {file.src_uri: anchors for file, anchors in links.items()},
    }


def test_restored_page_equals_a_converted_one(site: Site, converted: list[str]) -> None:
    site.build()
    assert converted == ["index.md"] * 2
    cached, plain, files, _ = site.build()
    assert converted == ["index.md"] * 3, "第二次构建里只有直接转的那一次"
    assert shape(cached) == shape(plain)
    assert set(files) >= set(cached.links_to_anchors or {}), "链接要指向这一次构建的文件"


def test_sections_are_kept_and_follow_the_content(site: Site) -> None:
    page, *_ = site.build()
    again, _, _, cache = site.build()
    first = cache.read_sections(again, again.content or "")
    assert [section.anchor for section in first] == ["", "local", "deep"]
    assert cache.changed == set(), "内容没有变，什么也不写"
    again.content = (page.content or "").replace("小节", "大节")
    assert cache.read_sections(again, again.content or "")[1].heading == "大节"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("docs/index.md", PAGE + "\n改了。\n"),
        ("mkdocs.yml", "site_name: 示例\nmarkdown_extensions: [attr_list]\n"),
    ],
)
def test_what_changed_is_converted_again(
    site: Site, converted: list[str], name: str, text: str
) -> None:
    site.build()
    site.write(name, text)
    cached, plain, *_ = site.build()
    assert converted == ["index.md"] * 4
    assert shape(cached) == shape(plain)


def test_a_target_that_moved_is_linked_at_its_new_address(site: Site, converted: list[str]) -> None:
    site.build()
    (file,) = (site.root / ".cache").glob("*.json")
    entry = file.read_text(encoding="utf-8").replace('"other/"', '"older/"')
    file.write_text(entry, encoding="utf-8")
    cached, plain, *_ = site.build()
    assert len(converted) == 4
    assert shape(cached) == shape(plain)


def test_a_target_that_is_gone_is_reported_every_time(
    site: Site, converted: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    site.build()
    (site.root / "docs/other.md").unlink()
    for _ in range(2):
        caplog.clear()
        with caplog.at_level(logging.WARNING, logger="mkdocs"):
            site.build()
        broken = [record for record in caplog.records if "other.md" in record.message]
        assert len(broken) == 2, "经缓存的与直接转的各报一次"
    assert len(converted) == 6


@pytest.mark.parametrize("rubbish", ["", "{", "[]", '{"key": 1}', "\udcff"])
def test_rubbish_in_the_cache_is_converted_again(
    site: Site, converted: list[str], rubbish: str
) -> None:
    site.build()
    (file,) = (site.root / ".cache").glob("*.json")
    file.write_bytes(rubbish.encode("utf-8", "surrogateescape"))
    cached, plain, *_ = site.build()
    assert shape(cached) == shape(plain)
    assert len(converted) == 4
    assert json.loads(file.read_text(encoding="utf-8"))["content"] == plain.content
