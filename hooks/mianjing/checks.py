"""跨字段与跨文件的规则：一个函数一条规则，函数的说明就是规则；全部问题一次报出。"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath

from mianjing.claims import check_claims
from mianjing.diagrams import DIAGRAMS
from mianjing.fields import ANCHOR
from mianjing.markdown import DIAGRAM, open_fence, prose_lines
from mianjing.messages import say
from mianjing.model import (
    Asked,
    Catalog,
    Exercise,
    Experience,
    NotAsked,
    Provenance,
    Question,
    Topic,
)
from mianjing.problem import Problem, suggest
from mianjing.uncited import check_uncited
from mianjing.verdicts import Verdicts
from mianjing.vocabulary import UNKNOWN

TOPIC_SECTIONS = ("面试里怎么问", "直觉", "推导", "复杂度与数字", "手写代码", "追问与误区")
EXERCISE_SECTIONS = ("题目", "接口与形状", "边界", "提示")
QUESTION_SECTIONS = ("30 秒版", "2 分钟版", "推导或代码", "追问", "常见错误")

_ID_LINE = re.compile(r"^\{ ?#([^ }]+) ?\}$")
FILE_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def check_catalog(catalog: Catalog, today: str, verdicts: Verdicts) -> list[Problem]:
    """跑全部规则；today 是 `YYYY-MM-DD`，晚于它的日期就是未来。"""
    problems: list[Problem] = []
    for provenance in catalog.provenances.values():
        problems += check_retrieved(provenance, today)
    for experience in catalog.experiences.values():
        problems += check_experience(experience, catalog, today)
    problems += check_orders(catalog)
    for topic in catalog.topics.values():
        problems += check_prerequisites(topic, catalog)
        problems += check_chapter(topic, catalog)
        problems += _recall_text(topic, verdicts)
    problems += check_ranks(catalog)
    problems += check_shared_keys(catalog)
    for question in catalog.questions.values():
        problems += check_question_topic(question, catalog)
        problems += _recall_text(question, verdicts)
    for exercise in catalog.exercises.values():
        problems += check_exercise(exercise, catalog)
        problems += _recall_text(exercise, verdicts)
    problems += check_derivations(catalog)
    problems += check_claims(catalog, verdicts)
    problems += check_errata(catalog, today)
    return problems


def check_text(page: Topic | Question | Exercise) -> Iterator[Problem]:
    """一页正文自己的规则：只看它的文字。"""
    match page:
        case Topic():
            yield from check_sections(page, TOPIC_SECTIONS)
        case Question():
            yield from check_sections(page, QUESTION_SECTIONS)
        case Exercise():
            yield from check_sections(page, EXERCISE_SECTIONS)
    if not isinstance(page, Exercise):
        yield from check_diagrams(page)
        yield from check_uncited(page)
    yield from check_body(page.path, page.body, page.body_line)


def _recall_text(page: Topic | Question | Exercise, verdicts: Verdicts) -> list[Problem]:
    parts = ("body", page.path, page.body, page.body_line)
    return verdicts.recall(parts, partial(check_text, page))


def check_experience(experience: Experience, catalog: Catalog, today: str) -> Iterator[Problem]:
    """一篇面经自己的全部规则；catalog 里可以还没有它。"""
    yield from check_company(experience, catalog)
    yield from check_source(experience, catalog)
    yield from check_period(experience, today[:7])
    yield from check_round_count(experience)
    yield from check_round_order(experience)
    yield from check_asked(experience, catalog)
    yield from check_anchors(experience)
    yield from check_experience_name(experience)
    yield from check_body(experience.path, experience.body, experience.body_line)


def check_company(experience: Experience, catalog: Catalog) -> Iterator[Problem]:
    """company 是公司表里的键；写成公司名或别名时给出键。"""
    value = experience.company
    if not value or value in catalog.companies:
        return
    by_name = {
        name: company.key
        for company in catalog.companies.values()
        for name in (company.name, *company.aliases)
    }
    if value in by_name:
        hint = f"应写「{by_name[value]}」"
    else:
        hint = suggest(value, catalog.companies, by_name)
        hint += "；新公司请先加进 docs/experiences/companies.yml"
    yield _problem(experience, "company", "E201", f"「{value}」不在公司表中，{hint}")


def check_source(experience: Experience, catalog: Catalog) -> Iterator[Problem]:
    """source 是出处表里的键。"""
    if experience.source and experience.source not in catalog.provenances:
        hint = suggest(experience.source, catalog.provenances)
        message = f"「{experience.source}」不在出处表 docs/experiences/sources.yml 中，{hint}"
        yield _problem(experience, "source", "E202", message)


def check_retrieved(provenance: Provenance, today: str) -> Iterator[Problem]:
    """取得日期不在未来。"""
    if provenance.retrieved and provenance.retrieved > today:
        message = f"「{provenance.retrieved}」在未来：请检查日期"
        yield _problem(provenance, f"{provenance.key}.retrieved", "E203", message)


def check_period(experience: Experience, this_month: str) -> Iterator[Problem]:
    """时间不倒置、不在未来；有一端就要说明精度，两端都不知道精度就是 unknown。"""
    period = experience.period
    for field, month in (("period.from", period.start), ("period.to", period.end)):
        if month and month > this_month:
            yield _problem(experience, field, "E203", say("future", value=month))
    if period.start and period.end and period.start > period.end:
        message = say("period_order", start=period.start, end=period.end)
        yield _problem(experience, "period.to", "E203", message)
    known = bool(period.start or period.end)
    if known == (period.precision == UNKNOWN):
        message = "写了月份就写 stated 或 inferred；两端都不知道才写 unknown"
        yield _problem(experience, "period.precision", "E203", message)


def check_round_count(experience: Experience) -> Iterator[Problem]:
    """round_count 的 min 不大于 max。"""
    low, high = experience.rounds_min, experience.rounds_max
    if low is not None and high is not None and low > high:
        message = say("round_count", low=low, high=high)
        yield _problem(experience, "round_count", "E204", message)


def check_round_order(experience: Experience) -> Iterator[Problem]:
    """轮次按时间写：编号递增，不重叠，不超过 round_count.max。"""
    last = 0
    for i, one in enumerate(experience.rounds, 1):
        if not one.index or one.index == UNKNOWN:
            continue
        low, _, high = one.index.partition("-")
        start, end = int(low), int(high or low)
        if start <= last or end < start:
            message = say("round_order", index=one.index)
            yield _problem(experience, f"rounds[{i}].index", "E205", message)
        if experience.rounds_max is not None and end > experience.rounds_max:
            message = say("round_over", index=one.index, max=experience.rounds_max)
            yield _problem(experience, f"rounds[{i}].index", "E205", message)
        last = max(last, end)


def check_asked(experience: Experience, catalog: Catalog) -> Iterator[Problem]:
    """asked 与 not_asked 的考点、题目都存在；同一考点与形式不能既问了又没问。"""
    asked_pairs = {(asked.topic, asked.form) for _, asked in experience.asked}
    for field, item in _items(experience):
        if item.topic and item.topic != UNKNOWN and item.topic not in catalog.topics:
            message = _topic_hint(item.topic, catalog, UNKNOWN)
            yield _problem(experience, f"{field}.topic", "E206", message)
        if isinstance(item, Asked):
            if item.question and item.question not in catalog.questions:
                hint = suggest(item.question, catalog.questions)
                message = f"题库里没有「{item.question}」，{hint}"
                yield _problem(experience, f"{field}.question", "E206", message)
        elif (item.topic or item.form) and any(
            (item.topic is None or item.topic == topic) and (item.form is None or item.form == form)
            for topic, form in asked_pairs
        ):
            message = say("asked_twice")
            yield _problem(experience, field, "E207", message)


def check_anchors(experience: Experience) -> Iterator[Problem]:
    """每个 anchor 在正文里有一段（段后单独一行 `{ #id }`），id 合法且不重复。"""
    found: dict[str, int] = {}
    lines = ["", *experience.body.split("\n"), ""]
    for number, line in prose_lines(experience.body, experience.body_line):
        match = _ID_LINE.match(line)
        if not match:
            continue
        anchor = match.group(1)
        if not ANCHOR.fullmatch(anchor):
            message = f"「{anchor}」应是小写字母、数字与连字符"
            yield Problem(experience.path, number, "E208", "", message)
            continue
        place = number - experience.body_line + 1
        if not lines[place - 1].strip() or lines[place + 1].strip():
            message = f"id「{anchor}」要紧跟在段落最后一行之下，其后空一行"
            yield Problem(experience.path, number, "E208", "", message)
        if anchor in found:
            message = f"id「{anchor}」重复，前一个在第 {found[anchor]} 行：换一个"
            yield Problem(experience.path, number, "E208", "", message)
        found.setdefault(anchor, number)
    places = [(f"{field}.anchor", item.anchor) for field, item in _items(experience)]
    places += [
        (f"requirements[{i}].anchor", item.anchor)
        for i, item in enumerate(experience.requirements, 1)
    ]
    for field, anchor in places:
        if anchor and anchor not in found:
            message = say("anchor", anchor=anchor)
            hint = f"；{suggest(anchor, found)}" if found else ""
            yield _problem(experience, field, "E208", message + hint)


def check_experience_name(experience: Experience) -> Iterator[Problem]:
    """文件名是 `<公司>-<年份>[-n].md`，公司与起始年份同字段一致。"""
    match = re.fullmatch(r"(.+?)-(\d{4})(?:-([2-9]|[1-9]\d))?", experience.key)
    shape = f"{experience.company or '公司'}-{(experience.period.start or '年份')[:4]}.md"
    if not match:
        message = say("file_shape", name=f"{experience.key}.md", shape=shape)
        yield Problem(experience.path, 1, "E301", "", message)
        return
    company, year, _ = match.groups()
    if experience.company and company != experience.company:
        message = f"文件名里的公司「{company}」与字段 company「{experience.company}」不一致"
        yield Problem(experience.path, 1, "E301", "", f"{message}，应是 {shape}")
    if experience.period.start and year != experience.period.start[:4]:
        message = f"文件名里的年份「{year}」与 period.from「{experience.period.start}」不一致"
        yield Problem(experience.path, 1, "E301", "", f"{message}，应是 {shape}")


def check_orders(catalog: Catalog) -> Iterator[Problem]:
    """同一出处里 order 不重复。"""
    seen: dict[tuple[str, int], str] = {}
    for experience in catalog.experiences.values():
        if experience.order is None:
            continue
        key = (experience.source, experience.order)
        if key in seen:
            message = f"出处「{key[0]}」的第 {key[1]} 家已是 {seen[key]}：换一个序号"
            yield _problem(experience, "order", "E209", message)
        seen.setdefault(key, experience.path)


def check_shared_keys(catalog: Catalog) -> Iterator[Problem]:
    """公司与考点的键不相同：「面试前 30 分钟」的地址 `/brief/<键>/` 两者共用。"""
    for key, topic in catalog.topics.items():
        if key in catalog.companies:
            message = f"考点「{key}」与公司表里的键相同：换一个，它们共用 /brief/ 下的地址"
            yield Problem(topic.path, 1, "E209", "", message)


def check_prerequisites(topic: Topic, catalog: Catalog) -> Iterator[Problem]:
    """prerequisites 里的考点存在，且不是自己。"""
    for key in topic.prerequisites:
        if key == topic.key:
            yield _problem(topic, "prerequisites", "E206", f"「{key}」就是这一页：删掉它")
        elif key not in catalog.topics:
            yield _problem(topic, "prerequisites", "E206", _topic_hint(key, catalog))


def check_chapter(topic: Topic, catalog: Catalog) -> Iterator[Problem]:
    """分章属于一个自成考点的考点，自己不再有排序。"""
    if topic.part_of is None:
        return
    main = catalog.topics.get(topic.part_of)
    if main is None:
        yield _problem(topic, "part_of", "E206", _topic_hint(topic.part_of, catalog))
    elif main.part_of is not None or main is topic:
        message = f"「{topic.part_of}」自己也是分章：写它所属的考点"
        yield _problem(topic, "part_of", "E206", message)
    if topic.rank is not None:
        yield _problem(topic, "rank", "E209", "分章不写 rank：排序属于考点")


def check_diagrams(page: Topic | Question) -> Iterator[Problem]:
    """正文里的图都画得出来，而且有替代文字。"""
    for number, line in prose_lines(page.body, page.body_line):
        for alt, name in DIAGRAM.findall(line):
            if name not in DIAGRAMS:
                message = f"没有叫「{name}」的图，{suggest(name, DIAGRAMS)}"
                yield Problem(page.path, number, "E405", "", message)
            if len(alt) < 10:
                message = f"图「{name}」的替代文字太短：写出图里说的事，至少十个字"
                yield Problem(page.path, number, "E405", "", message)


def check_ranks(catalog: Catalog) -> Iterator[Problem]:
    """rank 不重复，从 1 连续。"""
    seen: dict[int, str] = {}
    ranked = [topic for topic in catalog.topics.values() if topic.rank is not None]
    for topic in ranked:
        rank = topic.rank or 0
        if rank in seen:
            message = f"「{rank}」已是 {seen[rank]} 的排序：换一个"
            yield _problem(topic, "rank", "E209", message)
        elif rank > len(ranked):
            message = f"「{rank}」大于有排序的考点数 {len(ranked)}：从 1 连续编号"
            yield _problem(topic, "rank", "E209", message)
        seen.setdefault(rank, topic.path)


def check_question_topic(question: Question, catalog: Catalog) -> Iterator[Problem]:
    """题目的 topic 存在。"""
    if question.topic and question.topic not in catalog.topics:
        yield _problem(question, "topic", "E206", _topic_hint(question.topic, catalog))


def check_exercise(exercise: Exercise, catalog: Catalog) -> Iterator[Problem]:
    """手写题的考点与题目都存在。"""
    if exercise.topic and exercise.topic not in catalog.topics:
        yield _problem(exercise, "topic", "E206", _topic_hint(exercise.topic, catalog))
    for key in exercise.questions:
        if key not in catalog.questions:
            message = f"没有题目「{key}」{suggest(key, catalog.questions)}"
            yield _problem(exercise, "questions", "E206", message)


def check_derivations(catalog: Catalog) -> Iterator[Problem]:
    """推导的 topics 存在。"""
    for derivation in catalog.derivations.values():
        for key in derivation.topics:
            if key not in catalog.topics:
                message = _topic_hint(key, catalog)
                yield Problem(derivation.path, 1, "E206", "mianjing.topics", message)


def check_errata(catalog: Catalog, today: str) -> Iterator[Problem]:
    """勘误指向真有的一页；日期写明、不倒置、不在未来。"""
    known = {
        *(
            page.path
            for records in (catalog.topics, catalog.questions)
            for page in records.values()
        ),
        *(experience.path for experience in catalog.experiences.values()),
        *(f"docs/notebooks/{key}.ipynb" for key in catalog.derivations),
        *(f"docs/{path}" for path in catalog.pages),
    }
    for one in catalog.errata.values():
        if f"docs/{one.page}" not in known:
            message = f"没有「{one.page}」这一页：写 docs 内的路径，如 topics/data.md"
            yield Problem(one.path, one.line, "E206", f"{one.key}.page", message)
        if not one.since or not one.fixed or not one.since <= one.fixed <= today:
            message = f"「{one.since}」到「{one.fixed}」：两个日期都要写，先错后改，不在未来"
            yield Problem(one.path, one.line, "E203", f"{one.key}.fixed", message)


def check_sections(
    page: Topic | Question | Exercise, expected: tuple[str, ...]
) -> Iterator[Problem]:
    """二级标题恰好是规定的几节，各一次，次序不变。"""
    found = [
        (number, line[3:].strip())
        for number, line in prose_lines(page.body, page.body_line)
        if line.startswith("## ")
    ]
    names = [name for _, name in found]
    for number, name in found:
        if name not in expected:
            message = f"不认识的节「{name}」，{suggest(name, expected)}"
            yield Problem(page.path, number, "E401", "", message)
    for i, (number, name) in enumerate(found):
        if name in expected and name in names[:i]:
            message = f"「## {name}」重复，前一个在第 {found[names.index(name)][0]} 行：并成一节"
            yield Problem(page.path, number, "E401", "", message)
    for name in expected:
        if name not in names:
            yield Problem(page.path, page.body_line, "E401", "", f"缺少「## {name}」一节")
    if sorted(names) == sorted(expected) and names != list(expected):
        message = f"各节次序应是：{'、'.join(expected)}"
        yield Problem(page.path, found[0][0], "E401", "", message)


def check_body(path: str, body: str, first_line: int) -> Iterator[Problem]:
    """正文不写一级标题（标题来自 title），标题里不写公式，代码围栏要闭合。"""
    for number, line in prose_lines(body, first_line):
        if re.match(r"#(?!#)", line):
            yield Problem(path, number, "E402", "", "正文不写一级标题：标题来自 title 字段")
        if re.match(r"#{2,6} .*\$", line):
            yield Problem(path, number, "E402", "", "标题里不写公式：目录与搜索显示不了")
        if line.startswith(("<<<<<<< ", ">>>>>>> ")) or line == "=======":
            message = f"「{line[:20]}」是合并冲突的记号：选定一边，删掉记号"
            yield Problem(path, number, "E402", "", message)
    opened = open_fence(body)
    if opened is not None:
        yield Problem(path, first_line + opened, "E402", "", "代码围栏没有闭合：补上 ```")


def check_file_name(path: str) -> Iterator[Problem]:
    """文件名与目录名是小写 ASCII 的 kebab-case。"""
    pure = PurePosixPath(path)
    for part in (*pure.parts[1:-1], pure.stem):
        if not FILE_NAME.fullmatch(part):
            message = f"「{part}」应是小写字母、数字与连字符，如 moonshot-2023"
            yield Problem(path, 1, "E302", "", message)


def _problem(
    page: Experience | Topic | Question | Exercise | Provenance, field: str, code: str, text: str
) -> Problem:
    line = page.lines.get(field) or page.lines.get(field.rpartition(".")[0]) or 1
    return Problem(page.path, line, code, field, text)


def _items(experience: Experience) -> Iterator[tuple[str, Asked | NotAsked]]:
    for i, one in enumerate(experience.rounds, 1):
        for j, asked in enumerate(one.asked, 1):
            yield f"rounds[{i}].asked[{j}]", asked
        for j, absent in enumerate(one.not_asked, 1):
            yield f"rounds[{i}].not_asked[{j}]", absent
    for j, absent in enumerate(experience.not_asked, 1):
        yield f"not_asked[{j}]", absent


def _topic_hint(value: str, catalog: Catalog, *others: str) -> str:
    by_name = {
        name: topic.key
        for topic in catalog.topics.values()
        for name in (topic.title, *topic.aliases)
    }
    if value in by_name:
        return f"「{value}」不是考点的键，应写「{by_name[value]}」"
    hint = suggest(value, [*catalog.topics, *others], by_name)
    return say("topic", value=value, hint=hint)
