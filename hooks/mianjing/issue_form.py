"""issue 里填的面经 → 草稿 → 文件、问题与回复。issue 的文字始终只是数据。

GitHub 把表单写成 `### 栏目` 与其下的文字；没有填的是 `_No response_`。
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import quote as quote_url

from mianjing.contribution import FOLDER, check_draft, complete_draft
from mianjing.draft import (
    Draft,
    Mention,
    Need,
    RoundDraft,
    name_file,
    write_company,
    write_record,
)
from mianjing.frontmatter import CONTROL, MAX_BYTES
from mianjing.issue_templates import COLUMNS
from mianjing.library import COMPANIES
from mianjing.model import Catalog
from mianjing.problem import Problem
from mianjing.typography import check_typography
from mianjing.vocabulary import UNKNOWN, read_vocabulary

ISSUE = "issue"
"""问题里的路径：说的是 issue 自己。"""
ADDRESS_LIMIT = 8000
"""GitHub 的地址最多约 8 KB。"""
COMMENT_LIMIT = 60_000
"""GitHub 的一条回复最多 65,536 个字符。"""
MARK = "<!-- mianjing: issue -->"
_EMPTY = "_No response_"
_NOT_CHOSEN = "None"
_ROUND = re.compile(r"第\s*(\S{1,5}?)\s*轮\s*[：:]\s*(.*)")
_KEYED = re.compile(r"(面试官|时长|叫法|备注|问了|没问|门槛)\s*[：:]\s*(.*)")
_BREAK = re.compile(r"\s*[｜|]\s*")
_SHOWN_PROBLEMS = 60
_SHOWN_LENGTH = 400


@dataclass
class _Story:
    """一栏自由文字里读出来的：经过的各段，与段后标出的各项。"""

    paragraphs: list[str] = field(default_factory=list)
    asked: list[Mention] = field(default_factory=list)
    not_asked: list[Mention] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)

    @property
    def here(self) -> str:
        """此刻说到的是第几段。"""
        return str(max(1, len(self.paragraphs)))

    @property
    def text(self) -> str:
        return "\n".join(self.paragraphs)


def has_form(body: str) -> bool:
    """是不是面经表单写成的 issue：第一栏与各轮两个小标题都在。"""
    lines = {line.strip() for line in body.splitlines()}
    return {
        f"### {column.label}" for column in COLUMNS if column.field in ("company", "rounds")
    } <= lines


def read_issue(body: str) -> tuple[Draft, list[Problem]]:
    """issue 的正文 → 草稿（还没有补全），与读不懂的地方。"""
    problems: list[Problem] = []
    values = _read_columns(body.replace("\r\n", "\n").replace("\r", "\n"), problems)
    words = read_vocabulary()
    for column in COLUMNS:
        if column.terms and values[column.field]:
            names = words[column.terms].names
            values[column.field] = names.get(values[column.field], values[column.field])
    before = _read_story(values.pop("before"), "面试之前", {"门槛"}, problems)
    after = _read_story(values.pop("after"), "后来怎样", {"没问"}, problems)
    rounds = _read_rounds(values.pop("rounds"), problems)
    low, _, high = values.pop("rounds_told").partition("-")
    draft = Draft(
        **{name: value for name, value in values.items() if value},
        round_min=low.strip(),
        round_max=(high or low).strip(),
        before=before.text,
        requirements=tuple(before.needs),
        rounds=rounds,
        after=after.text,
        not_asked=tuple(after.not_asked),
    )
    if draft.pay and not draft.pay_kind:
        draft = replace(draft, pay_kind=UNKNOWN)  # 不在词表里：检查会请人选一项
    return draft, problems


def _read_columns(body: str, problems: list[Problem]) -> dict[str, str]:
    """各栏填的字；同一个小标题出现几次时以第一个为准。"""
    labels = {column.label: column.field for column in COLUMNS}
    ends = {*labels, "自查"}
    texts: dict[str, list[str]] = {}
    current: list[str] = []
    for number, line in enumerate(body.split("\n"), 1):
        name = line[4:].strip() if line.startswith("### ") else ""
        if name not in ends:
            current.append(line)
        elif name in texts:
            message = f"小标题「### {name}」出现了不止一次：只留表单自己的那一个"
            problems.append(Problem(ISSUE, number, "E801", name, message))
            current.append(line)
        else:
            current = texts.setdefault(name, [])
    for name in labels:
        if name not in texts:
            message = f"缺少小标题「### {name}」：不要改动表单的小标题"
            problems.append(Problem(ISSUE, 1, "E801", name, message))
    values = {}
    chosen = {column.field for column in COLUMNS if column.terms}
    for name, key in labels.items():
        value = "\n".join(texts.get(name, [])).strip()
        values[key] = "" if value in (_EMPTY, _NOT_CHOSEN if key in chosen else "") else value
    return values


def _read_story(text: str, label: str, allowed: set[str], problems: list[Problem]) -> _Story:
    story = _Story()
    for line in text.split("\n"):
        _read_line(line.strip(), label, allowed, story, problems)
    return story


def _read_line(
    line: str, label: str, allowed: set[str], story: _Story, problems: list[Problem]
) -> None:
    match = _KEYED.fullmatch(line)
    if not line:
        return
    if match is None:
        story.paragraphs.append(line)
        return
    name, value = match[1], match[2].strip()
    if name not in allowed:
        message = f"「{line[:40]}」不该写在这里：能写的是 {'、'.join(sorted(allowed))} 与经过"
        problems.append(Problem(ISSUE, 1, "E802", label, message))
    elif name == "问了":
        story.asked.append(_read_asked(value, story.here))
    elif name == "没问":
        story.not_asked.append(_read_not_asked(value, story.here))
    elif name == "门槛":
        kind, told = _two(value)
        kinds = read_vocabulary()["requirement_kinds"].names
        story.needs.append(Need(kinds.get(kind, kind), told, story.here))
    elif name in story.values:
        message = f"「{name}」写了两次：只留一个"
        problems.append(Problem(ISSUE, 1, "E802", label, message))
    else:
        story.values[name] = value


def _read_asked(value: str, here: str) -> Mention:
    """`考点｜形式｜问了什么｜作答`；问了什么里有竖线时，最后一段仍是作答。"""
    words = read_vocabulary()
    parts = _BREAK.split(value)
    parts += [""] * (4 - len(parts))
    topic, form, *told, answered = parts
    return Mention(
        topic,
        words["forms"].names.get(form, form),
        "｜".join(told),
        words["answers"].names.get(answered, answered),
        here,
    )


def _read_not_asked(value: str, here: str) -> Mention:
    what, detail = _two(value)
    forms = read_vocabulary()["forms"].names
    if what in forms:
        return Mention("", forms[what], detail, "", here)
    return Mention(what, "", detail, "", here)


def _two(value: str) -> tuple[str, str]:
    """第一个竖线前后的两段。"""
    what, *rest = _BREAK.split(value, maxsplit=1)
    return what, rest[0] if rest else ""


def _read_rounds(text: str, problems: list[Problem]) -> tuple[RoundDraft, ...]:
    kinds = read_vocabulary()["round_kinds"].names
    allowed = {"面试官", "时长", "叫法", "备注", "问了", "没问"}
    rounds: list[RoundDraft] = []
    for index, kind, lines in _split_rounds(text, problems):
        story = _Story()
        for line in lines:
            _read_line(line, f"第 {index} 轮", allowed, story, problems)
        rounds.append(
            RoundDraft(
                index="" if index in ("?", "？", "几", "某") else index,
                name=story.values.get("叫法", ""),
                kind=kinds.get(kind, kind) or "unknown",
                interviewer_role=story.values.get("面试官", ""),
                minutes=story.values.get("时长", ""),
                story=story.text,
                asked=tuple(story.asked),
                not_asked=tuple(story.not_asked),
                notes=story.values.get("备注", ""),
            )
        )
    return tuple(rounds)


def _split_rounds(text: str, problems: list[Problem]) -> Iterator[tuple[str, str, list[str]]]:
    index, kind = "", ""
    lines: list[str] = []
    opened = False
    for line in (line.strip() for line in text.split("\n")):
        match = _ROUND.fullmatch(line)
        if match:
            if opened:
                yield index, kind, lines
            index, kind, lines, opened = match[1], match[2].strip(), [], True
        elif opened:
            lines.append(line)
        elif line:
            message = f"「{line[:40]}」在第一轮之前：每一轮以「第 1 轮：技术面」这样的一行开头"
            problems.append(Problem(ISSUE, 1, "E802", "各轮面试", message))
    if opened:
        yield index, kind, lines


def answer_issue(body: str, catalog: Catalog, today: str, repository: str) -> str:
    """给 issue 的回复：构建会报的问题与排版都在里面。repository 是「主人/仓库」。

    别人写的字只出现在围栏里：不会点名通知谁，也不会变成标记。
    """
    body = body.encode("utf-8", "replace").decode("utf-8")
    typed, problems = read_issue(body)
    draft = complete_draft(typed, catalog)
    problems += check_draft(draft, catalog, today)
    text = write_record(draft)
    name = f"{name_file(draft)}.md"
    problems += check_typography(f"{FOLDER}/{name}", text)
    parts = [
        MARK,
        "按 issue 里填的字整理的，没有改动你的话；还没有进仓库。",
        "",
        *_render_problems(problems),
    ]
    if CONTROL.search(text) or len(text.encode()) > MAX_BYTES:
        parts += ["文件里有读不进来的字符，先按上面的改；这里不附全文。"]
        return "\n".join(parts) + "\n"
    file = [f"### 文件：`{FOLDER}/{name}`", "", make_fence(text, "markdown"), ""]
    if company := write_company(draft):
        file += [f"新公司，还要在 `{COMPANIES}` 的末尾加上：", "", make_fence(company, "yaml"), ""]
    if sum(map(len, [*parts, *file])) > COMMENT_LIMIT:
        file = [
            "全文太长，放不进一条回复：请用站上的「贡献面经」表单，或直接在仓库里新建文件。",
            "",
        ]
    return "\n".join([*parts, *file, *_render_steps(repository, name, text)]) + "\n"


def _render_problems(problems: list[Problem]) -> list[str]:
    if not problems:
        return ["### 没有问题", ""]
    unique = sorted(set(problems), key=lambda p: (p.path != ISSUE, p))
    rows = [f"{p.code} {_place(p)}：{p.message}"[:_SHOWN_LENGTH] for p in unique]
    hidden = len(rows) - _SHOWN_PROBLEMS
    if hidden > 0:
        rows = [*rows[:_SHOWN_PROBLEMS], f"……还有 {hidden} 处"]
    return [
        f"### 还有 {len(unique)} 处要改",
        "",
        make_fence("\n".join(" ".join(row.split()) for row in rows), "text"),
        "",
        "在 issue 右上角的菜单里点 Edit 改好保存，这条回复会跟着更新。",
        "",
    ]


def _place(problem: Problem) -> str:
    """字段；与字段无关的说在整理好的哪一段的第几行。"""
    if problem.field:
        return problem.field
    if problem.path == COMPANIES:
        return f"公司那一段第 {problem.line} 行"
    return f"文件第 {problem.line} 行" if problem.line > 1 else "整个文件"


def _render_steps(repository: str, name: str, text: str) -> list[str]:
    folder = f"https://github.com/{repository}/new/main/{FOLDER}"
    short = f"{folder}?filename={quote_url(name, safe='')}"
    long = f"{short}&value={quote_url(text, safe='')}"
    then = (
        "点「Commit changes…」「Propose changes」「Create pull request」，PR 上会再跑同样的检查。"
    )
    if len(long) <= ADDRESS_LIMIT:
        return [f"[在编辑器里打开，文件名与内容都填好了]({long})，{then}"]
    return [
        f"先复制上面的全文（围栏右上角有按钮），再[打开编辑器]({short})粘贴：地址里放不下这么长的内容。{then}"
    ]


def make_fence(text: str, language: str) -> str:
    """围栏比里面最长的一串反引号还长；看不见的字符写成码位。"""
    shown = CONTROL.sub(lambda found: f"⟨U+{ord(found.group()):04X}⟩", text.rstrip("\n"))
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{language}\n{shown}\n{ticks}"
