"""随站点发出的第三方：名字、版本、许可、许可全文，从锁文件与装着的包读出，不手抄。"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Any

import yaml

TABLE = Path(__file__).with_name("notices.yml")
ROOT = Path(__file__).resolve().parents[2]
_LICENCE_FILE = re.compile(r"licen[cs]e(?:\.\w+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Notice:
    """一个第三方。"""

    name: str
    version: str
    licence: str
    use: str
    text: str
    """许可全文；随它自己的文件一起发出、站里不另放的为空。"""


class MissingNoticeError(LookupError):
    """发出的一个文件不在 `notices.yml` 里，或者找不到许可的文件。"""


def read_notices(root: Path = ROOT) -> list[Notice]:
    """全部第三方：主题、npm 的、网页里的 Python，各按名字排。"""
    table = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    shipped = [
        Notice(one["name"], version(one["version_of"]), one["licence"], one["use"], "")
        for one in table["shipped"]
    ]
    shipped[0] = replace(shipped[0], text=_read_package("mkdocs-material"))
    return [*shipped, *_read_npm(root, table), *_read_python(root, table["python"])]


def _read_npm(root: Path, table: dict[str, Any]) -> list[Notice]:
    """package-lock.json 里不是开发依赖、也不是构建工具的。"""
    lock = json.loads((root / "package-lock.json").read_text(encoding="utf-8"))
    found = []
    for path, package in sorted(lock["packages"].items()):
        name = path.rpartition("node_modules/")[2]
        if not name or package.get("dev") or package.get("optional") or name in table["tools"]:
            continue
        found.append(
            Notice(
                name,
                package["version"],
                package["license"],
                table["uses"].get(name, "浏览器里的脚本"),
                _read_text(root / path),
            )
        )
    return found


def _read_python(root: Path, table: dict[str, dict[str, str]]) -> list[Notice]:
    """网页里的 Python：各个轮子自带许可，站里不另放。"""
    listed = root / "docs/assets/javascripts/python/files.json"
    lock = json.loads((root / "package-lock.json").read_text(encoding="utf-8"))
    pyodide = lock["packages"]["node_modules/pyodide"]["version"]
    found: dict[str, Notice] = {}
    for one in json.loads(listed.read_text(encoding="utf-8"))["files"]:
        head, _, rest = one["name"].partition("-")
        key = head.partition(".")[0]
        if key not in table:
            raise MissingNoticeError(f"{one['name']} 不在 hooks/mianjing/notices.yml 的 python 里")
        number = rest.partition("-")[0] if rest and rest != "lock.json" else pyodide
        known = table[key]
        notice = Notice(known["name"], number, known["licence"], "网页里的 Python", "")
        found.setdefault(key, notice)
    return [found[key] for key in sorted(found)]


def _read_package(name: str) -> str:
    package = distribution(name)
    for file in package.metadata.get_all("License-File") or []:
        if text := package.read_text(f"licenses/{file}"):
            return text
    raise MissingNoticeError(f"{name} 没有带许可的文件")


def _read_text(folder: Path) -> str:
    for file in sorted(folder.glob("*")):
        if _LICENCE_FILE.fullmatch(file.name):
            return file.read_text(encoding="utf-8")
    raise MissingNoticeError(f"{folder} 没有带许可的文件：先 npm ci")


def render_licences(notices: list[Notice]) -> str:
    """全部许可全文，纯文本，一份一节；相同的全文各自写出，署名不同。"""
    rule = "=" * 72
    parts = [
        f"{rule}\n{one.name} {one.version} ({one.licence})\n{rule}\n\n{one.text.strip()}\n"
        for one in notices
        if one.text
    ]
    return "\n".join(parts)
