"""带走的数据：合 Schema，每条记录的每个事实都在，未提及还是未提及，同样的输入同样的字节。"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from mianjing.export import render_data
from mianjing.export.csv_file import ESCAPED, TABLES, render_csv
from mianjing.export.json_file import used_terms
from mianjing.export.records import make_records
from mianjing.export.schema import make_schema
from mianjing.export.shapes import SHAPES, VERSION
from mianjing.model import Catalog, Experience, Round
from mianjing.vocabulary import UNKNOWN, read_vocabulary

from tests.library import HOSTILE, Library
from tests.site_library import read_site_library

ROOT = Path(__file__).resolve().parents[2]
SITE = "https://example.com/kb/"
BLANK = Catalog({}, {}, {}, {}, {}, {}, {}, {}, {}, {})


@pytest.fixture(scope="module")
def real() -> Catalog:
    """站上真正的资料库。"""
    return read_site_library()[0]


@pytest.fixture(scope="module")
def files(real: Catalog) -> dict[str, bytes]:
    """真正的资料库导出的全部文件。"""
    return render_data(real, SITE)


def load(files: dict[str, bytes], kind: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(files[f"data/{kind}.json"])
    return content


def read_table(content: bytes) -> list[dict[str, str]]:
    """照数据页写的办法读一张表：去 BOM，按 escaped 一列去掉撇号。"""
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    for row in rows:
        for name in row.pop(ESCAPED).split():
            assert row[name][0] == "'"
            row[name] = row[name][1:]
    return rows


def validate(schema: bytes, content: bytes) -> list[str]:
    parsed = json.loads(schema)
    Draft202012Validator.check_schema(parsed)
    return [e.message for e in Draft202012Validator(parsed).iter_errors(json.loads(content))]


@pytest.mark.parametrize("kind", SHAPES)
def test_the_real_export_is_valid(files: dict[str, bytes], kind: str) -> None:
    assert validate(files[f"data/{kind}.schema.json"], files[f"data/{kind}.json"]) == []


@pytest.mark.parametrize("kind", SHAPES)
def test_every_export_is_valid(crowd: Library, kind: str) -> None:
    """三种状态、满是符号的值、一条也没有，都合 Schema。"""
    for catalog in (crowd.catalog(), BLANK):
        files = render_data(catalog, "/")
        assert validate(files[f"data/{kind}.schema.json"], files[f"data/{kind}.json"]) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("outcome",), "挂了"),
        (("outcome",), None),
        (("team",), None),
        (("round_count", "min"), "2"),
        (("round_count", "max"), -1),
        (("period", "from"), "2026"),
        (("rounds", 0, "asked", 0, "form"), "leetcod"),
        (("rounds", 0, "asked", 0, "anchor"), "第 一 段"),
        (("pay",), None),
        (("pay",), "面议"),
        (("body",), 1),
        (("wechat",), "没有这个字段"),
    ],
)
def test_the_schema_refuses(crowd: Library, path: tuple[Any, ...], value: object) -> None:
    """Schema 不是摆设：改坏一处就不合格。"""
    content = json.loads(render_data(crowd.catalog(), SITE)["data/experiences.json"])
    record = next(e for e in content["experiences"] if e["key"] == "example-2026")
    for step in path[:-1]:
        record = record[step]
    record[path[-1]] = value
    errors = list(Draft202012Validator(make_schema("experiences", SITE)).iter_errors(content))
    assert len(errors) == 1


def test_the_schema_refuses_a_missing_field(crowd: Library) -> None:
    content = json.loads(render_data(crowd.catalog(), SITE)["data/experiences.json"])
    del content["experiences"][0]["stage_reached"]
    errors = list(Draft202012Validator(make_schema("experiences", SITE)).iter_errors(content))
    assert [e.message for e in errors] == ["'stage_reached' is a required property"]


def test_the_enums_are_the_vocabulary(files: dict[str, bytes]) -> None:
    schema = json.loads(files["data/experiences.schema.json"])
    found = schema["properties"]["experiences"]["items"]["properties"]["outcome"]
    assert found["enum"] == [term.key for term in read_vocabulary()["outcomes"]]
    assert "rejected 未通过" in found["description"]
    content = load(files, "experiences")
    assert sorted(content["vocabulary"]) == used_terms(SHAPES["experiences"])
    assert content["vocabulary"]["forms"]["handwriting"] == "手写代码"


def test_every_field_is_described_in_chinese() -> None:
    def walk(node: object) -> Iterator[str]:
        if isinstance(node, dict):
            for name, value in node.get("properties", {}).items():
                if isinstance(value, dict) and "const" not in value:
                    yield f"{name}：{value.get('description', '')}"
            for value in node.values():
                yield from walk(value)
        elif isinstance(node, list):
            for value in node:
                yield from walk(value)

    for kind in SHAPES:
        for line in walk(make_schema(kind, SITE)):
            assert any("一" <= c <= "鿿" for c in line.partition("：")[2]), line


# 事实一个不少：从目录的每个字段出发，在导出里找到它


def told(value: object) -> object:
    """目录里的「不知道」在导出里的写法。"""
    return UNKNOWN if value is None else value


RENAMED = {
    "period": lambda e: {
        "from": told(e.period.start),
        "to": told(e.period.end),
        "precision": e.period.precision,
    },
    "rounds_min": lambda e: told(e.rounds_min),
    "rounds_max": lambda e: told(e.rounds_max),
    "pay": lambda e: vars(e.pay) if e.pay else UNKNOWN,
    "order": lambda e: e.order,
    "contributed_by": lambda e: e.contributed_by,
    "body": lambda e: e.body.strip("\n"),
    "not_asked": lambda e: [vars(n) for n in e.not_asked],
    "requirements": lambda e: [vars(r) for r in e.requirements],
    "rounds": lambda e: [round_of(r) for r in e.rounds],
}


def round_of(one: Round) -> dict[str, Any]:
    return {name: told(value) for name, value in vars(one).items()} | {
        "notes": one.notes,
        "asked": [vars(a) for a in one.asked],
        "not_asked": [vars(n) for n in one.not_asked],
    }


def check_experiences(catalog: Catalog, content: dict[str, Any]) -> None:
    exported = {e["key"]: e for e in content["experiences"]}
    assert list(exported) == sorted(catalog.experiences)
    assert content["count"] == len(exported)
    for key, experience in catalog.experiences.items():
        found = exported[key]
        for field in fields(Experience):
            if field.name in ("path", "body_line", "lines"):  # 在仓库里的位置，不是事实
                continue
            if field.name in ("rounds_min", "rounds_max"):
                value = found["round_count"][field.name.removeprefix("rounds_")]
            else:
                value = found[field.name]
            read = RENAMED.get(field.name, lambda e, n=field.name: told(getattr(e, n)))
            assert value == read(experience), (key, field.name)
        company = catalog.companies[experience.company]
        assert (found["company_name"], found["company_kind"]) == (company.name, company.kind)
        assert found["source"] in {p["key"] for p in content["provenances"]}


def test_every_fact_of_every_experience(files: dict[str, bytes], real: Catalog) -> None:
    check_experiences(real, load(files, "experiences"))


def test_unknown_stays_unknown(crowd: Library) -> None:
    catalog = crowd.catalog()
    content = json.loads(render_data(catalog, "/")["data/experiences.json"])
    check_experiences(catalog, content)
    quiet = next(e for e in content["experiences"] if e["key"] == "quiet-2026")
    assert quiet["period"] == {"from": UNKNOWN, "to": UNKNOWN, "precision": UNKNOWN}
    for name in ("team", "role", "channel", "reason", "impression", "pay"):
        assert quiet[name] == UNKNOWN
    assert quiet["round_count"] == {"min": 0, "max": 0}  # 写明没有进入面试，与不知道不同
    sample = next(e for e in content["experiences"] if e["key"] == "sample-2026")
    assert sample["round_count"] == {"min": 3, "max": UNKNOWN}
    assert sample["rounds"][0]["asked"][2]["topic"] == UNKNOWN
    assert sample["rounds"][0]["asked"][1]["answered"] == UNKNOWN
    assert HOSTILE in (sample["team"], sample["role"])


def test_every_fact_of_the_knowledge(files: dict[str, bytes], real: Catalog) -> None:
    questions = {q["key"]: q for q in load(files, "questions")["questions"]}
    assert questions.keys() == real.questions.keys()
    for key, question in real.questions.items():
        found = questions[key]
        assert found["aliases"] == list(question.aliases)
        for name in ("title", "topic", "level", "origin"):
            assert found[name] == getattr(question, name)
        layers = ("brief", "full", "derivation", "follow_ups", "mistakes")
        written = "".join("".join(found[name].split()) for name in layers)
        body = question.body
        for title in ("30 秒版", "2 分钟版", "推导或代码", "追问", "常见错误"):
            body = body.replace(f"## {title}\n", "", 1)
        assert written == "".join(body.split())
        assert [(s["title"], s["url"], s["where"]) for s in found["sources"]] == [
            (s.title, s.url, s.where) for s in question.sources
        ]
    claims = {c["key"]: c for c in load(files, "claims")["claims"]}
    assert claims.keys() == real.claims.keys()
    for key, claim in real.claims.items():
        found = claims[key]
        for name in ("statement", "status", "value", "checked"):
            assert found[name] == getattr(claim, name)
        assert found["computation"] == (claim.computation and vars(claim.computation))
        assert len(found["sources"]) == len(claim.sources)
    topics = {t["key"]: t for t in load(files, "topics")["topics"]}
    assert topics.keys() == real.topics.keys()
    for key, topic in real.topics.items():
        for name in ("title", "rank", "part_of"):
            assert topics[key][name] == getattr(topic, name)
        assert topics[key]["body"] == topic.body.strip("\n")
    exercises = {e["key"]: e for e in load(files, "exercises")["exercises"]}
    assert exercises.keys() == real.exercises.keys()
    for key, exercise in real.exercises.items():
        assert exercises[key]["reference"] == exercise.reference
        assert [m["id"] for m in exercises[key]["mutants"]] == [m.id for m in exercise.mutants]


def test_keys_refer_to_records(files: dict[str, bytes]) -> None:
    """各文件之间的键对得上。"""
    keys = {kind: {r["key"] for r in load(files, kind)[kind]} for kind in SHAPES}
    for experience in load(files, "experiences")["experiences"]:
        for part in experience["rounds"]:
            for item in part["asked"]:
                assert item["topic"] in keys["topics"] | {UNKNOWN}
                assert item["question"] in keys["questions"] | {None}
    for question in load(files, "questions")["questions"]:
        assert question["topic"] in keys["topics"]
        assert set(question["asked_by"]) <= keys["experiences"]
        assert set(question["claims"]) <= keys["claims"]


def test_licence_version_and_provenance_are_inside(files: dict[str, bytes]) -> None:
    for kind in SHAPES:
        content = load(files, kind)
        assert content["version"] == VERSION
        assert content["format"] == f"mianjing/{kind}"
        assert content["licence"]["text"] == "CC BY 4.0"
    (source,) = [p for p in load(files, "experiences")["provenances"] if p["key"] == "writeup-24"]
    assert source["licence"] == source["author"] == UNKNOWN
    assert "2023-03" in source["note"]


def test_equal_input_equal_bytes(crowd: Library, tmp_path: Path) -> None:
    """读两遍、记录的次序倒过来，字节都一样。"""
    catalog = crowd.catalog()
    reversed_order = replace(
        catalog,
        experiences=dict(reversed(catalog.experiences.items())),
        questions=dict(reversed(catalog.questions.items())),
        topics=dict(reversed(catalog.topics.items())),
    )
    first = render_data(catalog, SITE)
    assert first == render_data(crowd.catalog(), SITE)
    assert first == render_data(reversed_order, SITE)


def test_text_is_utf8_without_escapes(files: dict[str, bytes]) -> None:
    assert "月之暗面".encode() in files["data/experiences.json"]
    assert b"\\u" not in files["data/experiences.json"]


# CSV


def test_csv_says_what_json_says(files: dict[str, bytes]) -> None:
    """每一行每一格都从 JSON 里的值来，null 是空格子，一列值一行一项。"""
    for kind in SHAPES:
        rows = read_table(files[f"data/{kind}.csv"])
        records = load(files, kind)[kind]
        assert [row["key"] for row in rows] == [record["key"] for record in records]
        for row, record in zip(rows, records, strict=True):
            for column, cell in row.items():
                value: Any = record
                for step in column.removesuffix("_label").split("."):
                    value = value[step] if isinstance(value, dict) else value
                if column.endswith("_label"):
                    continue
                if isinstance(value, list):
                    assert cell.split("\n") == (value or [""])
                elif isinstance(value, dict):
                    assert cell.split("\n") == [f"{k}={v}" for k, v in value.items()] or not value
                else:
                    assert cell == ("" if value is None else str(value))


def test_the_asked_table_has_every_item(files: dict[str, bytes], real: Catalog) -> None:
    rows = read_table(files["data/asked.csv"])
    asked = [(e.key, a) for e in real.experiences.values() for _, a in e.asked]
    denied = [(e.key, n) for e in real.experiences.values() for n in e.all_not_asked]
    found = [(r["experience"], r["topic"], r["form"], r["detail"]) for r in rows]
    for state, items in (("asked", asked), ("not_asked", denied)):
        expected = sorted((k, i.topic or "", i.form or "", i.detail) for k, i in items)
        assert expected == sorted(
            f for f, row in zip(found, rows, strict=True) if row["state"] == state
        )
    assert len(read_table(files["data/rounds.csv"])) == sum(
        len(e.rounds) for e in real.experiences.values()
    )
    assert len(read_table(files["data/sources.csv"])) == sum(
        len(r.sources)
        for table in (real.questions, real.topics, real.claims)
        for r in table.values()
    )
    (row,) = [r for r in rows if r["experience"] == "moonshot-2023" and r["form"] == "leetcode"]
    assert row["form_label"] == "LeetCode"
    assert row["url"] == f"{SITE}experiences/moonshot-2023/#leetcode"


def test_unknown_is_written_in_every_cell(crowd: Library) -> None:
    catalog = crowd.catalog()
    rows = read_table(render_data(catalog, SITE)["data/experiences.csv"])
    quiet = next(row for row in rows if row["key"] == "quiet-2026")
    for name in ("team", "role", "period.from", "pay.kind", "pay.text", "channel"):
        assert quiet[name] == UNKNOWN
    assert quiet["pay.kind_label"] == quiet["channel_label"] == "未提及"
    assert quiet["order"] == ""  # 不适用，不是未提及


def test_csv_bytes(files: dict[str, bytes]) -> None:
    """BOM 在最前面且只有一个，行尾 CRLF，格子装得进 Excel 的 32,767 个字符。"""
    for name in TABLES:
        content = files[f"data/{name}.csv"]
        assert content.startswith(b"\xef\xbb\xbf")
        assert content.count(b"\xef\xbb\xbf") == 1
        assert content.endswith(b"\r\n")
        text = content.decode("utf-8-sig")
        for row in csv.reader(io.StringIO(text, newline="")):
            assert all(len(cell) <= 32_767 for cell in row)


ACTIVE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x"]
HARMLESS = ["", "'=1", "1-1", " =1", "a=b", "·", '"=1"']


@pytest.mark.parametrize("value", ACTIVE)
def test_a_formula_is_not_executed(crowd: Library, value: str) -> None:
    """会被执行的开头都加了撇号，在 escaped 一列里说出来，原值还得回来。"""
    catalog = crowd.catalog()
    changed = replace(catalog.experiences["example-2026"], role=value, title=f"甲{value}")
    catalog = replace(catalog, experiences={"example-2026": changed})
    records = {kind: make_records(kind, catalog, SITE) for kind in SHAPES}
    content = render_csv("experiences", records)
    (row,) = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert row["role"] == f"'{value}"
    assert row[ESCAPED] == "role"
    assert read_table(content)[0]["role"] == value


@pytest.mark.parametrize("value", HARMLESS)
def test_other_cells_are_not_touched(crowd: Library, value: str) -> None:
    catalog = crowd.catalog()
    changed = replace(catalog.experiences["example-2026"], impression=value)
    catalog = replace(catalog, experiences={"example-2026": changed})
    records = {kind: make_records(kind, catalog, SITE) for kind in SHAPES}
    (row,) = csv.DictReader(
        io.StringIO(render_csv("experiences", records).decode("utf-8-sig"), newline="")
    )
    assert row["impression"] == (value or UNKNOWN)
    assert row[ESCAPED] == ""


def test_a_list_item_with_a_newline_is_refused(crowd: Library) -> None:
    """一行一项的格子里不能混进换行：停下，不悄悄拆成两项。"""
    catalog = crowd.catalog()
    changed = replace(catalog.questions["why-scale"], aliases=("甲\n乙",))
    catalog = replace(catalog, questions={"why-scale": changed})
    records = {kind: make_records(kind, catalog, SITE) for kind in SHAPES}
    with pytest.raises(ValueError, match="有换行"):
        render_csv("questions", records)
