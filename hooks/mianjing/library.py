"""从磁盘读入全站：找到每个文件该在的地方，读成 `Catalog`，问题全部收齐。"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import TypeVar

from mianjing import checks, htmlpolicy, records
from mianjing.edition import ARCHIVE
from mianjing.execute import notebook_sources
from mianjing.fields import Fields
from mianjing.frontmatter import (
    Document,
    Mapping,
    Node,
    Scalar,
    Sequence,
    read_document,
    read_table,
)
from mianjing.model import (
    Catalog,
    Claim,
    Derivation,
    Erratum,
    Exercise,
    Experience,
    Page,
    Question,
    Topic,
    Withdrawn,
)
from mianjing.notebook import PartError, read_parts
from mianjing.pages import NOT_PAGES, is_own, list_pages
from mianjing.places import check_assets
from mianjing.practice import CAUGHT, FILES, read_caught, read_exercise
from mianjing.problem import Problem
from mianjing.published import check_published
from mianjing.texts import check_texts
from mianjing.verdicts import Verdicts
from mianjing.vocabulary import read_vocabulary

T = TypeVar("T", Experience, Topic, Question, Exercise)

COMPANIES = "docs/experiences/companies.yml"
TABLES = ("companies.yml", "sources.yml")
ERRATA = "docs/about/errata.yml"


def read_library(
    root: Path, today: date | None = None, verdicts: Verdicts | None = None
) -> tuple[Catalog, list[Problem]]:
    """读入仓库根 root 下的全部内容并检查；today 缺省为今天（测试里固定）。

    verdicts 是上次的结论，缺省时全部重新检查。
    """
    verdicts = verdicts or Verdicts()
    problems: list[Problem] = []
    docs = root / "docs"
    withdrawn: dict[str, Withdrawn] = {}

    def read_experience(document: Document, found: list[Problem]) -> Experience | None:
        if not records.is_withdrawn(document):
            return records.read_experience(document, found)
        record = records.read_withdrawn(document, found)
        withdrawn[record.key] = record
        return None

    experiences = _read_folder(root, "experiences", read_experience, problems)
    topics = _read_folder(root, "topics", records.read_topic, problems)
    questions = _read_folder(root, "questions", records.read_question, problems)
    companies = records.read_companies(
        *_read_yaml(root, docs / "experiences" / "companies.yml", problems), problems
    )
    provenances = records.read_provenances(
        *_read_yaml(root, docs / "experiences" / "sources.yml", problems), problems
    )
    catalog = Catalog(
        companies=companies,
        provenances=provenances,
        experiences=_sorted(experiences, _experience_order),
        topics=_sorted(topics, lambda t: _topic_order(t, topics)),
        questions=_sorted(questions, lambda q: (q.topic, q.level, q.key)),
        derivations=_read_derivations(root, problems, verdicts),
        exercises=_read_exercises(root, topics, problems, verdicts),
        claims=_read_claims(root, problems),
        errata=_read_errata(root, problems),
        pages=_read_pages(root, problems),
        withdrawn=withdrawn,
    )
    problems += _check_places(root)
    problems += check_assets(root)
    problems += htmlpolicy.check_pages(catalog, verdicts)
    problems += check_texts(root, catalog, verdicts)
    problems += check_published(root, catalog)
    problems += checks.check_catalog(catalog, (today or date.today()).isoformat(), verdicts)
    return catalog, sorted(set(problems))


def _experience_order(experience: Experience) -> tuple[str, str, int, str]:
    """新的在后：按起始月份、出处、出处里的先后。"""
    period = experience.period
    return (period.start or "", experience.source, experience.order or 0, experience.key)


def _topic_order(topic: Topic, topics: dict[str, Topic]) -> tuple[bool, int, str, bool, str]:
    """按重要性，侧题随后；分章跟在自己的考点后面。"""
    main = topics.get(topic.part_of or "", topic)
    return (main.rank is None, main.rank or 0, main.key, main is not topic, topic.key)


def _sorted(items: dict[str, T], key: Callable[[T], object]) -> dict[str, T]:
    return {item.key: item for item in sorted(items.values(), key=key)}  # type: ignore[arg-type]


def _read_folder(
    root: Path,
    name: str,
    read: Callable[[Document, list[Problem]], T | None],
    problems: list[Problem],
) -> dict[str, T]:
    result: dict[str, T] = {}
    for file in sorted((root / "docs" / name).glob("*.md")):
        if file.name == "index.md" or not is_own(file):
            continue
        document, found = read_document(_relative(root, file), file.read_bytes())
        problems += found
        if document is not None:
            record = read(document, problems)
            if record is not None:
                result[record.key] = record
    return result


def _read_claims(root: Path, problems: list[Problem]) -> dict[str, Claim]:
    claims: dict[str, Claim] = {}
    for file in sorted((root / "docs" / "claims").glob("*.yml")):
        path, table = _read_yaml(root, file, problems)
        areas = read_vocabulary()["claim_areas"]
        if file.stem not in areas:
            message = f"账本没有「{file.stem}」这一块，可用：{'、'.join(a.key for a in areas)}"
            problems.append(Problem(path, 1, "E303", "", message))
        for key, claim in records.read_claims(path, table, problems).items():
            if key in claims:
                message = f"「{key}」在 {claims[key].path} 里已经有了：换一个键"
                problems.append(Problem(path, claim.line, "E209", key, message))
            claims[key] = claim
    return claims


def _read_errata(root: Path, problems: list[Problem]) -> dict[str, Erratum]:
    file = root / ERRATA
    return records.read_errata(*_read_yaml(root, file, problems), problems) if file.exists() else {}


def _read_pages(root: Path, problems: list[Problem]) -> dict[str, Page]:
    pages: dict[str, Page] = {}
    for file in list_pages(root):
        relative = file.relative_to(root / "docs")
        collection = relative.parts[0] in ("experiences", "topics", "questions")
        exercise = relative.parts[0] == "practice" and len(relative.parts) > 2
        if exercise or (collection and file.name != "index.md"):
            continue
        document, found = read_document(_relative(root, file), file.read_bytes())
        problems += found
        if document is not None:
            pages[relative.as_posix()] = records.read_page(document, problems)
    return pages


def _read_yaml(root: Path, file: Path, problems: list[Problem]) -> tuple[str, Mapping]:
    path = _relative(root, file)
    if not file.is_file():
        problems.append(Problem(path, 1, "E303", "", "缺少这份表"))
        return path, Mapping({}, 1)
    table, found = read_table(path, file.read_bytes())
    problems += found
    return path, table or Mapping({}, 1)


def _read_exercises(
    root: Path, topics: dict[str, Topic], problems: list[Problem], verdicts: Verdicts
) -> dict[str, Exercise]:
    """按考点的次序，同一考点按难度。"""
    ordered = _sorted(topics, lambda t: _topic_order(t, topics))
    ranks = {key: rank for rank, key in enumerate(ordered)}
    result: dict[str, Exercise] = {}
    table = read_caught(root)
    for file in sorted((root / "docs" / "practice").glob("*/index.md")):
        if not is_own(file):
            continue
        document, found = read_document(_relative(root, file), file.read_bytes())
        problems += found
        if document is not None:
            exercise = read_exercise(root, document, table, problems, verdicts)
            result[exercise.key] = exercise
    return _sorted(result, lambda e: (ranks.get(e.topic, len(ranks)), e.level, e.key))


def _read_derivations(
    root: Path, problems: list[Problem], verdicts: Verdicts
) -> dict[str, Derivation]:
    result: dict[str, Derivation] = {}
    for file in notebook_sources(root / "notebooks"):
        notebook = file.with_suffix(".ipynb")
        path = _relative(root, notebook)
        if not notebook.is_file():
            message = "推导还没有执行结果：运行 make execute，把 .ipynb 一起提交"
            problems.append(Problem(path, 1, "E304", "", message))
            continue
        try:
            raw = notebook.read_text(encoding="utf-8")
            executed = json.loads(raw)
            table = _as_node(executed["metadata"]["mianjing"])
            parts = read_parts(executed)
        except PartError as error:
            problems.append(Problem(f"notebooks/{file.name}", 1, "E304", "part", str(error)))
            continue
        except (ValueError, KeyError, TypeError) as error:
            message = (
                f"不是有效的推导（{error!r}）：重新 make execute，字段写在 .py 头部的 mianjing 下"
            )
            problems.append(Problem(path, 1, "E304", "", message))
            continue
        check = partial(htmlpolicy.check_notebook, path, executed)
        problems += verdicts.recall(("notebook", path, raw), check)
        if not isinstance(table, Mapping):
            problems.append(Problem(path, 1, "E304", "mianjing", "应是映射"))
            continue
        fields = Fields(path, table, problems, "mianjing")
        result[file.stem] = Derivation(
            key=file.stem,
            path=path,
            title=fields.title(),
            description=fields.title("description"),
            topics=fields.texts("topics"),
            aliases=fields.texts("aliases"),
            parts=parts,
        )
        fields.done()
    for notebook in sorted((root / "notebooks").glob("*.ipynb")):
        if not notebook.with_suffix(".py").is_file():
            message = "没有同名的 .py 源：.ipynb 只能由 make execute 生成"
            problems.append(Problem(_relative(root, notebook), 1, "E304", "", message))
    return result


def _as_node(value: object) -> Node:
    """JSON 里的元数据换成与 front matter 相同的节点，共用一套字段检查。"""
    if isinstance(value, dict):
        return Mapping({str(k): _as_node(v) for k, v in value.items()}, 1)
    if isinstance(value, list):
        return Sequence(tuple(_as_node(v) for v in value), 1)
    return Scalar(str(value), 1)


def _check_places(root: Path) -> list[Problem]:
    """每个文件在该在的地方：面经、考点、题目不放子目录；不收符号链接；名字是 ASCII。"""
    problems: list[Problem] = []
    docs = root / "docs"
    for file in sorted(docs.rglob("*")):
        path = _relative(root, file)
        parts = file.relative_to(docs).parts
        if file.is_symlink():
            problems.append(Problem(path, 1, "E303", "", "不收符号链接：放真正的文件"))
            continue
        if parts[0] in NOT_PAGES:
            continue
        if not file.is_file():
            if file.suffix == ".md":
                problems.append(Problem(path, 1, "E303", "", "这是目录，不是文件：改个名字"))
            continue
        problems += checks.check_file_name(path)
        if parts[0] in ("experiences", "topics", "questions"):
            table = parts[0] == "experiences" and file.name in TABLES
            if len(parts) > 2:
                message = f"放错了地方：应直接放在 docs/{parts[0]}/ 下"
                problems.append(Problem(path, 1, "E303", "", message))
            elif file.suffix != ".md" and not table:
                message = "这里只放 .md：图片放 docs/assets/images/"
                problems.append(Problem(path, 1, "E303", "", message))
        elif parts[0] == "practice" and len(parts) > 2:
            if len(parts) > 3 or file.name not in FILES:
                message = f"放错了地方：一题一个文件夹，里面是 {'、'.join(sorted(FILES))}"
                problems.append(Problem(path, 1, "E303", "", message))
        elif (
            path == f"docs/{ARCHIVE}"
            or path == f"docs/practice/{CAUGHT}"
            or path == ERRATA
            or (parts[0] == "claims" and file.suffix == ".yml")
        ):
            continue
        elif file.suffix != ".md":
            problems.append(Problem(path, 1, "E303", "", "docs/assets 以外只放 .md"))
    return problems


def _relative(root: Path, file: Path) -> str:
    return file.relative_to(root).as_posix()
