"""发布过的地址不会死：`published.txt` 里的每一个，要么仍是一页，要么由 `redirects.yml` 转到新的。

清单由 `python -m mianjing publish` 追加，从不删。转走的地址由一张什么也不执行的小页接住。
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path, PurePosixPath
from urllib.parse import urljoin

import yaml

from mianjing.atlas.listings import group_listings
from mianjing.integrity import STUB
from mianjing.model import Catalog
from mianjing.pages import list_pages
from mianjing.parts import group_parts
from mianjing.problem import Problem, suggest

LIST = "hooks/mianjing/published.txt"
REDIRECTS = "hooks/mianjing/redirects.yml"


@cache
def page_url(source: str) -> str:
    """docs 内的路径 → 相对站点根的地址：`topics/data.md` → `topics/data/`，首页是空串。"""
    path = PurePosixPath(source).with_suffix("")
    folder = path.parent if path.name == "index" else path
    return "" if folder == PurePosixPath(".") else f"{folder.as_posix()}/"


def list_urls(root: Path, catalog: Catalog) -> set[str]:
    """现在的全部页面地址：docs 里的 .md、推导的各页、生成的列表与分出来的页。"""
    docs = root / "docs"
    sources = {file.relative_to(docs).as_posix() for file in list_pages(root)}
    sources |= {uri for d in catalog.derivations.values() for uri, _ in d.pages}
    sources |= {*group_listings(catalog), *group_parts(catalog)}
    return {page_url(source) for source in sources}


def read_published(root: Path) -> list[str]:
    """清单里的地址；没有清单时为空（别的资料库没有）。"""
    file = root / LIST
    return file.read_text(encoding="utf-8").split("\n")[:-1] if file.is_file() else []


def read_redirects(root: Path) -> dict[str, str]:
    """旧地址 → 新地址，都相对站点的根。"""
    file = root / REDIRECTS
    table = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else None
    return {str(old): str(new) for old, new in (table or {}).items()}


def check_published(root: Path, catalog: Catalog) -> Iterator[Problem]:
    """发布过的都还在，或转到一页真有的；转走的不再是一页，也不接力。"""
    urls = list_urls(root, catalog)
    redirects = read_redirects(root)
    for number, url in enumerate(read_published(root), 1):
        if url not in urls and url not in redirects:
            near = suggest(url, sorted(urls))
            message = (
                f"发布过的地址「{url}」没有了：把页面放回去，或在 {REDIRECTS} 写上 {url}: 新地址；"
                f"面经应要求撤下的，只留 withdrawn（{near}）"
            )
            yield Problem(LIST, number, "E521", "", message)
    for number, (old, new) in enumerate(redirects.items(), 1):
        if old in urls:
            yield Problem(REDIRECTS, number, "E522", old, "这个地址还是一页：删掉这一行")
        if new not in urls:
            kind = "接力" if new in redirects else "没有这一页"
            message = f"转到「{new}」：{kind}，写最后的地址，{suggest(new, sorted(urls))}"
            yield Problem(REDIRECTS, number, "E522", old, message)
        for url in (old, new):
            if url.startswith("/") or ":" in url or (url and not url.endswith("/")):
                message = f"「{url}」应是相对站点根、以 / 结尾的地址，如 topics/data/"
                yield Problem(REDIRECTS, number, "E522", old, message)


def write_published(root: Path, catalog: Catalog) -> int:
    """把现在的地址加进清单，返回新加了几个。"""
    known = set(read_published(root))
    every = sorted(known | list_urls(root, catalog))
    (root / LIST).write_text("".join(f"{url}\n" for url in every), encoding="utf-8")
    return len(every) - len(known)


def render_redirect(old: str, new: str, site_url: str) -> str:
    """旧地址上的小页：转到新地址，搜索引擎认新的，不能自己转的浏览器有链接可点。"""
    target = escape("../" * old.count("/") + new or "./", quote=True)
    canonical = escape(urljoin(site_url, new), quote=True)
    link = f'<link rel="canonical" href="{canonical}">' if site_url else ""
    return (
        '<!doctype html><html lang="zh"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{STUB}">'
        f'<title>页面换了地址</title>{link}<meta name="robots" content="noindex">'
        f'<meta http-equiv="refresh" content="0; url={target}"></head>'
        f'<body><p>这一页换了地址：<a href="{target}">{target}</a></p></body></html>\n'
    )
