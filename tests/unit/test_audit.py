"""审计：断链、断锚点、别的主机、内联事件、脚本链接都找得到；好的站一条也没有。"""

from __future__ import annotations

from html import escape
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mianjing.audit import audit_site


def write_page(site: Path, path: str, body: str) -> None:
    file = site / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"<!doctype html>\n<title>页</title>\n{body}\n", encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """两页、一幅图、一份样式；外面还有一个不属于站的文件。"""
    site = tmp_path / "site"
    write_page(site, "index.html", '<h1 id="top">首页</h1>')
    write_page(site, "topics/a b/index.html", '<h2 id="直觉">直觉</h2><a name="old"></a>')
    (site / "x.svg").write_text("<svg/>", encoding="utf-8")
    (site / "style.css").write_text("", encoding="utf-8")
    (tmp_path / "README.html").write_text("站外", encoding="utf-8")
    return site


def audit(site: Path, body: str, path: str = "topics/page/index.html") -> list[str]:
    write_page(site, path, body)
    return [str(problem) for problem in audit_site(site)]


@pytest.mark.parametrize(
    "body",
    [
        '<a href="../../">首页</a>',
        '<a href="../../index.html#top">首页</a>',
        '<a href="../a%20b/#%E7%9B%B4%E8%A7%89">直觉</a>',
        '<a href="../a b/#直觉">直觉</a>',
        '<a href="../a%20b/#old">旧</a>',
        '<a href="/topics/a%20b/">绝对路径</a>',
        '<a href="#here">本页</a><p id="here"></p>',
        '<a href="?q=x">查询</a>',
        '<a href="">空</a>',
        '<a href="#">页首</a>',
        '<a href="https://example.com/x#y">站外</a>',
        '<a href="//example.com/x">站外</a>',
        '<a href="mailto:a@example.com">信</a>',
        '<img src="../../x.svg" alt="图">',
        '<img src="data:image/png;base64,aGk=" alt="图">',
        '<img src="../../x.svg" srcset="../../x.svg 1x, ../../x.svg 2x" alt="图">',
        '<link rel="stylesheet" href="../../style.css">',
        '<link rel="canonical" href="https://example.com/kb/">',
        '<link rel="alternate feed" href="https://example.com/feed.xml">',
        '<link rel="license" href="https://creativecommons.org/licenses/by/4.0/">',
        '<p style="background: url(../../x.svg)">底图</p>',
        '<div id="one"></div><svg><use href="#one"></use></svg>',
        '<meta name="description" content="地址写成 url=https://example.com/">',
        '<meta http-equiv="refresh" content="0; url=../../">',
        "<code>&lt;script src=https://example.com/x.js&gt;</code>",
        "<!-- <script src=https://example.com/x.js></script> -->",
        '<p data-one="javascript:alert(1)" class="once">不是事件</p>',
    ],
)
def test_nothing_wrong(site: Path, body: str) -> None:
    assert audit(site, body) == []


ELSEWHERE = "一切文件由本站发出"
SCHEMES = "只用 http、https、mailto 与站内路径"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<a href="../gone/">x</a>', "E504 链接「../gone/」指向不存在的文件"),
        ('<a href="../../x.png">x</a>', "E504 链接「../../x.png」指向不存在的文件"),
        ('<a href="../a b">x</a><a href="../a">y</a>', "E504 链接「../a」指向不存在的文件"),
        ('<img src="gone.svg">', "E504 链接「gone.svg」指向不存在的文件"),
        ('<link rel="stylesheet" href="gone.css">', "E504 链接「gone.css」指向不存在的文件"),
        (
            '<a href="../../../README.html">站外的文件</a>',
            "E504 链接「../../../README.html」指向不存在的文件",
        ),
        ('<a href="/../README.html">x</a>', "E504 链接「/../README.html」指向不存在的文件"),
        ('<a href="%00">x</a>', "E504 链接「%00」指向不存在的文件"),
        ('<a href="#gone">x</a>', "E505 链接「#gone」指向不存在的锚点"),
        ('<a href="../../#gone">x</a>', "E505 链接「../../#gone」指向不存在的锚点"),
        ('<a href="../a b/#Top">x</a>', "E505 链接「../a b/#Top」指向不存在的锚点"),
        (
            '<script src="https://cdn.example.com/x.js"></script>',
            f"E502 从别处取文件「https://cdn.example.com/x.js」：{ELSEWHERE}",
        ),
        (
            '<script src="//cdn.example.com/x.js"></script>',
            f"E502 从别处取文件「//cdn.example.com/x.js」：{ELSEWHERE}",
        ),
        (
            '<img src="http://example.com/x.png">',
            f"E502 从别处取文件「http://example.com/x.png」：{ELSEWHERE}",
        ),
        (
            '<img src="../../x.svg" srcset="../../x.svg 1x, https://example.com/x.png 2x">',
            f"E502 从别处取文件「https://example.com/x.png」：{ELSEWHERE}",
        ),
        (
            '<link rel="stylesheet" href="https://fonts.example.com/css">',
            f"E502 从别处取文件「https://fonts.example.com/css」：{ELSEWHERE}",
        ),
        (
            '<link rel="preconnect" href="https://fonts.example.com">',
            f"E502 从别处取文件「https://fonts.example.com」：{ELSEWHERE}",
        ),
        (
            '<iframe src="https://example.com/"></iframe>',
            f"E502 从别处取文件「https://example.com/」：{ELSEWHERE}",
        ),
        (
            '<form action="https://example.com/"></form>',
            f"E502 从别处取文件「https://example.com/」：{ELSEWHERE}",
        ),
        (
            '<video poster="https://example.com/x.png"></video>',
            f"E502 从别处取文件「https://example.com/x.png」：{ELSEWHERE}",
        ),
        (
            "<p style=\"background: url('https://example.com/x.png')\">x</p>",
            f"E502 从别处取文件「https://example.com/x.png」：{ELSEWHERE}",
        ),
        (
            '<svg><image href="https://example.com/x.png"></image></svg>',
            f"E502 从别处取文件「https://example.com/x.png」：{ELSEWHERE}",
        ),
        (
            '<meta http-equiv="refresh" content="0; url=https://example.com/">',
            f"E502 从别处取文件「https://example.com/」：{ELSEWHERE}",
        ),
        (
            '<script src="data:text/javascript,alert(1)"></script>',
            f"E502 从别处取文件「data:text/javascript,alert(1)」：{ELSEWHERE}",
        ),
        (
            '<iframe src="data:text/html,x"></iframe>',
            f"E502 从别处取文件「data:text/html,x」：{ELSEWHERE}",
        ),
        ('<p onclick="x()">x</p>', "E501 <p> 带内联事件 onclick：改用脚本文件"),
        ('<img src="../../x.svg" OnError=x>', "E501 <img> 带内联事件 onerror：改用脚本文件"),
        ("<svg onload=x />", "E501 <svg> 带内联事件 onload：改用脚本文件"),
        (
            '<a href="javascript:alert(1)">x</a>',
            f"E503 不允许的链接「javascript:alert(1)」：{SCHEMES}",
        ),
        (
            '<a href="JavaScript:alert(1)">x</a>',
            f"E503 不允许的链接「JavaScript:alert(1)」：{SCHEMES}",
        ),
        (
            '<a href="&#106;avascript:alert(1)">x</a>',
            f"E503 不允许的链接「javascript:alert(1)」：{SCHEMES}",
        ),
        (
            '<a href="java&#9;script:alert(1)">x</a>',
            f"E503 不允许的链接「java\tscript:alert(1)」：{SCHEMES}",
        ),
        (
            '<a href=" javascript:alert(1)">x</a>',
            f"E503 不允许的链接「 javascript:alert(1)」：{SCHEMES}",
        ),
        (
            '<a href="javascript:void(0)">主题的分享按钮</a>',
            f"E503 不允许的链接「javascript:void(0)」：{SCHEMES}",
        ),
        (
            '<a href="javascript:void(0)//alert(1)">x</a>',
            f"E503 不允许的链接「javascript:void(0)//alert(1)」：{SCHEMES}",
        ),
        (
            '<a href="vbscript:x">x</a>',
            f"E503 不允许的链接「vbscript:x」：{SCHEMES}",
        ),
        (
            '<a href="data:text/html,x">x</a>',
            f"E503 不允许的链接「data:text/html,x」：{SCHEMES}",
        ),
        (
            '<form><button formaction="javascript:alert(1)">x</button></form>',
            f"E503 不允许的链接「javascript:alert(1)」：{SCHEMES}",
        ),
        ('<a href="http://[x">x</a>', f"E503 不允许的链接「http://[x」：{SCHEMES}"),
        ('<img src="//[x">', f"E502 从别处取文件「//[x」：{ELSEWHERE}"),
    ],
)
def test_one_fault(site: Path, body: str, expected: str) -> None:
    assert audit(site, body) == [f"topics/page/index.html:3: {expected}"]


def test_all_faults_of_all_pages_with_their_lines(site: Path) -> None:
    write_page(site, "one.html", '<p>\n<a href="gone/">x</a>\n<p onclick=x>\n<a href="#no">')
    write_page(site, "two.html", '<a href="one.html#no">x</a>')
    assert [(p.path, p.line, p.code) for p in sorted(audit_site(site))] == [
        ("one.html", 4, "E504"),
        ("one.html", 5, "E501"),
        ("one.html", 6, "E505"),
        ("two.html", 3, "E505"),
    ]


def test_the_address_of_the_site(site: Path) -> None:
    """站点在 /kb/ 之下：绝对路径要带上它。"""
    write_page(site, "404.html", '<a href="/kb/">x</a><a href="/kb/topics/a%20b/#直觉">x</a>')
    assert audit_site(site, "/kb/") == []
    write_page(site, "404.html", '<a href="/">x</a><a href="/kbx/">y</a><a href="/kb/gone">z</a>')
    assert [str(p) for p in audit_site(site, "/kb/")] == [
        "404.html:3: E504 绝对路径「/」不在站点路径 /kb/ 之下",
        "404.html:3: E504 绝对路径「/kbx/」不在站点路径 /kb/ 之下",
        "404.html:3: E504 链接「/kb/gone」指向不存在的文件",
    ]


def test_a_relative_site_folder(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """站的目录写成相对路径时，锚点照样查。"""
    write_page(site, "page.html", '<a href="index.html#top">x</a><a href="index.html#no">y</a>')
    monkeypatch.chdir(site.parent)
    assert [p.code for p in audit_site(Path("site"))] == ["E505"]


def test_an_empty_site_is_a_fault(tmp_path: Path) -> None:
    assert [str(p) for p in audit_site(tmp_path / "site")] == ["site:1: E500 没有任何 HTML：先构建"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40) | st.text(st.sampled_from("/.:#?%[]@\\0ahtps\x00"), max_size=20))
def test_no_address_stops_the_audit(site: Path, url: str) -> None:
    attribute = escape(url.encode("utf-8", "replace").decode(), quote=True)
    audit(site, f'<a href="{attribute}">x</a><img src="{attribute}">')


def test_a_very_long_address(site: Path) -> None:
    [message] = audit(site, f'<a href="{"x" * 5000}">x</a>')
    assert "E504" in message


def test_links_to_folders_open_nothing_from_a_file(site: Path) -> None:
    """从文件打开时没有服务器替人找 index.html。"""
    write_page(site, "page.html", '<a href="topics/a b/">页</a><a href="topics/a b">页</a>')
    assert audit_site(site) == []
    messages = [str(one) for one in audit_site(site, opens_folders=False)]
    assert len(messages) == 2 and all("应指到文件" in message for message in messages)
    write_page(site, "page.html", '<a href="topics/a b/index.html#直觉">页</a><a href="#">首</a>')
    assert audit_site(site, opens_folders=False) == []
