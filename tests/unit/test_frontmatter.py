"""严格读取：好的读得全，坏的说得清，什么都不丢。"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st
from mianjing import frontmatter
from mianjing.frontmatter import (
    MAX_BYTES,
    MAX_DEPTH,
    Mapping,
    Node,
    Scalar,
    Sequence,
    read_document,
    read_table,
)


def encode(text: str | bytes) -> bytes:
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text


def codes(text: str | bytes) -> list[tuple[int, str]]:
    return [(p.line, p.code) for p in read_document("x.md", encode(text))[1]]


def messages(text: str | bytes) -> list[str]:
    return [str(p) for p in read_document("x.md", encode(text))[1]]


def plain(node: Node) -> object:
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node.entries.items()}


def test_values_stay_text_and_carry_lines() -> None:
    text = "---\na: NO\nb: 1.10\nc: [2023-03, ~]\nd:\n  e: 'x'\n---\n正文\n"
    document, problems = read_document("x.md", text.encode())
    assert document is not None
    assert not problems
    assert plain(document.fields) == {
        "a": "NO",
        "b": "1.10",
        "c": ["2023-03", "~"],
        "d": {"e": "x"},
    }
    assert document.fields.entries["c"].line == 4
    assert (document.body, document.body_line) == ("正文\n", 8)


def test_a_field_lies_where_its_key_stands() -> None:
    """值另起一行的键，行号是键的。"""
    document, _ = read_document("x.md", b"---\na: 1\nb:\n  - x\nc:\n  d: 1\n---\n")
    assert document is not None
    assert [document.fields.line_of(key) for key in ("a", "b", "c")] == [2, 3, 5]
    assert document.fields.line_of("missing") == document.fields.line == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("没有字段\n", [(1, "E003")]),
        ("", [(1, "E003")]),
        ("---\na: 1\n", [(1, "E004")]),
        ("---\na: [1\n---\n", [(2, "E005")]),
        ("---\na: b: c\n---\n", [(2, "E005")]),
        ("---\n\ta: 1\n---\n", [(2, "E005")]),
        ("---\na: !!python/object/apply:os.system [x]\n---\n", [(2, "E006")]),
        ("---\na: !local x\n---\n", [(2, "E006")]),
        ("---\na: &x 1\nb: *x\n---\n", [(2, "E006"), (3, "E006")]),
        ("---\na: {<<: {b: 1}}\n---\n", [(2, "E006")]),
        ("---\n%YAML 1.1\na: 1\n---\n", [(3, "E005")]),
        ("---\na: 1\nb: 2\na: 3\n---\n", [(4, "E007")]),
        ("---\n- a\n---\n", [(2, "E008")]),
        ("---\n? [a]\n: 1\n---\n", [(2, "E008")]),
        ("---\na: " + "[" * 30 + "]" * 30 + "\n---\n", [(2, "E009")]),
        ("---\na: " + "[" * 100_000 + "\n---\n", [(2, "E009")]),
        ("---\na: <script>alert(1)</script>\n---\n", [(2, "E010")]),
        ("---\na:\n  - x\n  - '&lt;b'\n---\n", [(4, "E010")]),
        ('---\na: "x\\u0007y"\n---\n', [(2, "E002")]),
        ("---\na: x\u202ey\n---\n", [(2, "E002")]),
        ("---\na: 1\n---\n零宽\u200b字符\n", [(4, "E002")]),
        ("---\na: 1\x00\n---\n", [(2, "E002")]),
        (b"---\na: \xff\n---\n", [(2, "E001")]),
        ("---\na: \ud800\n---\n", [(2, "E001")]),
        ("---\na: " + "x" * MAX_BYTES + "\n---\n", [(1, "E001")]),
        # PyYAML 自己会抛出别的异常的几种
        ("---\na: \uffff\n---\n", [(2, "E002")]),
        ("---\na: 1\nb: \ufffe\n---\n", [(3, "E002")]),
        ('---\na: 1\nb: "\\UFFFFFFFF"\n---\n', [(3, "E005")]),
        ('---\na: "\\U00110000"\n---\n', [(2, "E005")]),
        ("---\n%YAML 1." + "9" * 5000 + "\n---\n", [(2, "E005")]),
        ("---\na: !<%ff> x\n---\n", [(2, "E005")]),
        # 编码不出去的代理码位，写在值里、键里
        ('---\na: "\\ud800"\n---\n', [(2, "E002")]),
        ('---\n"\\ud800": 1\n---\n', [(2, "E002")]),
        ('---\n"a\\e[31m": 1\n---\n', [(2, "E002")]),
    ],
)
def test_refused(text: str | bytes, expected: list[tuple[int, str]]) -> None:
    assert codes(text) == expected


HINT = "检查缩进与冒号，含「: 」或「#」的值要加引号"
WRITE_OUT = "直接写出值；文本以这类符号开头时加引号"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "# 标题\n",
            "x.md:1: E003 缺少 front matter：第一行应是「---」，字段之后再写一行「---」",
        ),
        (
            "---\na: 1\n\n# 正文\n",
            "x.md:1: E004 front matter 没有结束：在字段之后单独写一行「---」",
        ),
        (
            "---\ntitle: 甲\na: b: c\n---\n",
            f"x.md:3: E005 YAML 有语法错误（mapping values are not allowed here）：{HINT}",
        ),
        ("---\na: !!int 1\n---\n", f"x.md:2: E006 不允许 YAML 的标签（!…）：{WRITE_OUT}"),
        ("---\na: &x 1\n---\n", f"x.md:2: E006 不允许 YAML 的锚点（&…）：{WRITE_OUT}"),
        ("---\na: 1\nb: *x\n---\n", f"x.md:3: E006 不允许 YAML 的别名（*…）：{WRITE_OUT}"),
        ("---\na: 1\n...\n---\n", f"x.md:3: E006 不允许 YAML 的文档结束符（...）：{WRITE_OUT}"),
        (
            "---\na:\n  b:\n    <<: {c: 1}\n---\n",
            "x.md:4: E006 a.b.<<：不允许合并键（<<）：直接写出各键",
        ),
        (
            "---\na:\n  b: 1\n  c: 2\n  b: 3\n---\n",
            "x.md:5: E007 a.b：键「b」重复，前一个在第 3 行：只留一个",
        ),
        (
            "---\na:\n  - x\nb: 1\na: 2\n---\n",
            "x.md:5: E007 a：键「a」重复，前一个在第 2 行：只留一个",
        ),
        ("---\n- a\n---\n", "x.md:2: E008 应是「键: 值」的映射"),
        ("---\na: {[b]: 1}\n---\n", "x.md:2: E008 a：键必须是文本"),
        ("---\na: " + "[" * 8 + "]" * 8 + "\n---\n", "x.md:2: E009 嵌套超过 8 层：请写平"),
        (
            "---\na:\n  - 甲\n  - 看<b>这里</b>\n---\n",
            "x.md:4: E010 a[2]：「看<b>这里</b>」含 HTML 或脚本（<b）：字段里只写文本",
        ),
        (
            '---\na: {b: "x\\u0007y"}\n---\n',
            "x.md:2: E002 a.b：含控制字符 U+0007：请删掉它",
        ),
        (
            '---\na: {"b\\ud800": 1}\n---\n',
            "x.md:2: E002 a：键含控制字符 U+D800：请删掉它",
        ),
        (
            "---\na: 1\n---\n正文\n有\u200b字\n",
            "x.md:5: E002 含控制或不可见字符 U+200B（第 2 列）：请删掉它",
        ),
        (
            "\ufeff---\na: 1\n---\n",
            "x.md:1: E002 含控制或不可见字符 U+FEFF（第 1 列）：请删掉它",
        ),
        (
            "---\na: 1\rb: 2\n---\n",
            "x.md:2: E002 含控制或不可见字符 U+000D（第 5 列）：请删掉它",
        ),
        (b"---\na: 1\n\x89PNG\xff\n---\n", "x.md:3: E001 不是 UTF-8：请用 UTF-8 编码另存"),
        (b"\x00" * (MAX_BYTES + 1), "x.md:1: E001 文件有 524289 字节，超过 524288：请拆成几页"),
    ],
)
def test_the_message_names_place_field_value_and_fix(text: str | bytes, expected: str) -> None:
    assert messages(text) == [expected]


def test_all_problems_at_once() -> None:
    text = "---\na: <b>x</b>\na: 2\nb: {c: '<i>', c: 1}\n---\n"
    assert [code for _, code in codes(text)] == ["E010", "E007", "E010", "E007"]


def test_an_alias_bomb_is_refused_before_it_opens() -> None:
    """每层引用上一层九次：组合之前就拒绝，不展开。"""
    layers = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    layers += [f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 9) + "]" for i in range(1, 9)]
    found = codes("---\n" + "\n".join(layers) + "\n---\n")
    assert {code for _, code in found} == {"E006"}
    assert found[0] == (2, "E006")
    assert found[-1] == (10, "E006")


def test_nesting_up_to_the_limit_is_read() -> None:
    text = "---\na: " + "[" * (MAX_DEPTH - 1) + "x" + "]" * (MAX_DEPTH - 1) + "\n---\n"
    assert codes(text) == []
    assert codes(text.replace("[x]", "[[x]]")) == [(2, "E009")]


def test_nesting_does_not_add_up_over_siblings() -> None:
    assert codes("---\n" + "".join(f"k{i}: [[a], {{b: c}}]\n" for i in range(50)) + "---\n") == []


def test_windows_line_ends_are_read() -> None:
    document, problems = read_document("x.md", b"---\r\na: 1\r\n---\r\nx\r\n")
    assert document is not None
    assert not problems
    assert plain(document.fields) == {"a": "1"}
    assert document.body == "x\n"


def test_a_file_of_the_largest_size_is_read() -> None:
    head = "---\na: 1\n---\n"
    assert codes(head + "x" * (MAX_BYTES - len(head))) == []


def test_a_rule_in_the_body_does_not_end_it() -> None:
    document, problems = read_document("x.md", b"---\na: 1\n---\nx\n---\ny\n")
    assert document is not None
    assert not problems
    assert document.body == "x\n---\ny\n"


def test_empty_fields_are_a_mapping_without_entries() -> None:
    document, problems = read_document("x.md", b"---\n---\nx\n")
    assert document is not None
    assert not problems
    assert (document.fields, document.body_line) == (Mapping({}, 2), 3)


def test_a_table_follows_the_same_rules() -> None:
    table, problems = read_table("t.yml", "甲: {a: &x 1}\n乙: {a: 1, a: 2}\n".encode())
    assert table is None
    assert [str(p) for p in problems] == [
        f"t.yml:1: E006 不允许 YAML 的锚点（&…）：{WRITE_OUT}",
    ]
    table, problems = read_table("t.yml", "甲: {a: 1}\n\n乙: {a: 1, a: 2}\n".encode())
    assert [str(p) for p in problems] == [
        "t.yml:3: E007 乙.a：键「a」重复，前一个在第 3 行：只留一个"
    ]
    assert table is not None
    assert plain(table) == {"甲": {"a": "1"}, "乙": {"a": "1"}}
    assert read_table("t.yml", b"") == (Mapping({}, 1), [])


words = st.text(
    st.characters(
        codec="utf-8",
        exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"],
    )
).filter(lambda text: not frontmatter.CONTROL.search(text))
safe = words.filter(lambda s: "<" not in s and "&" not in s)
keys = st.from_regex(r"[a-z]{1,8}", fullmatch=True)


def trees(names: st.SearchStrategy[str]) -> st.SearchStrategy[object]:
    return st.recursive(
        safe,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
        max_leaves=12,
    ).filter(lambda tree: depth(tree) < MAX_DEPTH)


def emit(value: object) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, list):
        return "[" + ", ".join(map(emit, value)) + "]"
    assert isinstance(value, dict)
    return "{" + ", ".join(f"{key}: {emit(item)}" for key, item in value.items()) + "}"


def depth(value: object) -> int:
    if isinstance(value, str):
        return 0
    items = value.values() if isinstance(value, dict) else value
    assert not isinstance(items, str)
    return 1 + max(map(depth, items), default=0)  # type: ignore[call-overload]


@given(st.dictionaries(keys, trees(keys), max_size=5), words)
def test_round_trip(fields: dict[str, object], body: str) -> None:
    head = "".join(f"{key}: {emit(value)}\n" for key, value in fields.items())
    document, problems = read_document("x.md", f"---\n{head}---\n{body}".encode())
    assert not problems
    assert document is not None
    assert plain(document.fields) == fields
    assert document.body == body


names = safe.filter(lambda s: s != "<<")


@given(st.dictionaries(names, trees(names), max_size=5), st.booleans(), st.booleans())
def test_round_trip_of_what_pyyaml_writes(
    fields: dict[str, object], unicode: bool, flow: bool
) -> None:
    """PyYAML 加引号写出的任何嵌套映射，读回来一样；键也可以是任何文本。"""
    head = yaml.safe_dump(
        fields,
        default_style='"',
        allow_unicode=unicode,
        default_flow_style=flow,
        sort_keys=False,
        width=100,
    )
    document, problems = read_document("x.md", f"---\n{head}---\n".encode())
    assert not problems
    assert document is not None
    assert plain(document.fields) == fields
    assert list(document.fields.entries) == list(fields)


@given(st.lists(words, max_size=6).map("\n".join), st.sampled_from(["\n", "\r\n"]))
def test_the_body_is_returned_unchanged(body: str, newline: str) -> None:
    raw = f"---\na: 1\n---\n{body}".replace("\n", newline).encode()
    document, problems = read_document("x.md", raw)
    assert not problems
    assert document is not None
    assert (document.body, document.body_line) == (body, 4)


def check_lines(raw: bytes) -> None:
    """读不出就有问题；每个问题都在文件里面，写得出 UTF-8。"""
    document, problems = read_document("x.md", raw)
    assert document is not None or problems
    last = raw.count(b"\n") + 1
    for problem in problems:
        assert 1 <= problem.line <= last
        assert problem.message
        str(problem).encode()


@given(st.binary(max_size=400))
def test_arbitrary_bytes_never_crash(raw: bytes) -> None:
    check_lines(raw)


@given(st.text(max_size=200))
@example("a: \uffff")
@example('a: "\\U00110000"')
@example('"\\ud800": <b>')
def test_arbitrary_yaml_never_crashes_or_loses(text: str) -> None:
    check_lines(f"---\n{text}\n---\n正文".encode("utf-8", "surrogatepass"))


pieces = [*"-:?,[]{}#&*!|>'\"%@`\\ \t\n", "a", "字", "<", "\ud800", "---\n", "\\U", "FFFF"]
punctuation = st.lists(st.sampled_from(pieces), max_size=60).map("".join)


@given(st.one_of(punctuation, st.text(max_size=80)))
def test_the_fast_reader_reads_the_same(text: str) -> None:
    """libyaml 说没有问题的，纯 Python 的那一个也读得出同样的内容与行号；空值的行号可以差一行。"""
    assume(not frontmatter.CONTROL.search(text))  # 这些字符在读 YAML 之前就拒绝了
    fast, problems = frontmatter._read_yaml_with(frontmatter.FAST_LOADER, "x.md", text, 1)
    if fast is not None and not problems:
        slow, problems = frontmatter._read_yaml_with(yaml.SafeLoader, "x.md", text, 1)
        assert slow is not None
        assert not problems
        assert list(texts_with_lines(fast)) == list(texts_with_lines(slow))


def texts_with_lines(node: frontmatter.Node) -> Iterator[tuple[str, int]]:
    """各文本与行号，按次序；空的只看有没有。"""
    if isinstance(node, frontmatter.Scalar):
        yield node.text, node.line if node.text else 0
    elif isinstance(node, frontmatter.Sequence):
        for item in node.items:
            yield from texts_with_lines(item)
    else:
        for key, value in node.entries.items():
            yield key, node.line_of(key) if key else 0
            yield from texts_with_lines(value)


@given(punctuation)
def test_yaml_punctuation_never_crashes(text: str) -> None:
    check_lines(f"---\n{text}\n---\n".encode("utf-8", "surrogatepass"))
    check_lines(text.encode("utf-8", "surrogatepass"))
