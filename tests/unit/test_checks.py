"""跨字段的规则：该报的报在那一行，不该报的一条不报。"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mianjing import checks
from mianjing.checks import QUESTION_SECTIONS, TOPIC_SECTIONS
from mianjing.frontmatter import Document, Mapping, Node, Scalar, Sequence, read_document
from mianjing.model import Catalog, Experience, Period, Round
from mianjing.problem import Problem
from mianjing.records import read_experience
from mianjing.verdicts import Verdicts
from mianjing.vocabulary import read_vocabulary

from tests.library import EXPERIENCE, FILES, QUESTION, SOURCES, TOPIC, Library


def test_every_rule_states_itself() -> None:
    """一个函数一条规则，函数的说明就是规则。"""
    rules = [f for name, f in inspect.getmembers(checks) if name.startswith("check_")]
    assert len(rules) >= 15
    assert all(rule.__doc__ for rule in rules)


OUTCOME = "要求硕士，没有通过。\n{ #outcome }\n"


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (EXPERIENCE, "from: 2026-03, to: 2026-04", "from: 2026-03, to: 2026-03"),
        (EXPERIENCE, "from: 2026-03, to: 2026-04", "from: unknown, to: 2026-04"),
        (EXPERIENCE, "from: 2026-03, to: 2026-04", "from: 2026-03, to: unknown"),
        (EXPERIENCE, "from: 2026-03, to: 2026-04", "from: 2026-03, to: 2026-06"),
        (EXPERIENCE, "precision: stated", "precision: inferred"),
        (EXPERIENCE, "{from: 2026-03, to: 2026-04, precision: stated}", "unknown"),
        (EXPERIENCE, "round_count: {min: 2, max: 3}", "round_count: unknown"),
        (EXPERIENCE, "round_count: {min: 2, max: 3}", "round_count: {min: 2, max: unknown}"),
        (EXPERIENCE, "round_count: {min: 2, max: 3}", "round_count: {min: unknown, max: 3}"),
        (EXPERIENCE, "  - index: 2-3", "  - index: 2"),
        (EXPERIENCE, "  - index: 2-3", "  - index: 3"),
        (EXPERIENCE, "  - index: 2-3", "  - index: unknown"),
        (EXPERIENCE, "team: 虚构小组\n", ""),
        (EXPERIENCE, "order: 1\n", ""),
        (EXPERIENCE, "role: 基座算法", "role: unknown"),
        (EXPERIENCE, "minutes: 60", "minutes: 120+"),
        (EXPERIENCE, "minutes: 60", "minutes: unknown"),
        (EXPERIENCE, "        answered: partly\n", ""),
        (EXPERIENCE, "        question: why-scale\n", ""),
        (EXPERIENCE, "        detail: 手写注意力\n", ""),
        (EXPERIENCE, "      - topic: attention\n", "      - topic: unknown\n"),
        (EXPERIENCE, "form: leetcode, detail", "topic: attention, form: concept, detail"),
        (EXPERIENCE, "pay: {kind: impression, text: 虚构的印象}\n", ""),
        (EXPERIENCE, "pay: {kind: impression, text: 虚构的印象}", "pay: unknown"),
        (EXPERIENCE, "contributed_by: 测试\n", ""),
        (EXPERIENCE, "reason: 虚构的原因", "reason: 5 < 6，a & b，1>0"),
        (EXPERIENCE, "reason: 虚构的原因", "reason: >-\n  两行\n  接成一行"),
        (EXPERIENCE, "{ #outcome }", "{#outcome}"),
        (EXPERIENCE, OUTCOME, "- 要求硕士\n- 没有通过\n{ #outcome }\n"),
        (EXPERIENCE, OUTCOME, OUTCOME + "\n```text\n## 标题\n# 标题\n{ #outcome }\n```\n"),
        (EXPERIENCE, OUTCOME, OUTCOME + "\n多出来的一段。\n{ #more }\n"),
        (TOPIC, "rank: 1\n", ""),
        (TOPIC, "aliases: [attention, 自注意力]", "aliases: []"),
        (TOPIC, ', url: "https://example.com/paper", where: 第 3 节', ", url: http://a.b"),
        (TOPIC, "没有。", "````markdown\n```python\n# 注释\n````\n\n~~~\n```\n~~~\n"),
        (TOPIC, "没有。", "### 小标题\n\n#### 更小的\n"),
        (TOPIC, "没有。", "??? note\n\n    ```python\n    # 注释\n    ```\n"),
        (QUESTION, "origin: ours", "origin: writeup"),
        (SOURCES, "2026-05-01", "2026-06-01"),
        (SOURCES, "2026-05-01", "2024-02-29"),
        (SOURCES, "2026-05-01", "unknown"),
        (SOURCES, "https://example.com/post", "unknown"),
    ],
)
def test_allowed(library: Library, path: str, old: str, new: str) -> None:
    library.change(path, old, new)
    assert library.messages() == []


@pytest.mark.parametrize(
    ("field", "terms", "old"),
    [
        ("channel", "channels", "channel: referral"),
        ("outcome", "outcomes", "outcome: rejected"),
        ("stage_reached", "stages", "stage_reached: technical"),
        ("kind", "round_kinds", "kind: leader"),
        ("answered", "answers", "answered: partly"),
        ("level", "levels", "level: L1"),
        ("origin", "origins", "origin: ours"),
    ],
)
def test_every_term_of_the_vocabulary_is_accepted(
    library: Library, field: str, terms: str, old: str
) -> None:
    """也不必加引号：yes、no 读进来还是文本。"""
    path = QUESTION if field in ("level", "origin") else EXPERIENCE
    assert FILES[path].count(old) == 1
    for term in read_vocabulary()[terms]:
        library.write(path, FILES[path].replace(old, f"{field}: {term.key}"))
        assert library.messages() == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            OUTCOME,
            OUTCOME + "\n又一段。\n{ #round-1 }\n",
            [(50, "id「round-1」重复，前一个在第 41 行：换一个")],
        ),
        (
            OUTCOME,
            OUTCOME + "\n又一段。\n{ #Round_2 }\n",
            [(50, "「Round_2」应是小写字母、数字与连字符")],
        ),
        (
            OUTCOME,
            OUTCOME + "\n又一段。\n{ #结果 }\n",
            [(50, "「结果」应是小写字母、数字与连字符")],
        ),
        (
            OUTCOME,
            "要求硕士，没有通过。\n\n{ #outcome }\n",
            [(48, "id「outcome」要紧跟在段落最后一行之下，其后空一行")],
        ),
        (
            OUTCOME,
            "要求硕士。\n{ #outcome }\n没有通过。\n",
            [(47, "id「outcome」要紧跟在段落最后一行之下，其后空一行")],
        ),
    ],
)
def test_anchors_of_the_body(
    library: Library, old: str, new: str, expected: list[tuple[int, str]]
) -> None:
    library.change(EXPERIENCE, old, new)
    assert library.messages() == [f"{EXPERIENCE}:{n}: E208 {text}" for n, text in expected]


@pytest.mark.parametrize(
    "new", ["{ #other }", "{ #outcome } ", "{: #outcome }", "", " { #outcome }"]
)
def test_an_anchor_the_body_lacks(library: Library, new: str) -> None:
    """写法不对的 id、围栏里的 id 都不算数。"""
    library.change(EXPERIENCE, "{ #outcome }", new)
    [message] = library.messages()
    assert message.startswith(
        f"{EXPERIENCE}:30: E208 requirements[1].anchor：正文里没有 id「outcome」："
        "在说到它的那一段后面单独写一行 { #outcome }"
    )


def test_an_anchor_inside_a_fence_does_not_count(library: Library) -> None:
    library.change(EXPERIENCE, OUTCOME, f"```text\n{OUTCOME}```\n")
    assert [m.partition("：")[0] for m in library.messages()] == [
        f"{EXPERIENCE}:30: E208 requirements[1].anchor"
    ]


@pytest.mark.parametrize(
    ("path", "old", "new", "line", "message"),
    [
        (EXPERIENCE, "## 经过", "# 经过", 38, "E402 正文不写一级标题：标题来自 title 字段"),
        (TOPIC, "先问公式。", "#公式", 12, "E402 正文不写一级标题：标题来自 title 字段"),
        (QUESTION, "见下。", "# 见下", 16, "E402 正文不写一级标题：标题来自 title 字段"),
        (
            TOPIC,
            "先问公式。",
            "### 为什么除以 $d$",
            12,
            "E402 标题里不写公式：目录与搜索显示不了",
        ),
        (
            EXPERIENCE,
            OUTCOME,
            OUTCOME + "\n<<<<<<< HEAD\n",
            49,
            "E402 「<<<<<<< HEAD」是合并冲突的记号：选定一边，删掉记号",
        ),
        (EXPERIENCE, OUTCOME, OUTCOME + "\n```python\n", 49, "E402 代码围栏没有闭合：补上 ```"),
        (
            QUESTION,
            "## 常见错误\n\n略。",
            "## 常见错误\n\n~~~\n```\n",
            28,
            "E402 代码围栏没有闭合：补上 ```",
        ),
    ],
)
def test_the_body(library: Library, path: str, old: str, new: str, line: int, message: str) -> None:
    library.change(path, old, new)
    assert library.messages() == [f"{path}:{line}: {message}"]


def write_sections(library: Library, path: str, names: list[str]) -> int:
    """把一页的正文换成这些节，返回正文第一行的行号。"""
    head = FILES[path][: FILES[path].index("\n---\n") + 5]
    library.write(path, head + "".join(f"\n## {name}\n\n字。\n" for name in names))
    return head.count("\n") + 1


PAGES = [(TOPIC, TOPIC_SECTIONS), (QUESTION, QUESTION_SECTIONS)]


@pytest.mark.parametrize(("path", "expected"), PAGES)
def test_each_section_is_required(library: Library, path: str, expected: tuple[str, ...]) -> None:
    for missing in expected:
        body = write_sections(library, path, [name for name in expected if name != missing])
        assert library.messages() == [f"{path}:{body}: E401 缺少「## {missing}」一节"]


@pytest.mark.parametrize(("path", "expected"), PAGES)
def test_the_sections_come_in_order_once(
    library: Library, path: str, expected: tuple[str, ...]
) -> None:
    body = write_sections(library, path, list(expected))
    assert library.messages() == []
    write_sections(library, path, [*expected[1:], expected[0]])
    assert library.messages() == [f"{path}:{body + 1}: E401 各节次序应是：{'、'.join(expected)}"]
    write_sections(library, path, [*expected, expected[0]])
    assert library.messages() == [
        f"{path}:{body + 1 + 4 * len(expected)}: E401 「## {expected[0]}」重复，"
        f"前一个在第 {body + 1} 行：并成一节"
    ]
    write_sections(library, path, [*expected, "附录"])
    hint = f"可用：{'、'.join(expected)}"
    assert library.messages() == [
        f"{path}:{body + 1 + 4 * len(expected)}: E401 不认识的节「附录」，{hint}"
    ]


def test_ranks_start_at_one_without_gaps(library: Library) -> None:
    other = "docs/topics/other.md"
    text = FILES[TOPIC].replace("aliases: [attention, 自注意力]", "aliases: []")
    library.write(other, text)
    assert library.messages() == [
        f"{other}:4: E209 rank：「1」已是 docs/topics/attention.md 的排序：换一个"
    ]
    library.change(other, "rank: 1", "rank: 3")
    assert library.messages() == [f"{other}:4: E209 rank：「3」大于有排序的考点数 2：从 1 连续编号"]
    library.change(other, "rank: 3", "rank: 2")
    assert library.messages() == []


def valid_document() -> Document:
    document, problems = read_document(EXPERIENCE, FILES[EXPERIENCE].encode())
    assert document is not None
    assert not problems
    return document


def valid_experience() -> Experience:
    return read_experience(valid_document(), [])


def number(index: str) -> Round:
    return Round(index, None, "unknown", None, None, (), (), None)


ranges = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), max_size=5)


@given(ranges, st.integers(1, 9) | st.none())
def test_rounds_follow_one_another(spans: list[tuple[int, int]], most: int | None) -> None:
    """编号递增、不重叠、不超过上限时没有问题；否则至少一个。"""
    rounds = tuple(number(f"{a}-{b}" if a != b else str(a)) for a, b in spans)
    experience = replace(valid_experience(), rounds=rounds, rounds_max=most)
    found = list(checks.check_round_order(experience))
    numbers = [n for span in spans for n in span]
    ends_rise = all(spans[i][1] < spans[i + 1][0] for i in range(len(spans) - 1))
    right = ends_rise and all(a <= b for a, b in spans)
    assert (not found) == (right and all(n <= (most or 99) for n in numbers))
    assert {p.code for p in found} <= {"E205"}


months = st.sampled_from([None, "2025-12", "2026-03", "2026-06", "2026-07"])


@given(months, months, st.sampled_from(["stated", "inferred", "unknown"]))
def test_periods(start: str | None, end: str | None, precision: str) -> None:
    experience = replace(valid_experience(), period=Period(start, end, precision))
    found = list(checks.check_period(experience, "2026-06"))
    wrong = [
        start == "2026-07",
        end == "2026-07",
        start is not None and end is not None and start > end,
        (start is None and end is None) == (precision != "unknown"),
    ]
    assert len(found) == sum(wrong)


texts = st.sampled_from(
    ["", "unknown", "attention", "why-scale", "1", "9-1", "2026-03", "offer", "甲", "round-1"]
)
nodes = st.recursive(
    texts.map(lambda text: Scalar(text, 1)),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: Sequence(tuple(items), 1))
        | st.dictionaries(
            st.sampled_from(["topic", "form", "anchor", "kind", "index", "asked", "min", "甲"]),
            inner,
            max_size=3,
        ).map(lambda entries: Mapping(entries, 1))
    ),
    max_leaves=6,
)


def places(node: Node, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """一棵树里每个节点的路径。"""
    yield path
    if isinstance(node, Mapping):
        for key, inner in node.entries.items():
            yield from places(inner, (*path, key))
    elif isinstance(node, Sequence):
        for i, inner in enumerate(node.items):
            yield from places(inner, (*path, i))


def swap(node: Node, path: tuple[str | int, ...], new: Node | None) -> Node | None:
    """把路径上的节点换成 new；None 是删去。"""
    if not path:
        return new
    head, *rest = path
    if isinstance(node, Mapping):
        changed = {
            k: swap(v, tuple(rest), new) if k == head else v for k, v in node.entries.items()
        }
        entries = {key: inner for key, inner in changed.items() if inner is not None}
        return Mapping(entries, node.line, node.key_lines)
    assert isinstance(node, Sequence)
    items = [swap(v, tuple(rest), new) if i == head else v for i, v in enumerate(node.items)]
    return Sequence(tuple(item for item in items if item is not None), node.line)


@given(st.data())
def test_any_damage_to_a_record_is_reported_not_raised(data: st.DataObject) -> None:
    """把面经的任一节点换成任意东西或删去：不抛异常，问题都指着这个文件、写得出来。"""
    document = valid_document()
    fields: Node | None = document.fields
    for _ in range(data.draw(st.integers(1, 3))):
        assert fields is not None
        paths = [path for path in places(fields) if path]
        fields = swap(fields, data.draw(st.sampled_from(paths)), data.draw(st.none() | nodes))
    assert isinstance(fields, Mapping)
    problems: list[Problem] = []
    experience = read_experience(replace(document, fields=fields), problems)
    catalog = Catalog({}, {}, {experience.key: experience}, {}, {}, {}, {}, {}, {}, {})
    problems += checks.check_catalog(catalog, "2026-06-01", Verdicts())
    last = FILES[EXPERIENCE].count("\n") + 1
    for problem in problems:
        assert problem.path == EXPERIENCE
        assert 1 <= problem.line <= last
        assert problem.message
