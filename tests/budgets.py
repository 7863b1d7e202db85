"""页面重量的预算：哪一类页面，打开时最多多少压缩后的字节、几个请求；算法由测试与 bench 共用。

只算第一眼：页面自己与它为了显示而取的一切。service worker 在页面装好之后才预取，
那些请求由它发出（Playwright 标得出），不是读者在等的，不算。
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from os.path import normpath
from pathlib import Path
from urllib.parse import unquote, urlsplit

_PACKED = {".woff2", ".png", ".webp", ".jpg", ".jpeg", ".gz", ".wasm", ".whl", ".zip"}
_LOADED = {"stylesheet", "icon"}
_TAG = re.compile(r"<(link|script|img)\b([^>]*)>")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
_IMPORT = re.compile(r'(?:\bfrom|\bimport)"(\./[\w.-]+\.js)"')
SITEMAP = "sitemap.xml"
"""主题的即时导航在每一页都取它。"""


@dataclass(frozen=True)
class Kind:
    """一类页面的预算；examples 是浏览器里打开的几页（站内路径），最重的在内。"""

    name: str
    bytes: int
    requests: int | None
    examples: tuple[str, ...]


HOME = Kind("首页", 80_000, 10, ("",))
TEXT = Kind(
    "文字",
    90_000,
    10,
    (
        "experiences/",
        "experiences/alibaba-quark-2023/",
        "questions/",
        "questions/pii-removal/",
        "topics/",
        "atlas/",
        "contribute/",
        "contribute/experience/",
        "data/",
        "tags/",
        "claims/",
        "claims/models/",
        "practice/mistakes/",
    ),
)
MATH = Kind(
    "公式",
    150_000,
    None,
    (
        "topics/multi-head-attention/",
        "topics/normalization/",
        "questions/lstm/",
        "brief/multimodal-rlhf/",
        "practice/",
        "practice/softmax-cross-entropy/",
        "plan/",
        "review/",
    ),
)
NOTEBOOK = Kind("推导", 150_000, None, ("notebooks/attention/", "notebooks/collectives/time/"))
KINDS = (HOME, TEXT, MATH, NOTEBOOK)
NOTEBOOK_HTML = 35_000
"""推导页的 HTML 自己。"""

MISSED: dict[str, str] = {}
"""还没有到预算的页面 → 为什么；到了就从这里删掉，测试会提醒。"""
MANY_REQUESTS: dict[str, str] = {}
"""请求数还没有到预算的例子 → 为什么；到了同样要删。"""


def kind_of(path: str, html: str) -> Kind:
    """站内路径 path 的页面属于哪一类。"""
    if path == "":
        return HOME
    if 'class="katex' not in html:
        return TEXT
    return NOTEBOOK if path.startswith("notebooks/") else MATH


@cache
def packed_size(file: Path) -> int:
    """传输的字节：文字按 gzip 9 级，已经压缩的照原样。"""
    content = file.read_bytes()
    return len(content) if file.suffix in _PACKED else len(gzip.compress(content, 9, mtime=0))


def find_file(site: Path, path: str) -> Path:
    """站内路径（不带查询）→ 文件；文件夹就是其中的 index.html。"""
    file = site / unquote(path.partition("?")[0])
    return file / "index.html" if file.is_dir() else file


def find_pages(site: Path) -> Iterator[tuple[str, Path]]:
    """全部页面：（站内路径，文件）；转到新地址的空页不算。"""
    for file in sorted(site.rglob("*.html")):
        if 'http-equiv="refresh"' not in file.read_text(encoding="utf-8"):
            yield file.relative_to(site).as_posix().removesuffix("index.html"), file


def list_loads(site: Path, page: Path, html: str, mount: str) -> set[Path]:
    """不运行脚本也知道的：页面，它的样式、脚本与脚本静态导入的，不等滚动的图，站点地图。"""
    urls = []
    for tag, attributes in _TAG.findall(html):
        values = dict(_ATTRIBUTE.findall(attributes))
        if tag == "link" and _LOADED & set(values.get("rel", "").split()):
            urls.append(values["href"])
        elif tag != "link" and "loading=lazy" not in attributes.replace('"', ""):
            urls += [values["src"]] if "src" in values else []
    found = {page, site / SITEMAP}
    queue = [_resolve(site, page, url, mount) for url in urls if not url.startswith("data:")]
    while queue:
        file = queue.pop()
        if file in found:
            continue
        found.add(file)
        if file.suffix == ".js" and file.parent.name == "bundle":
            queue += [file.parent / name for name in _IMPORT.findall(file.read_text("utf-8"))]
    return found


def _resolve(site: Path, page: Path, url: str, mount: str) -> Path:
    path = unquote(urlsplit(url).path)
    if path.startswith(mount):
        return site / path.removeprefix(mount)
    return Path(normpath(page.parent / path))
