"""取来浏览器里的 Python：`make assets` 把 Pyodide 与它的包放进 `docs/assets/pyodide/`。

该有哪些文件、多大、哈希是什么，都写在 `docs/assets/javascripts/python/files.json`（网页也读它）。
核心来自 npm 的 `pyodide`；NumPy 与 matplotlib 的包来自一个把 Pyodide 整套装在里面的 PyPI 包。
哈希不符的一律不收。
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

_LIST = Path("docs/assets/javascripts/python/files.json")
FOLDER = Path("docs/assets/pyodide")


class AssetError(Exception):
    """取不到，或取到的不对；消息写明哪个文件、为什么、怎么办。"""


@dataclass(frozen=True)
class Asset:
    """一个要自托管的文件。"""

    name: str
    source: str
    group: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Wheel:
    """装着 Pyodide 各个包的 PyPI 包：版本、哈希、在里面的目录。"""

    requirement: str
    sha256: str
    folder: str


def read_assets(root: Path) -> tuple[Wheel, list[Asset]]:
    """清单。"""
    table = json.loads((root / _LIST).read_text(encoding="utf-8"))
    return Wheel(**table["wheel"]), [Asset(**entry) for entry in table["files"]]


def missing_assets(root: Path) -> list[Asset]:
    """清单里还没有放好、或内容不对的。"""
    _, assets = read_assets(root)
    return [one for one in assets if not _is_right(root / FOLDER / one.name, one)]


def fetch_assets(root: Path) -> int:
    """取来缺的文件，返回退出码；全都在时不碰网络。"""
    missing = missing_assets(root)
    if not missing:
        print("浏览器里的 Python 都在，哈希相符")
        return 0
    wheel, _ = read_assets(root)
    try:
        from_npm = [one for one in missing if one.source == "npm"]
        package = root / "node_modules" / "pyodide"
        _take(root, from_npm, lambda one: (package / one.name).read_bytes())
        if from_wheel := [one for one in missing if one.source == "wheel"]:
            with (
                TemporaryDirectory() as folder,
                zipfile.ZipFile(_download(wheel, Path(folder))) as archive,
            ):
                _take(root, from_wheel, lambda one: archive.read(wheel.folder + one.name))
    except (AssetError, OSError, KeyError, zipfile.BadZipFile) as error:
        print(f"浏览器里的 Python 没有取全：{error}", file=sys.stderr)
        return 1
    return 0


def _take(root: Path, assets: list[Asset], read: Callable[[Asset], bytes]) -> None:
    """哈希相符才放进去；先写在旁边再改名，中断不留半个文件。"""
    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    for number, asset in enumerate(assets, 1):
        content = read(asset)
        if (found := hashlib.sha256(content).hexdigest()) != asset.sha256:
            raise AssetError(f"{asset.name} 的 SHA-256 是 {found}，清单里是 {asset.sha256}")
        target = root / FOLDER / asset.name
        beside = target.with_name(target.name + ".part")
        beside.write_bytes(content)
        beside.replace(target)
        print(f"[{number}/{len(assets)}] {asset.name}（{asset.bytes / 1e6:.1f} MB）", flush=True)


def _download(wheel: Wheel, folder: Path) -> Path:
    print(f"下载 {wheel.requirement}（约 106 MB，只取其中 Pyodide 的包）…", flush=True)
    lock = folder / "requirements.txt"
    lock.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
    options = ["--no-deps", "--only-binary=:all:", "--python-version=3.11", "--require-hashes"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", *options]
    run = subprocess.run(
        [*command, f"--dest={folder}", f"--requirement={lock}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise AssetError(f"{wheel.requirement} 下载失败：\n{run.stderr.strip()}")
    return next(folder.glob("*.whl"))


def _is_right(file: Path, asset: Asset) -> bool:
    if not file.is_file() or file.stat().st_size != asset.bytes:
        return False
    return hashlib.sha256(file.read_bytes()).hexdigest() == asset.sha256
