"""缓存里的文件：写到一半断了，旧的还在；有了就不再做。"""

from __future__ import annotations

from pathlib import Path

import pytest
from mianjing.whole_file import keep_whole, write_whole


def test_an_interrupted_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "folder" / "a.json"
    write_whole(file, b"old")

    def stop(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", stop)
        with pytest.raises(KeyboardInterrupt):
            write_whole(file, b"new")
    assert file.read_bytes() == b"old"
    write_whole(file, b"new")
    assert file.read_bytes() == b"new"


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    made = []

    def make() -> bytes:
        made.append(1)
        return b"once"

    for _ in range(2):
        assert keep_whole(tmp_path / "a.bin", make).read_bytes() == b"once"
    assert made == [1]
