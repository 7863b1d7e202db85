"""逐行看贡献的文字：隐私与形近字。面经逐字看，其余页面不看代码围栏。"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from mianjing.characters import check_characters
from mianjing.frontmatter import MAX_BYTES
from mianjing.markdown import prose_lines
from mianjing.messages import say
from mianjing.model import Catalog, Experience
from mianjing.pages import is_own, list_pages
from mianjing.privacy import check_contacts, check_experience, check_names
from mianjing.problem import Problem
from mianjing.verdicts import Verdicts

MAX_LINE = 8000


def check_texts(root: Path, catalog: Catalog, verdicts: Verdicts) -> list[Problem]:
    """仓库 root 里 docs 下的全部 .md，与面经旁边的两份表。"""
    problems: list[Problem] = []
    by_path = {experience.path: experience for experience in catalog.experiences.values()}
    for file in _text_files(root):
        path = file.relative_to(root).as_posix()
        if file.stat().st_size > MAX_BYTES:
            continue  # 读入时已经说过太大
        raw = file.read_text(encoding="utf-8", errors="replace")
        check = partial(check_text, path, raw, by_path.get(path))
        problems += verdicts.recall(("text", path, raw, path in by_path), check)
    return problems


def check_text(path: str, raw: str, experience: Experience | None) -> list[Problem]:
    """一份文件的全文 raw；是读得进来的面经时带着它读出的记录，另看薪资与角色。"""
    lines = list(enumerate(raw.split("\n"), 1))
    if long := [number for number, text in lines if len(text) > MAX_LINE]:
        message = say("long_line", limit=MAX_LINE)
        return [Problem(path, number, "E001", "", message) for number in long]
    if experience is None and path.endswith(".md"):
        lines = list(prose_lines(raw, 1))
    problems: list[Problem] = []
    if experience is not None:
        problems += check_experience(experience, raw)
    else:
        for number, text in lines:
            problems += check_contacts(path, number, text)
            problems += check_names(path, number, text)
    for number, text in lines:
        problems += check_characters(path, number, text)
    return problems


def _text_files(root: Path) -> list[Path]:
    tables = (root / "docs" / "experiences").glob("*.yml")
    return sorted([*list_pages(root), *filter(is_own, tables)])
