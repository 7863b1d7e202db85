"""记录 → CSV：一张表一份，UTF-8 带 BOM（Excel 才认得出中文），行尾 CRLF，每格都加引号。

以 = + - @、制表符或换行开头的格会被表格软件当成公式或指令：前面加一个撇号，并在最后一列
`escaped` 写上这一行哪些列加了，去掉那个撇号就是原值。
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator

from mianjing.export.records import Record
from mianjing.export.shapes import SHAPES, Field
from mianjing.vocabulary import read_vocabulary

Records = dict[str, list[Record]]
Row = dict[str, str]

_UNKNOWN_LABEL = "未提及"
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
ESCAPED = "escaped"
_ACTIVE = tuple("=+-@\t\r\n＝＋－＠")
"""全角的四个在一部分语言的 Excel 里同样当作公式的开头。"""


def render_csv(table: str, records: Records) -> bytes:
    """TABLES 里的一张表；没有行时也有表头。"""
    columns, read_rows = TABLES[table]
    out = io.StringIO()
    out.write(BOM)
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([*columns, ESCAPED])
    for row in read_rows(records):
        active = [name for name in columns if row[name].startswith(_ACTIVE)]
        cells = [f"'{row[name]}" if name in active else row[name] for name in columns]
        writer.writerow([*cells, " ".join(active)])
    return out.getvalue().encode()


def _columns(fields: tuple[Field, ...], prefix: str = "") -> list[str]:
    """能放进一格的字段；词表的键旁边另有一列中文。成列的对象另成一张表。"""
    columns: list[str] = []
    for field in fields:
        name = prefix + field.name
        if field.kind == "object" and not field.many:
            columns += _columns(field.fields, f"{name}.")
        elif field.kind != "object":
            columns += [name, f"{name}_label"] if field.terms else [name]
    return columns


def _cells(fields: tuple[Field, ...], record: Record | str | None, prefix: str = "") -> Row:
    """record 是 `unknown` 或 null 时，里面的每一格也是。"""
    cells: Row = {}
    for field in fields:
        name = prefix + field.name
        value = record[field.name] if isinstance(record, dict) else record
        if field.kind == "object":
            if not field.many:
                cells |= _cells(field.fields, value, f"{name}.")
            continue
        cells[name] = _cell(value)
        if field.terms:
            cells[f"{name}_label"] = _label(field, value)
    return cells


def _label(field: Field, value: str | None) -> str:
    if value is None:
        return ""
    terms = read_vocabulary()[field.terms]
    return terms.label(value) if value in terms else _UNKNOWN_LABEL


def _cell(value: object) -> str:
    """一列值写成一行一项；null 是空格子。"""
    if value is None:
        return ""
    if isinstance(value, dict):
        value = [f"{name}={item}" for name, item in value.items()]
    if isinstance(value, list):
        items = [str(item) for item in value]
        if split := [item for item in items if "\n" in item]:
            raise ValueError(f"「{split[0]}」里有换行，放不进一行一项的格子")
        return "\n".join(items)
    return str(value)


def _field(shape: tuple[Field, ...], *names: str) -> tuple[Field, ...]:
    for name in names:
        shape = next(field.fields for field in shape if field.name == name)
    return shape


_ROUND = _field(SHAPES["experiences"], "rounds")
_ASKED = _field(_ROUND, "asked")
_REQUIREMENT = _field(SHAPES["experiences"], "requirements")
_MUTANT = _field(SHAPES["exercises"], "mutants")
_SOURCE = _field(SHAPES["questions"], "sources")


def _plain(kind: str) -> Callable[[Records], Iterator[Row]]:
    def rows(records: Records) -> Iterator[Row]:
        for record in records[kind]:
            yield _cells(SHAPES[kind], record)

    return rows


def _rounds(records: Records) -> Iterator[Row]:
    for one in records["experiences"]:
        for number, part in enumerate(one["rounds"], 1):
            yield {"experience": one["key"], "round": str(number)} | _cells(_ROUND, part)


def _asked(records: Records) -> Iterator[Row]:
    """问了的与明说没问的在一张表里，state 分开；round 是 rounds.csv 里的那一行，整场的为空。"""
    for one in records["experiences"]:
        for number, part in enumerate(one["rounds"], 1):
            for state in ("asked", "not_asked"):
                for item in part[state]:
                    yield _item(one, str(number), state, item)
        for item in one["not_asked"]:
            yield _item(one, "", "not_asked", item)


def _item(one: Record, number: str, state: str, item: Record) -> Row:
    blank = {"question": None, "answered": None}
    head = {
        "experience": one["key"],
        "company_name": one["company_name"],
        "round": number,
        "state": state,
    }
    url = f"{one['url']}#{item['anchor']}"
    return head | _cells(_ASKED, blank | item) | {"url": url}


def _requirements(records: Records) -> Iterator[Row]:
    for one in records["experiences"]:
        for item in one["requirements"]:
            yield {"experience": one["key"]} | _cells(_REQUIREMENT, item)


def _mutants(records: Records) -> Iterator[Row]:
    for one in records["exercises"]:
        for item in one["mutants"]:
            yield {"exercise": one["key"]} | _cells(_MUTANT, item)


def _sources(records: Records) -> Iterator[Row]:
    for kind in ("questions", "topics", "claims"):
        for one in records[kind]:
            for item in one["sources"]:
                yield {"kind": kind, "key": one["key"]} | _cells(_SOURCE, item)


TABLES: dict[str, tuple[list[str], Callable[[Records], Iterator[Row]]]] = {
    **{kind: (_columns(SHAPES[kind]), _plain(kind)) for kind in SHAPES},
    "rounds": (["experience", "round", *_columns(_ROUND)], _rounds),
    "asked": (
        ["experience", "company_name", "round", "state", *_columns(_ASKED), "url"],
        _asked,
    ),
    "requirements": (["experience", *_columns(_REQUIREMENT)], _requirements),
    "mutants": (["exercise", *_columns(_MUTANT)], _mutants),
    "sources": (["kind", "key", *_columns(_SOURCE)], _sources),
}
"""表名 → （列名，逐行读出）；前五张一条记录一行，其余是它们里面成列的东西。"""
TABLE_TITLES = {
    "experiences": "面经，一篇一行",
    "questions": "题目，一题一行，五层答案各一格",
    "claims": "账本，一条一行",
    "topics": "考点，一个一行",
    "exercises": "手写题，一题一行",
    "rounds": "面经的各轮",
    "asked": "问了的与明说没问的，一项一行，带着那一句的地址",
    "requirements": "岗位的门槛",
    "mutants": "手写题已知的错误答案",
    "sources": "题目、考点与账本的来源",
}
