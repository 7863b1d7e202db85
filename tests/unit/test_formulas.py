"""公式：找到、渲染、缓存、换回去；错的公式说得出在哪一行。"""

from __future__ import annotations

import json
import shutil
import subprocess
from html import escape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mianjing.formulas import (
    Formula,
    FormulaError,
    Rendered,
    find_formulas,
    locate_formula,
    render_formulas,
    replace_formulas,
)

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path("node_modules", "katex", "package.json")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """一个仓库根：缓存写在这里，KaTeX 的版本照抄真的。"""
    assert shutil.which("node"), "找不到 node：sh .ci/setup test 会准备好"
    assert (ROOT / PACKAGE).is_file(), "没有安装 KaTeX：先运行 npm ci，或 sh .ci/setup test"
    (tmp_path / PACKAGE).parent.mkdir(parents=True)
    shutil.copy(ROOT / PACKAGE, tmp_path / PACKAGE)
    return tmp_path


PAGE = r"""<p>甲 <span class="arithmatex">\(a &lt; b\)</span> 与
<span class="arithmatex">\(a &lt; b\)</span></p>
<div class="arithmatex">\[
x &amp; y \\
\frac{1}{2}
\]</div>
<code>\(不是\)</code>
"""
LESS = Formula("a < b", False)
WIDE = Formula("x & y \\\\\n\\frac{1}{2}", True)


def test_formulas_are_found_in_order() -> None:
    assert find_formulas(PAGE) == [LESS, LESS, WIDE]
    assert find_formulas("<p>没有 $x$</p>") == []


def test_formulas_are_replaced_where_they_stand() -> None:
    """独占一行的放进可以横向滚动、能聚焦的容器；结果里的反斜杠不被当成引用。"""
    page = replace_formulas(PAGE, {LESS: Rendered(r"<b>\1\g<0></b>", ""), WIDE: Rendered("W", "")})
    assert page == (
        "<p>甲 <b>\\1\\g<0></b> 与\n<b>\\1\\g<0></b></p>\n"
        '<div class="mj-math" tabindex="0" role="group" aria-label="公式">W</div>\n'
        "<code>\\(不是\\)</code>\n"
    )


def test_a_formula_and_its_punctuation_are_tied(root: Path) -> None:
    """句读跟着最后一段，开括号在公式前面；别处的公式原样。"""
    pair = Formula("a=b", False)
    katex = render_formulas(root, {pair})[pair].html
    last = katex.rindex('<span class="katex-base">')
    tied = f'{katex[:last]}<span class="mj-tie">{katex[last:-14]}\u2060</span></span></span>'
    written = '<span class="arithmatex">\\(a=b\\)</span>'
    for text, expected in {
        "甲{}。": f"甲{tied}。",
        "甲（{}）": f'甲<span class="mj-tie">（{tied}</span>）',
        "甲（{} 乙": f'甲<span class="mj-tie">（{katex}</span> 乙',
        "<strong>{}</strong>，": f"<strong>{tied}</strong>，",
        "{}的{} 。<i>{}</i>，": f"{katex}的{katex} 。<i>{katex}</i>，",
    }.items():
        page = replace_formulas(text.replace("{}", written), {pair: Rendered(katex, "")})
        assert page == expected
        assert page.count("<span") == page.count("</span>")


@given(st.text(st.sampled_from("ab\\()[]{}^_ \n<&"), max_size=30), st.booleans())
def test_what_is_written_is_found(tex: str, display: bool) -> None:
    """任何不含结束标记的公式，转义写进页面后原样找回。"""
    opened, closed, tag = ("\\[", "\\]", "div") if display else ("\\(", "\\)", "span")
    html = f'<p>前<{tag} class="arithmatex">{opened}{escape(tex)}{closed}</{tag}>后</p>'
    assert find_formulas(html) == [Formula(tex.strip(), display)]


@pytest.mark.parametrize(
    ("tex", "line"),
    [
        ("a < b", 3),
        ("x & y \\\\\n\\frac{1}{2}", 6),
        ("\n\n\\frac{1}{2}", 7),
        ("不在这里", 1),
        ("", 1),
        ("  ", 1),
    ],
)
def test_the_line_of_a_formula(tex: str, line: int) -> None:
    source = "---\ntitle: 甲\n式 $a < b$\n\n$$\n  x & y \\\\\n\\frac{1}{2}\n$$\n"
    assert locate_formula(source, Formula(tex, False)) == line


def test_katex_renders_both_kinds_and_names_errors(root: Path) -> None:
    """一个进程渲染一批；错的公式不连累对的，也不进缓存。"""
    wrong, chinese = Formula(r"\nope{x}", False), Formula("头数", False)
    unsafe = Formula(r"\href{javascript:alert(1)}{x}", False)
    result = render_formulas(root, {LESS, WIDE, wrong, chinese, unsafe})
    assert result[LESS].html.startswith('<span class="katex">')
    assert "<math" in result[LESS].html
    assert result[LESS].error == ""
    assert "katex-display" not in result[LESS].html
    assert result[wrong].html == ""
    assert r"Undefined control sequence: \nope" in result[wrong].error
    assert "unicodeTextInMathMode" in result[chinese].error
    assert result[unsafe] == Rendered("", r"不允许的命令 \href")
    assert result[WIDE].error
    [cache] = (root / ".cache").iterdir()
    assert list(json.loads(cache.read_text(encoding="utf-8"))) == ["inline a < b"]


def fake_katex(
    monkeypatch: pytest.MonkeyPatch, code: int = 0, stdout: str = "", stderr: str = ""
) -> list[list[dict[str, Any]]]:
    """换掉 node：记下每次的请求；没有给 stdout 就逐条回答。"""
    requests: list[list[dict[str, Any]]] = []

    def run(command: list[str], input: str, **options: Any) -> subprocess.CompletedProcess[str]:
        requests.append(json.loads(input))
        answer = [{"html": f"<i>{f['tex']} {f['display']}</i>"} for f in requests[-1]]
        return subprocess.CompletedProcess(command, code, stdout or json.dumps(answer), stderr)

    monkeypatch.setattr("mianjing.node.subprocess.run", run)
    monkeypatch.setattr("mianjing.node.shutil.which", lambda name: f"/bin/{name}")
    return requests


def test_only_new_formulas_are_rendered(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """同一个式子，行内与独占一行是两条；渲染过的不再渲染，次序固定。"""
    requests = fake_katex(monkeypatch)
    one, two = Formula("b", False), Formula("a", True)
    result = render_formulas(root, {one, two, Formula("a", False)})
    assert result[two] == Rendered("<i>a True</i>", "")
    assert [(f["tex"], f["display"]) for f in requests[0]] == [
        ("a", False),
        ("a", True),
        ("b", False),
    ]
    assert render_formulas(root, {one, two})[one] == Rendered("<i>b False</i>", "")
    assert len(requests) == 1
    render_formulas(root, {one, Formula("c", False)})
    assert [f["tex"] for f in requests[1]] == ["c"]
    assert render_formulas(root, set()) == {}
    assert len(requests) == 2


def test_the_cache_follows_the_version_of_katex(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = fake_katex(monkeypatch)
    render_formulas(root, {LESS})
    (root / PACKAGE).write_text('{"version": "999"}', encoding="utf-8")
    render_formulas(root, {LESS})
    assert len(requests) == 2
    assert len(list((root / ".cache").iterdir())) == 2


def test_a_broken_cache_is_rendered_anew(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = fake_katex(monkeypatch)
    render_formulas(root, {LESS})
    [cache] = (root / ".cache").iterdir()
    cache.write_text('{"inline', encoding="utf-8")
    assert render_formulas(root, {LESS})[LESS].html == "<i>a < b False</i>"
    assert len(requests) == 2
    assert json.loads(cache.read_text(encoding="utf-8"))


def test_a_failed_formula_is_tried_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = fake_katex(monkeypatch, stdout='[{"error": "错了"}]')
    assert render_formulas(root, {LESS})[LESS] == Rendered("", "错了")
    assert render_formulas(root, {LESS})[LESS] == Rendered("", "错了")
    assert len(requests) == 2


def test_without_node(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mianjing.node.shutil.which", lambda name: None)
    with pytest.raises(FormulaError, match="找不到 node：用 make serve 或 make build 构建"):
        render_formulas(root, {LESS})


def test_without_katex(tmp_path: Path) -> None:
    with pytest.raises(FormulaError, match="没有安装 KaTeX：先运行 npm ci"):
        render_formulas(tmp_path, {LESS})


@pytest.mark.parametrize(
    ("stderr", "detail"),
    [("栈\nError: Cannot find package 'katex'\n", "Cannot find package"), ("", "没有说明")],
)
def test_a_katex_that_does_not_start(
    root: Path, monkeypatch: pytest.MonkeyPatch, stderr: str, detail: str
) -> None:
    fake_katex(monkeypatch, code=1, stderr=stderr)
    with pytest.raises(FormulaError, match=f"KaTeX 没有跑起来（.*{detail}.*）：先运行 npm ci"):
        render_formulas(root, {LESS})
    assert not (root / ".cache").exists()
