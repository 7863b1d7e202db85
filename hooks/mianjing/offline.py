"""离线：安装用的 manifest，构建好的站的清单与 `sw.js`。

清单让浏览器知道一次构建有哪些文件：路径 → [散列, 字节数]，散列是 SHA-256 的前 16 个十六进制字符。
按路径排好，每 `LIST_FILES` 个一份，写在 `offline/<构建>/<n>.json`；外壳（样式、脚本、首页、断网页）
的那些项连同各份的第一个路径写在 `sw.js` 开头。任何文件变了 `sw.js` 就变，浏览器据此知道有新版本。
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from mianjing.audit import read_loads
from mianjing.compact import dump_compact
from mianjing.edition import ARCHIVE, CARDS_FOLDER

WORKER = Path("docs/assets/bundle/sw.js")
"""打包好的 service worker，前面还没有清单。"""
OFFLINE_PAGE = "503.html"
"""断网时的页面；三位数的名字让 mkdocs 用绝对路径，放在哪个地址下都成立。"""
LIST_FILES = 100
SHELL_BYTES = 60_000
"""打包的脚本与样式里，更大的（编辑器）用到才取。"""
THEME_COLOR = "#00695c"
"""页头的颜色，深浅两色相同；与 site.css 的 --md-primary-fg-color 一致。"""
ICONS = (
    ("icon-192", 192, "any"),
    ("icon-512", 512, "any"),
    ("maskable-512", 512, "maskable"),
)
"""（文件名，边长，用途）；由 .ci/icons.mjs 画出。"""
_FOLDER = "offline"
_PYTHON = "assets/pyodide/"
_BUNDLE = "assets/bundle/"
_NOT_KEPT_FOLDERS = (f"{_FOLDER}/", f"{CARDS_FOLDER}/")
"""清单自己，与只给别的网站看的分享卡片。"""
_NOT_KEPT = ("sw.js", ARCHIVE, "sitemap.xml.gz")
_ONLY_DOWNLOADED = {".map", ".pdf", ".apkg"}
"""读站用不着、要带走时才下载的：整站留下时不算在内（PDF 有二十多 MB）。"""
_PACKED = (".wasm", ".whl", ".zip", ".woff2", ".png", ".gz")
"""已经压缩过的，服务器不再压。"""
_HASH = 16


class OfflineError(Exception):
    """做清单所需的东西不在；消息写明缺什么、怎么办。"""


@dataclass(frozen=True)
class Entry:
    """清单的一项。"""

    path: str
    hash: str
    bytes: int
    download: int
    """压缩之后大约多少字节。"""


def render_manifest(name: str, description: str) -> str:
    """manifest.webmanifest；地址都相对它自己，站在哪个路径下都成立。"""
    icons = [
        {
            "src": f"{_BUNDLE}icons/{icon}.png",
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for icon, size, purpose in ICONS
    ]
    manifest = {
        "name": name,
        "short_name": name.removeprefix("大模型"),
        "description": description,
        "lang": "zh-CN",
        "start_url": ".",
        "scope": ".",
        "display": "standalone",
        "theme_color": THEME_COLOR,
        "background_color": THEME_COLOR,
        "icons": icons,
    }
    return json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"


def write_offline(root: Path, site: Path) -> str:
    """给构建好的站写上清单与 `sw.js`，返回这次构建的散列；缺东西时抛 OfflineError。"""
    worker = root / WORKER
    if not worker.is_file():
        raise OfflineError(f"没有 {WORKER}：先运行 npm run bundle，或用 make build")
    script = worker.read_text(encoding="utf-8")
    entries = read_entries(site)
    shell = find_shell(site, entries)
    listed = "".join(f"{entry.path} {entry.hash}\n" for entry in entries)
    build = hashlib.sha256((listed + script).encode()).hexdigest()[:12]
    lists = [entries[i : i + LIST_FILES] for i in range(0, len(entries), LIST_FILES)]
    folder = site / _FOLDER / build
    folder.mkdir(parents=True, exist_ok=True)
    for number, part in enumerate(lists):
        (folder / f"{number}.json").write_text(dump_compact(_table(part)), encoding="utf-8")
    meta = {
        "id": build,
        "lists": [part[0].path for part in lists],
        "shell": _table(shell),
        "totals": {
            "site": _total(entry for entry in entries if not entry.path.startswith(_PYTHON)),
            "python": _total(entry for entry in entries if entry.path.startswith(_PYTHON)),
        },
    }
    (site / "sw.js").write_text(f"const BUILD={dump_compact(meta)};\n{script}", encoding="utf-8")
    return build


def read_entries(site: Path) -> list[Entry]:
    """site 里可以留在本机的全部文件，按路径的 UTF-16 次序（与浏览器的字符串比较一致）。"""
    files = {
        path: file
        for file in site.rglob("*")
        if file.is_file()
        and (path := file.relative_to(site).as_posix()) not in _NOT_KEPT
        and not path.startswith(_NOT_KEPT_FOLDERS)
        and file.suffix not in _ONLY_DOWNLOADED
    }
    ordered = sorted(files, key=lambda path: path.encode("utf-16-be", "surrogatepass"))
    return [_read_entry(path, files[path].read_bytes()) for path in ordered]


def find_shell(site: Path, entries: list[Entry]) -> list[Entry]:
    """装上就取的：首页与它取的一切，断网页，各页可能用到的小脚本与样式。"""
    if not (site / OFFLINE_PAGE).is_file():
        raise OfflineError(f"没有 {OFFLINE_PAGE}：它应列在 mkdocs.yml 的 theme.static_templates 里")
    wanted = {"index.html", OFFLINE_PAGE, "sitemap.xml", "manifest.webmanifest"}
    wanted |= {unquote(url.partition("?")[0]) for url in read_loads(site / "index.html")}
    return [
        entry
        for entry in entries
        if entry.path in wanted
        or (
            entry.path.startswith(_BUNDLE)
            and entry.path.endswith((".js", ".css"))
            and entry.bytes <= SHELL_BYTES
        )
    ]


def _read_entry(path: str, content: bytes) -> Entry:
    packed = path.endswith(_PACKED)
    download = len(content) if packed else len(zlib.compress(content, 1))
    return Entry(path, hashlib.sha256(content).hexdigest()[:_HASH], len(content), download)


def _table(entries: Iterable[Entry]) -> dict[str, tuple[str, int]]:
    return {entry.path: (entry.hash, entry.bytes) for entry in entries}


def _total(entries: Iterable[Entry]) -> dict[str, int]:
    found = list(entries)
    return {
        "files": len(found),
        "bytes": sum(entry.bytes for entry in found),
        "download": round(sum(entry.download for entry in found), -5),
    }
