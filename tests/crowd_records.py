"""给基准用的面经：任意多篇，公司都是「示例公司」，同样的篇数得到同样的文件。"""

from __future__ import annotations

import random
from dataclasses import dataclass

from mianjing.model import Catalog

PER_COMPANY = 4
_KINDS = ("startup", "institute", "big-tech")
_SENTENCES = (
    "先请候选人讲一遍整体的结构，再挑其中一步追问为什么这样设计。",
    "随后换一个角度，问数据变大十倍时哪里先撑不住，怎么量出来。",
    "接着请候选人在白板上写出主要的式子，并说明每个符号的形状。",
    "最后聊了聊平时怎么读论文，怎么判断一个结果能不能复现。",
    "候选人先给出直觉，再补上推导，中间有一步没有写对，提示之后改了过来。",
    "讨论停在工程的取舍上：显存、带宽与延迟，先满足哪一个。",
)


@dataclass(frozen=True)
class Crowd:
    """要写进资料库的文件，与要接在两张表末尾的条目。"""

    files: dict[str, str]
    """仓库内的路径 → 内容。"""
    companies: str
    sources: str


def make_records(catalog: Catalog, count: int) -> Crowd:
    """count 篇虚构的面经，问的是 catalog 里的考点与题目。"""
    companies = "".join(
        f"{_company(n)}:\n  name: 示例公司 {n}\n  kind: {_KINDS[n % len(_KINDS)]}\n"
        for n in range((count + PER_COMPANY - 1) // PER_COMPANY)
    )
    sources = (
        "invented:\n  title: 为基准虚构的记录\n  author: unknown\n"
        "  url: https://example.com/invented\n  retrieved: 2026-05-01\n  licence: CC BY 4.0\n"
        "  note: 为基准虚构，不是任何人的经历。\n"
    )
    return Crowd(dict(_record(catalog, n) for n in range(count)), companies, sources)


def _company(number: int) -> str:
    return f"example{number}"


def _record(catalog: Catalog, number: int) -> tuple[str, str]:
    dice = random.Random(number)
    company, place = divmod(number, PER_COMPANY)
    year = 2020 + dice.randrange(6)
    questions = dice.sample(list(catalog.questions.values()), dice.randint(3, 8))
    rounds = [questions[:2], questions[2:5], questions[5:]]
    rounds = [asked for asked in rounds if asked]
    head, body = [], ["## 经过", ""]
    for index, asked in enumerate(rounds, 1):
        head += [f"  - index: {index}", "    kind: technical", "    asked:"]
        body += [f"第 {index} 轮。{dice.choice(_SENTENCES)}", f"{{ #round-{index} }}", ""]
        for question in asked:
            detail = f"虚构的第 {number} 问"
            head.append(
                f"      - {{topic: {question.topic}, form: concept, detail: {detail},"
                f" question: {question.key}, anchor: {question.key}-{index}}}"
            )
            body += [
                "".join(dice.choices(_SENTENCES, k=3)),
                f"{{ #{question.key}-{index} }}",
                "",
            ]
    lines = [
        "---",
        f"title: 示例公司 {company} 面经（{year}，{place}）",
        f"company: {_company(company)}",
        f"period: {{from: {year}-0{dice.randint(1, 6)}, to: {year}-09, precision: stated}}",
        "role: unknown",
        "channel: unknown",
        f"outcome: {dice.choice(('offer', 'rejected', 'unknown'))}",
        "stage_reached: technical",
        f"round_count: {{min: {len(rounds)}, max: {len(rounds)}}}",
        "rounds:",
        *head,
        "source: invented",
        "contributed_by: 基准",
        "---",
        "",
        *body,
    ]
    suffix = f"-{place + 1}" if place else ""
    return f"docs/experiences/{_company(company)}-{year}{suffix}.md", "\n".join(lines)
