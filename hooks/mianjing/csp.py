"""内容安全策略：写在每页 head 最前的 meta 里，只让站点自己的脚本与核对过的内联脚本执行。

内联脚本的哈希来自 `csp.yml`，不从构建出来的页面现算：页面里多一段、改一个字，构建就停下，
印出新的哈希。同一段脚本里只有站点的根会随页面的深浅变化，先换成 BASE 再比。
各页的策略逐字相同（404 页多一个哈希）：即时导航换页时不会再叠上一份。
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import yaml

BASELINE = Path(__file__).with_name("csp.yml")
_ROOT = re.compile(r'(?<=new URL\(")(\.|\.\.(?:/\.\.)*|/(?:[\w.-]+/)*)(?=",location\))')
_ROOT_MARK = re.compile(r'(?<=new URL\(")BASE(?=",location\))')
_KEYWORDS = {"none", "self", "unsafe-inline", "wasm-unsafe-eval"}
DEPTHS = (".", "..", "../..", "../../..", "../../../..")
"""站点的根相对各种深浅的页面。"""
_SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script\b", re.DOTALL | re.IGNORECASE)
_EXTERNAL = re.compile(r"(?:^|\s)src\s*=", re.IGNORECASE)
_DATA = re.compile(r"""(?:^|\s)type\s*=\s*["']?application/(?:ld\+)?json\b""", re.IGNORECASE)
_CHARSET = '<meta charset="utf-8">'


@dataclass(frozen=True)
class Directive:
    """策略里的一条。"""

    name: str
    sources: tuple[str, ...]


class UnknownScriptError(ValueError):
    """页面里有不在清单上的内联脚本；消息写明哈希与开头。"""


@dataclass(frozen=True)
class Baseline:
    """`csp.yml`：许可的内联脚本（换成 BASE 之后的哈希 → 是什么）与各条策略。"""

    scripts: dict[str, str]
    directives: tuple[Directive, ...]


@cache
def read_baseline() -> Baseline:
    """读入清单。"""
    data = yaml.safe_load(BASELINE.read_text(encoding="utf-8"))
    return Baseline(
        scripts={str(one["sha256"]): str(one["what"]) for one in data["scripts"]},
        directives=tuple(
            Directive(str(name), tuple(str(value) for value in values))
            for name, values in data["policy"].items()
        ),
    )


def find_inline_scripts(html: str) -> list[str]:
    """页面里会执行的内联脚本，依次。"""
    return [
        script
        for attributes, script in _SCRIPT.findall(html)
        if not _EXTERNAL.search(attributes) and not _DATA.search(attributes)
    ]


def digest(script: str) -> str:
    """CSP 用的哈希，不带 `sha256-`。"""
    return b64encode(sha256(script.encode()).digest()).decode("ascii")


def normalise(script: str) -> str:
    """站点的根换成 BASE：同一段脚本在各种深浅的页面里只差这一处。"""
    return _ROOT.sub("BASE", script)


def check_scripts(html: str) -> Iterator[str]:
    """不在清单上的内联脚本，各一条说明。"""
    known = read_baseline().scripts
    for script in find_inline_scripts(html):
        hashed = digest(normalise(script))
        if hashed not in known:
            yield (
                f"内联脚本不在清单上（sha256 {hashed}，开头是「{script.strip()[:60]}」）："
                "不是主题的就删掉；主题升级了，读过之后把哈希写进 hooks/mianjing/csp.yml"
            )


def make_policy(html: str) -> str:
    """这一页的策略：清单上的内联脚本在各种深浅的页面里的哈希，加上这一页自己的根。

    页面里有不在清单上的内联脚本时抛 UnknownScriptError。
    """
    unknown = list(check_scripts(html))
    if unknown:
        raise UnknownScriptError("；".join(unknown))
    hashes: dict[str, None] = {}
    for script in find_inline_scripts(html):
        plain = normalise(script)
        variants = [_ROOT_MARK.sub(root, plain) for root in DEPTHS] if plain != script else []
        hashes |= dict.fromkeys(f"'sha256-{digest(one)}'" for one in (*variants, script))
    return "; ".join(
        " ".join(
            [
                directive.name,
                *(f"'{value}'" if value in _KEYWORDS else value for value in directive.sources),
                *(hashes if directive.name == "script-src" else ()),
            ]
        )
        for directive in read_baseline().directives
    )


def add_policy(html: str) -> str:
    """在字符集之后、别的一切之前写上策略；页面没有字符集的 meta 时抛 ValueError。"""
    if html.count(_CHARSET) != 1:
        raise ValueError(f"页面里的 {_CHARSET} 应恰好一个，有 {html.count(_CHARSET)} 个")
    meta = f'<meta http-equiv="Content-Security-Policy" content="{make_policy(html)}">'
    return html.replace(_CHARSET, _CHARSET + meta)
