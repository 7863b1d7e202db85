"""站上真正的资料库：读入并检查要几秒，一个进程只读一次。"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from mianjing.library import read_library
from mianjing.model import Catalog
from mianjing.problem import Problem

ROOT = Path(__file__).resolve().parents[1]


@cache
def read_site_library() -> tuple[Catalog, tuple[Problem, ...]]:
    """目录与问题；今天是真的今天。"""
    catalog, problems = read_library(ROOT)
    return catalog, tuple(problems)
