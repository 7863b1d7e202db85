"""字段与关系的拒绝：合格的资料库改一处，问题恰好一条，写明行、代码、字段、值与改法。"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.library import COMPANIES, EXPERIENCE, NOTEBOOK, PAGE, QUESTION, SOURCES, TOPIC, Library


@dataclass(frozen=True)
class Case:
    """把 path 里的 old 换成 new；问题在 at（缺省为 new）所在的行，写作 expected。"""

    path: str
    old: str
    new: str
    expected: str
    at: str = ""


TEXT = "应是文本，不是列表或映射"
EMPTY = "值是空的：写出内容，或删掉可省略的字段，不知道就写 unknown"
MONTH = "不是月份：写成 2023-03，不知道就写 unknown"
DAY = "不是日期：写成 2023-03-01，不知道就写 unknown"
ORDER = "应是 1 到 9999 的整数，不知道就写 unknown"
NEW_COMPANY = "；新公司请先加进 docs/experiences/companies.yml"
TAIL = "contributed_by: 测试\n"
ASKED = "rounds[1].asked[1]"
NO_LEETCODE = "  - {form: leetcode, detail: 没有这一环节, anchor: no-leetcode}"
BOTH = "同一考点与形式既写在 asked 又写在 not_asked：只留原文说的那个"

UNKNOWN_KEYS = [
    Case(
        EXPERIENCE,
        TAIL,
        TAIL + "nickname: 甲\n",
        "E101 nickname：不认识的字段「nickname」，可用：title、company、team、period、order、"
        "role、channel、outcome、stage_reached、round_count、rounds、not_asked 等",
        at="nickname",
    ),
    Case(
        EXPERIENCE,
        TAIL,
        TAIL + "reqirements:\n  - {kind: degree, value: 硕士, anchor: outcome}\n",
        "E101 reqirements：不认识的字段「reqirements」，最接近的是「requirements」",
        at="reqirements:",
    ),
    Case(
        EXPERIENCE,
        "        answered: partly",
        "        answred: partly",
        f"E101 {ASKED}.answred：不认识的字段「answred」，最接近的是「answered」",
    ),
    Case(
        EXPERIENCE,
        "precision: stated}",
        "precision: stated, day: 3}",
        "E101 period.day：不认识的字段「day」，可用：from、to、precision",
    ),
    Case(
        TOPIC,
        "rank: 1\n",
        "rank: 1\ntags: [a]\n",
        "E101 tags：不认识的字段「tags」，"
        "可用：title、aliases、rank、part_of、prerequisites、sources",
        at="tags:",
    ),
    Case(
        QUESTION,
        "level: L1\n",
        "level: L1\nhide: [toc]\n",
        "E101 hide：不认识的字段「hide」，可用：title、topic、aliases、level、origin、sources",
        at="hide:",
    ),
    Case(
        PAGE,
        "title: 首页\n",
        "title: 首页\ntemplate: x.html\n",
        "E101 template：不认识的字段「template」，可用：description、title",
        at="template",
    ),
    Case(
        COMPANIES,
        "  kind: startup\n",
        "  kind: startup\n  city: 某地\n",
        "E101 example.city：不认识的字段「city」，可用：name、kind、aliases、products",
        at="city",
    ),
    Case(
        SOURCES,
        "  licence: CC BY 4.0\n",
        "  licence: CC BY 4.0\n  license: MIT\n",
        "E101 own.license：不认识的字段「license」，最接近的是「licence」",
        at="license",
    ),
    Case(
        NOTEBOOK,
        '"aliases": []',
        '"aliases": [], "author": "甲"',
        "E101 mianjing.author：不认识的字段「author」，可用：title、description、topics、aliases",
    ),
]

OUTSIDE_THE_VOCABULARY = [
    Case(
        EXPERIENCE,
        "      - topic: attention",
        "      - topic: atention",
        f"E206 {ASKED}.topic：「atention」不是考点，最接近的是「attention」",
    ),
    Case(
        EXPERIENCE,
        "      - topic: attention",
        "      - topic: 注意力",
        f"E206 {ASKED}.topic：「注意力」不是考点的键，应写「attention」",
    ),
    Case(
        EXPERIENCE,
        "      - topic: attention",
        "      - topic: 自注意力",
        f"E206 {ASKED}.topic：「自注意力」不是考点的键，应写「attention」",
    ),
    Case(
        EXPERIENCE,
        "      - topic: attention",
        "      - topic: 自注意",
        f"E206 {ASKED}.topic：「自注意」不是考点，最接近的是「attention」",
    ),
    Case(
        EXPERIENCE,
        "      - topic: attention",
        "      - topic: zzz",
        f"E206 {ASKED}.topic：「zzz」不是考点，可用：attention、unknown",
    ),
    Case(
        EXPERIENCE,
        "form: handwriting",
        "form: handwritting",
        f"E104 {ASKED}.form：「handwritting」不在词表里，最接近的是「handwriting」",
    ),
    Case(
        EXPERIENCE,
        "form: handwriting",
        "form: 手写代码",
        f"E104 {ASKED}.form：「手写代码」不在词表里，应写「handwriting」",
    ),
    Case(
        EXPERIENCE,
        "form: handwriting",
        "form: 手撕",
        f"E104 {ASKED}.form：「手撕」不在词表里，应写「handwriting」",
    ),
    Case(
        EXPERIENCE,
        "form: handwriting",
        "form: 手撕代码",
        f"E104 {ASKED}.form：「手撕代码」不在词表里，最接近的是「handwriting」",
    ),
    Case(
        EXPERIENCE,
        "outcome: rejected",
        "outcome: reject",
        "E104 outcome：「reject」不在词表里，最接近的是「rejected」",
    ),
    Case(
        EXPERIENCE,
        "outcome: rejected",
        "outcome: 未通过",
        "E104 outcome：「未通过」不在词表里，应写「rejected」",
    ),
    Case(
        EXPERIENCE,
        "outcome: rejected",
        "outcome: 挂",
        "E104 outcome：「挂」不在词表里，应写「rejected」",
    ),
    Case(
        EXPERIENCE,
        "outcome: rejected",
        "outcome: 简历未过",
        "E104 outcome：「简历未过」不在词表里，最接近的是「resume-rejected」",
    ),
    Case(
        EXPERIENCE,
        "outcome: rejected",
        "outcome: zzz",
        "E104 outcome：「zzz」不在词表里，可用：offer、offer-declined、oral-offer-declined、"
        "broken-off、rejected、resume-rejected、unknown",
    ),
    Case(
        EXPERIENCE,
        "stage_reached: technical",
        "stage_reached: 技术面",
        "E104 stage_reached：「技术面」不在词表里，应写「technical」",
    ),
    Case(
        EXPERIENCE,
        "channel: referral",
        "channel: 内推",
        "E104 channel：「内推」不在词表里，应写「referral」",
    ),
    Case(
        EXPERIENCE,
        "    kind: leader",
        "    kind: Leader",
        "E104 rounds[2].kind：「Leader」不在词表里，最接近的是「leader」",
    ),
    Case(
        EXPERIENCE,
        "answered: partly",
        "answered: 部分答出",
        f"E104 {ASKED}.answered：「部分答出」不在词表里，应写「partly」",
    ),
    Case(
        EXPERIENCE,
        "{kind: degree",
        "{kind: 学历",
        "E104 requirements[1].kind：「学历」不在词表里，应写「degree」",
    ),
    Case(
        EXPERIENCE,
        "pay: {kind: impression",
        "pay: {kind: 印象",
        "E104 pay.kind：「印象」不在词表里，最接近的是「impression」",
    ),
    Case(
        QUESTION,
        "level: L1",
        "level: 基础",
        "E104 level：「基础」不在词表里，最接近的是「L1」",
    ),
    Case(
        QUESTION,
        "origin: ours",
        "origin: 题库自拟",
        "E104 origin：「题库自拟」不在词表里，应写「ours」",
    ),
    Case(
        COMPANIES,
        "kind: startup",
        "kind: 创业公司",
        "E104 example.kind：「创业公司」不在词表里，应写「startup」",
    ),
    Case(
        EXPERIENCE,
        "source: own",
        "source: owm",
        "E202 source：「owm」不在出处表 docs/experiences/sources.yml 中，最接近的是「own」",
    ),
]

REFERENCES = [
    Case(
        EXPERIENCE,
        "question: why-scale",
        "question: why-scal",
        f"E206 {ASKED}.question：题库里没有「why-scal」，最接近的是「why-scale」",
    ),
    Case(
        QUESTION,
        "topic: attention",
        "topic: 注意力",
        "E206 topic：「注意力」不是考点的键，应写「attention」",
    ),
    Case(
        QUESTION,
        "topic: attention",
        "topic: unknown",
        "E206 topic：「unknown」不是考点，可用：attention",
    ),
    Case(
        NOTEBOOK,
        '["attention"]',
        '["atention"]',
        "E206 mianjing.topics：「atention」不是考点，最接近的是「attention」",
    ),
    Case(
        TOPIC,
        "prerequisites: []",
        "prerequisites: [atention]",
        "E206 prerequisites：「atention」不是考点，最接近的是「attention」",
    ),
    Case(
        TOPIC,
        "prerequisites: []",
        "prerequisites: [attention]",
        "E206 prerequisites：「attention」就是这一页：删掉它",
    ),
    Case(
        EXPERIENCE,
        NO_LEETCODE,
        "  - {topic: cuda, anchor: no-leetcode}",
        "E206 not_asked[1].topic：「cuda」不是考点，可用：attention、unknown",
    ),
    Case(EXPERIENCE, NO_LEETCODE, "  - {form: handwriting, anchor: no-leetcode}", ""),
    Case(EXPERIENCE, NO_LEETCODE, "  - {topic: attention, anchor: no-leetcode}", ""),
    Case(
        EXPERIENCE,
        NO_LEETCODE,
        "  - {anchor: no-leetcode}",
        "E102 not_asked[1].topic：topic 与 form 至少写一个",
    ),
    Case(
        EXPERIENCE,
        "anchor: no-leetcode}",
        "anchor: no-leet}",
        "E208 not_asked[1].anchor：正文里没有 id「no-leet」：在说到它的那一段后面单独写一行 "
        "{ #no-leet }；最接近的是「no-leetcode」",
    ),
    Case(
        EXPERIENCE,
        "        anchor: round-1",
        "        anchor: round-9",
        f"E208 {ASKED}.anchor：正文里没有 id「round-9」：在说到它的那一段后面单独写一行 "
        "{ #round-9 }；最接近的是「round-1」",
    ),
    Case(
        EXPERIENCE,
        "value: 硕士, anchor: outcome}",
        "value: 硕士, anchor: Outcome}",
        "E105 requirements[1].anchor：「Outcome」不合格式，"
        "应是正文段落的 id，小写字母、数字与连字符，如 round-1",
    ),
]
REFERENCES = [
    case if case.expected else Case(case.path, case.old, case.new, f"E207 not_asked[1]：{BOTH}")
    for case in REFERENCES
]

DATES = [
    Case(EXPERIENCE, "from: 2026-03", "from: 2023-13", f"E106 period.from：「2023-13」{MONTH}"),
    Case(EXPERIENCE, "from: 2026-03", "from: 2026-00", f"E106 period.from：「2026-00」{MONTH}"),
    Case(EXPERIENCE, "to: 2026-04", "to: 2026-4", f"E106 period.to：「2026-4」{MONTH}"),
    Case(EXPERIENCE, "to: 2026-04", "to: 2026-04-01", f"E106 period.to：「2026-04-01」{MONTH}"),
    Case(EXPERIENCE, "to: 2026-04", "to: ٢٠٢٦-04", f"E106 period.to：「٢٠٢٦-04」{MONTH}"),
    Case(SOURCES, "2026-05-01", "2023-02-30", f"E106 own.retrieved：「2023-02-30」{DAY}"),
    Case(SOURCES, "2026-05-01", "2023-02-29", f"E106 own.retrieved：「2023-02-29」{DAY}"),
    Case(SOURCES, "2026-05-01", "2023-13-01", f"E106 own.retrieved：「2023-13-01」{DAY}"),
    Case(SOURCES, "2026-05-01", "2023-W09-1", f"E106 own.retrieved：「2023-W09-1」{DAY}"),
    Case(SOURCES, "2026-05-01", "0000-01-01", f"E106 own.retrieved：「0000-01-01」{DAY}"),
    Case(
        SOURCES,
        "2026-05-01",
        "2026-06-02",
        "E203 own.retrieved：「2026-06-02」在未来：请检查日期",
    ),
    Case(
        EXPERIENCE,
        "to: 2026-04",
        "to: 2026-07",
        "E203 period.to：「2026-07」在未来：请检查年份",
    ),
    Case(
        EXPERIENCE,
        "to: 2026-04",
        "to: 2026-02",
        "E203 period.to：起「2026-03」晚于止「2026-02」：请对调",
    ),
    Case(
        EXPERIENCE,
        "precision: stated",
        "precision: unknown",
        "E203 period.precision：写了月份就写 stated 或 inferred；两端都不知道才写 unknown",
    ),
    Case(
        EXPERIENCE,
        "from: 2026-03, to: 2026-04",
        "from: unknown, to: unknown",
        "E203 period.precision：写了月份就写 stated 或 inferred；两端都不知道才写 unknown",
    ),
]

VALUES = [
    Case(
        EXPERIENCE,
        "reason: 虚构的原因",
        "reason: 看 <b>这里</b>",
        "E010 reason：「看 <b>这里</b>」含 HTML 或脚本（<b）：字段里只写文本",
    ),
    Case(
        EXPERIENCE,
        "detail: 手写注意力",
        "detail: a&#58;b",
        f"E010 {ASKED}.detail：「a&#58;b」含 HTML 或脚本（&#58;）：字段里只写文本",
    ),
    Case(
        EXPERIENCE,
        "reason: 虚构的原因",
        'reason: "a\\u0007b"',
        "E002 reason：含控制字符 U+0007：请删掉它",
    ),
    Case(
        EXPERIENCE,
        "reason: 虚构的原因",
        'reason: "a\\u202eb"',
        "E002 reason：含控制字符 U+202E：请删掉它",
    ),
    Case(
        EXPERIENCE,
        "reason: 虚构的原因",
        'reason: "a\\ud800b"',
        "E002 reason：含控制字符 U+D800：请删掉它",
    ),
    Case(
        EXPERIENCE,
        "reason: 虚构的原因",
        "reason: |\n  第一行\n  第二行",
        "E103 reason：应是一行文本：去掉换行",
        at="reason:",
    ),
    Case(EXPERIENCE, "reason: 虚构的原因", 'reason: ""', f"E103 reason：{EMPTY}"),
    Case(EXPERIENCE, "reason: 虚构的原因", "reason: [甲]", f"E103 reason：{TEXT}"),
    Case(EXPERIENCE, "order: 1", "order: 0", f"E105 order：「0」{ORDER}"),
    Case(EXPERIENCE, "order: 1", "order: 01", f"E105 order：「01」{ORDER}"),
    Case(EXPERIENCE, "order: 1", "order: 第一", f"E105 order：「第一」{ORDER}"),
    Case(EXPERIENCE, "order: 1", "order: 1٢", f"E105 order：「1٢」{ORDER}"),
    Case(
        EXPERIENCE,
        "order: 1",
        "order: 99999999999",
        f"E105 order：「99999999999」{ORDER}",
    ),
    Case(
        EXPERIENCE,
        "round_count: {min: 2, max: 3}",
        "round_count: 3",
        "E103 round_count：应是「键: 值」的映射，不知道就写 unknown",
    ),
    Case(
        EXPERIENCE,
        "round_count: {min: 2, max: 3}",
        "round_count: {min: 4, max: 3}",
        "E204 round_count：min 4 大于 max 3：请对调",
    ),
    Case(
        EXPERIENCE,
        "  - index: 2-3",
        "  - index: 2-4",
        "E205 rounds[2].index：「2-4」超过 round_count.max 3",
    ),
    Case(
        EXPERIENCE,
        "  - index: 2-3",
        "  - index: 1-2",
        "E205 rounds[2].index：「1-2」没有接在前一轮之后：轮次按时间写，编号递增",
    ),
    Case(
        EXPERIENCE,
        "  - index: 2-3",
        "  - index: 3-2",
        "E205 rounds[2].index：「3-2」没有接在前一轮之后：轮次按时间写，编号递增",
    ),
    Case(
        EXPERIENCE,
        "  - index: 2-3",
        "  - index: 二面",
        "E105 rounds[2].index：「二面」不合格式，应是轮次，如 1、1-3 或 unknown",
    ),
    Case(
        EXPERIENCE,
        "minutes: 60",
        "minutes: 一小时",
        "E105 rounds[1].minutes：「一小时」不合格式，应是分钟数，如 20、120+ 或 unknown",
    ),
    Case(
        EXPERIENCE,
        "title: 示例公司面经（2026）",
        'title: 示例 "公司"',
        'E103 title：「示例 "公司"」含 \'"\'：改用「」或去掉它',
    ),
    Case(
        EXPERIENCE,
        NO_LEETCODE,
        "  没有 LeetCode",
        "E103 not_asked：应是列表，每项以「- 」开头；没有就写 []",
        at="not_asked:",
    ),
    Case(
        EXPERIENCE,
        NO_LEETCODE,
        "  - leetcode",
        "E103 not_asked[1]：应是「键: 值」的映射",
    ),
    Case(
        TOPIC,
        "aliases: [attention, 自注意力]",
        "aliases: [attention, ' attention']",
        "E103 aliases[2]：「attention」重复：只留一个",
    ),
    Case(
        TOPIC,
        "aliases: [attention, 自注意力]",
        "aliases: [attention, [甲]]",
        "E103 aliases[2]：应是文本",
    ),
    Case(
        TOPIC,
        "aliases: [attention, 自注意力]",
        "aliases: attention",
        "E103 aliases：应是列表，如 [甲, 乙]，没有就写 []",
    ),
    Case(
        TOPIC,
        "https://example.com/paper",
        "ftp://example.com/paper",
        "E105 sources[1].url：「ftp://example.com/paper」不合格式，应是http(s) 链接",
    ),
    Case(
        SOURCES,
        "https://example.com/post",
        "data:image/png,x",
        "E105 own.url：「data:image/png,x」不合格式，应是http(s) 链接",
    ),
    Case(
        TOPIC,
        "rank: 1",
        "rank: 2",
        "E209 rank：「2」大于有排序的考点数 1：从 1 连续编号",
    ),
]


@pytest.mark.parametrize(
    "case",
    [*UNKNOWN_KEYS, *OUTSIDE_THE_VOCABULARY, *REFERENCES, *DATES, *VALUES],
    ids=lambda case: f"{case.path.rpartition('/')[2]} {case.new.strip()}".replace("\n", " "),
)
def test_one_change_gives_one_problem(library: Library, case: Case) -> None:
    library.change(case.path, case.old, case.new)
    line = library.line(case.path, case.at or case.new)
    assert library.messages() == [f"{case.path}:{line}: {case.expected}"]


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("exmaple", f"最接近的是「example」{NEW_COMPANY}"),
        ("EXAMPLE", f"最接近的是「example」{NEW_COMPANY}"),
        ("示例公司", "应写「example」"),
        ("示例", "应写「example」"),
        ("示例助手", "应写「example」"),
        ("示例公", f"最接近的是「example」{NEW_COMPANY}"),
        ("zzz", f"可用：example{NEW_COMPANY}"),
    ],
)
def test_an_unknown_company_names_the_key(library: Library, value: str, hint: str) -> None:
    """写成公司名、别名、产品名或近似的字，都给出键；文件名对不上另报一条。"""
    library.change(EXPERIENCE, "company: example", f"company: {value}")
    assert library.messages() == [
        f"{EXPERIENCE}:1: E301 文件名里的公司「example」与字段 company「{value}」不一致，"
        f"应是 {value}-2026.md",
        f"{EXPERIENCE}:3: E201 company：「{value}」不在公司表中，{hint}",
    ]


REQUIRED = [
    (EXPERIENCE, "title: 示例公司面经（2026）\n", "title", "company:", 2),
    (EXPERIENCE, "company: example\n", "company", "title:", 2),
    (EXPERIENCE, "period: {from: 2026-03, to: 2026-04, precision: stated}\n", "period", "title", 2),
    (EXPERIENCE, "from: 2026-03, ", "period.from", "period", 5),
    (EXPERIENCE, ", to: 2026-04", "period.to", "period", 5),
    (EXPERIENCE, "role: 基座算法\n", "role", "title", 2),
    (EXPERIENCE, "channel: referral\n", "channel", "title", 2),
    (EXPERIENCE, "outcome: rejected\n", "outcome", "title", 2),
    (EXPERIENCE, "stage_reached: technical\n", "stage_reached", "title", 2),
    (EXPERIENCE, "round_count: {min: 2, max: 3}\n", "round_count", "title", 2),
    (EXPERIENCE, ", max: 3", "round_count.max", "round_count", 11),
    (EXPERIENCE, "source: own\n", "source", "title", 2),
    (EXPERIENCE, "    kind: leader\n", "rounds[2].kind", "index: 2-3", 24),
    (EXPERIENCE, "        form: handwriting\n", f"{ASKED}.form", "- topic", 18),
    (EXPERIENCE, "        anchor: round-1\n", f"{ASKED}.anchor", "- topic", 18),
    (EXPERIENCE, ", anchor: no-leetcode", "not_asked[1].anchor", "{form: leetcode", 28),
    (EXPERIENCE, "value: 硕士, ", "requirements[1].value", "{kind: degree", 30),
    (EXPERIENCE, ", text: 虚构的印象", "pay.text", "pay:", 31),
    (TOPIC, "title: 注意力\n", "title", "aliases", 2),
    (TOPIC, "aliases: [attention, 自注意力]\n", "aliases", "title", 2),
    (TOPIC, "prerequisites: []\n", "prerequisites", "title", 2),
    (TOPIC, "title: 一篇虚构的论文, ", "sources[1].title", "url", 7),
    (QUESTION, "topic: attention\n", "topic", "title", 2),
    (QUESTION, "level: L1\n", "level", "title", 2),
    (QUESTION, "origin: ours\n", "origin", "title", 2),
    (QUESTION, "sources: []\n", "sources", "title", 2),
    (PAGE, "title: 首页\n", "title", "description", 2),
    (COMPANIES, "  name: 示例公司\n", "example.name", "kind", 2),
    (COMPANIES, "  kind: startup\n", "example.kind", "name", 2),
    (SOURCES, "  author: unknown\n", "own.author", "title", 2),
    (SOURCES, "  url: https://example.com/post\n", "own.url", "title", 2),
    (SOURCES, "  retrieved: 2026-05-01\n", "own.retrieved", "title", 2),
    (SOURCES, "  licence: CC BY 4.0\n", "own.licence", "title", 2),
    (SOURCES, "  note: 为测试虚构，不是任何人的经历。\n", "own.note", "title", 2),
]


@pytest.mark.parametrize(
    ("path", "old", "field", "at", "line"), REQUIRED, ids=[f"{r[0][5:]} {r[2]}" for r in REQUIRED]
)
def test_a_missing_required_field(
    library: Library, path: str, old: str, field: str, at: str, line: int
) -> None:
    """缺必填字段：报在它所属的映射开始的那一行。"""
    library.change(path, old, "")
    key = field.rpartition(".")[2]
    assert library.line(path, at) == line
    assert library.messages() == [
        f"{path}:{line}: E102 {field}：缺少必填字段「{key}」：请补上，不知道就写 unknown"
    ]


def test_the_rounds_and_the_precision_are_required_too(library: Library) -> None:
    library.change(EXPERIENCE, ", precision: stated", "")
    assert library.messages() == [
        f"{EXPERIENCE}:5: E102 period.precision：缺少必填字段「precision」：请补上，"
        "不知道就写 unknown",
    ]


def test_two_records_of_one_source_share_an_order(library: Library) -> None:
    other = "docs/experiences/example-2026-2.md"
    text = (library.root / EXPERIENCE).read_text(encoding="utf-8")
    library.write(other, text)
    assert library.messages() == [
        f"{other}:6: E209 order：出处「own」的第 1 家已是 {EXPERIENCE}：换一个序号"
    ] or library.messages() == [
        f"{EXPERIENCE}:6: E209 order：出处「own」的第 1 家已是 {other}：换一个序号"
    ]
    library.change(other, "order: 1", "order: 2")
    assert library.messages() == []


def test_two_sources_may_share_an_order(library: Library) -> None:
    other = "docs/experiences/example-2026-2.md"
    text = (library.root / EXPERIENCE).read_text(encoding="utf-8")
    table = (library.root / SOURCES).read_text(encoding="utf-8")
    library.write(SOURCES, table + table.replace("own:", "other:"))
    library.write(other, text.replace("source: own", "source: other"))
    assert library.messages() == []


def test_problems_of_all_files_come_at_once_and_sorted(library: Library) -> None:
    """七个文件各坏一处：一次全部报出，按文件与行排好，没有重复。"""
    library.change(COMPANIES, "kind: startup", "kind: 大厂")
    library.change(EXPERIENCE, "outcome: rejected", "outcome: 挂")
    library.change(EXPERIENCE, "title: 示例公司面经（2026）", "title: <b>")
    library.change(SOURCES, "2026-05-01", "2023-02-30")
    library.change(PAGE, "title: 首页", "titel: 首页")
    library.change(QUESTION, "level: L1", "level: L1\nlevel: L2")
    library.change(TOPIC, "## 直觉", "## 直觉呢")
    library.change(NOTEBOOK, '["attention"]', '["cuda"]')
    library.write("docs/topics/图.png", b"\x89PNG")
    problems = library.read()[1]
    assert problems == sorted(set(problems))
    assert [(p.path, p.line, p.code) for p in problems] == [
        ("docs/experiences/companies.yml", 3, "E104"),
        ("docs/experiences/example-2026.md", 2, "E010"),
        ("docs/experiences/example-2026.md", 2, "E103"),
        ("docs/experiences/example-2026.md", 9, "E104"),
        ("docs/experiences/sources.yml", 5, "E106"),
        ("docs/index.md", 2, "E101"),
        ("docs/index.md", 2, "E102"),
        ("docs/questions/why-scale.md", 6, "E007"),
        ("docs/topics/attention.md", 9, "E401"),
        ("docs/topics/attention.md", 14, "E401"),
        ("docs/topics/图.png", 1, "E302"),
        ("docs/topics/图.png", 1, "E303"),
        ("notebooks/scaling.ipynb", 1, "E206"),
    ]
