"""账本：正文里能核对的数字各有一条，能算的每次检查都重算；正文用 `[✓](claim:键)` 引用它。"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import astuple
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import lru_cache, partial
from pathlib import PurePosixPath

from mianjing.estimates import EstimateError, run_estimate
from mianjing.markdown import prose_lines
from mianjing.model import Catalog, Claim, Computation, Page, Question, Topic
from mianjing.problem import Problem, suggest
from mianjing.verdicts import Verdicts

CITATION = re.compile(r"\[✓\]\(claim:([^)\s]*)\)")


def check_claims(catalog: Catalog, verdicts: Verdicts) -> list[Problem]:
    """账本的全部规则。"""
    problems: list[Problem] = []
    for claim in catalog.claims.values():
        problems += check_status(claim)
        computation = claim.computation
        if computation is not None and claim.value:
            inputs = (claim.path, claim.line, claim.key, claim.value, astuple(computation))
            check = partial(check_computation, claim, computation)
            problems += verdicts.recall(("claim", *inputs), check)
    problems += check_citations(catalog)
    return problems


def check_status(claim: Claim) -> Iterator[Problem]:
    """算过的要有重算，其余的要有来源，不能假装算过。"""
    computed = claim.computation is not None
    if (claim.status == "computed") != computed:
        message = "status 写 computed 当且仅当有 compute"
        yield Problem(claim.path, claim.line, "E701", f"{claim.key}.status", message)
    if not computed and not claim.sources:
        message = "没有重算的，至少写一条来源"
        yield Problem(claim.path, claim.line, "E701", f"{claim.key}.sources", message)
    if claim.checked is None:
        message = "写上核对的日期"
        yield Problem(claim.path, claim.line, "E701", f"{claim.key}.checked", message)


def check_computation(claim: Claim, computation: Computation) -> Iterator[Problem]:
    """重算的结果四舍六入到 value 写出的位数，与 value 相等。"""
    field = f"{claim.key}.compute"
    try:
        expected = Decimal(claim.value.replace(",", ""))
        found = run_estimate(computation.function, computation.arguments)
    except InvalidOperation:
        message = f"「{claim.value}」不是数：写成 131072、0.5073 或 3.2e9"
        yield Problem(claim.path, claim.line, "E702", f"{claim.key}.value", message)
        return
    except (EstimateError, ArithmeticError) as error:
        yield Problem(claim.path, claim.line, "E702", field, f"算不出来：{error}")
        return
    exponent = expected.as_tuple().exponent
    assert isinstance(exponent, int)
    step = Decimal(1).scaleb(exponent)
    if Decimal(str(found)).quantize(step, ROUND_HALF_EVEN) != expected:
        message = f"重算得 {found:.10g}，与 value「{claim.value}」不符"
        yield Problem(claim.path, claim.line, "E702", field, message)


def check_citations(catalog: Catalog) -> Iterator[Problem]:
    """引用的键在账本里；账本里的每一条都有人引用。"""
    cited: set[str] = set()
    for page in _pages(catalog):
        for line, key in find_citations(page):
            cited.add(key)
            if key not in catalog.claims:
                message = f"账本里没有「{key}」，{suggest(key, catalog.claims)}"
                yield Problem(page.path, line, "E703", "", message)
    for claim in catalog.claims.values():
        if claim.key not in cited:
            message = f"没有一页引用它：在说到的地方写 [✓](claim:{claim.key})，或删掉"
            yield Problem(claim.path, claim.line, "E703", claim.key, message)


def find_citations(page: Topic | Question | Page) -> list[tuple[int, str]]:
    """一页引用的键与行号。"""
    first = 1 if isinstance(page, Page) else page.body_line
    return [
        (number, key)
        for number, line in prose_lines(page.body, first)
        for key in CITATION.findall(line)
    ]


def area_of(claim: Claim) -> str:
    """在账本的哪一块：`docs/claims/<块>.yml`。"""
    return PurePosixPath(claim.path).stem


def ledger_page(claim: Claim) -> str:
    """写在哪一页：docs 内的路径；锚点就是它的键。"""
    return f"claims/{area_of(claim)}.md"


@lru_cache(maxsize=2)
def cited_by(catalog: Catalog) -> dict[str, list[Topic | Question]]:
    """账本的键 → 引用它的考点与题目。"""
    pages: dict[str, list[Topic | Question]] = {key: [] for key in catalog.claims}
    for page in _pages(catalog):
        if not isinstance(page, Page):
            for key in dict.fromkeys(key for _, key in find_citations(page)):
                pages.get(key, []).append(page)
    return pages


def _pages(catalog: Catalog) -> Iterator[Topic | Question | Page]:
    yield from catalog.topics.values()
    yield from catalog.questions.values()
    yield from catalog.pages.values()
