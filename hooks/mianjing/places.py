"""`docs/assets/` 与文件名：每类文件在自己的文件夹里，不顶替主题的文件，不只差大小写。"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

from mianjing.pictures import check_picture
from mianjing.problem import Problem

GENERATED = ("docs/assets/bundle/", "docs/assets/pyodide/")
"""构建时生成或取来的，不提交，不在这里查。"""
_SUFFIXES = {
    "images": (".png", ".jpg", ".jpeg", ".webp", ".svg"),
    "screens": (".webp",),
    "javascripts": (".js", ".ts", ".py", ".json"),
    "stylesheets": (".css",),
}
_PICTURES = ("images", "screens")
"""放图片的；screens 里的由 tests/screens.py 拍。"""
_PICTURE_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\.[a-z]+")
_CODE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
MAX_NAME = 80
MAX_CODE = 200 * 1024


def check_assets(root: Path) -> list[Problem]:
    """仓库 root 的 `docs/assets/`，与 docs、notebooks 里全部文件的名字。"""
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    for folder in ("docs", "notebooks"):
        for file in sorted((root / folder).rglob("*")):
            path = file.relative_to(root).as_posix()
            if path.startswith(GENERATED) or path.endswith(".pyc"):
                continue
            problems += _check_name(path, seen)
            if file.is_symlink():
                if folder != "docs":
                    problems.append(Problem(path, 1, "E303", "", "不收符号链接：放真正的文件"))
            elif file.exists() and not file.is_file() and not file.is_dir():
                problems.append(Problem(path, 1, "E303", "", "不是普通文件：删掉它"))
            elif file.is_file() and path.startswith("docs/"):
                problems += _check_theme(path)
                if path.startswith("docs/assets/"):
                    problems += _check_asset(path, file)
    return problems


def _check_name(path: str, seen: dict[str, str]) -> Iterator[Problem]:
    """路径不只差大小写，名字不太长，不是别的系统保留的。"""
    name = PurePosixPath(path).name
    folded = path.casefold()
    if folded in seen:
        odd, other = (path, seen[folded]) if path != folded else (seen[folded], path)
        message = f"与 {other} 只差大小写，在 macOS 与 Windows 上是同一个文件：换个名字"
        yield Problem(odd, 1, "E316", "", message)
    seen.setdefault(folded, path)
    if _RESERVED.fullmatch(name):
        yield Problem(path, 1, "E302", "", f"「{name}」是 Windows 保留的名字：换一个")
    if len(name) > MAX_NAME:
        yield Problem(path, 1, "E302", "", f"文件名有 {len(name)} 个字，超过 {MAX_NAME}：缩短")


def _check_theme(path: str) -> Iterator[Problem]:
    """docs 里与主题同名的文件会顶替主题的。"""
    folder = theme_folder()
    if folder is not None and (folder / path.removeprefix("docs/")).is_file():
        message = "与主题的文件同名，会把它顶替掉：换个名字；要改模板由维护者改 overrides/"
        yield Problem(path, 1, "E314", "", message)


def _check_asset(path: str, file: Path) -> Iterator[Problem]:
    parts = PurePosixPath(path).parts[2:]
    suffixes = _SUFFIXES.get(parts[0]) if len(parts) > 1 else None
    if suffixes is None or file.suffix not in suffixes:
        allowed = "、".join(f"{name}/（{' '.join(each)}）" for name, each in _SUFFIXES.items())
        message = f"放错了地方：docs/assets/ 里只有 {allowed}"
        yield Problem(path, 1, "E303", "", message)
        return
    shape = _PICTURE_NAME if parts[0] in _PICTURES else _CODE_NAME
    for part in (*parts[1:-1], parts[-1]):
        if not shape.fullmatch(part) and not (part != parts[-1] and _CODE_NAME.fullmatch(part)):
            message = f"「{part}」应是小写字母、数字与连字符，如 round-1.png"
            yield Problem(path, 1, "E302", "", message)
    if parts[0] in _PICTURES:
        yield from check_picture(path, file.read_bytes())
    elif (size := file.stat().st_size) > MAX_CODE:
        message = f"有 {size // 1024} KB，超过 {MAX_CODE // 1024} KB：别人的库写进 package.json"
        yield Problem(path, 1, "E313", "", message)


@cache
def theme_folder() -> Path | None:
    """主题包里放模板与文件的文件夹；没有装主题时为 None。"""
    found = importlib.util.find_spec("material")
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0], "templates")
