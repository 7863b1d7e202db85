"""数据页的例子真的能用：Python 跑一遍，jq 跑一遍，电子表格的公式按列名核对再算一遍。"""

from __future__ import annotations

import csv
import io
import re
import shlex
import string
from pathlib import Path

import jq
import pytest
from mianjing.export import render_data
from mianjing.export.schema import list_fields
from mianjing.export.shapes import SHAPES, VERSION
from mianjing.model import Catalog

from tests.page_code import run_page
from tests.site_library import read_site_library

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/data/index.md"
COMMANDS = re.findall(r"^```bash\n(.*?)\n```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
FORMULAS = re.findall(r"^=COUNTIFS\((.*)\)$", PAGE.read_text(encoding="utf-8"), re.M)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """站上真正的资料库。"""
    return read_site_library()[0]


@pytest.fixture(scope="module")
def folder(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """下载好的全部文件。"""
    folder = tmp_path_factory.mktemp("data")
    for path, content in render_data(catalog, "https://example.com/").items():
        (folder / Path(path).name).write_bytes(content)
    return folder


def test_python_examples_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    assert run_page(PAGE) == 3
    out = capsys.readouterr().out
    assert "手写代码 " in out
    assert re.search(r"^\d+ 项，其中明说没问的 \d+$", out, re.M)


@pytest.mark.parametrize("command", COMMANDS)
def test_jq_examples_run(folder: Path, command: str) -> None:
    program, raw, query, file = shlex.split(command)
    assert (program, raw) == ("jq", "-r")
    found = jq.compile(query).input_text((folder / file).read_text(encoding="utf-8")).all()
    assert found and all(isinstance(line, str) and line for line in found)


def test_jq_finds_who_wants_handwriting(folder: Path, catalog: Catalog) -> None:
    """第一条的答案与目录里数出来的一样。"""
    _, _, query, file = shlex.split(COMMANDS[0])
    found = jq.compile(query).input_text((folder / file).read_text(encoding="utf-8")).all()
    assert sorted(found) == sorted(
        catalog.companies[e.company].name
        for e in catalog.experiences.values()
        if any(a.form == "handwriting" for _, a in e.asked)
    )


def test_the_spreadsheet_formula(folder: Path, catalog: Catalog) -> None:
    """D、G 两列正是 state 与 form_label，数出来与目录一样。"""
    (formula,) = FORMULAS
    letters = re.findall(r'([A-Z]):\1,"([^"]+)"', formula)
    text = (folder / "asked.csv").read_text(encoding="utf-8-sig")
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    columns = [string.ascii_uppercase.index(letter) for letter, _ in letters]
    assert [header[column] for column in columns] == ["state", "form_label"]
    wanted = [value for _, value in letters]
    count = sum([row[column] for column in columns] == wanted for row in rows)
    asked = [a for e in catalog.experiences.values() for _, a in e.asked]
    assert count == sum(a.form == "handwriting" for a in asked) > 0


def test_every_block_of_code_is_tested() -> None:
    """页上没有一段代码不在上面几条里。"""
    fences = re.findall(r"^```(\w+)$", PAGE.read_text(encoding="utf-8"), re.M)
    assert sorted(fences) == ["bash"] * len(COMMANDS) + ["python"] * 3 + ["text"] * len(FORMULAS)


def test_the_fields_are_those_of_the_schema() -> None:
    paths = dict(list_fields("experiences"))
    assert "rounds[].asked[].form" in paths
    assert "handwriting 手写代码" in paths["rounds[].asked[].form"]
    assert paths["order"].startswith("整数。可为 null。")
    for kind in SHAPES:
        fields = list_fields(kind)
        assert len(fields) == len(dict(fields))
        assert [path for path, about in fields if not about] == []


def test_the_page_names_the_limits() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for word in ("escaped", "utf-8-sig", "unknown", "CC BY 4.0", "MIT"):
        assert word in text
    assert VERSION.count(".") == 1
