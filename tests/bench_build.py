"""整站构建的基准：面经多到 1,000、10,000 篇时的时间、内存与每页的字节，冷热各一次。"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.crowd_records import make_records
from tests.site_library import read_site_library

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("docs", "hooks", "notebooks", "overrides")
COUNTS = (0, 1_000, 10_000)


@dataclass(frozen=True)
class Cost:
    """一次构建。"""

    wall: float
    """秒。"""
    cpu: float
    """秒，用户态加内核态，含子进程。"""
    memory: float
    """MB，最大的一个进程的峰值。"""


def write_project(folder: Path, count: int) -> None:
    """一份仓库，多 count 篇虚构的面经。"""
    for name in COPIED:
        ignored = shutil.ignore_patterns("__pycache__", "pyodide", "offline.zip")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for file in filter(Path.is_file, ROOT.iterdir()):
        shutil.copy(file, folder)
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    crowd = make_records(read_site_library()[0], count)
    for path, text in crowd.files.items():
        (folder / path).write_text(text, encoding="utf-8")
    for name, rows in (("companies.yml", crowd.companies), ("sources.yml", crowd.sources)):
        with (folder / "docs" / "experiences" / name).open("a", encoding="utf-8") as table:
            table.write(rows)


def build(folder: Path) -> Cost:
    """构建一次；失败时打印 mkdocs 的输出并退出。"""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", "site"]
    environment = os.environ | {"PYTHONPATH": str(folder / "hooks")}
    log = folder / "log.txt"
    start = time.perf_counter()
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(log.read_text(encoding="utf-8")[-4000:])
    wall = time.perf_counter() - start
    scale = 1024**2 if sys.platform == "darwin" else 1024
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / scale)


def measure(counts: tuple[int, ...] = COUNTS) -> None:
    """打印各种篇数下的数字。"""
    print("整站：多出来的虚构面经、页数，冷与热的秒数（CPU）、内存，面经页的中位字节：", flush=True)
    for count in counts:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_project(folder, count)
            cold = build(folder)
            print(f"  {count:6} 篇：冷 {cold.wall:.1f} s（{cold.cpu:.1f}）…", flush=True)
            warm = build(folder)
            pages = list((folder / "site").rglob("*.html"))
            records = sorted(
                file.stat().st_size for file in (folder / "site/experiences").glob("*-*/index.html")
            )
            print(
                f"  {count:6} 篇：{len(pages)} 页，冷 {cold.wall:.1f} s（{cold.cpu:.1f}），"
                f"热 {warm.wall:.1f} s（{warm.cpu:.1f}），每页热 "
                f"{1e3 * warm.cpu / len(pages):.1f} ms，内存 {cold.memory:.0f} / "
                f"{warm.memory:.0f} MB，面经页 {records[len(records) // 2]:,} B，"
                f"最大的页 {max(file.stat().st_size for file in pages):,} B",
                flush=True,
            )


if __name__ == "__main__":
    measure(tuple(map(int, sys.argv[1:])) or COUNTS)
