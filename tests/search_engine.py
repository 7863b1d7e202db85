"""不开浏览器地运行浏览器端的搜索模块：一个 Node 进程，一批输入。"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.node import run_node

_SCRIPTS = Path(__file__).with_name("search")


def ask_engine(site: Path, queries: list[str], limit: int = 10) -> list[dict[str, Any]]:
    """在 site/search/ 的索引上问一批查询，返回各自的答案（`engine.js` 的 Answer）。"""
    answers: list[dict[str, Any]] = run_node(
        _SCRIPTS / "ask.mjs", queries, str(site.resolve()), str(limit)
    )
    return answers


def split_in_browser(texts: list[str]) -> list[dict[str, Any]]:
    """浏览器端把每条文字切成的词、折成的文字、各词在原文里的样子。"""
    words: list[dict[str, Any]] = run_node(_SCRIPTS / "words.mjs", texts)
    return words


def urls_of(answer: dict[str, Any]) -> list[str]:
    """结果的地址，不带锚点。"""
    return [result["url"].split("#")[0] for result in answer["results"] if result]
