"""GitHub 的 issue 表单：栏目写在这里，选项来自词表；`python -m mianjing issue-forms` 重新生成。"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mianjing.vocabulary import read_vocabulary

FOLDER = ".github/ISSUE_TEMPLATE"
LABEL_COMPANY = "公司"
ROUNDS = """\
第 1 轮：技术面
面试官：算法组
时长：60
先问项目，再手写 MHA，写到合并头时卡住。
问了：多头注意力｜手写代码｜手写 MHA｜部分答出
没问：LeetCode

第 2 轮：负责人面
聊团队方向。
"""
"""各轮的写法，也是表单里的示例。"""


@dataclass(frozen=True)
class Column:
    """表单的一栏。"""

    field: str
    """草稿里的字段。"""
    label: str
    hint: str = ""
    kind: str = "input"
    terms: str = ""
    """下拉的选项来自哪张词表。"""
    required: bool = False
    placeholder: str = ""


COLUMNS = (
    Column("company", LABEL_COMPANY, "名称、别名都认得。", required=True, placeholder="示例公司"),
    Column("company_key", "新公司的键", "公司表里没有的才填：小写字母、数字与连字符。"),
    Column("start", "从哪个月", "写到月；不知道就空着。", placeholder="2026-03"),
    Column("end", "到哪个月", "", placeholder="2026-04"),
    Column("year", "哪一年", "不写月份时填，用在文件名里。", placeholder="2026"),
    Column("role", "岗位", "", placeholder="基座算法"),
    Column("channel", "渠道", kind="dropdown", terms="channels"),
    Column("outcome", "结果", kind="dropdown", terms="outcomes"),
    Column("stage_reached", "最远到", kind="dropdown", terms="stages"),
    Column("rounds_told", "面了几轮", "一个数，或 2-3；没有进入面试写 0。", placeholder="2"),
    Column(
        "before",
        "面试之前",
        "怎么投的。一行一段；门槛单独一行写「门槛：学历｜硕士」（学历、职级、年限、其他）。",
        kind="textarea",
    ),
    Column(
        "rounds",
        "各轮面试",
        "照灰字写：「第 N 轮：类型」开头；面试官（写角色，不写姓名）、时长、叫法、备注各一行；"
        "「问了：考点｜形式｜问了什么｜作答」与「没问：形式或考点」跟在说到它的那一段后面；"
        "别的行都是经过，一行一段。保密协议管着的题、在线笔试的原题不写。",
        kind="textarea",
        placeholder=ROUNDS,
    ),
    Column(
        "after",
        "后来怎样",
        "结果怎么来的。一行一段；整场明说没有的写「没问：LeetCode」，跟在说到它的那一段后面。",
        kind="textarea",
    ),
    Column("pay_kind", "薪资写的是", kind="dropdown", terms="pay_kinds"),
    Column("pay", "薪资", "区间或印象，不写自己的确切数字。", placeholder="40～60 万"),
    Column("impression", "一句话印象", "会标明是你的看法。"),
    Column("review", "你的评价", "一行一段，可以空着。", kind="textarea"),
    Column("contributed_by", "署名", "会公开显示；空着就是匿名。"),
)
"""面经的各栏，次序就是表单上的次序。"""

PROMISES = (
    "这是我自己的经历、自己的话；没有面试官与候选人的姓名、联系方式",
    "没有保密协议约束的内容、在线笔试的原题",
    "我同意文字以 CC BY 4.0 发布",
)


def render_templates() -> dict[str, str]:
    """`.github/ISSUE_TEMPLATE/` 里的全部文件：名字 → 内容。"""
    head = "# 由 python -m mianjing issue-forms 生成，不要手改。\n"
    return {
        name: head + text
        for name, text in {
            "experience.yml": _render_experience(),
            "correction.yml": _render_correction(),
            "takedown.yml": _render_takedown(),
            "config.yml": "blank_issues_enabled: true\n",
        }.items()
    }


def write_templates(root: Path) -> None:
    """写出全部表单。"""
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in render_templates().items():
        (folder / name).write_text(text, encoding="utf-8")


def _render_experience() -> str:
    note = (
        "填完提交，机器人会回复一份整理好的文件、要改的地方和打开编辑器的链接；PR 由你自己点。"
        "不知道的空着，不要猜。站上的表单能随时检查，也能增减轮次，更好填。"
    )
    return _form(
        "面经",
        "写一次面试经历，不用会 git",
        "[面经] ",
        [_note(note), *map(_render_column, COLUMNS), _checks(PROMISES)],
    )


def _render_correction() -> str:
    columns = (
        Column("page", "哪一页", "页面的地址，能带上小标题更好。", required=True),
        Column("wrong", "错的写法", "抄那一句。", kind="textarea", required=True),
        Column("right", "对的写法", "", kind="textarea", required=True),
        Column(
            "source",
            "凭什么",
            "论文、文档或代码的链接与位置；自己算的写出算法。",
            "textarea",
            "",
            True,
        ),
    )
    return _form("更正", "指出一处错误，附上来源", "[更正] ", [_render_column(c) for c in columns])


def _render_takedown() -> str:
    note = (
        "这里人人看得见：不要写身份证号、电话之类的信息，也不必重复要删的内容，给出页面与小标题就够。"
        "涉及个人信息时，改用仓库的私密安全报告（Security → Report a vulnerability）。"
        "收到后先把内容撤下，再核实。"
    )
    columns = (
        Column("page", "哪一页", "页面的地址，能带上小标题更好。", required=True),
        Column(
            "reason", "为什么要下架", "如：涉及我的隐私、受保密协议约束。", "textarea", "", True
        ),
    )
    body = [_note(note), *(_render_column(c) for c in columns)]
    return _form("下架", "请求撤下一处内容", "[下架] ", body)


def _form(name: str, description: str, title: str, body: Iterable[str]) -> str:
    lines = [f"name: {name}", f"description: {_text(description)}", f"title: {_text(title)}"]
    return "\n".join([*lines, "body:", *body]) + "\n"


def _note(text: str) -> str:
    return f"  - type: markdown\n    attributes:\n      value: {_text(text)}"


def _render_column(column: Column) -> str:
    lines = [
        f"  - type: {column.kind}",
        f"    id: {column.field}",
        "    attributes:",
        f"      label: {column.label}",
    ]
    if column.hint:
        lines += [f"      description: {_text(column.hint)}"]
    if column.placeholder:
        lines += [f"      placeholder: {_text(column.placeholder)}"]
    if column.terms:
        lines += ["      options:"]
        lines += [f"        - {_text(term.label)}" for term in read_vocabulary()[column.terms]]
    if column.required:
        lines += ["    validations:", "      required: true"]
    return "\n".join(lines)


def _checks(promises: Iterable[str]) -> str:
    lines = ["  - type: checkboxes", "    id: promises", "    attributes:", "      label: 自查"]
    lines += ["      options:"]
    for promise in promises:
        lines += [f"        - label: {_text(promise)}", "          required: true"]
    return "\n".join(lines)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
