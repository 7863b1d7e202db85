"""同一次提交的构建逐字节相同：换一个文件夹、不用缓存，与用着缓存，各再构建一次来比。"""

from __future__ import annotations

import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from mianjing.build import build_site

from tests.server import SiteServer
from tests.site.conftest import REPO_URL, ROOT

pytestmark = pytest.mark.site

COPIED = ("docs", "hooks", "notebooks", "overrides", "mkdocs.yml")
LOCKS = ("package*.json", "requirements*.txt", "pyproject.toml")
"""许可页由锁文件生成。"""
LINKED = (".git", "node_modules")


def test_builds_of_one_commit_are_the_same(
    server: SiteServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    locks = [file.name for pattern in LOCKS for file in ROOT.glob(pattern)]
    for name in (*COPIED, *locks):
        source = ROOT / name
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, elsewhere / name, symlinks=True, ignore=ignore)
        else:
            shutil.copy(source, elsewhere / name)
    for name in LINKED:
        (elsewhere / name).symlink_to(ROOT / name)
    monkeypatch.setenv("SITE_URL", server.url(""))
    monkeypatch.setenv("REPO_URL", REPO_URL)
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    first = read_tree(server.site)
    for kept in ("不用缓存", "用着缓存"):
        assert build_site(elsewhere, tmp_path / "site") == 0
        again = read_tree(tmp_path / "site")
        differing = {path for path in first.keys() | again if first.get(path) != again.get(path)}
        # 版本号由全部文件算出：别的文件先说
        causes = {path for path in differing if not path.startswith(("offline/", "sw.js"))}
        assert sorted(causes or differing) == [], kept


def read_tree(site: Path) -> dict[str, str]:
    """相对路径 → 内容的哈希。"""
    return {
        file.relative_to(site).as_posix(): sha256(file.read_bytes()).hexdigest()
        for file in sorted(site.rglob("*"))
        if file.is_file()
    }
