"""随机的草稿：像人填的，也像存心捣乱的人填的；同一份交给 Python 与浏览器。"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from mianjing.draft import Draft, Mention, Need, RoundDraft
from mianjing.frontmatter import CONTROL, MARKUP
from mianjing.htmlpolicy import JINJA
from mianjing.model import Catalog
from mianjing.vocabulary import read_vocabulary

WORDS = read_vocabulary()
NOT_IN_THE_FORM = {"E419"}
"""题目写了 Markdown 的记号：要渲染才知道，表单不查，issue 的回复与构建查。"""
PIECES = [
    "先问项目，再手写 MHA",
    "没有通过",
    "算法组",
    "写到合并头时卡住。",
    "Q & A",
    "a < b",
    "<script>alert(1)</script>",
    "&amp; &lt;b&gt;",
    "它说：「好」",
    '"引号"',
    "'单引号'",
    "- 列表",
    "+ 加",
    "> 引用",
    "# 标题",
    "## 标题 $x$",
    "1. 第一",
    "10.5",
    "---",
    "===",
    '=== "标签"',
    "=======",
    "<<<<<<< HEAD",
    "```python",
    "~~~",
    "!!! note",
    "??? note",
    "!!",
    "{ #x }",
    "{: .a }",
    "[链](javascript:alert(1))",
    "[^1]: 注",
    "*[HTML]: 缩写",
    "![图](x)",
    "**粗** _斜_ a_b_c 中_文_",
    "`码`",
    "$x^2$ 与 $$y$$",
    "\\(x\\) \\[y\\] \\begin{equation}",
    "a | b",
    "--- | ---",
    ":-- | --:",
    "反斜杠 \\ 与 \\* 与 \\\\",
    "<!-- mianjing: vocabulary -->",
    '--8<-- "x"',
    "😀 表情",
    "{{ 7 * 7 }}",
    "key: value # 注",
    "*别名 &锚 !标签",
    "yes",
    "null",
    "2026-03",
    "零\u200b宽",
    "反\u202e向",
    "\u3000全角空格",
    "制\t表",
    "末尾的空格 ",
    "🈚🈯",
    "x" * 60,
]
"""字段与段落里可能出现的字。"""
GUARDED = [
    "电话13800138000",
    "１３８ ００１３ ８０００",
    "座机 010-12345678",
    "身份证11010519491231002X",
    "身份证 110105194912310021",
    "身份证 11010519491331002X",
    "卡号6222027777777777778",
    "卡号 4111 9877 7777 7778",
    "卡号 4111 9877 7777 7779",
    "写信到someone@mail-company.cn",
    "someone[at]gmail.com 或 someone#company.cn",
    "user@mail.example.com",
    "微信号：abc_12345",
    "加我 VX abc12345",
    "微信读书、企业微信",
    "我的qq：123456789",
    "QQ 音乐",
    "二面是王老师",
    "终面见了张总。",
    "面试官叫欧阳修，人很好",
    "HR　王小明来电话",
    "HR Amy 很热情",
    "面试官 Python 问得细",
    "许多老师来自清华",
    "和周伯文老师谈",
    "王小明",
    "总包 52 万",
    "月薪45k",
    "BASE 3 万，不含年终奖",
    "总包 52～53 万",
    "总包 40～60 万",
    "总包 50 多万",
    "60 万以上",
    "月之暗⾯",
    "\uf90a\ufa0e",
    "Ｔransformer",
    "Mооnshot",
    "ΜHA 与 μP",
    "привет",
    "𝐐𝐊 与 ｶﾅ 与 \ue000",
    "{% raw %} {# 注 #}",
]
"""隐私、形近字、模板的记号各条规则认得出的，与看着像、其实不是的。"""
_CALM = [
    piece.strip()
    for piece in PIECES
    if not CONTROL.search(piece) and not MARKUP.search(piece) and not JINJA.search(piece)
] + ["总包 40～60 万", "许多老师来自清华", "QQ 音乐", "面试官 Python 问得细"]


def text(dice: random.Random, blank: float = 0.4) -> str:
    """一行字，可能是空的。"""
    if dice.random() < blank:
        return ""
    return " ".join(
        dice.choice(dice.choice([PIECES, PIECES, GUARDED]))
        for _ in range(dice.choice([1, 1, 1, 2, 3]))
    ).strip()


def story(dice: random.Random) -> str:
    """几行字，一行一段。"""
    return "\n".join(text(dice, 0.15) for _ in range(dice.choice([0, 1, 1, 2, 3])))


def term(dice: random.Random, name: str, *others: str) -> str:
    """词表里的一个键，或 others 之一。"""
    return dice.choice([*(one.key for one in WORDS[name]), *others])


def topic(dice: random.Random, catalog: Catalog) -> str:
    """考点的键、标题、别名，或者不是考点的字。"""
    one = dice.choice(list(catalog.topics.values()))
    options = [one.key, one.title, one.title.upper(), *one.aliases, "", "", "unknown"]
    options += [one.title[:2], one.key[:-1] + "z", "不存在的考点", text(dice)[:60].strip()]
    return dice.choice(options)


def mention(dice: random.Random, catalog: Catalog, asked: bool) -> Mention:
    return Mention(
        topic=topic(dice, catalog),
        form=term(dice, "forms") if asked else dice.choice(["", "leetcode", "concept"]),
        detail=text(dice),
        answered=term(dice, "answers") if asked else "",
        paragraph=dice.choice("1112"),
    )


def mentions(dice: random.Random, catalog: Catalog, asked: bool) -> tuple[Mention, ...]:
    return tuple(mention(dice, catalog, asked) for _ in range(dice.choice([0, 0, 1, 2])))


def month(dice: random.Random) -> str:
    return dice.choice(
        ["", "2026-03", "2026-04", "2025-12", "2099-01", "2026-13", "0000-01", "三月"]
    )


def number(dice: random.Random) -> str:
    return dice.choice(["", "", "0", "1", "2", "3", "20", "21", "03", "-1", "两轮", "1.5", "٣"])


def draw_round(dice: random.Random, catalog: Catalog) -> RoundDraft:
    return RoundDraft(
        index=dice.choice(
            ["", "1", "1", "2", "2", "3", "2-3", "3-2", "12", "100", "一", "1-", "٣"]
        ),
        name=text(dice, 0.7),
        kind=term(dice, "round_kinds"),
        interviewer_role=text(dice, 0.6),
        minutes=dice.choice(["", "", "60", "120+", "1 小时", "0", "٣٠"]),
        story=story(dice),
        asked=mentions(dice, catalog, True),
        not_asked=mentions(dice, catalog, False),
        notes=text(dice, 0.7),
    )


def draw_draft(dice: random.Random, catalog: Catalog) -> Draft:
    """一份随机的草稿，还没有补全。"""
    company = dice.choice(list(catalog.companies.values()))
    names = [company.key, company.name, *company.aliases]
    return Draft(
        company=dice.choice([*names, *names, "新公司", "", text(dice)[:60].strip()]),
        company_key=dice.choice(["new-co", "new-co", "", "新", "New Co", "a--b", company.key]),
        company_kind=term(dice, "company_kinds"),
        title=text(dice, 0.7),
        team=text(dice, 0.7),
        start=month(dice),
        end=month(dice),
        precision=dice.choice(["", "stated", "inferred"]),
        year=dice.choice(["", "2026", "2026", "26", "今年"]),
        role=text(dice),
        channel=term(dice, "channels"),
        outcome=term(dice, "outcomes"),
        stage_reached=term(dice, "stages"),
        round_min=number(dice),
        round_max=number(dice),
        before=story(dice),
        rounds=tuple(draw_round(dice, catalog) for _ in range(dice.choice([0, 1, 1, 2, 3]))),
        after=story(dice),
        not_asked=mentions(dice, catalog, False),
        requirements=tuple(
            Need(term(dice, "requirement_kinds"), text(dice), dice.choice("112"))
            for _ in range(dice.choice([0, 0, 1, 2]))
        ),
        pay_kind=(kind := dice.choice(["", "", "band", "impression", "structure"])),
        pay=text(dice) if kind else "",
        reason=text(dice, 0.7),
        impression=text(dice, 0.7),
        review=story(dice),
        contributed_by=text(dice, 0.7),
    )


def draw_calm(dice: random.Random, catalog: Catalog) -> Draft:
    """像人填的：没有问题。"""
    companies, topics = list(catalog.companies.values()), list(catalog.topics.values())

    def calm(blank: float = 0.3) -> str:
        return "" if dice.random() < blank else dice.choice(_CALM)

    def tell(asked: bool, paragraphs: int) -> tuple[Mention, ...]:
        return tuple(
            Mention(
                dice.choice(topics).title if asked else "",
                term(dice, "forms") if asked else "brain-teaser",
                calm(),
                term(dice, "answers") if asked else "",
                str(dice.randint(1, paragraphs)),
            )
            for _ in range(dice.choice([0, 1, 2]) if asked else dice.choice([0, 0, 1]))
        )

    rounds = []
    for i in range(dice.choice([0, 1, 2, 3])):
        count = dice.choice([1, 1, 2, 3])
        asked = tuple(
            replace(one, form="concept") if one.form == "brain-teaser" else one
            for one in tell(True, count)
        )
        rounds.append(
            RoundDraft(
                index=dice.choice([str(i + 1), ""]),
                name=calm(0.8),
                kind=term(dice, "round_kinds"),
                interviewer_role=calm(),
                minutes=dice.choice(["", "60", "120+"]),
                story="\n".join(calm(0) for _ in range(count)),
                asked=asked,
                not_asked=tell(False, count),
                notes=calm(0.7),
            )
        )
    company = dice.choice(companies)
    kind = dice.choice(["", *(one.key for one in WORDS["pay_kinds"])])
    return Draft(
        company=dice.choice([company.name, company.key, *company.aliases]),
        start=(start := dice.choice(["", "2024-05", "2025-12"])),
        end=dice.choice(["", "2026-01"]),
        precision=dice.choice(["stated", "inferred"]),
        year="" if start else "2026",
        team=calm(0.7),
        role=calm(),
        channel=term(dice, "channels"),
        outcome=term(dice, "outcomes"),
        stage_reached=term(dice, "stages"),
        round_min=dice.choice(["", "0", "1"]),
        round_max=dice.choice(["", "3", "10"]),
        before="".join(f"{calm(0)}\n" for _ in range(2)).strip(),
        rounds=tuple(rounds),
        after=calm(0),
        not_asked=tell(False, 1),
        requirements=tuple(
            Need(term(dice, "requirement_kinds"), calm(0), dice.choice("12"))
            for _ in range(dice.choice([0, 1, 2]))
        ),
        pay_kind=kind,
        pay="总包 40～60 万" if kind == "band" else calm(0) if kind else "",
        reason=calm(0.6),
        impression=calm(0.6),
        review=calm(0.5),
        contributed_by=calm(0.7),
    )


def read_draft(value: dict[str, Any]) -> Draft:
    """JSON → 草稿。"""

    def absent(items: list[dict[str, str]]) -> tuple[Mention, ...]:
        return tuple(Mention(**item) for item in items)

    rounds = tuple(
        RoundDraft(**one | {"asked": absent(one["asked"]), "not_asked": absent(one["not_asked"])})
        for one in value["rounds"]
    )
    needs = tuple(Need(**one) for one in value["requirements"])
    nested = {"rounds": rounds, "not_asked": absent(value["not_asked"]), "requirements": needs}
    return Draft(**value | nested)
