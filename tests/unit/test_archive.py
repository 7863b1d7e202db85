"""离线包：同样的文件夹得到同样的包；索引换成脚本；有坏链接就不换旧的包。"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from mianjing.archive import make_archive, write_scripts, write_zip

Pages = dict[str, str]


def write(folder: Path, files: Pages) -> None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def test_the_zip_is_the_same_whenever_it_is_made(tmp_path: Path) -> None:
    files = {"index.html": "首页", "b/页.html": "乙", "a.html": "甲"}
    write(tmp_path / "one", files)
    write(tmp_path / "two", dict(reversed(files.items())))
    for file in (tmp_path / "two").rglob("*.html"):
        os.utime(file, (1e9, 1e9))
        file.chmod(0o600)
    assert write_zip(tmp_path / "one", tmp_path / "one.zip") == 3
    write_zip(tmp_path / "two", tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with ZipFile(tmp_path / "one.zip") as archive:
        names = ["mianjing/a.html", "mianjing/b/页.html", "mianjing/index.html"]
        assert archive.namelist() == names
        assert archive.read("mianjing/a.html").decode() == "甲"


def test_what_pages_read_becomes_scripts(tmp_path: Path) -> None:
    tricky = {"词": "</script>\u2028\"'\\"}
    files = {"search/index.json": "{}", "search/v/t0.json": json.dumps(tricky), "data/x.json": "1"}
    write(tmp_path, files)
    write_scripts(tmp_path)
    assert sorted(file.name for file in tmp_path.rglob("*") if file.is_file()) == [
        "index.js",
        "t0.js",
        "x.json",
    ]
    script = (tmp_path / "search" / "v" / "t0.js").read_text(encoding="utf-8")
    read = f"{script};console.log(JSON.stringify(mianjingData['search/v/t0.json']))"
    run = subprocess.run(["node", "-e", read], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == tricky


@pytest.mark.parametrize(
    ("code", "link", "expected"),
    [(0, "a.html", 0), (0, "folder/", 1), (0, "gone.html", 1), (3, "a.html", 3)],
)
def test_only_a_good_build_replaces_the_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, link: str, expected: int
) -> None:
    def run(command: list[str], env: dict[str, str], **options: Any) -> Any:
        assert env["EDITION"] == "file"
        pages = {
            "index.html": f'<a href="{link}">x</a>',
            "a.html": "",
            "folder/index.html": "",
            "404.html": '<a href="/gone">x</a>',
            "x.css.map": "",
        }
        write(Path(command[command.index("--site-dir") + 1]), pages)
        return subprocess.CompletedProcess(command, code)

    monkeypatch.setattr("mianjing.archive.subprocess.run", run)
    write(tmp_path, {"docs/offline.zip": "旧的"})
    assert make_archive(tmp_path) == expected
    archive = tmp_path / "docs" / "offline.zip"
    assert [file.name for file in archive.parent.iterdir()] == ["offline.zip"]
    if expected:
        assert archive.read_text(encoding="utf-8") == "旧的"
        return
    with ZipFile(archive) as made:
        names = ["mianjing/a.html", "mianjing/folder/index.html", "mianjing/index.html"]
        assert made.namelist() == names
