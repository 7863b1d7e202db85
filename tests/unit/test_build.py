"""构建：全部通过才换上新站；失败时旧的站一个字节也不动。"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mianjing.build import build_site, read_base
from mianjing.dates import run_git
from mianjing.edition import CARDS_WANTED
from mianjing.offline import OfflineError
from mianjing.pdf import PDF_WANTED

POLICY = "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\">"
"""什么也不执行的策略：小页面也要有一条。"""
GOOD = POLICY + '<p id="x"><a href="#x">新</a></p>'
BAD = POLICY + '<a href="gone.html">断了</a>'


@pytest.fixture(autouse=True)
def no_site_url(monkeypatch: pytest.MonkeyPatch) -> None:
    """不设站点地址；离线的清单另有测试，这里不写。"""
    monkeypatch.delenv("SITE_URL", raising=False)
    monkeypatch.setattr("mianjing.build.write_offline", lambda root, site: "")


environments: list[dict[str, str]] = []


@pytest.fixture
def fake_mkdocs(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, str | None], list[Any]]:
    """换掉 mkdocs：写下给定的首页，返回给定的退出码；记下每次的命令与目录。"""

    def install(code: int, page: str | None) -> list[Any]:
        calls: list[Any] = []
        real = subprocess.run

        def run(command: list[str], **options: Any) -> Any:
            if "mkdocs" not in command:
                return real(command, **options)
            assert options["env"]["EDITION"] == "site"
            calls.append((command, options["cwd"]))
            environments.append(options["env"])
            target = Path(command[command.index("--site-dir") + 1])
            assert not target.exists(), "旧的半成品要先清掉"
            if page is not None:
                target.mkdir()
                (target / "index.html").write_text(page, encoding="utf-8")
            return subprocess.CompletedProcess(command, code)

        monkeypatch.setattr("mianjing.edition.subprocess.run", run)
        return calls

    return install


def old_site(root: Path) -> Path:
    site = root / "site"
    site.mkdir()
    (site / "index.html").write_text("旧", encoding="utf-8")
    (site / "only-old.html").write_text("旧", encoding="utf-8")
    return site


def content(site: Path) -> dict[str, str]:
    return {f.name: f.read_text(encoding="utf-8") for f in site.iterdir()}


Fake = Callable[[int, str | None], list[Any]]


def test_a_good_build_replaces_the_site(tmp_path: Path, fake_mkdocs: Fake) -> None:
    site = old_site(tmp_path)
    calls = fake_mkdocs(0, GOOD)
    assert build_site(tmp_path, site) == 0
    assert content(site) == {"index.html": GOOD}
    assert sorted(f.name for f in tmp_path.iterdir()) == ["site"]
    fresh = str(tmp_path / "site.next")
    assert calls == [
        ([sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", fresh], tmp_path)
    ]


def test_the_first_build_needs_no_old_site(tmp_path: Path, fake_mkdocs: Fake) -> None:
    fake_mkdocs(0, GOOD)
    assert build_site(tmp_path, tmp_path / "site") == 0
    assert content(tmp_path / "site") == {"index.html": GOOD}


@pytest.mark.parametrize("page", [None, GOOD, BAD])
def test_a_failed_build_leaves_the_old_site(
    tmp_path: Path,
    fake_mkdocs: Fake,
    capsys: pytest.CaptureFixture[str],
    page: str | None,
) -> None:
    """mkdocs 报错时，哪怕已经写出了页面。"""
    site = old_site(tmp_path)
    before = content(site)
    fake_mkdocs(3, page)
    assert build_site(tmp_path, site) == 3
    assert content(site) == before
    assert "构建没有通过，site/ 保持原样" in capsys.readouterr().err


@pytest.mark.parametrize("page", [None, BAD])
def test_a_failed_audit_leaves_the_old_site(
    tmp_path: Path,
    fake_mkdocs: Fake,
    capsys: pytest.CaptureFixture[str],
    page: str | None,
) -> None:
    """mkdocs 成功而站是坏的：断了链接，或者什么都没写。"""
    site = old_site(tmp_path)
    before = content(site)
    fake_mkdocs(0, page)
    assert build_site(tmp_path, site) == 1
    assert content(site) == before
    error = capsys.readouterr().err
    assert "审计发现 1 个问题，site/ 保持原样" in error
    assert ("index.html:1: E504" in error) == (page == BAD)


@pytest.mark.parametrize("with_pdf", [False, True])
def test_pdf_is_printed_before_the_audit(
    tmp_path: Path, fake_mkdocs: Fake, monkeypatch: pytest.MonkeyPatch, with_pdf: bool
) -> None:
    """链接指向 PDF：打印了才有，没有打印审计就会说断了。要不要打印只看参数，不看外面的环境。"""
    printed: list[Path] = []

    def print_briefs(site: Path) -> list[Path]:
        (site / "x.pdf").write_bytes(b"%PDF")
        printed.append(site)
        return printed

    monkeypatch.setenv(PDF_WANTED, "outside")
    monkeypatch.setattr("mianjing.build.print_briefs", print_briefs)
    fake_mkdocs(0, POLICY + '<a href="x.pdf">PDF</a>')
    assert build_site(tmp_path, tmp_path / "site", with_pdf) == (0 if with_pdf else 1)
    assert printed == [tmp_path / "site.next"] * with_pdf


@pytest.mark.parametrize(("with_pdf", "wanted"), [(False, None), (True, "1")])
def test_the_pages_are_told_about_the_pdf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_pdf: bool, wanted: str | None
) -> None:
    seen: list[dict[str, str]] = []
    real = subprocess.run

    def run(command: list[str], **options: Any) -> Any:
        if "mkdocs" not in command:
            return real(command, **options)
        seen.append(options["env"])
        return subprocess.CompletedProcess(command, 3)

    monkeypatch.setenv(PDF_WANTED, "outside")
    monkeypatch.setattr("mianjing.edition.subprocess.run", run)
    assert build_site(tmp_path, tmp_path / "site", with_pdf) == 3
    assert [env.get(PDF_WANTED) for env in seen] == [wanted]
    assert "PATH" in seen[0]


@pytest.mark.parametrize(
    ("with_cards", "site_url", "wanted"),
    [(False, "https://a.example/", None), (True, "", None), (True, "https://a.example/", "1")],
)
def test_cards_need_the_address_of_the_site(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    with_cards: bool,
    site_url: str,
    wanted: str | None,
) -> None:
    seen: list[str | None] = []

    def run_mkdocs(root: Path, site: Path, environment: dict[str, str]) -> int:
        seen.append(environment.get(CARDS_WANTED))
        return 3

    monkeypatch.setenv(CARDS_WANTED, "outside")
    monkeypatch.setenv("SITE_URL", site_url)
    monkeypatch.setattr("mianjing.build.run_mkdocs", run_mkdocs)
    assert build_site(tmp_path, tmp_path / "site", with_cards=with_cards) == 3
    assert seen == [wanted]
    assert ("没有设 SITE_URL" in capsys.readouterr().err) == (with_cards and not site_url)


def test_without_a_browser_the_old_site_stays(
    tmp_path: Path,
    fake_mkdocs: Fake,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    site = old_site(tmp_path)
    before = content(site)
    fake_mkdocs(0, GOOD)
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert build_site(tmp_path, site, with_pdf=True) == 1
    assert content(site) == before
    error = capsys.readouterr().err
    assert "PATH 上没有 chromium、" in error
    assert "site/ 保持原样" in error


def test_a_failed_offline_list_leaves_the_old_site(
    tmp_path: Path,
    fake_mkdocs: Fake,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(root: Path, site: Path) -> str:
        raise OfflineError("没有 sw.js")

    monkeypatch.setattr("mianjing.build.write_offline", fail)
    site = old_site(tmp_path)
    before = content(site)
    fake_mkdocs(0, GOOD)
    assert build_site(tmp_path, site) == 1
    assert content(site) == before
    assert "离线的清单没有做成，site/ 保持原样：没有 sw.js" in capsys.readouterr().err


def test_leftovers_of_an_earlier_build_are_swept(tmp_path: Path, fake_mkdocs: Fake) -> None:
    site = old_site(tmp_path)
    for name in ("site.next", "site.old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "half.html").write_text(BAD, encoding="utf-8")
    fake_mkdocs(0, GOOD)
    assert build_site(tmp_path, site) == 0
    assert sorted(f.name for f in tmp_path.iterdir()) == ["site"]
    assert content(site) == {"index.html": GOOD}


@pytest.mark.parametrize(
    ("url", "code"),
    [("https://example.com/kb/", 0), ("https://example.com/kb", 0), ("https://example.com/", 1)],
)
def test_the_audit_knows_the_address(
    tmp_path: Path, fake_mkdocs: Fake, monkeypatch: pytest.MonkeyPatch, url: str, code: int
) -> None:
    monkeypatch.setenv("SITE_URL", url)
    fake_mkdocs(0, POLICY + '<a href="/kb/index.html">绝对</a>')
    assert build_site(tmp_path, tmp_path / "site") == code


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("", "/"),
        ("https://a.b", "/"),
        ("https://a.b/", "/"),
        ("https://a.b/kb", "/kb/"),
        ("https://a.b/kb/", "/kb/"),
        ("https://a.b/x/kb/", "/x/kb/"),
    ],
)
def test_the_base_path(url: str, base: str) -> None:
    assert read_base(url) == base


def test_the_build_happens_at_the_time_of_the_commit(
    tmp_path: Path, fake_mkdocs: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """站点地图的日期、压缩包的时刻都由它定；设过的不动，不是仓库时不设。"""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    fake_mkdocs(0, GOOD)
    build_site(tmp_path, tmp_path / "site")
    assert "SOURCE_DATE_EPOCH" not in environments[-1]
    monkeypatch.setenv("GIT_COMMITTER_DATE", "@1700000001 +0000")
    author = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    run_git(tmp_path, "init", "-q")
    run_git(tmp_path, *author, "commit", "-q", "--allow-empty", "-m", "x")
    build_site(tmp_path, tmp_path / "site")
    assert environments[-1]["SOURCE_DATE_EPOCH"] == "1700000001"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "5")
    build_site(tmp_path, tmp_path / "site")
    assert environments[-1]["SOURCE_DATE_EPOCH"] == "5"
