"""完整性：构建好的站里每一样会执行的东西都认得；多一样、换一样都报出。"""

from __future__ import annotations

from pathlib import Path

import pytest
from mianjing.csp import (
    UnknownScriptError,
    add_policy,
    check_scripts,
    digest,
    make_policy,
    normalise,
    read_baseline,
)
from mianjing.integrity import check_integrity
from mianjing.places import theme_folder

CHARSET = '<meta charset="utf-8">'
THEME = theme_folder()
SCOPE = '__md_scope=new URL("..",location),x=1'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """一页、主题的一份样式、一幅图。"""
    site = tmp_path / "site"
    write(site, "index.html", page("<p>首页</p>"))
    assert THEME is not None
    styles = "assets/stylesheets"
    original = next((THEME / styles).glob("main.*.min.css"))
    write(site, f"{styles}/{original.name}", original.read_text(encoding="utf-8"))
    write(site, "x.svg", "<svg><path d='M0 0'/></svg>")
    return site


def page(body: str, head: str = "") -> str:
    return add_policy(f"<html><head>{CHARSET}{head}</head><body>{body}</body></html>")


def raw_page(body: str) -> str:
    """不经 add_policy 的一页：策略是对的，正文随意。"""
    return page("BODY").replace("BODY", body)


def write(site: Path, path: str, text: str) -> None:
    file = site / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def found(site: Path) -> list[str]:
    return [str(problem) for problem in check_integrity(site)]


def test_a_clean_site_has_no_problem(site: Path) -> None:
    assert found(site) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<script>alert(1)</script>", "E506 内联脚本不在清单上（sha256 "),
        ("<SCRIPT>alert(1)</SCRIPT >", "E506 内联脚本不在清单上（sha256 "),
        ("<script type=module>alert(1)</script>", "E506 内联脚本不在清单上（sha256 "),
        ("<iframe srcdoc='<b>x</b>'></iframe>", "E514 不收 <iframe>"),
        ("<object data=x></object>", "E514 不收 <object>"),
        ("<embed src=x>", "E514 不收 <embed>"),
        ("<base href=x>", "E514 不收 <base>"),
        ("<svg><foreignObject></foreignObject></svg>", "E514 不收 <foreignobject>"),
        ('<p id="a"></p><p id="a"></p>', "E508 id「a」重复"),
        ('<p id="__evil"></p>', "E508 id「__evil」像主题的"),
        ('<div id="__config"></div>', "E508 <div> 占了主题的 id「__config」"),
        ('<svg><a xlink:href="javascript:x"></a></svg>', ""),
        ("<p><div></div></p>", "E515 <p> 里有 <div>"),
        ("<p>一<b>二</b><p>三</p></p>", "E515 <p> 里有 <p>"),
        ("<div><p>一<br><b>二</b></p><div><p>三</p></div></div>", ""),
        ("<p title='<img src=x>'></p>", "E509 <p> 的 title 里有 HTML"),
    ],
)
def test_what_a_page_must_not_hold(site: Path, body: str, expected: str) -> None:
    write(site, "x/index.html", raw_page(body))
    if expected:
        assert any(f"x/index.html:1: {expected}" in one for one in found(site)), found(site)
    else:
        assert found(site) == []


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("<title>甲</title><img src=x>", "E509 <head> 里多出 <img>"),
        ('<meta name="description" content="<script>x</script>">', "E509 <meta> 的 content"),
        ("<title>甲</title></head><body><script>x</script>", "E506 "),
    ],
)
def test_html_that_came_into_the_head_by_a_field(site: Path, head: str, expected: str) -> None:
    write(site, "x.html", page("", "HEAD").replace("HEAD", head))
    assert any(f"x.html:1: {expected}" in one for one in found(site)), found(site)


def test_each_page_has_one_policy_at_the_very_front(site: Path) -> None:
    policy = f'<meta http-equiv="Content-Security-Policy" content="{make_policy("")}">'
    rule = "E507 每页恰好一条内容安全策略，在 head 的最前"
    write(site, "none.html", "<html><head></head></html>")
    write(site, "two.html", f"<html><head>{policy}{policy}</head></html>")
    write(site, "late.html", f"<html><head><script src=a.js></script>{policy}</head></html>")
    loose = policy.replace("'self'", "*")
    write(site, "loose.html", f"<html><head>{loose}</head></html>")
    assert found(site) == [
        f"late.html:1: {rule}",
        "loose.html:1: E507 内容安全策略与 hooks/mianjing/csp.yml 算出的不同：不要在别处写策略",
        f"none.html:1: {rule}",
        f"two.html:1: {rule}",
    ]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("x.svg", "<svg><script>x</script></svg>", "E510 SVG 里不收 <script>"),
        ("x.svg", "<svg>\n<g onclick='x()'/></svg>", "E510 SVG 的 <g> 带内联事件 onclick"),
        ("x.xml", "<a><script xmlns='http://www.w3.org/1999/xhtml'/></a>", "E510 XML 里有"),
        ("x.xml", "<?xml-stylesheet href='x.xsl'?><a/>", "E510 XML 里有会执行的"),
        ("x.css", "a{background:url(https://example.com/x)}", "E502 样式取别处的文件"),
        ("x.css", "@import 'x.css';", "E502 样式取别处的文件"),
        ("x.xhtml", "x", "E513 站里不该有「.xhtml」的文件"),
        ("x.php", "x", "E513 站里不该有「.php」的文件"),
        ("CNAME", "x", "E513 站里不该有「CNAME」的文件"),
        ("about/x.js", "x", "E513 脚本只在"),
        ("assets/javascripts/x.js", "x", "E512 主题没有这个脚本"),
    ],
)
def test_other_files(site: Path, path: str, text: str, expected: str) -> None:
    write(site, path, text)
    assert any(one.startswith(f"{path}:") and expected in one for one in found(site)), found(site)


def test_a_replaced_file_of_the_theme_is_found(site: Path) -> None:
    file = next((site / "assets/stylesheets").iterdir())
    file.write_text(file.read_text(encoding="utf-8") + " ", encoding="utf-8")
    assert found(site) == [
        f"assets/stylesheets/{file.name}:1: E512 主题的文件被换过：docs/ 里有同名的，删掉它"
    ]


def test_a_symlink_is_found(site: Path) -> None:
    (site / "passwd.html").symlink_to("/etc/passwd")
    (site / "dir").symlink_to("/etc")
    assert found(site) == [
        "dir:1: E511 站里有符号链接：放真正的文件",
        "passwd.html:1: E511 站里有符号链接：放真正的文件",
    ]


def test_a_script_may_differ_in_the_root_of_the_site_only() -> None:
    for root in (".", "..", "../../..", "/", "/kb/"):
        assert normalise(SCOPE.replace("..", root)) == SCOPE.replace("..", "BASE")
    for root in ("//example.com/", "https://example.com/", 'x",location);alert(1);//', "", "...."):
        assert normalise(SCOPE.replace("..", root)) == SCOPE.replace("..", root)


def test_an_unknown_script_names_its_hash() -> None:
    with pytest.raises(UnknownScriptError, match="47DEQpj8HBSa"):
        add_policy(f"{CHARSET}<script></script>")
    message = next(check_scripts("<script>alert(1)</script>"))
    assert digest("alert(1)") in message
    assert list(check_scripts("<script type='application/json'>{}</script>")) == []
    assert list(check_scripts("<script src=x.js></script>")) == []


def test_the_policy_lets_no_script_in_but_by_hash() -> None:
    directives = {one.name: one.sources for one in read_baseline().directives}
    assert directives["script-src"] == ("self",)
    assert directives["default-src"] == directives["base-uri"] == ("none",)
    assert directives["form-action"] == ("none",)
    for name in ("connect-src", "worker-src"):
        assert directives[name] == ("self",)
    assert directives["font-src"] == ("self", "data:"), "公式的字体写在样式里"


def test_a_page_without_the_charset_is_an_error() -> None:
    with pytest.raises(ValueError, match="恰好一个"):
        add_policy("<html></html>")
