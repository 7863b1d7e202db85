"""命令行：退出码、打印什么、交给谁。"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from mianjing import __main__ as cli
from mianjing import build, execute
from mianjing.annotations import render_annotation
from mianjing.library import read_library as read_library_from_disk
from mianjing.problem import Problem

from tests.library import EXPERIENCE, TODAY, Library

POLICY = "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\">"
"""什么也不执行的策略：小页面也要有一条。"""


@pytest.fixture(autouse=True)
def fixed_today(monkeypatch: pytest.MonkeyPatch) -> None:
    """检查里的「今天」固定下来。"""
    monkeypatch.setattr(
        "mianjing.library.read_library", partial(read_library_from_disk, today=TODAY)
    )
    monkeypatch.delenv("SITE_URL", raising=False)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)


def run(library: Library, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(cli, "ROOT", library.root)
    return cli.main(list(arguments))


def test_check_of_good_data(
    library: Library, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(library, monkeypatch, "check") == 0
    out, err = capsys.readouterr()
    assert out == "数据没有问题：1 篇面经、1 个考点、1 道题、1 本推导\n"
    assert err == ""


def test_check_lists_every_problem(
    library: Library, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    library.change(EXPERIENCE, "outcome: rejected", "outcome: 挂")
    library.change(EXPERIENCE, "channel: referral", "channel: 内推")
    assert run(library, monkeypatch, "check") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        f"{EXPERIENCE}:8: E104 channel：「内推」不在词表里，应写「referral」",
        f"{EXPERIENCE}:9: E104 outcome：「挂」不在词表里，应写「rejected」",
        "共 2 个问题",
    ]


def test_check_of_hostile_keys_can_be_printed(
    library: Library, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """键里写了编码不出去的字符，也要打印得出来。"""
    library.change(EXPERIENCE, "order: 1", '"or\\ud800der": 1')
    assert run(library, monkeypatch, "check") == 1
    assert "E002 键含控制字符 U+D800" in capsys.readouterr().err


def test_check_annotates_in_actions(
    library: Library, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """注解是一行命令；键里的换行、冒号、逗号、百分号写不出第二条。"""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    library.change(EXPERIENCE, "outcome: rejected", "outcome: 挂")
    library.change(EXPERIENCE, "order: 1", '"a\\n::error::b%0A, c": 1')
    assert run(library, monkeypatch, "check") == 1
    first, second, total = capsys.readouterr().err.splitlines()
    assert first.startswith(f"::error file={EXPERIENCE},line=6,title=E101::{EXPERIENCE}:6: E101")
    assert "「a%0A::error::b%250A, c」" in first
    message = "E104 outcome：「挂」不在词表里，应写「rejected」"
    assert second == f"::error file={EXPERIENCE},line=9,title=E104::{EXPERIENCE}:9: {message}"
    assert total == "共 2 个问题"


def test_an_annotation_escapes_the_file_name() -> None:
    problem = Problem("docs/a,b:c%\n::x.md", 3, "E302", "", "坏\r\n::warning::y")
    assert render_annotation(problem) == (
        "::error file=docs/a%2Cb%3Ac%25%0A%3A%3Ax.md,line=3,title=E302::"
        "docs/a,b:c%25%0A::x.md:3: E302 坏%0D%0A::warning::y"
    )


@pytest.mark.parametrize("code", [0, 1, 3])
def test_build_returns_the_code_of_the_build(
    library: Library, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    calls: list[Any] = []

    def build_site(*given: Any) -> int:
        calls.append(given)
        return code

    monkeypatch.setattr(build, "build_site", build_site)
    assert run(library, monkeypatch, "build") == code
    assert run(library, monkeypatch, "build", "--pdf") == code
    assert run(library, monkeypatch, "build", "--cards") == code
    places = (library.root, library.root / "site")
    switches = [given[2:] for given in calls]
    assert all(given[:2] == places for given in calls)
    assert switches == [(False, False), (True, False), (False, True)]


def test_audit_of_a_good_site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "index.html").write_text(POLICY + '<a href="index.html">x</a>', encoding="utf-8")
    assert cli.main(["audit", str(tmp_path)]) == 0
    assert "链接、锚点、外部主机与脚本都没有问题" in capsys.readouterr().out


def test_audit_of_a_broken_site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "index.html").write_text(
        POLICY + '<a href="a">x</a><a href="b">x</a>', encoding="utf-8"
    )
    assert cli.main(["audit", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert "共 2 个问题" in out
    assert err.count("index.html:1: E504") == 2


def test_audit_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["audit", str(tmp_path / "gone")]) == 1
    assert "E500 没有任何 HTML：先构建" in capsys.readouterr().err


def test_audit_knows_the_address_like_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "404.html").write_text(POLICY + '<a href="/kb/404.html">x</a>', encoding="utf-8")
    assert cli.main(["audit", str(tmp_path)]) == 1
    monkeypatch.setenv("SITE_URL", "https://example.com/kb/")
    assert cli.main(["audit", str(tmp_path)]) == 0


@pytest.mark.parametrize("names", [[], ["attention"], ["attention", "normalization"]])
def test_execute_names_notebooks(
    library: Library, monkeypatch: pytest.MonkeyPatch, names: list[str]
) -> None:
    calls: list[Any] = []

    def execute_notebooks(*given: Any) -> int:
        calls.append(given)
        return 0

    monkeypatch.setattr(execute, "execute_notebooks", execute_notebooks)
    assert run(library, monkeypatch, "execute", *names) == 0
    assert calls == [(library.root / "notebooks", names)]


@pytest.mark.parametrize("arguments", [[], ["nope"], ["audit"], ["check", "extra"]])
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == 2
    assert "usage: mianjing" in capsys.readouterr().err
