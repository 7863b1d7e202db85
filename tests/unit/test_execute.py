"""执行结果的归一与比较：伪造的看得出来，换一台机器的微小出入不算。不启动内核。"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mianjing import execute
from mianjing.execute import (
    FIGURE_TOLERANCE,
    NotebookError,
    differences,
    dump_notebook,
    execute_notebooks,
    normalize_notebook,
    same_figure,
)

SVG = (
    '<svg width="460.8pt"><metadata>\n<dc:date>2026-11-23T00:00:00</dc:date></metadata>\n'
    '<path d="M 10.5 20.25 L -3.5 4e-3" style="stroke: #1f77b4"/><g id="p3e4567f"/></svg>'
)


def executed() -> dict[str, Any]:
    """一本刚执行完、还没有归一的推导。"""
    return {
        "cells": [
            {
                "cell_type": "markdown",
                "id": "a1b2",
                "metadata": {"slideshow": {}},
                "source": "说明",
            },
            {
                "cell_type": "code",
                "id": "c3d4",
                "execution_count": 7,
                "metadata": {
                    "alt": "一条线",
                    "tags": ["oracle"],
                    "execution": {"iopub.execute_input": "2026-11-23T00:00:00Z"},
                },
                "source": "print(1)\nplot()",
                "outputs": [
                    {"output_type": "stream", "name": "stdout", "text": ["误差", " 0.0\n"]},
                    {"output_type": "stream", "name": "stdout", "text": "完\n"},
                    {"output_type": "stream", "name": "stderr", "text": "警告\n"},
                    {"output_type": "stream", "name": "stdout", "text": "后\n"},
                    {
                        "output_type": "display_data",
                        "metadata": {"needs_background": "light"},
                        "data": {"image/svg+xml": [SVG], "text/plain": ["<Figure size 1x1>"]},
                    },
                    {
                        "output_type": "execute_result",
                        "execution_count": 7,
                        "metadata": {},
                        "data": {"text/plain": "3"},
                    },
                ],
            },
        ],
        "metadata": {
            "mianjing": {"title": "甲"},
            "kernelspec": {"name": "venv-of-somebody"},
            "language_info": {"version": "3.11.7"},
        },
        "nbformat": 4,
        "nbformat_minor": 9,
    }


def normal() -> dict[str, Any]:
    return normalize_notebook(executed(), "demo.py")


def test_what_changes_from_run_to_run_is_gone() -> None:
    notebook = normal()
    assert notebook["metadata"] == {
        "generated_from": "demo.py（由 make execute 生成，请改源文件）",
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"file_extension": ".py", "name": "python"},
        "mianjing": {"title": "甲"},
    }
    text, code = notebook["cells"]
    assert text == {"cell_type": "markdown", "id": "cell-1", "metadata": {}, "source": "说明"}
    assert (code["id"], code["execution_count"]) == ("cell-2", 1)
    assert code["metadata"] == {"alt": "一条线", "tags": ["oracle"]}
    dumped = dump_notebook(notebook)
    for trace in ("2026-11-23", "venv-of-somebody", "3.11.7", "a1b2", "needs_background", "1x1"):
        assert trace not in dumped


def test_split_streams_are_merged_but_not_across_channels() -> None:
    outputs = normal()["cells"][1]["outputs"]
    assert outputs[:3] == [
        {"output_type": "stream", "name": "stdout", "text": "误差 0.0\n完\n"},
        {"output_type": "stream", "name": "stderr", "text": "警告\n"},
        {"output_type": "stream", "name": "stdout", "text": "后\n"},
    ]


def test_figures_and_values_stay() -> None:
    figure, value = normal()["cells"][1]["outputs"][3:]
    assert figure["data"]["text/plain"] == "<Figure>"
    assert "<metadata>" not in figure["data"]["image/svg+xml"]
    assert 'd="M 10.5 20.25 L -3.5 4e-3"' in figure["data"]["image/svg+xml"]
    assert value == {
        "output_type": "execute_result",
        "execution_count": 1,
        "metadata": {},
        "data": {"text/plain": "3"},
    }


def test_ids_made_from_coordinates_are_numbered() -> None:
    """末位不同的坐标散列成全不同的 id：编上号，两台机器的图就一样；别的 id 与颜色不动。"""

    def draw(clip: str, mark: str) -> str:
        return (
            f'<g clip-path="url(#{clip})" style="stroke: #1f77b4"><use xlink:href="#{mark}"/>'
            f'<use xlink:href="#DejaVuSans-1f5"/></g><g id="axes_1"/><path id="DejaVuSans-1f5"/>'
            f'<path id="{mark}"/><clipPath id="{clip}"><rect/></clipPath>'
        )

    def normalized(svg: str) -> str:
        notebook = executed()
        notebook["cells"][1]["outputs"][4]["data"]["image/svg+xml"] = svg
        clean = normalize_notebook(notebook, "demo.py")
        text: str = clean["cells"][1]["outputs"][3]["data"]["image/svg+xml"]
        return text

    one = normalized(draw("pea123702ab", "m0123456789"))
    assert one == normalized(draw("p3fee26ca7b", "mabcdefabcd")) == draw("p2", "m1")


def test_normalizing_twice_changes_nothing() -> None:
    once = normal()
    assert normalize_notebook(copy.deepcopy(once), "demo.py") == once


def test_equal_notebooks_are_written_byte_for_byte_equal() -> None:
    notebook = normal()
    shuffled = {key: notebook[key] for key in sorted(notebook, reverse=True)}
    assert dump_notebook(shuffled) == dump_notebook(notebook)
    assert dump_notebook(notebook).endswith("}\n")
    assert "说明" in dump_notebook(notebook)
    assert json.loads(dump_notebook(notebook)) == notebook


def compare(old: str, new: str) -> list[str]:
    """提交的结果里把 old 换成 new，与重新执行的比。"""
    fresh = dump_notebook(normal())
    assert old in fresh
    return differences(json.loads(fresh.replace(old, new)), json.loads(fresh))


def test_equal_results_have_no_differences() -> None:
    assert differences(normal(), normal()) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("误差 0.0", "误差 0.1", ["第 2 格的源或输出不同"]),
        ("误差 0.0", "误差 0.00", ["第 2 格的源或输出不同"]),
        ('"3"', '"4"', ["第 2 格的源或输出不同"]),
        ("print(1)", "print(2)", ["第 2 格的源或输出不同"]),
        ("说明", "说 明", ["第 1 格的源或输出不同"]),
        ("一条线", "两条线", ["第 2 格的源或输出不同"]),
        ('"oracle"', '"other"', ["第 2 格的源或输出不同"]),
        ("stderr", "stdout", ["第 2 格的源或输出不同"]),
        ('"甲"', '"乙"', ["metadata 不同"]),
        ("demo.py", "else.py", ["metadata 不同"]),
        ("M 10.5 20.25", "M 11.5 20.25", ["第 2 格的图不同"]),
        ("L -3.5", "L 3.5", ["第 2 格的图不同"]),
        ("M 10.5 20.25", "M 10.5 20.25 5", ["第 2 格的图不同"]),
        ("M 10.5", "L 10.5", ["第 2 格的图不同"]),
        ("<path", "<line", ["第 2 格的图不同"]),
        ("#1f77b4", "#2f77b4", ["第 2 格的图不同"]),
    ],
)
def test_a_forged_result_is_found(old: str, new: str, expected: list[str]) -> None:
    assert compare(old, new) == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("M 10.5 20.25", "M 10.500001 20.25"),
        ("M 10.5 20.25", "M 10.9 19.8"),
        ("L -3.5", "L -3.4"),
        ("4e-3", "5e-3"),
        ("460.8pt", "461pt"),
    ],
)
def test_small_drift_of_a_figure_is_none(old: str, new: str) -> None:
    assert compare(old, new) == []


def test_added_lost_and_moved_cells_are_found() -> None:
    fresh, longer = normal(), normal()
    longer["cells"].append({"cell_type": "markdown", "metadata": {}, "source": "多一格"})
    assert differences(longer, fresh) == ["格数不同：3 与 2"]
    assert differences(fresh, longer) == ["格数不同：2 与 3"]
    moved = normal()
    moved["cells"].reverse()
    assert differences(moved, fresh) == ["第 1 格的源或输出不同", "第 2 格的源或输出不同"]


def test_a_lost_or_doubled_figure_is_found() -> None:
    outputs = normal()["cells"][1]["outputs"]
    lost, doubled = normal(), normal()
    del lost["cells"][1]["outputs"][3]
    doubled["cells"][1]["outputs"].insert(3, outputs[3])
    assert differences(lost, normal()) == ["第 2 格的源或输出不同"]
    assert differences(doubled, normal()) == ["第 2 格的源或输出不同"]


def test_comparing_changes_neither_side() -> None:
    old, new = normal(), normal()
    differences(old, new)
    assert old == new == normal()


def test_the_tolerance_is_the_limit() -> None:
    assert same_figure("<a x='1.0'/>", f"<a x='{1 + FIGURE_TOLERANCE}'/>")
    assert not same_figure("<a x='1.0'/>", f"<a x='{1.01 + FIGURE_TOLERANCE}'/>")


@given(st.text(st.sampled_from("0123456789abcdef.-# <>MLe"), max_size=40))
def test_a_figure_equals_itself(svg: str) -> None:
    """散列里偶尔有「3e4567」这样的字样：当成数是无穷大，也要等于自己。"""
    assert same_figure(svg, svg)


def test_a_hash_that_reads_as_infinity_is_compared_exactly() -> None:
    assert same_figure("#p3e4567f", "#p3e4567f")
    assert not same_figure("#p3e4567f", "#p4e4567f")
    assert not same_figure("#p3e4567f", "#p0e4567f")


def test_every_notebook_is_executed_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.py").write_text("# %%\n", encoding="utf-8")
    monkeypatch.setattr(execute, "execute_notebook", lambda source: {"cells": [source.name]})
    assert execute_notebooks(tmp_path, []) == 0
    assert capsys.readouterr().out == "[1/2] 执行 a.py …\n[2/2] 执行 b.py …\n"
    assert json.loads((tmp_path / "a.ipynb").read_text(encoding="utf-8")) == {"cells": ["a.py"]}
    assert (tmp_path / "b.ipynb").is_file()


def test_a_failed_notebook_leaves_the_old_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """失败时返回 1、说明哪一格，旧的 .ipynb 不动，后面的不再执行。"""
    (tmp_path / "a.ipynb").write_text("旧", encoding="utf-8")

    def fail(source: Path) -> dict[str, Any]:
        raise NotebookError(f"notebooks/{source.name} 第 3 格（assert x）失败：AssertionError: ")

    monkeypatch.setattr(execute, "execute_notebook", fail)
    assert execute_notebooks(tmp_path, ["a", "b"]) == 1
    assert "notebooks/a.py 第 3 格（assert x）失败" in capsys.readouterr().err
    assert (tmp_path / "a.ipynb").read_text(encoding="utf-8") == "旧"
    assert not (tmp_path / "b.ipynb").exists()


def test_the_place_names_notebook_cell_and_first_line() -> None:
    class Cell:
        source = "\n\n  assert error < 1e-9  # 长长的说明\nmore()"

    class Notebook:
        cells = (Cell, Cell)

    assert execute._place(Path("x/demo.py"), Notebook, 1) == (
        "notebooks/demo.py 第 2 格（  assert error < 1e-9  # 长长的说明）"
    )


def test_only_what_changed_is_executed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """源、共用模块、版本之一变了才重新执行；点了名的一定执行。"""
    executed: list[str] = []

    def run(source: Path, seconds: int = 0) -> dict[str, Any]:
        executed.append(source.stem)
        return {"cells": [], "metadata": {"executed_with": execute.describe_inputs(source)}}

    monkeypatch.setattr(execute, "execute_notebook", run)
    for name in ("a", "b", "toolkit"):
        (tmp_path / f"{name}.py").write_text(f"# {name}\n", encoding="utf-8")

    def again(*names: str) -> list[str]:
        executed.clear()
        assert execute_notebooks(tmp_path, list(names)) == 0
        return list(executed)

    assert again() == ["a", "b"]
    assert again() == []
    assert "a.py 没有变" in capsys.readouterr().out
    (tmp_path / "a.py").write_text("# 改了\n", encoding="utf-8")
    assert again() == ["a"]
    (tmp_path / "toolkit.py").write_text("# 改了\n", encoding="utf-8")
    assert again() == ["a", "b"]
    monkeypatch.setattr(execute, "version", lambda name: "9.9")
    assert again() == ["a", "b"]
    assert again("b") == ["b"]
    (tmp_path / "b.ipynb").unlink()
    assert again() == ["b"]


def test_the_toolkit_is_put_in_without_its_docstring(tmp_path: Path) -> None:
    text = '"""说明。\n\n两段。\n"""\n\nimport math\n\n\ndef f():\n    return math.pi\n'
    (tmp_path / "toolkit.py").write_text(text, encoding="utf-8")
    assert execute.read_toolkit(tmp_path) == "import math\n\n\ndef f():\n    return math.pi"
