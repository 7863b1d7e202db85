"""文件日期来自 git 历史；历史不可信时没有日期。"""

from __future__ import annotations

import os
import subprocess
from datetime import datetime
from pathlib import Path

import pytest
from mianjing.dates import read_history

DAYS = ("2026-01-02", "2026-02-03")


def git(root: Path, *arguments: str, date: str = "2026-01-01") -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(root),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_COMMITTER_DATE": f"{date}T12:00:00Z",
        "GIT_AUTHOR_DATE": "2001-01-01T12:00:00Z",
    }
    for role in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{role}_NAME": "测试", f"GIT_{role}_EMAIL": "test@example.com"}
    subprocess.run(["git", *arguments], cwd=root, env=environment, check=True, capture_output=True)


def commit(root: Path, date: str, **files: str) -> None:
    for name, content in files.items():
        file = root / name.replace("__", "/").replace("_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "改", date=date)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """三次提交：a 改过两次，b 与一个中文名的只有第一次。"""
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "-q")
    commit(root, "2026-01-02", docs__a_md="1", docs__b_md="1", docs__图_svg="1")
    commit(root, "2026-02-03", docs__a_md="2")
    commit(root, "2026-03-04", docs__c_md="1")
    return root


def read_days(root: Path) -> dict[str, str]:
    return {path: change.day for path, change in read_history(root).items()}


def test_the_date_of_the_last_change(repository: Path) -> None:
    """提交日期，不是作者日期；中文名不转义。"""
    assert read_days(repository) == {
        "docs/a.md": "2026-02-03",
        "docs/b.md": "2026-01-02",
        "docs/c.md": "2026-03-04",
        "docs/图.svg": "2026-01-02",
    }


def test_the_first_and_the_last_moment(repository: Path) -> None:
    """加入的时刻与最后改动的时刻分开；只有一次的两者相同。"""
    history = read_history(repository)
    noon = {day: int(datetime.fromisoformat(f"{day}T12:00:00Z").timestamp()) for day in DAYS}
    a, b = history["docs/a.md"], history["docs/b.md"]
    assert (a.added, a.changed) == (noon["2026-01-02"], noon["2026-02-03"])
    assert b.added == b.changed == noon["2026-01-02"]


def test_uncommitted_files_have_no_date(repository: Path) -> None:
    (repository / "docs/new.md").write_text("新", encoding="utf-8")
    assert "docs/new.md" not in read_history(repository)


def test_a_shallow_clone_has_no_dates(repository: Path, tmp_path: Path) -> None:
    """浅克隆里每个文件都像是最后一次提交改的：宁可没有。"""
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repository}", "shallow")
    assert (tmp_path / "shallow/docs/a.md").is_file()
    assert read_history(tmp_path / "shallow") == {}


def test_a_full_clone_has_the_same_dates(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", f"file://{repository}", "full")
    assert read_history(tmp_path / "full") == read_history(repository)


def test_no_repository(tmp_path: Path) -> None:
    assert read_history(tmp_path) == {}


def test_a_repository_without_commits(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert read_history(tmp_path) == {}


def test_no_git(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert read_history(repository) == {}
