"""建索引的进程：先数过词也好、没有数过也好，写出的一样；出的错不会没有人知道。"""

from __future__ import annotations

from pathlib import Path

import pytest
from mianjing.search.documents import Document
from mianjing.search.index import build_index
from mianjing.search.sections import Section
from mianjing.search.worker import IndexWorker

COUNTED = Section("", "", "多头注意力把 d_model 切成几份。" * 9_000)
"""多得够送一次的。"""
LATER = Section("later", "KV cache", "这一节没有先数。")
DOCUMENTS = [Document("考点", "attention/", "多头注意力", ("MHA",), (), (COUNTED, LATER))]


def test_what_is_counted_ahead_changes_nothing(tmp_path: Path) -> None:
    worker = IndexWorker()
    worker.count([COUNTED])
    assert worker.tasks, "一批满了就送"
    worker.write(DOCUMENTS, {}, tmp_path / "search")
    worker.wait()
    expected = build_index(DOCUMENTS, {})
    written = {
        file.relative_to(tmp_path / "search").as_posix(): file.read_bytes()
        for file in (tmp_path / "search").rglob("*")
        if file.is_file()
    }
    assert written == expected


def test_a_failure_is_raised_when_waited_for(tmp_path: Path) -> None:
    (tmp_path / "search").write_text("占着位置的文件", encoding="utf-8")
    worker = IndexWorker()
    worker.write(DOCUMENTS, {}, tmp_path / "search")
    with pytest.raises(FileExistsError):
        worker.wait()


def test_nothing_to_do_ends_at_once() -> None:
    IndexWorker().wait()
