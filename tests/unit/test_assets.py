"""浏览器里的 Python：只收哈希相符的文件；取不到、不对、中断都说清，不留半个文件。"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from mianjing import assets
from mianjing.assets import FOLDER, fetch_assets, missing_assets, read_assets

ROOT = Path(__file__).resolve().parents[2]
CORE, NUMPY = b"core" * 100, b"numpy" * 100


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """一座只有清单、npm 包与（假的）PyPI 包的仓库。"""
    listing = {
        "wheel": {"requirement": "demo==1", "sha256": "0" * 64, "folder": "inside/"},
        "files": [
            {"name": name, "source": source, "group": "g", "bytes": len(b), "sha256": digest(b)}
            for name, source, b in (("a.mjs", "npm", CORE), ("n.whl", "wheel", NUMPY))
        ],
    }
    file = tmp_path / "docs/assets/javascripts/python/files.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(listing), encoding="utf-8")
    package = tmp_path / "node_modules/pyodide"
    package.mkdir(parents=True)
    (package / "a.mjs").write_bytes(CORE)
    monkeypatch.setattr(assets, "_download", pack(NUMPY))
    return tmp_path


def pack(content: bytes, name: str = "inside/n.whl") -> Callable[[object, Path], Path]:
    def download(wheel: object, folder: Path) -> Path:
        with zipfile.ZipFile(folder / "demo.whl", "w") as archive:
            archive.writestr(name, content)
        return folder / "demo.whl"

    return download


def refuse(wheel: object, folder: Path) -> Path:
    raise assets.AssetError("demo==1 下载失败：没有网络")


def placed(root: Path) -> list[str]:
    return sorted(file.name for file in (root / FOLDER).glob("*"))


def test_everything_is_placed(root: Path) -> None:
    assert [one.name for one in missing_assets(root)] == ["a.mjs", "n.whl"]
    assert fetch_assets(root) == 0
    assert placed(root) == ["a.mjs", "n.whl"]
    assert (root / FOLDER / "n.whl").read_bytes() == NUMPY
    assert missing_assets(root) == []


def test_a_second_run_needs_no_network(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch_assets(root)
    monkeypatch.setattr(assets, "_download", refuse)
    (root / "node_modules/pyodide/a.mjs").unlink()
    assert fetch_assets(root) == 0


def test_only_what_is_wrong_is_fetched_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch_assets(root)
    (root / FOLDER / "a.mjs").write_bytes(CORE[::-1])
    monkeypatch.setattr(assets, "_download", refuse)
    assert fetch_assets(root) == 0
    assert (root / FOLDER / "a.mjs").read_bytes() == CORE


@pytest.mark.parametrize(
    ("breakage", "message"),
    [
        (lambda root: pack(b"other"), "n.whl 的 SHA-256 是"),
        (lambda root: pack(NUMPY, "elsewhere"), "There is no item named 'inside/n.whl'"),
        (lambda root: refuse, "demo==1 下载失败：没有网络"),
    ],
)
def test_nothing_wrong_is_accepted(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    breakage: Callable[[Path], Callable[[object, Path], Path]],
    message: str,
) -> None:
    monkeypatch.setattr(assets, "_download", breakage(root))
    assert fetch_assets(root) == 1
    assert message in capsys.readouterr().err
    assert placed(root) == ["a.mjs"]
    assert [one.name for one in missing_assets(root)] == ["n.whl"]


def test_a_tampered_npm_package_is_refused(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "node_modules/pyodide/a.mjs").write_bytes(b"evil")
    assert fetch_assets(root) == 1
    assert "a.mjs 的 SHA-256 是" in capsys.readouterr().err
    assert placed(root) == []


def test_an_interrupted_write_leaves_no_half_file(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Path, target: Path) -> Path:
        raise OSError("磁盘满了")

    monkeypatch.setattr(Path, "replace", fail)
    assert fetch_assets(root) == 1
    assert len(missing_assets(root)) == 2


def test_the_real_list_agrees_with_pyodide(tmp_path: Path) -> None:
    """清单里每个包的哈希与 Pyodide 自己的锁文件一致，matplotlib 要的包一个不少。"""
    _, listed = read_assets(ROOT)
    lock = json.loads((ROOT / FOLDER / "pyodide-lock.json").read_text(encoding="utf-8"))
    packages = {p["file_name"]: p for p in lock["packages"].values()}
    wheels = {one.name: one for one in listed if one.source == "wheel"}
    assert {name: packages[name]["sha256"] for name in wheels} == {
        name: one.sha256 for name, one in wheels.items()
    }
    names = {packages[name]["name"].lower() for name in wheels}
    needed = {d for name in wheels for d in packages[name]["depends"]}
    assert needed <= names
    assert missing_assets(ROOT) == []
