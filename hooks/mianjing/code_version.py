"""缓存的键里「代码」那一份：本包的全部代码与数据、用到的库与 Python 的版本。"""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

_PACKAGE = Path(__file__).parent


def code_version(libraries: tuple[str, ...]) -> str:
    """一个哈希；libraries 是结果所依赖的库，没有装的抛 PackageNotFoundError。"""
    digest = hashlib.sha256(f"{sys.version}\n{_package_version()}\n".encode())
    for name in libraries:
        digest.update(f"{name} {version(name)}\n".encode())
    return digest.hexdigest()


@cache
def _package_version() -> str:
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*")):
        if path.is_file() and path.parent.name != "__pycache__":
            digest.update(f"{path.relative_to(_PACKAGE).as_posix()}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
