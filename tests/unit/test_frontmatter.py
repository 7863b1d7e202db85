"""严格读取：好的读得全，坏的说得清，什么都不丢。"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mianjing.frontmatter import MAX_BYTES, Mapping, Node, Scalar, Sequence, read_document


def codes(text: str | bytes) -> list[tuple[int, str]]:
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return [(p.line, p.code) for p in read_document("x.md", raw)[1]]


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
    ],
)
def test_refused(text: str | bytes, expected: list[tuple[int, str]]) -> None:
    assert codes(text) == expected


def test_all_problems_at_once() -> None:
    text = "---\na: <b>x</b>\na: 2\nb: {c: '<i>', c: 1}\n---\n"
    assert [code for _, code in codes(text)] == ["E010", "E007", "E010", "E007"]


def test_windows_line_ends_are_read() -> None:
    document, problems = read_document("x.md", b"---\r\na: 1\r\n---\r\nx\r\n")
    assert document is not None
    assert not problems
    assert document.body == "x\n"


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"]))
safe = words.filter(lambda s: "<" not in s and "&" not in s)
keys = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
trees = st.recursive(
    safe,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


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


@given(st.dictionaries(keys, trees.filter(lambda t: depth(t) < 6), max_size=5), words)
def test_round_trip(fields: dict[str, object], body: str) -> None:
    head = "".join(f"{key}: {emit(value)}\n" for key, value in fields.items())
    document, problems = read_document("x.md", f"---\n{head}---\n{body}".encode())
    assert not problems
    assert document is not None
    assert plain(document.fields) == fields
    assert document.body == body


@given(st.binary(max_size=400))
def test_arbitrary_bytes_never_crash(raw: bytes) -> None:
    document, problems = read_document("x.md", raw)
    assert document is not None or problems


@given(st.text(max_size=200))
def test_arbitrary_yaml_never_crashes_or_loses(text: str) -> None:
    raw = f"---\n{text}\n---\n正文".encode("utf-8", "surrogatepass")
    document, problems = read_document("x.md", raw)
    assert document is not None or problems
    if document is not None and not problems:
        assert isinstance(document.fields, Mapping)
