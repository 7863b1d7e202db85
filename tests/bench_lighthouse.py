"""Lighthouse，手机的设置：几种页面的四项得分与没有通过的检查。

它与依赖有一百多 MB，测试用不着，所以锁在 .ci/lighthouse/ 里，只有 make bench 装。
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.bench_server import serve_compressed
from tests.chromium import debug_chromium

FOLDER = Path(__file__).resolve().parents[1] / ".ci" / "lighthouse"
PAGES = (
    "",
    "experiences/moonshot-2023/",
    "questions/pii-removal/",
    "topics/multi-head-attention/",
    "topics/frameworks/",
    "notebooks/attention/",
    "practice/",
    "atlas/",
)
NAMES = ("性能", "无障碍", "做法", "搜索引擎")


def measure(site: Path) -> None:
    """打印每页一行；没有装 Lighthouse 时说怎么装。"""
    if not (FOLDER / "node_modules" / "lighthouse").is_dir():
        print(f"没有 Lighthouse：npm ci --ignore-scripts --prefix {FOLDER}")
        return
    print("Lighthouse（手机）：")
    with serve_compressed(site) as (url, _), debug_chromium() as port:
        process = subprocess.run(
            ["node", str(FOLDER / "run.mjs"), str(port), *(url + path for path in PAGES)],
            capture_output=True,
            text=True,
            check=False,
        )
    for line in process.stdout.splitlines():
        result = json.loads(line)
        scores = "，".join(f"{n} {s}" for n, s in zip(NAMES, result["scores"], strict=True))
        print(f"  /{result['url'].removeprefix(url)}\t{scores}\t{' / '.join(result['values'])}")
        for failed in result["failed"]:
            print(f"    没有通过：{failed}")
    if process.returncode:
        print(process.stderr)
