"""离线包：从 `file://` 打开的一份站，装进 `docs/offline.zip`；之后的构建把它发在 `/offline.zip`。

与发布的站同一份内容，另构建一次：链接是相对的、指到文件，一份普通脚本，数据写成脚本文件。
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from mianjing.audit import audit_site
from mianjing.edition import ARCHIVE, FILE, environment_for, run_mkdocs

FOLDER = "mianjing"
"""解压出来的文件夹。"""
_LEFT_OUT = ("404.html", "503.html", "sitemap.xml", "sitemap.xml.gz", ARCHIVE)
_READ = (
    "atlas/**/*.json",
    "contribute/**/*.json",
    "experiences/*.json",
    "plan/*.json",
    "review/**/*.json",
    "search/**/*.json",
)
"""从文件打开时也要读的数据；推导与手写题的要 http，`data/` 是给别的程序的。"""
_OLDEST = (1980, 1, 1, 0, 0, 0)
"""ZIP 能记的最早的时间：同样的内容得到逐字节相同的包。"""


def make_archive(root: Path) -> int:
    """构建、审计、装包，返回退出码；失败时旧的包不动。"""
    target = root / "docs" / ARCHIVE
    with TemporaryDirectory() as folder:
        site = Path(folder) / FOLDER
        if code := build_pages(root, site):
            print(f"构建没有通过，{target.name} 保持原样", file=sys.stderr)
            return code
        problems = audit_site(site, opens_folders=False)
        if problems:
            print("\n".join(map(str, problems)), file=sys.stderr)
            print(f"审计发现 {len(problems)} 个问题，{target.name} 保持原样", file=sys.stderr)
            return 1
        beside = target.with_name(f"{target.name}.part")
        count = write_zip(site, beside)
        beside.replace(target)
    size = target.stat().st_size / 1e6
    print(f"离线包 docs/{ARCHIVE}：{count:,} 个文件，{size:.1f} MB；再构建就发在 /{ARCHIVE}")
    return 0


def build_pages(root: Path, site: Path) -> int:
    """把从文件打开的那一版构建到 site，返回 mkdocs 的退出码。"""
    if code := run_mkdocs(root, site, environment_for(FILE)):
        return code
    for name in _LEFT_OUT:
        (site / name).unlink(missing_ok=True)
    for source_map in site.rglob("*.map"):
        source_map.unlink()
    write_scripts(site)
    return 0


def write_scripts(site: Path) -> None:
    """页面要读的 JSON 换成脚本：执行时登记到 `mianjingData`，`file/read_json.js` 从那里拿。"""
    for file in sorted(file for pattern in _READ for file in site.glob(pattern)):
        name = file.relative_to(site).as_posix()
        content = file.read_text(encoding="utf-8")
        script = f'(globalThis.mianjingData??={{}})["{name}"]={content};\n'
        file.with_suffix(".js").write_text(script, encoding="utf-8")
        file.unlink()


def write_zip(folder: Path, target: Path) -> int:
    """把 folder 装成 target，返回文件数；次序、时间、权限都固定。"""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    with ZipFile(target, "w", ZIP_DEFLATED, compresslevel=9) as archive:
        for file in files:
            name = f"{FOLDER}/{file.relative_to(folder).as_posix()}"
            entry = ZipInfo(name, _OLDEST)
            entry.compress_type = ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, file.read_bytes())
    return len(files)
