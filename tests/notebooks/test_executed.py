"""推导：重新执行每个源，与提交的结果逐字比对；失败与超时都说得清是哪一本、哪一格。"""

from __future__ import annotations

from pathlib import Path

import pytest
from mianjing.execute import (
    NotebookError,
    differences,
    dump_notebook,
    execute_notebook,
    notebook_sources,
)
from mianjing.notebook import read_notebook

ROOT = Path(__file__).resolve().parents[2]
SOURCES = notebook_sources(ROOT / "notebooks")

pytestmark = pytest.mark.notebooks


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_committed_result_is_what_execution_gives(source: Path) -> None:
    committed = read_notebook(source.with_suffix(".ipynb"))
    assert differences(committed, execute_notebook(source)) == [], "运行 make execute 再提交"


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_committed_result_is_normalized(source: Path) -> None:
    """提交的文件就是 make execute 写出的样子，没有手改过的格式。"""
    notebook = source.with_suffix(".ipynb")
    assert notebook.read_text(encoding="utf-8") == dump_notebook(read_notebook(notebook))


def write(folder: Path, code: str) -> Path:
    source = folder / "broken.py"
    source.write_text(f"# %%\nready = True\n\n# %%\n{code}\n", encoding="utf-8")
    return source


def test_failing_assertion_names_notebook_and_cell(tmp_path: Path) -> None:
    source = write(tmp_path, "assert 1 + 1 == 3, '算错了'")
    with pytest.raises(
        NotebookError, match=r"notebooks/broken\.py 第 2 格.*AssertionError: 算错了"
    ):
        execute_notebook(source)


def test_cell_over_its_time_limit_is_stopped(tmp_path: Path) -> None:
    source = write(tmp_path, "while True:\n    pass")
    with pytest.raises(
        NotebookError, match=r"notebooks/broken\.py 第 2 格（while True:）超过 1 秒"
    ):
        execute_notebook(source, seconds=1)


def test_dead_kernel_is_said(tmp_path: Path) -> None:
    source = write(tmp_path, "import os\nos._exit(1)")
    with pytest.raises(NotebookError, match=r"notebooks/broken\.py 第 2 格.*内核退出了"):
        execute_notebook(source)


def test_execution_leaves_nothing_behind(tmp_path: Path) -> None:
    source = write(tmp_path, "print(ready)")
    notebook = execute_notebook(source)
    assert notebook["cells"][1]["outputs"][0]["text"] == "True\n"
    assert [file.name for file in tmp_path.iterdir()] == ["broken.py"]


def test_forged_output_is_found(tmp_path: Path) -> None:
    source = write(tmp_path, "print('最大误差 < 1e-12：', ready)")
    real = execute_notebook(source)
    forged = read_notebook_text(dump_notebook(real).replace("： True", "： False"), tmp_path)
    assert differences(forged, real) == ["第 2 格的源或输出不同"]


def read_notebook_text(text: str, folder: Path) -> dict[str, object]:
    file = folder / "forged.ipynb"
    file.write_text(text, encoding="utf-8")
    return read_notebook(file)
