"""离线的清单与 manifest：该有的都有，一个字节变了 `sw.js` 就变，同样的站得到同样的清单。"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from mianjing import offline
from mianjing.offline import OfflineError, render_manifest, write_offline

PAGES = {
    "index.html": '<link rel="stylesheet" href="a.css"><script src="s.js?v=1"></script>',
    "503.html": "断网",
    "404.html": "没有",
    "sitemap.xml": "",
    "manifest.webmanifest": "{}",
    "a.css": "a{}",
    "s.js": "1",
    "topics/页/index.html": "考点",
    "assets/bundle/site.js": "2",
    "assets/bundle/editor.js": "x" * 70_000,
    "assets/pyodide/py.wasm": "wasm",
}
NOT_LISTED = {
    "offline.zip": "zip",
    "a.css.map": "map",
    "sitemap.xml.gz": "gz",
    "brief/x.pdf": "pdf",
    "data/x.apkg": "deck",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """打包好 service worker 的仓库；构建好的站在其中的 site/。"""
    write(tmp_path, {"docs/assets/bundle/sw.js": "start(BUILD)"})
    write(tmp_path / "site", PAGES | NOT_LISTED)
    return tmp_path


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def read(root: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """sw.js 里的那一份，与各份清单合起来。"""
    script = (root / "site" / "sw.js").read_text(encoding="utf-8")
    match = re.fullmatch(r"const BUILD=(.*);\nstart\(BUILD\)", script)
    assert match
    meta = json.loads(match[1])
    folder = root / "site" / "offline" / meta["id"]
    parts = [json.loads((folder / f"{n}.json").read_text()) for n in range(len(meta["lists"]))]
    assert [next(iter(part)) for part in parts] == meta["lists"]
    return meta, {path: entry for part in parts for path, entry in part.items()}


def test_every_file_is_listed_with_its_hash(root: Path) -> None:
    write_offline(root, root / "site")
    _, listed = read(root)
    assert listed.keys() == PAGES.keys()
    for path, (hash_, size) in listed.items():
        content = (root / "site" / path).read_bytes()
        assert size == len(content)
        assert hash_ == hashlib.sha256(content).hexdigest()[:16]


def test_the_shell_is_what_the_home_page_takes(root: Path) -> None:
    write_offline(root, root / "site")
    meta, listed = read(root)
    assert meta["shell"].keys() == {
        "index.html",
        "503.html",
        "sitemap.xml",
        "manifest.webmanifest",
        "a.css",
        "s.js",
        "assets/bundle/site.js",
    }
    assert all(listed[path] == entry for path, entry in meta["shell"].items())
    assert meta["totals"]["python"]["files"] == 1
    assert meta["totals"]["site"]["files"] == len(PAGES) - 1
    assert meta["totals"]["python"]["bytes"] == 4


def test_long_lists_are_cut_in_the_browsers_order(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """浏览器按 UTF-16 比较：补充平面的字排在 U+FF5E 之前。"""
    monkeypatch.setattr(offline, "LIST_FILES", 2)
    write(root / "site", {"～.html": "", "𠀀.html": ""})
    write_offline(root, root / "site")
    meta, listed = read(root)
    assert len(meta["lists"]) == 7
    paths = list(listed)
    assert paths.index("𠀀.html") < paths.index("～.html")


@pytest.mark.parametrize("path", ["topics/页/index.html", "assets/pyodide/py.wasm", "new.html"])
def test_any_change_makes_another_build(root: Path, path: str) -> None:
    first = write_offline(root, root / "site")
    script = (root / "site" / "sw.js").read_bytes()
    assert write_offline(root, root / "site") == first, "重做一遍是同一次构建"
    assert (root / "site" / "sw.js").read_bytes() == script
    write(root / "site", {path: "变了"})
    assert write_offline(root, root / "site") != first
    assert (root / "site" / "sw.js").read_bytes() != script


def test_another_worker_is_another_build(root: Path) -> None:
    first = write_offline(root, root / "site")
    write(root, {"docs/assets/bundle/sw.js": "other(BUILD)"})
    assert write_offline(root, root / "site") != first


@pytest.mark.parametrize(
    ("gone", "said"), [("docs/assets/bundle/sw.js", "npm run bundle"), ("site/503.html", "503")]
)
def test_what_is_missing_is_named(root: Path, gone: str, said: str) -> None:
    (root / gone).unlink()
    with pytest.raises(OfflineError, match=said):
        write_offline(root, root / "site")


def test_the_manifest_works_under_any_path() -> None:
    manifest = json.loads(render_manifest("大模型面试知识库", "说明"))
    assert manifest["start_url"] == manifest["scope"] == "."
    assert manifest["short_name"] == "面试知识库"
    assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}
    assert not [icon for icon in manifest["icons"] if icon["src"].startswith(("/", "http"))]


def test_cards_for_other_sites_are_not_kept(tmp_path: Path) -> None:
    for name in ("social/questions/a.png", "assets/images/social.png"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"PNG")
    assert [entry.path for entry in offline.read_entries(tmp_path)] == ["assets/images/social.png"]
