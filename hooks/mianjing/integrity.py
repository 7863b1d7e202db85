"""扫描构建好的站里会执行的东西：每页有策略、脚本在清单上、主题的文件没有被换过、没有别的能跑的。"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from mianjing.built_page import BuiltPage, read_pages
from mianjing.csp import check_scripts, make_policy
from mianjing.places import theme_folder
from mianjing.problem import Problem
from mianjing.svg import find_svg_faults

_SUFFIXES = {
    *(".html", ".css", ".js", ".mjs", ".json", ".xml", ".gz", ".map", ".svg", ".png", ".jpg"),
    *(".jpeg", ".webp", ".ico", ".woff2", ".wasm", ".whl", ".zip", ".py", ".ipynb", ".csv"),
    *(".txt", ".apkg", ".pdf", ".webmanifest"),
}
_CODE_FOLDERS = ("assets/bundle/", "assets/javascripts/", "assets/pyodide/")
_CODE_AT_ROOT = {"sw.js"}
_XML = re.compile(r"<\?xml-stylesheet|<(?:\w+:)?(?:script|html|iframe|svg)\b", re.IGNORECASE)
_CSS_FOREIGN = re.compile(
    r"@import\b[^;]*|url\(\s*['\"]?(?:https?:)?//[^)]*|expression\(|-moz-binding", re.IGNORECASE
)
STUB = "default-src 'none'"
"""转到新地址的空页用的策略：什么也不执行。"""


def check_integrity(site: Path, pages: dict[Path, BuiltPage] | None = None) -> list[Problem]:
    """检查 site 下的全部文件；pages 是已经读好的各页，缺省时现读。"""
    pages = read_pages(site) if pages is None else pages
    problems: list[Problem] = []
    theme = theme_folder()
    for file in sorted(site.rglob("*")):
        path = file.relative_to(site).as_posix()
        if file.is_symlink():
            problems.append(Problem(path, 1, "E511", "", "站里有符号链接：放真正的文件"))
        elif file.is_file():
            problems += _check_kind(path)
            if theme is not None:
                problems += _check_theme(path, file, theme)
            if file in pages:
                problems += _check_page(path, pages[file])
            else:
                problems += _check_content(path, file)
    return problems


def _check_kind(path: str) -> Iterator[Problem]:
    name = path.rpartition("/")[2]
    suffix = "." + name.rpartition(".")[2].lower() if "." in name else name
    if suffix not in _SUFFIXES:
        yield Problem(path, 1, "E513", "", f"站里不该有「{suffix}」的文件：查它从哪里来")
    elif suffix in (".js", ".mjs") and not (
        path.startswith(_CODE_FOLDERS) or path in _CODE_AT_ROOT
    ):
        message = f"脚本只在 {'、'.join(_CODE_FOLDERS)}：查它从哪里来"
        yield Problem(path, 1, "E513", "", message)


def _check_theme(path: str, file: Path, theme: Path) -> Iterator[Problem]:
    """`assets/` 里与主题同名的文件，逐字节等于主题发的那一份。"""
    original = theme / path
    if path.startswith("assets/") and original.is_file():
        if sha256(original.read_bytes()).digest() != sha256(file.read_bytes()).digest():
            yield Problem(path, 1, "E512", "", "主题的文件被换过：docs/ 里有同名的，删掉它")
    elif path.startswith("assets/javascripts/"):
        yield Problem(path, 1, "E512", "", "主题没有这个脚本：站点自己的由 npm run bundle 打包")


def _check_content(path: str, file: Path) -> Iterator[Problem]:
    if path.endswith(".svg"):
        for line, text in find_svg_faults(file.read_text(encoding="utf-8")):
            yield Problem(path, line, "E510", "", text)
    elif path.endswith(".xml"):
        if found := _XML.search(file.read_text(encoding="utf-8")):
            yield Problem(path, 1, "E510", "", f"XML 里有会执行的「{found.group()}」：删掉它")
    elif path.endswith(".css"):
        for found in _CSS_FOREIGN.finditer(file.read_text(encoding="utf-8")):
            message = f"样式取别处的文件「{found.group()[:60]}」：一切文件由本站发出"
            yield Problem(path, 1, "E502", "", message)


def _check_page(path: str, page: BuiltPage) -> Iterator[Problem]:
    unknown = list(check_scripts(page.html))
    for text in unknown:
        yield Problem(path, 1, "E506", "", text)
    for line, code, text in page.faults:
        yield Problem(path, line, code, "", text)
    extra = [tag for tag in page.before_policy if tag not in ("html", "head", "meta")]
    if len(page.policies) != 1 or extra:
        yield Problem(path, 1, "E507", "", "每页恰好一条内容安全策略，在 head 的最前")
    elif not unknown and page.policies[0] not in (STUB, make_policy(page.html)):
        message = "内容安全策略与 hooks/mianjing/csp.yml 算出的不同：不要在别处写策略"
        yield Problem(path, 1, "E507", "", message)
