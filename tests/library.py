"""一座最小的虚构资料库：每个用例都是「合格的资料库，改一处」。"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from mianjing.library import read_library
from mianjing.model import Catalog
from mianjing.problem import Problem

TODAY = date(2026, 6, 1)

COMPANIES = "docs/experiences/companies.yml"
SOURCES = "docs/experiences/sources.yml"
EXPERIENCE = "docs/experiences/example-2026.md"
TOPIC = "docs/topics/attention.md"
QUESTION = "docs/questions/why-scale.md"
PAGE = "docs/index.md"
SCRIPT = "notebooks/scaling.py"
NOTEBOOK = "notebooks/scaling.ipynb"

FILES: dict[str, str] = {
    PAGE: """\
---
title: 首页
description: 虚构的首页
---

<!-- mianjing: home-numbers -->
""",
    "docs/experiences/index.md": "---\ntitle: 面经\n---\n\n<!-- mianjing: experience-table -->\n",
    "docs/topics/index.md": "---\ntitle: 考点\n---\n\n<!-- mianjing: topic-table -->\n",
    "docs/questions/index.md": "---\ntitle: 题目\n---\n\n<!-- mianjing: question-table -->\n",
    COMPANIES: """\
example:
  name: 示例公司
  kind: startup
  aliases: [示例, Example]
  products: [示例助手]
""",
    SOURCES: """\
own:
  title: 虚构的投稿
  author: unknown
  url: https://example.com/post
  retrieved: 2026-05-01
  licence: CC BY 4.0
  note: 为测试虚构，不是任何人的经历。
""",
    EXPERIENCE: """\
---
title: 示例公司面经（2026）
company: example
team: 虚构小组
period: {from: 2026-03, to: 2026-04, precision: stated}
order: 1
role: 基座算法
channel: referral
outcome: rejected
stage_reached: technical
round_count: {min: 2, max: 3}
rounds:
  - index: 1
    kind: technical
    interviewer_role: 算法组
    minutes: 60
    asked:
      - topic: attention
        form: handwriting
        detail: 手写注意力
        question: why-scale
        answered: partly
        anchor: round-1
  - index: 2-3
    kind: leader
    notes: 聊方向
not_asked:
  - {form: leetcode, detail: 没有这一环节, anchor: no-leetcode}
requirements:
  - {kind: degree, value: 硕士, anchor: outcome}
pay: {kind: impression, text: 虚构的印象}
reason: 虚构的原因
impression: 虚构的评价
source: own
contributed_by: 测试
---

## 经过

一面手写注意力，写到一半。
{ #round-1 }

没有 LeetCode。
{ #no-leetcode }

要求硕士，没有通过。
{ #outcome }
""",
    TOPIC: """\
---
title: 注意力
aliases: [attention, 自注意力]
rank: 1
prerequisites: []
sources:
  - {title: 一篇虚构的论文, url: "https://example.com/paper", where: 第 3 节}
---

## 面试里怎么问

先问公式。

## 直觉

按相似度取平均。

## 推导

$P = \\mathrm{softmax}(S)$。

## 复杂度与数字

平方。

## 手写代码

```python
assert 1 + 1 == 2
```

## 追问与误区

没有。
""",
    QUESTION: """\
---
title: 为什么要缩放
topic: attention
aliases: [缩放]
level: L1
origin: ours
sources: []
---

## 30 秒版

方差会变大。

## 2 分钟版

见下。

## 推导或代码

略。

## 追问

略。

## 常见错误

略。
""",
    SCRIPT: "# %%\nprint(1)\n",
    NOTEBOOK: json.dumps(
        {
            "cells": [],
            "metadata": {
                "mianjing": {
                    "title": "缩放的推导",
                    "description": "方差从哪里来",
                    "topics": ["attention"],
                    "aliases": [],
                }
            },
        }
    ),
}

EXERCISE = "docs/practice/scores/index.md"
MUTANTS = "docs/practice/scores/mutants.yml"
CAUGHT = "docs/practice/caught.json"
EXERCISES: dict[str, str] = {
    EXERCISE: """\
---
title: 打分
topic: attention
aliases: []
level: L1
questions: [why-scale]
---

## 题目

把分数除以二。

## 接口与形状

`half(x)`

## 边界

零还是零。

## 提示

除法。
""",
    "docs/practice/scores/starter.py": "def half(x):\n    ...\n",
    "docs/practice/scores/reference.py": "def half(x):\n    return x / 2\n",
    "docs/practice/scores/oracle.py": "def half(x):\n    return 0.5 * x\n",
    "docs/practice/scores/tests.py": (
        "from judge import Case\n\n\ndef make_cases():\n"
        "    return [Case('一', lambda s: s.half(3.0)), Case('零', lambda s: s.half(0.0))]\n"
    ),
    MUTANTS: "".join(
        f"- id: wrong-{n}\n  old: x / 2\n  new: x / {n}\n  why: 除以了 {n} <b>\n"
        for n in (3, 4, 5, 6)
    ),
    CAUGHT: json.dumps(
        {
            "scores": {
                "cases": ["一 <b>", "零"],
                "mutants": {f"wrong-{n}": [0] for n in (3, 4, 5, 6)},
            }
        }
    ),
}
"""一道合格的虚构手写题。"""

HOSTILE = "5 < 6 & \"双\" '单' {{ 700 * 7 }} {% x %} **粗** `码` $x$ [链](y) | 表"
"""读得进来、但不转义就会出事的文字。"""

ERRATUM = """\
sample:
  page: topics/attention.md
  wrong: 虚构的错
  right: 虚构的对 & 1 < 2
  since: 2026-04-01
  fixed: 2026-05-01
  evidence: 虚构的依据
"""

CROWD: dict[str, str] = {
    COMPANIES: FILES[COMPANIES]
    + """\
sample:
  name: 样本 & 'Co' {{ 700 * 7 }}
  kind: startup
quiet:
  name: 沉默公司
  kind: unknown
""",
    SOURCES: FILES[SOURCES]
    + f"""\
wild:
  title: 野外的帖子 & 'x'
  author: {json.dumps(HOSTILE)}
  url: unknown
  retrieved: unknown
  licence: unknown
  note: {json.dumps(HOSTILE)}
""",
    "docs/topics/algorithms.md": FILES[TOPIC]
    .replace("注意力", "算法")
    .replace("aliases: [attention, 自算法]", "aliases: []")
    .replace("rank: 1\n", ""),
    "docs/topics/cuda.md": FILES[TOPIC]
    .replace("注意力", "CUDA")
    .replace("aliases: [attention, 自CUDA]", f"aliases: [{json.dumps(HOSTILE)}]")
    .replace("rank: 1", "rank: 2")
    .replace("prerequisites: []", "prerequisites: [attention]"),
    "docs/questions/why-softmax.md": FILES[QUESTION]
    .replace("为什么要缩放", "为什么用 softmax & 'x'")
    .replace("aliases: [缩放]", "aliases: []")
    .replace("level: L1", "level: L2"),
    **EXERCISES,
    "docs/experiences/quiet-2026.md": """\
---
title: 沉默公司面经
company: quiet
period: unknown
role: unknown
channel: unknown
outcome: resume-rejected
stage_reached: resume
round_count: {min: 0, max: 0}
rounds: []
source: own
---

## 经过

没有进入面试。
""",
    "docs/experiences/sample-2026.md": f"""\
---
title: 样本面经 & 'x'
company: sample
team: {json.dumps(HOSTILE)}
period: {{from: 2026-05, to: unknown, precision: inferred}}
order: 2
role: {json.dumps(HOSTILE)}
channel: headhunter
outcome: offer
stage_reached: offer
round_count: {{min: 3, max: unknown}}
rounds:
  - index: 1
    name: {json.dumps(HOSTILE)}
    kind: cross
    interviewer_role: {json.dumps(HOSTILE)}
    minutes: 120+
    asked:
      - topic: algorithms
        form: leetcode
        detail: {json.dumps(HOSTILE)}
        answered: "no"
        anchor: round-1
      - {{topic: attention, form: project, anchor: round-1}}
      - {{topic: unknown, form: unknown, detail: 别的, anchor: round-1}}
    not_asked:
      - {{topic: attention, form: concept, detail: {json.dumps(HOSTILE)}, anchor: round-1}}
  - index: unknown
    kind: unknown
    asked:
      - {{topic: attention, form: handwriting, question: why-scale, anchor: round-1}}
    notes: {json.dumps(HOSTILE)}
requirements:
  - {{kind: level, value: {json.dumps(HOSTILE)}, anchor: round-1}}
pay: {{kind: structure, text: {json.dumps(HOSTILE)}}}
reason: {json.dumps(HOSTILE)}
impression: {json.dumps(HOSTILE)}
source: wild
contributed_by: {json.dumps(HOSTILE)}
---

## 经过

正文里的 **粗体** 是作者的排版。
{{ #round-1 }}
""",
}
"""三种状态齐全的一座：example 问了，sample 问了也明说没问，quiet 一字未提。"""


@dataclass(frozen=True)
class Library:
    """磁盘上的一座资料库。"""

    root: Path

    def write(self, path: str, content: str | bytes) -> None:
        """写一个文件，缺的目录一并建好。"""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)

    def change(self, path: str, old: str, new: str) -> None:
        """把恰好出现一次的 old 换成 new。"""
        text = (self.root / path).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"「{old}」在 {path} 里出现 {text.count(old)} 次"
        self.write(path, text.replace(old, new))

    def rename(self, path: str, new: str) -> None:
        """移动一个文件。"""
        (self.root / new).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).rename(self.root / new)

    def line(self, path: str, text: str) -> int:
        """text 在文件里第一次出现的行号。"""
        content = (self.root / path).read_text(encoding="utf-8")
        assert text in content, f"{path} 里没有「{text}」"
        return content[: content.index(text)].count("\n") + 1

    def read(self) -> tuple[Catalog, list[Problem]]:
        """读入并检查，「今天」是 TODAY。"""
        return read_library(self.root, TODAY)

    def catalog(self) -> Catalog:
        """没有问题的目录。"""
        catalog, problems = self.read()
        assert not problems, "\n".join(map(str, problems))
        return catalog

    def messages(self) -> list[str]:
        """全部问题，写成给人看的样子。"""
        return [str(problem) for problem in self.read()[1]]


def write_library(root: Path, changes: dict[str, str] | None = None) -> Library:
    """在 root 写下合格的资料库，换上或加上 changes 里的文件。"""
    library = Library(root)
    for path, content in (FILES | (changes or {})).items():
        library.write(path, content)
    return library


def multiply(catalog: Catalog, count: int) -> Catalog:
    """每一篇面经、每一家公司都抄 count 份。"""
    numbers = range(count)
    companies = [
        replace(one, key=f"{key}x{number}")
        for number in numbers
        for key, one in catalog.companies.items()
    ]
    experiences = [
        replace(one, key=f"{one.key}-{number}", company=f"{one.company}x{number}")
        for number in numbers
        for one in catalog.experiences.values()
    ]
    return replace(
        catalog,
        companies={one.key: one for one in companies},
        experiences={one.key: one for one in experiences},
    )
