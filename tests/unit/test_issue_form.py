"""issue 表单：填得好的成为合格的面经，捣乱的只是文字；怎么填都不崩。"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from mianjing import __main__ as cli
from mianjing.issue_form import (
    COMMENT_LIMIT,
    MARK,
    answer_issue,
    has_form,
    make_fence,
    read_issue,
)
from mianjing.issue_templates import COLUMNS, FOLDER, ROUNDS, render_templates
from mianjing.model import Catalog
from mianjing.vocabulary import read_vocabulary

from tests.drafts import PIECES
from tests.site_library import read_site_library

ROOT = Path(__file__).resolve().parents[2]
TODAY = "2026-06-01"
REPOSITORY = "owner/name"
GOOD = {
    "company": "Kimi",
    "start": "2026-03",
    "end": "2026-04",
    "role": "基座算法",
    "channel": "内推",
    "outcome": "未通过",
    "stage_reached": "技术面",
    "rounds_told": "2",
    "before": "内推。\n要求硕士。\n门槛：学历｜硕士",
    "rounds": ROUNDS,
    "after": "没有脑筋急转弯。\n没问：脑筋急转弯\n没有通过。",
    "pay_kind": "区间",
    "pay": "40～60 万",
    "impression": "节奏快",
}
HOSTILE = [
    "```\n## 逃出围栏\n@octocat #1",
    "~~~\n@octocat",
    "`````````\n@team/all",
    "@octocat 请看",
    "<img src=x onerror=alert(1)>",
    "</details></div><!-- -->",
    "[x](javascript:alert(1)) ![y](https://example.com/z)",
    "$(touch /tmp/x) `id` ${{ github.token }} ; rm -rf /",
    "::set-output name=x::y\n::error::z",
    "左\u202e右\u2066里\u200b",
    "\x00\x07\x1b[31m",
    "### 公司\n别家",
    "### 各轮面试",
    "第 1 轮：第 2 轮：",
    "问了：｜｜｜｜｜｜",
    "没问：",
    "门槛：",
    "---\ntitle: x\n---",
    "!!python/object/apply:os.system [id]",
    "&a [*a, *a]",
    "\ud800",
    "../../etc/passwd",
    "字" * 9_000,
    *PIECES,
]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return read_site_library()[0]


def write_body(values: dict[str, str]) -> str:
    """GitHub 把表单写成的样子。"""
    parts = [
        f"### {column.label}\n\n{values.get(column.field) or '_No response_'}" for column in COLUMNS
    ]
    return "\n\n".join([*parts, "### 自查\n\n- [X] 是"]).replace("\n", "\r\n")


def answer(body: str, catalog: Catalog) -> str:
    return answer_issue(body, catalog, TODAY, REPOSITORY)


def fences_of(comment: str) -> list[str]:
    return [token.content for token in MarkdownIt().parse(comment) if token.type == "fence"]


def outside_of(comment: str) -> str:
    """围栏以外的源文字，地址里的也不算。"""
    lines: list[str | None] = list(comment.split("\n"))
    for token in MarkdownIt().parse(comment):
        if token.type == "fence" and token.map:
            for number in range(*token.map):
                lines[number] = None
    rest = "\n".join(line for line in lines if line is not None)
    return re.sub(r"\(https://github\.com/owner/name/new/main/\S+?\)", "", rest)


CALM = re.compile(r"[\w\s一-鿿，。：；、（）「」〈〉…`#\[\]!<>.\-/]*")


def test_a_good_issue_becomes_a_record(catalog: Catalog) -> None:
    comment = answer(write_body(GOOD), catalog)
    assert comment.startswith(MARK)
    assert "### 没有问题" in comment
    (text,) = fences_of(comment)
    assert "company: moonshot\n" in text
    assert (
        "      - {topic: multi-head-attention, form: handwriting, detail: 手写 MHA, "
        "answered: partly, anchor: round-1}\n" in text
    )
    assert "requirements:\n  - {kind: degree, value: 硕士, anchor: before-2}\n" in text
    assert "not_asked:\n  - {form: brain-teaser, anchor: after-1}\n" in text
    link = re.search(
        r"\((https://github\.com/owner/name/new/main/docs/experiences\?\S+)\)", comment
    )
    assert link is not None
    asked = parse_qs(urlsplit(link[1]).query)
    assert asked == {"filename": ["moonshot-2026.md"], "value": [text]}


def test_problems_are_named_by_field(catalog: Catalog) -> None:
    body = write_body(GOOD | {"start": "三月", "outcome": "挂了", "rounds": "先问\n第 1 轮：技术"})
    problems = fences_of(answer(body, catalog))[0]
    assert "E106 period.from：「三月」不是月份" in problems
    assert "E104 outcome：「挂了」不在词表里" in problems
    assert "E802 各轮面试：「先问」在第一轮之前" in problems
    assert "E104 rounds[1].kind：「技术」不在词表里，最接近的是「technical」" in problems


def test_the_reply_has_every_problem_of_the_build_and_the_typography(catalog: Catalog) -> None:
    values = {
        "role": "电话13800138000",
        "impression": "Mооnshot 节奏快",
        "pay": "52 万",
        "rounds": "第 1 轮：技术面\n面试官：王小明\n手写MHA。",
        "after": "写着 {{ x }}。",
    }
    comment = answer(write_body(GOOD | values), catalog)
    problems, text = fences_of(comment)[:2]
    lines = ["", *text.split("\n")]
    for start, place in (
        ("E415 {}：不收模板的记号「{{{{」：", "写着 "),
        ("E601 {}：像是手机号「138…00」：", "role: "),
        ("E606 rounds[1].interviewer_role：「王小明」像是点了", ""),
        ("E607 pay.text：薪资「52 万」写得太准：", ""),
        ("E611 {}：排版：「手写MHA", "手写MHA"),
        ("E612 {}：第 15 列的「о」是 U+043E（西里尔字母）", "impression: "),
    ):
        line = next(i for i, one in enumerate(lines) if one.startswith(place))
        assert f"\n{start.format(f'文件第 {line} 行')}" in f"\n{problems}", start


def test_a_long_line_is_named_and_the_file_is_shown(catalog: Catalog) -> None:
    comment = answer(write_body(GOOD | {"after": "长" * 8_001}), catalog)
    assert "行：这一行超过 8000 个字：分成几段" in fences_of(comment)[0]
    assert "### 文件：" in comment


def test_a_new_company_brings_its_entry(catalog: Catalog) -> None:
    comment = answer(write_body(GOOD | {"company": "示例公司", "company_key": "shili"}), catalog)
    assert "### 没有问题" in comment
    assert fences_of(comment)[1] == "shili:\n  name: 示例公司\n  kind: unknown\n"


def test_an_edited_form_is_answered(catalog: Catalog) -> None:
    body = write_body(GOOD)
    assert "缺少小标题「### 岗位」" in answer(body.replace("### 岗位", "### 职位"), catalog)
    again = body + "\r\n\r\n### 公司\r\n\r\n别家"
    assert "小标题「### 公司」出现了不止一次" in answer(again, catalog)
    assert read_issue(again)[0].company == "Kimi"
    assert has_form(body)
    assert not has_form(body.replace("### 各轮面试", "### 面试"))
    assert not has_form("")


def test_pay_without_a_kind_is_not_guessed(catalog: Catalog) -> None:
    comment = answer(write_body(GOOD | {"pay_kind": ""}), catalog)
    assert "E104 pay.kind：「unknown」不在词表里，可用：band、impression、structure" in comment
    assert "text: 40～60 万" in comment


def test_invisible_characters_are_shown_and_nothing_else(catalog: Catalog) -> None:
    comment = answer(write_body(GOOD | {"role": "左\u202e右", "after": "零\u200b宽"}), catalog)
    assert "\u202e" not in comment
    assert "\u200b" not in comment
    assert "U+200B" in comment
    assert "这里不附全文" in comment


def test_a_long_record_gets_the_short_link(catalog: Catalog) -> None:
    comment = answer(write_body(GOOD | {"after": "等了很久。" * 400}), catalog)
    assert "先复制上面的全文" in comment
    assert "&value=" not in comment
    huge = answer(write_body(GOOD | {"after": "等了很久。" * 20_000}), catalog)
    assert "放不进一条回复" in huge
    assert len(huge) < COMMENT_LIMIT


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_in_the_fences(catalog: Catalog, text: str) -> None:
    for column in ("company", "start", "outcome", "before", "rounds", "after", "contributed_by"):
        check_comment(answer(write_body(GOOD | {column: text}), catalog))
    check_comment(answer(write_body({column.field: text for column in COLUMNS}), catalog))


def check_comment(comment: str) -> None:
    """围栏外只有自己写的字：没有 @、没有标签、没有别的链接；长度放得进一条回复。"""
    outside = outside_of(comment).replace(MARK, "", 1)
    assert "@" not in outside
    assert "<" not in outside
    assert not re.search(r"#\d", outside)
    assert CALM.fullmatch(outside.replace("'", "")), outside
    assert len(comment) < 65_536
    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069]", comment)


@given(st.text(st.sampled_from("`~ \n\ra@"), max_size=40))
@example("```\n@octocat")
@example("   ````\n@octocat\n```````")
def test_a_fence_cannot_be_closed_from_inside(text: str) -> None:
    tokens = MarkdownIt().parse(make_fence(text, "text"))
    assert [token.type for token in tokens] == ["fence"]


ANY = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from(
            [
                *PIECES,
                *(f"### {c.label}" for c in COLUMNS),
                "第 1 轮：技术面",
                "问了：MHA｜x｜y｜z",
                "没问：a",
            ]
        ),
        max_size=12,
    ).map("\n".join),
)


@given(ANY)
@example("")
def test_nothing_crashes_the_reader(catalog: Catalog, body: str) -> None:
    check_comment(answer(body, catalog))


@given(st.dictionaries(st.sampled_from([c.field for c in COLUMNS]), ANY, max_size=6))
def test_nothing_in_a_column_crashes_the_reader(catalog: Catalog, values: dict[str, str]) -> None:
    check_comment(answer(write_body(GOOD | values), catalog))


def test_templates_are_in_step_with_the_vocabulary() -> None:
    """`python -m mianjing issue-forms` 没有可改的。"""
    folder = ROOT / FOLDER
    assert {f.name: f.read_text(encoding="utf-8") for f in folder.iterdir()} == render_templates()


def test_templates_are_what_github_expects() -> None:
    words = read_vocabulary()
    for name, text in render_templates().items():
        form: dict[str, Any] = yaml.safe_load(text)
        if name == "config.yml":
            continue
        assert {"name", "description", "body"} <= set(form)
        ids = [item.get("id") for item in form["body"] if item["type"] != "markdown"]
        labels = [item["attributes"].get("label") for item in form["body"] if "id" in item]
        assert len(set(ids)) == len(ids) and len(set(labels)) == len(labels)
        assert any(item["type"] != "markdown" for item in form["body"])
        for item in form["body"]:
            assert item["type"] in {"markdown", "input", "textarea", "dropdown", "checkboxes"}
    experience = yaml.safe_load(render_templates()["experience.yml"])
    options = {
        i["id"]: i["attributes"]["options"] for i in experience["body"] if i["type"] == "dropdown"
    }
    assert options["outcome"] == [term.label for term in words["outcomes"]]


def run_cli(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], body: Any
) -> str:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"issue": {"body": body}}), encoding="utf-8")
    monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
    assert cli.main(["issue", str(event)]) == 0
    return capsys.readouterr().out


def test_the_command_answers_only_the_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_cli(tmp_path, monkeypatch, capsys, None) == ""
    assert run_cli(tmp_path, monkeypatch, capsys, "一个普通的问题") == ""
    assert run_cli(tmp_path, monkeypatch, capsys, write_body(GOOD)).startswith(MARK)
    lone = write_body(GOOD | {"after": "\ud800"})
    assert run_cli(tmp_path, monkeypatch, capsys, lone).startswith(MARK)


def test_the_workflow_keeps_the_text_out_of_commands() -> None:
    text = (ROOT / ".github/workflows/experience-issue.yml").read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    job = workflow["jobs"]["answer"]
    assert workflow["permissions"] == {}
    assert job["permissions"] == {"contents": "read", "issues": "write"}
    for step in job["steps"]:
        assert "${{" not in step.get("run", "")
        if "GH_TOKEN" in step.get("env", {}):
            assert "mianjing" not in step["run"]
    assert "pull_request_target" not in text
