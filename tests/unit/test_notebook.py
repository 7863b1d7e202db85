"""执行过的推导写成 Markdown：代码、输出、图、折叠块与链接，问题写明哪一格。"""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import markdown  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mianjing.notebook import read_notebook, render_notebook

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
    return result.markdown


def problems(*cells: dict[str, Any]) -> list[str]:
    return [str(p) for p in render_notebook("demo", {"cells": list(cells)}).problems]


def test_cells_follow_one_another() -> None:
    page = render(text("## 推导\n\n式子"), code("x = 1\nprint(x)", stream("1\n")), text("完"))
    assert page == (
        "## 推导\n\n式子\n\n``` python\nx = 1\nprint(x)\n```\n\n"
        "``` { .text .mj-output }\n1\n```\n\n完\n"
    )


def test_source_and_text_may_be_lists_of_lines() -> None:
    """nbformat 允许一段文字存成行的列表。"""
    cell = code("", stream(["a\n", "b\n"]))
    cell["source"] = ["x = 1\n", "y = 2"]
    assert render(cell) == (
        "``` python\nx = 1\ny = 2\n```\n\n``` { .text .mj-output }\na\nb\n```\n"
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
        f"{fence} python\n{source}\n{fence}\n\n{fence} {{ .text .mj-output }}\n{source}\n{fence}\n"
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
        "用 PyTorch 核对：\n{ .mj-oracle }\n\n"
        "``` python\nimport torch\n```\n\n``` python\nx = 1\n```\n"
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
    assert "![一条［曲线］](demo/figure-1.svg){ .mj-figure loading=lazy }" in result.markdown
    assert "![两条](demo/figure-2.svg){ .mj-figure loading=lazy }" in result.markdown
    assert "<Figure>" not in result.markdown


@pytest.mark.parametrize("metadata", [{}, {"alt": ""}, {"alt": "  "}])
def test_a_figure_without_alt_is_a_problem(metadata: dict[str, Any]) -> None:
    assert problems(text("甲"), code("plot()", display(svg=SVG), **metadata)) == [
        'notebooks/demo.py:1: E403 第 2 格的图没有替代文字：在格子的标记行写 # %% alt="…"'
    ]


def test_a_figure_that_is_no_svg_is_a_problem() -> None:
    """位图不进站，也不能悄悄丢掉。"""
    assert problems(code("plot()", display(png="aGk=", plain="<Figure size 640x480>"))) == [
        'notebooks/demo.py:1: E403 第 1 格的图不是 SVG：用 set_matplotlib_formats("svg")'
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


def test_raw_and_empty_cells_leave_nothing() -> None:
    raw = {"cell_type": "raw", "metadata": {}, "source": "<script>"}
    assert render(raw, text(""), text("完")) == "完\n"


def test_reading(tmp_path: Path) -> None:
    file = tmp_path / "x.ipynb"
    file.write_text(json.dumps({"cells": [text("字")]}, ensure_ascii=False), encoding="utf-8")
    assert read_notebook(file) == {"cells": [text("字")]}
