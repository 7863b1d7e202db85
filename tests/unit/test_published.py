"""发布过的地址：删页、改名都要有去处；转走的小页过得了审计，什么也不执行。"""

from __future__ import annotations

from pathlib import Path

import pytest
from mianjing.build import audit_built
from mianjing.published import (
    LIST,
    REDIRECTS,
    list_urls,
    page_url,
    read_published,
    read_redirects,
    render_redirect,
    write_published,
)

from tests.library import EXPERIENCE, QUESTION, Library
from tests.site_library import read_site_library

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def published(library: Library) -> Library:
    """一座发布过的资料库。"""
    library.write(LIST, "")
    assert write_published(library.root, library.catalog()) == 11
    assert library.messages() == []
    return library


@pytest.mark.parametrize(
    ("source", "url"),
    [
        ("index.md", ""),
        ("topics/index.md", "topics/"),
        ("topics/data.md", "topics/data/"),
        ("practice/auc/index.md", "practice/auc/"),
        ("notebooks/attention.ipynb", "notebooks/attention/"),
    ],
)
def test_the_address_of_a_page(source: str, url: str) -> None:
    assert page_url(source) == url


def test_a_removed_page_is_refused_until_it_has_a_redirect(published: Library) -> None:
    (published.root / QUESTION).unlink()
    published.change(EXPERIENCE, "        question: why-scale\n", "")
    line = published.line(LIST, "questions/why-scale/")
    (message,) = published.messages()
    assert message.startswith(f"{LIST}:{line}: E521 发布过的地址「questions/why-scale/」没有了")
    assert "最接近的是" in message or "可用" in message
    published.write(REDIRECTS, "questions/why-scale/: topics/attention/\n")
    assert published.messages() == []


def test_a_renamed_page_is_refused_too(published: Library) -> None:
    published.rename(EXPERIENCE, "docs/experiences/example-2026-2.md")
    assert [m for m in published.messages() if "E521" in m and "experiences/example-2026/" in m]


def test_a_withdrawn_page_keeps_its_address(published: Library) -> None:
    published.write(EXPERIENCE, "---\nwithdrawn: {date: 2026-05-01}\n---\n")
    assert published.messages() == []


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("topics/attention/: topics/", "E522 topics/attention/：这个地址还是一页"),
        ("topics/old/: topics/gone/", "E522 topics/old/：转到「topics/gone/」：没有这一页"),
        (
            "topics/old/: topics/older/\ntopics/older/: topics/",
            "E522 topics/old/：转到「topics/older/」：接力",
        ),
        ("topics/old: topics/", "E522 topics/old：「topics/old」应是相对站点根"),
        ("/topics/old/: topics/", "E522 /topics/old/：「/topics/old/」应是相对站点根"),
        ("topics/old/: https://example.com/", "E522 topics/old/：「https://example.com/」应是"),
    ],
)
def test_wrong_redirects(published: Library, table: str, expected: str) -> None:
    published.write(REDIRECTS, table + "\n")
    assert any(f"{REDIRECTS}:1: {expected}" in m for m in published.messages())


def test_the_list_only_grows(published: Library) -> None:
    before = read_published(published.root)
    (published.root / QUESTION).unlink()
    published.write("docs/topics/new.md", "---\ntitle: 新\n---\n")
    catalog, _ = published.read()
    assert write_published(published.root, catalog) == 1
    after = read_published(published.root)
    assert set(after) == {*before, "topics/new/"}
    assert after == sorted(after)


@pytest.mark.parametrize(("old", "new"), [("a/b/", "topics/"), ("a/", ""), ("a/b/c/", "x/y/")])
def test_the_page_that_forwards_passes_the_audit(tmp_path: Path, old: str, new: str) -> None:
    for url, text in ((old, render_redirect(old, new, "https://example.com/kb/")),):
        (tmp_path / url).mkdir(parents=True)
        (tmp_path / url / "index.html").write_text(text, encoding="utf-8")
    (tmp_path / new).mkdir(parents=True, exist_ok=True)
    (tmp_path / new / "index.html").write_text(render_redirect("", new, ""), encoding="utf-8")
    found = [p for p in audit_built(tmp_path, "/") if p.path == f"{old}index.html"]
    assert found == []
    assert f'href="https://example.com/kb/{new}"' in render_redirect(
        old, new, "https://example.com/kb/"
    )


def test_the_list_of_the_site_is_checked_in_and_sorted() -> None:
    urls = read_published(ROOT)
    assert urls == sorted(set(urls))
    assert len(urls) >= 434
    catalog, _ = read_site_library()
    assert set(urls) <= list_urls(ROOT, catalog) | set(read_redirects(ROOT))
