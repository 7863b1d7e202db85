"""缓存里的文件要么没有、要么是完整的一份：先写在旁边再换上，几个进程同时构建也是。"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import getpid
from pathlib import Path


def write_whole(file: Path, content: bytes) -> None:
    """写一份文件，文件夹没有就建。"""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(f".{getpid()}")
    beside.write_bytes(content)
    beside.replace(file)


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """写到 folder 之下：路径 → 内容，各级文件夹没有就建；folder 是这次构建自己的，不必换上。"""
    for parent in dict.fromkeys((folder / name).parent for name in files):
        parent.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def keep_whole(file: Path, make: Callable[[], bytes]) -> Path:
    """有这份文件就用它，没有才做；名字里要有内容所依赖的一切，连同做它的代码。"""
    if not file.is_file():
        write_whole(file, make())
    return file
