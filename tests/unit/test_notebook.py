"""执行过的推导写成 Markdown：代码、输出、图、折叠块与链接，问题写明哪一格。"""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import jupytext
import markdown
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mianjing.model import Part
from mianjing.notebook import (
    PartError,
    dump_cells,
    dump_script,
    find_homes,
    read_notebook,
    read_parts,
    render_notebook,
    retarget,
)
from pymdownx.slugs import slugify

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><path d="M 0 1"/></svg>'


def text(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(source: str, *outputs: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "metadata": metadata,
        "source": source,
        "outputs": list(outputs),
    }


def stream(value: str | list[str]) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": value}


def display(**data: str | list[str]) -> dict[str, Any]:
    names = {"svg": "image/svg+xml", "png": "image/png", "plain": "text/plain"}
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {names[name]: value for name, value in data.items()},
    }


def render(*cells: dict[str, Any]) -> str:
    result = render_notebook("demo", {"cells": list(cells)})
    assert result.problems == []
    assert len(result.pages) == 1
    return result.pages[0]


def problems(*cells: dict[str, Any]) -> list[str]:
    return [str(p) for p in render_notebook("demo", {"cells": list(cells)}).problems]


def test_cells_follow_one_another() -> None:
    page = render(text("## 推导\n\n式子"), code("x = 1\nprint(x)", stream("1\n")), text("完"))
    assert page == (
        "## 推导\n\n式子\n\n"
        '``` { .python .mj-cell #cell-1 data-cell="1" }\nx = 1\nprint(x)\n```\n\n'
        "``` { .text .mj-output }\n1\n```\n\n完\n"
    )


def test_source_and_text_may_be_lists_of_lines() -> None:
    """nbformat 允许一段文字存成行的列表。"""
    cell = code("", stream(["a\n", "b\n"]))
    cell["source"] = ["x = 1\n", "y = 2"]
    assert render(cell) == (
        '``` { .python .mj-cell #cell-1 data-cell="1" }\nx = 1\ny = 2\n```\n\n'
        "``` { .text .mj-output }\na\nb\n```\n"
    )


def test_ids_and_math_pass_unchanged() -> None:
    source = "## 为什么 { #why }\n\n一段 $P_{ij}$。\n{ #first }\n\n$$\na \\\\ b\n$$"
    assert render(text(source)) == source + "\n"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("[甲](../docs/topics/attention.md)", "[甲](../topics/attention.md)"),
        ("[甲](../docs/experiences/a-2026.md#x)", "[甲](../experiences/a-2026.md#x)"),
        ("![图](../docs/assets/images/a.svg)", "![图](../assets/images/a.svg)"),
        ("[乙](normalization.ipynb#x)", "[乙](normalization.ipynb#x)"),
        ("[丙](https://example.com/../docs/x)", "[丙](https://example.com/../docs/x)"),
    ],
)
def test_links_into_the_docs(source: str, expected: str) -> None:
    assert render(text(source)) == expected + "\n"


def test_details_become_a_block_whose_math_is_rendered() -> None:
    hint = "第一行 $x$\n\n```python\nx = 1\n\ny = 2\n```"
    page = render(
        text(
            f"先想。\n\n<details>\n<summary> 提示 </summary>\n\n{hint}\n\n</details>\n\n"
            "<details><summary>答案</summary>\n第二个\n</details>\n"
        )
    )
    assert page == (
        '先想。\n\n??? note "提示"\n\n'
        "    第一行 $x$\n\n    ```python\n    x = 1\n\n    y = 2\n    ```\n\n"
        '??? note "答案"\n\n    第二个\n\n'
    )
    html = to_html(page)
    assert html.count("<details") == html.count("</details>") == 2
    assert "x = 1\n\ny = 2" in html


def to_html(page: str) -> str:
    extensions = ["attr_list", "pymdownx.details", "pymdownx.highlight", "pymdownx.superfences"]
    plain = {"pymdownx.highlight": {"use_pygments": False}}
    return str(markdown.markdown(page, extensions=extensions, extension_configs=plain))


def test_details_with_quotes_in_the_title() -> None:
    page = render(text('<details>\n<summary>为什么叫 "头"？</summary>\n\n因为\n\n</details>'))
    assert '<summary>为什么叫 "头"？</summary>' in unescape(to_html(page))


@pytest.mark.parametrize(
    ("source", "ticks"),
    [
        ("x = 1", 3),
        ("s = '`'", 3),
        ("s = '``'", 3),
        ("s = '```'", 4),
        ("'''\n```python\nx\n```\n'''", 4),
        ("s = '`````'", 6),
    ],
)
def test_fences_are_longer_than_the_backticks_inside(source: str, ticks: int) -> None:
    page = render(code(source, stream(source + "\n")))
    fence = "`" * ticks
    assert page == (
        f'{fence} {{ .python .mj-cell #cell-1 data-cell="1" }}\n{source}\n{fence}\n\n'
        f"{fence} {{ .text .mj-output }}\n{source}\n{fence}\n"
    )


pieces = st.sampled_from(
    ["`", "```", "````", "~~~", "\n", " ", "x", "#", "<b>", "&amp;", "{", "}", "字", "{ .y }"]
)


@given(st.lists(pieces, max_size=12).map("".join))
def test_no_code_breaks_out_of_its_fence(source: str) -> None:
    """任何代码经 Markdown 之后，还是原来的文字，恰在一个代码块里；只有空格的行变成空行。"""
    html = to_html(render(code(f"a{source}z")))
    assert html.count("<code") == 1
    inside = html.partition("<code")[2].partition(">")[2].partition("</code>")[0]
    assert unescape(inside).rstrip("\n") == re.sub(r"(?m)^ +$", "", f"a{source}z")


def test_output_blocks_carry_their_class() -> None:
    html = to_html(render(code("x", stream("```\n"))))
    assert html.count("mj-output") == 1
    assert "```" in html


def test_oracle_cells_say_so() -> None:
    page = render(code("import torch", tags=["oracle"]), code("x = 1", tags=["other"]))
    assert page == (
        "构建时已用 PyTorch 核对，浏览器里不能运行：\n{ .mj-oracle data-search-exclude='' }\n\n"
        '``` { .python .mj-cell #cell-1 data-cell="1" }\nimport torch\n```\n\n'
        '``` { .python .mj-cell #cell-2 data-cell="2" }\nx = 1\n```\n'
    )


def test_figures_are_numbered_and_kept() -> None:
    result = render_notebook(
        "demo",
        {
            "cells": [
                code("plot()", display(svg=SVG, plain="<Figure>"), alt="一条[曲线] "),
                code("more()", display(svg=[SVG[:10], SVG[10:]]), alt="两条"),
            ]
        },
    )
    assert result.problems == []
    assert result.figures == {"figure-1.svg": SVG, "figure-2.svg": SVG}
    assert "![一条［曲线］](demo/figure-1.svg){ .mj-figure loading=lazy }" in result.pages[0]
    assert "![两条](demo/figure-2.svg){ .mj-figure loading=lazy }" in result.pages[0]
    assert "<Figure>" not in result.pages[0]


@pytest.mark.parametrize("metadata", [{}, {"alt": ""}, {"alt": "  "}])
def test_a_figure_without_alt_is_a_problem(metadata: dict[str, Any]) -> None:
    assert problems(text("甲"), code("plot()", display(svg=SVG), **metadata)) == [
        'notebooks/demo.py:1: E403 第 2 格的图没有替代文字：在格子的标记行写 # %% alt="…"'
    ]


def test_a_figure_that_is_no_svg_is_a_problem() -> None:
    """位图不进站，也不能悄悄丢掉。"""
    assert problems(code("plot()", display(png="aGk=", plain="<Figure size 640x480>"))) == [
        "notebooks/demo.py:1: E403 第 1 格的图不是 SVG：用 toolkit 的 figure 画，再 make execute"
    ]


def test_an_error_output_is_a_problem() -> None:
    error = {"output_type": "error", "ename": "ValueError", "evalue": "x", "traceback": []}
    assert problems(code("1"), code("boom()", stream("前\n"), error)) == [
        "notebooks/demo.py:1: E403 第 2 格的结果是错误 ValueError：修好后 make execute"
    ]


def test_the_value_of_a_cell_is_shown() -> None:
    result = {
        "output_type": "execute_result",
        "data": {"text/plain": ["array([1,\n", "       2])"]},
        "metadata": {},
    }
    assert render(code("x", result)).endswith(
        "``` { .text .mj-output }\narray([1,\n       2])\n```\n"
    )


def part(key: str, title: str, source: str) -> dict[str, Any]:
    return {**text(source), "metadata": {"part": key, "title": title}}


LONG = {
    "cells": [
        part(
            "forward",
            "前向",
            "## 1. 前向\n\n见[反向](#2-反向)与[考点](../docs/topics/attention.md)。",
        ),
        code("x = 1"),
        part("backward", "反向", "## 2. 反向\n\n回[前向](#1-前向)，看[另一本](other.ipynb#a)。"),
        code("print(x)", stream("1\n"), display(svg=SVG), alt="一条线"),
        code("import torch", tags=["oracle"]),
    ]
}


def test_parts_become_pages() -> None:
    """链接随页的深浅改写，图与代码格在全本里连着编号。"""
    assert read_parts(LONG) == (Part("forward", "前向"), Part("backward", "反向"))
    result = render_notebook("demo", LONG)
    first, second = result.pages
    assert "../topics/attention.md" in first and "cell-1" in first
    assert "](../other.ipynb#a)" in second and "](figure-1.svg)" in second
    assert [(c.number, c.page, c.oracle, c.figure) for c in result.cells] == [
        (1, 0, False, False),
        (2, 1, False, True),
        (3, 1, True, False),
    ]
    assert result.anchors == [{"1-前向"}, {"2-反向"}]


def test_links_to_a_section_find_the_page_it_is_on() -> None:
    pages = ("notebooks/demo.ipynb", "notebooks/demo/backward.md")
    rendering = render_notebook("demo", LONG)
    homes = find_homes({"demo": pages}, {"demo": rendering})
    first, second = (
        retarget(text, uri, homes) for text, uri in zip(rendering.pages, pages, strict=True)
    )
    assert "[反向](demo/backward.md#2-反向)" in first
    assert "[前向](../demo.ipynb#1-前向)" in second
    outside = (
        "[甲](../notebooks/demo.ipynb#2-反向)，[乙](../notebooks/demo.ipynb#没有)，[丙](#2-反向)"
    )
    assert retarget(outside, "topics/attention.md", homes) == (
        "[甲](../notebooks/demo/backward.md#2-反向)，[乙](../notebooks/demo.ipynb#没有)，[丙](#2-反向)"
    )
    fenced = "```\n[甲](../notebooks/demo.ipynb#2-反向)\n```"
    assert retarget(fenced, "topics/attention.md", homes) == fenced


def test_anchors_are_those_of_the_site() -> None:
    """自己算的锚点与 toc 扩展给标题的 id 相同。"""
    headings = [
        "## 1. 记号与直觉",
        "### ε 放在根号里面",
        "## `view` 与 transpose",
        "### 定 { #why }",
    ]
    result = render_notebook("demo", {"cells": [text("\n\n".join(headings))]})
    html = markdown.markdown(
        result.pages[0],
        extensions=["attr_list", "toc"],
        extension_configs={"toc": {"slugify": slugify(case="lower")}},
    )
    assert result.anchors == [set(re.findall(r'<h\d id="([^"]+)"', html))]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([text("甲"), part("a", "甲", "乙")], "第 2 格：分页的推导，第一格也要写 part 与 title"),
        ([part("a", "甲", "x"), part("a", "乙", "y")], "第 2 格：part「a」重复"),
        ([part("A b", "甲", "x")], "第 1 格：part「A b」要以小写字母开头"),
        ([part("a", " ", "x")], '第 1 格：part「a」缺少 title="…"'),
        ([code("x", part="a", title="甲")], "第 1 格：part 只写在文字格的标记行"),
    ],
)
def test_marks_of_parts_are_checked(cells: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(PartError, match=re.escape(message)):
        read_parts({"cells": cells})


def test_the_page_gets_its_cells() -> None:
    cells = json.loads(dump_cells(render_notebook("demo", LONG)))
    assert cells[0] == {"number": 1, "source": "x = 1", "oracle": False, "figure": False}
    assert [cell["number"] for cell in cells if cell["oracle"]] == [3]


def test_the_script_to_download_opens_as_a_notebook() -> None:
    script = dump_script(LONG)
    cells = jupytext.reads(script, fmt="py:percent").cells
    assert [(cell.cell_type, cell.source) for cell in cells] == [
        (cell["cell_type"], cell["source"]) for cell in LONG["cells"]
    ]


def test_the_toolkit_is_folded() -> None:
    page = render(code("def check():\n    pass", tags=["toolkit"]))
    html = to_html(page)
    assert page.startswith('??? note "这一本用到的小工具')
    assert html.count("<details") == html.count("</details>") == 1
    assert 'data-cell="1"' in page


def test_raw_and_empty_cells_leave_nothing() -> None:
    raw = {"cell_type": "raw", "metadata": {}, "source": "<script>"}
    assert render(raw, text(""), text("完")) == "完\n"


def test_reading(tmp_path: Path) -> None:
    file = tmp_path / "x.ipynb"
    file.write_text(json.dumps({"cells": [text("字")]}, ensure_ascii=False), encoding="utf-8")
    assert read_notebook(file) == {"cells": [text("字")]}
