"""第一份文字稿的 24 家：下面的表是人读着文字稿打出来的，记录要与它一致。

表里没有的就是文字稿没说的；「恰好」的意思是多一家、少一家都算错。
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from mianjing.catalog import count_outcomes, count_stages
from mianjing.model import Asked, Experience

from tests.site_library import read_site_library

ROOT = Path(__file__).resolve().parents[2]
SOURCE = "writeup-24"
MANY = None
"""轮数的上限或下限没有说。"""

ROWS = [
    # 次序、公司、结果、最远到达、轮数（至少，至多）
    (1, "智元机器人", "rejected", "technical", (1, MANY)),
    (2, "面壁智能", "offer", "offer", (2, 2)),
    (3, "光年之外", "resume-rejected", "resume", (0, 0)),
    (4, "北京智源研究院", "broken-off", "technical", (3, 4)),
    (5, "360", "resume-rejected", "resume", (0, 0)),
    (6, "MiniMax", "oral-offer-declined", "offer", (4, MANY)),
    (7, "昆仑万维", "offer", "offer", (MANY, MANY)),
    (8, "云从科技", "rejected", "technical", (2, 2)),
    (9, "阿里夸克", "offer", "offer", (4, 4)),
    (10, "衔远", "offer-declined", "offer", (3, 3)),
    (11, "潞晨科技", "rejected", "technical", (2, 2)),
    (12, "蚂蚁", "offer", "offer", (3, 3)),
    (13, "腾讯", "resume-rejected", "resume", (0, 0)),
    (14, "小红书", "resume-rejected", "resume", (0, 0)),
    (15, "商汤", "rejected", "technical", (2, 2)),
    (16, "百川智能", "rejected", "technical", (2, 2)),
    (17, "百度文心", "offer", "offer", (2, MANY)),
    (18, "科大讯飞", "rejected", "hr-screen", (0, 0)),
    (19, "IDEA 研究院", "rejected", "technical", (1, 1)),
    (20, "好未来", "offer-declined", "offer", (MANY, MANY)),
    (21, "零一万物", "rejected", "technical", (2, 2)),
    (22, "月之暗面", "rejected", "technical", (1, 1)),
    (23, "阿里达摩院", "offer", "offer", (3, 3)),
    (24, "边塞科技", "rejected", "technical", (2, 2)),
]


def records() -> dict[str, Experience]:
    """公司名 → 这份文字稿里的那一条，按文字稿的次序。"""
    catalog, _ = read_site_library()
    found = [e for e in catalog.experiences.values() if e.source == SOURCE]
    found.sort(key=lambda e: e.order or 0)
    return {catalog.companies[e.company].name: e for e in found}


def asking(topic: str = "", form: str = "") -> set[str]:
    """问过这个考点、这种形式的公司；空串表示不限。"""
    return {
        company
        for company, record in records().items()
        for _, asked in record.asked
        if topic in ("", asked.topic) and form in ("", asked.form)
    }


def items(company: str, topic: str = "", form: str = "") -> list[Asked]:
    return [
        asked
        for _, asked in records()[company].asked
        if topic in ("", asked.topic) and form in ("", asked.form)
    ]


def test_the_records_have_no_problems() -> None:
    assert [str(p) for p in read_site_library()[1] if p.path.startswith("docs/experiences/")] == []


def test_there_are_24_in_order() -> None:
    assert [(e.order, company) for company, e in records().items()] == [
        (order, company) for order, company, *_ in ROWS
    ]


@pytest.mark.parametrize(("order", "company", "outcome", "stage", "rounds"), ROWS)
def test_outcome_stage_and_rounds(
    order: int, company: str, outcome: str, stage: str, rounds: tuple[int | None, int | None]
) -> None:
    record = records()[company]
    assert (record.order, record.outcome, record.stage_reached) == (order, outcome, stage)
    assert (record.rounds_min, record.rounds_max) == rounds


def test_counts_of_outcomes() -> None:
    """6 家 offer，3 家没有接受（一家是口头的），1 家中断，10 家拒，4 家简历拒。"""
    assert Counter(e.outcome for e in records().values()) == {
        "offer": 6,
        "offer-declined": 2,
        "oral-offer-declined": 1,
        "broken-off": 1,
        "rejected": 10,
        "resume-rejected": 4,
    }


def test_five_ended_before_any_technical_interview() -> None:
    stages = Counter(e.stage_reached for e in records().values())
    assert stages == {"resume": 4, "hr-screen": 1, "technical": 10, "offer": 9}
    before = [e for e in records().values() if e.stage_reached in ("resume", "hr-screen")]
    assert len(before) == 5
    assert all(not e.rounds and (e.rounds_min, e.rounds_max) == (0, 0) for e in before)


def test_the_site_counts_the_same() -> None:
    """首页与索引页的数由 count_* 算出；全站只有这一份出处时，与上面相等。"""
    catalog, _ = read_site_library()
    if len(records()) == len(catalog.experiences):
        assert sum(count_outcomes(catalog).values()) == sum(count_stages(catalog).values()) == 24
        assert count_outcomes(catalog)["rejected"] == 10
        assert count_stages(catalog)["hr-screen"] == 1


LEETCODE = {"MiniMax", "阿里夸克", "商汤", "好未来", "零一万物", "月之暗面", "阿里达摩院"}


@pytest.mark.parametrize(
    ("topic", "form", "companies"),
    [
        ("", "leetcode", LEETCODE),
        ("algorithms", "", LEETCODE),
        ("", "coding", {"阿里达摩院"}),
        ("", "handwriting", {"MiniMax", "商汤"}),
        ("multi-head-attention", "handwriting", {"MiniMax", "商汤"}),
        ("multi-head-attention", "concept", {"智元机器人"}),
        ("multimodal-rlhf", "", {"边塞科技"}),
        ("", "probability", {"阿里夸克"}),
        ("", "brain-teaser", {"阿里夸克"}),
        ("probability", "", {"阿里夸克"}),
        ("operating-systems", "", {"阿里夸克"}),
        ("recsys", "", {"阿里夸克", "零一万物"}),
        ("frameworks", "", {"潞晨科技", "月之暗面", "云从科技", "阿里夸克"}),
        ("collectives", "", {"月之暗面"}),
        ("cuda", "", {"月之暗面"}),
        ("data", "", {"百度文心"}),
        ("normalization", "", set()),
        ("evaluation", "", set()),
        (
            "models",
            "",
            {"智元机器人", "面壁智能", "阿里夸克", "百度文心", "月之暗面"},
        ),
        (
            "training",
            "",
            {"面壁智能", "昆仑万维", "云从科技", "阿里夸克", "百度文心", "月之暗面"},
        ),
        ("projects", "", {"智元机器人", "面壁智能", "云从科技", "阿里夸克", "蚂蚁"}),
        ("", "project", {"智元机器人", "面壁智能", "云从科技", "阿里夸克", "蚂蚁"}),
    ],
)
def test_who_asked_exactly(topic: str, form: str, companies: set[str]) -> None:
    assert asking(topic, form) == companies


def test_nothing_else_was_asked() -> None:
    """上表之外没有别的考点。"""
    topics = {asked.topic for e in records().values() for _, asked in e.asked}
    assert topics == {
        "algorithms",
        "collectives",
        "cuda",
        "data",
        "frameworks",
        "models",
        "multi-head-attention",
        "multimodal-rlhf",
        "operating-systems",
        "probability",
        "projects",
        "recsys",
        "training",
        "unknown",
    }


def test_frameworks_or_collectives_exactly() -> None:
    assert asking("frameworks") | asking("collectives") == {
        "潞晨科技",
        "月之暗面",
        "云从科技",
        "阿里夸克",
    }


def test_nobody_said_what_was_asked_in_some_rounds() -> None:
    """这些公司的面试问了什么，文字稿没有说；其中百川、IDEA 与衔远没有一项。"""
    silent = {company for company, e in records().items() if not e.asked}
    assert silent == {
        "光年之外",
        "北京智源研究院",
        "360",
        "衔远",
        "腾讯",
        "小红书",
        "百川智能",
        "科大讯飞",
        "IDEA 研究院",
    }


def test_stated_absent_exactly() -> None:
    """昆仑万维说没有 LeetCode；百度文心说没有「明确环节」，保留这个说法。"""
    absent = {
        company: [(n.topic, n.form, n.detail) for n in e.all_not_asked]
        for company, e in records().items()
        if e.all_not_asked
    }
    assert absent == {
        "昆仑万维": [(None, "leetcode", "")],
        "百度文心": [(None, "leetcode", "无明确环节")],
    }


def test_what_the_candidate_could_not_answer() -> None:
    """只有文字稿说「不会」「未答出」「未写出」的四家五处记为没答出，此外都是未提及。"""
    answered = {
        (company, asked.topic, asked.answered)
        for company, e in records().items()
        for _, asked in e.asked
        if asked.answered != "unknown"
    }
    assert answered == {
        ("阿里夸克", "operating-systems", "no"),
        ("好未来", "algorithms", "no"),
        ("零一万物", "algorithms", "no"),
        ("月之暗面", "collectives", "no"),
        ("月之暗面", "algorithms", "no"),
    }


def test_the_first_leetcode_round_of_lingyiwanwu_is_not_marked_failed() -> None:
    """一面「回答尚可」，只有二面较难的那道没答出。"""
    assert [asked.answered for asked in items("零一万物", form="leetcode")] == ["unknown", "no"]


@pytest.mark.parametrize(
    ("company", "words"),
    [
        ("智元机器人", ["简历", "MHA", "复杂度", "BERT", "GPT"]),
        ("面壁智能", ["训练", "Transformer", "经历"]),
        ("MiniMax", ["LeetCode", "手写 MHA", "浅"]),
        ("昆仑万维", ["参数规模", "训练流程"]),
        ("云从科技", ["模型端", "框架端", "研究"]),
        ("阿里夸克", ["Transformer", "训练", "分布式", "loss spike", "搜广推", "概率", "操作系统"]),
        ("潞晨科技", ["切分", "FlashAttention", "应用端"]),
        ("蚂蚁", ["大模型", "搜广推", "前后端"]),
        ("百度文心", ["数据处理", "Transformer", "训练"]),
        ("好未来", ["简单题", "模型相关"]),
        ("零一万物", ["推荐系统", "较难"]),
        ("月之暗面", ["训练基础", "Transformer 架构", "切分", "通信", "ring-reduce", "CUDA", "难"]),
        ("阿里达摩院", ["浅", "愿景", "市场", "coding"]),
        ("边塞科技", ["RLHF"]),
    ],
)
def test_what_was_asked_is_not_lost(company: str, words: list[str]) -> None:
    said = "；".join(asked.detail for asked in items(company))
    assert [word for word in words if word not in said] == []


def test_topics_and_forms_of_one_round_stay_together() -> None:
    """商汤一面既有 LeetCode 又手写 MHA；阿里夸克四面是交叉面，问四样。"""
    first = records()["商汤"].rounds[0]
    assert {(a.topic, a.form) for a in first.asked} == {
        ("algorithms", "leetcode"),
        ("multi-head-attention", "handwriting"),
    }
    fourth = records()["阿里夸克"].rounds[-1]
    assert (fourth.index, fourth.kind) == ("4", "cross")
    assert {(a.topic, a.form) for a in fourth.asked} == {
        ("recsys", "concept"),
        ("probability", "probability"),
        ("probability", "brain-teaser"),
        ("operating-systems", "concept"),
    }


def test_requirements_exactly() -> None:
    stated = {
        company: [r.kind for r in e.requirements]
        for company, e in records().items()
        if e.requirements
    }
    assert stated == {
        "360": ["level"],
        "腾讯": ["degree"],
        "小红书": ["degree"],
        "百川智能": ["years"],
    }
    assert "P8" in records()["360"].requirements[0].value
    assert "博士" in records()["腾讯"].requirements[0].value
    assert "博士" in records()["小红书"].requirements[0].value
    assert "3 年" in records()["百川智能"].requirements[0].value


def test_channels_exactly() -> None:
    """只有四处说到猎头与这次面试有关；昆仑万维的猎头只谈待遇，小红书只说岗位「同腾讯」。"""
    channels = {company: e.channel for company, e in records().items() if e.channel != "unknown"}
    assert channels == dict.fromkeys(["光年之外", "360", "腾讯", "百川智能"], "headhunter")


def test_periods() -> None:
    """只有光年之外写明 2023 年 3 月；其余由全文推断，不写得更细。"""
    for company, record in records().items():
        period = (record.period.start, record.period.end, record.period.precision)
        if company == "光年之外":
            assert period == ("2023-03", "2023-03", "stated")
        else:
            assert period == ("2023-03", "2023-09", "inferred")


def test_minutes_exactly() -> None:
    minutes = {
        (company, one.name or one.index): one.minutes
        for company, e in records().items()
        for one in e.rounds
        if one.minutes
    }
    assert minutes == {("MiniMax", "主管面"): "20", ("云从科技", "2"): "120+"}


def test_roles_and_teams_exactly() -> None:
    """岗位与团队只在说到的几家写；未提及的不猜。"""
    roles = {company for company, e in records().items() if e.role}
    assert roles == {"MiniMax", "衔远", "百度文心", "好未来"}
    assert "框架" in (records()["MiniMax"].role or "")
    assert "框架" in (records()["衔远"].role or "")
    assert "数学" in (records()["好未来"].role or "")
    teams = {company: e.team for company, e in records().items() if e.team}
    assert set(teams) == {"蚂蚁", "阿里达摩院"}
    assert teams["阿里达摩院"] == "新达摩"


def test_pay_is_an_impression_and_only_where_stated() -> None:
    """六家说到薪资；好未来说没有谈，不写。没有任何数字。"""
    pay = {company: e.pay for company, e in records().items() if e.pay}
    assert {company: one.kind for company, one in pay.items()} == {
        "面壁智能": "impression",
        "MiniMax": "impression",
        "昆仑万维": "impression",
        "衔远": "impression",
        "蚂蚁": "structure",
        "百度文心": "impression",
    }
    assert not any(character.isdigit() for one in pay.values() for character in one.text)
    assert "签字费" in pay["蚂蚁"].text


def test_public_figures_only_where_the_text_names_them() -> None:
    """文字稿点名的公众人物恰好这些，其余面试官只写角色。"""
    named = {
        (company, name)
        for company, e in records().items()
        for one in e.rounds
        for name in ("稚晖君", "周伯文", "徐鹏", "Kaiming", "行癫")
        if name in (one.interviewer_role or "")
    }
    assert named == {
        ("智元机器人", "稚晖君"),
        ("衔远", "周伯文"),
        ("蚂蚁", "徐鹏"),
        ("月之暗面", "Kaiming"),
        ("阿里达摩院", "行癫"),
    }


def test_reasons_are_given_where_the_text_gives_them() -> None:
    reasons = {company for company, e in records().items() if e.reason}
    assert reasons <= {
        "北京智源研究院",
        "360",
        "MiniMax",
        "衔远",
        "腾讯",
        "小红书",
        "百川智能",
        "科大讯飞",
        "好未来",
        "边塞科技",
        "阿里达摩院",
    }
    assert reasons >= {"北京智源研究院", "360", "腾讯", "小红书", "百川智能", "科大讯飞"}
    assert "合肥" in (records()["科大讯飞"].reason or "")
    assert "委婉" in (records()["百川智能"].reason or "")


def test_companies() -> None:
    """类型是本站的分类：文字稿能作证的只有几家；每家都有类型，名字不重复。"""
    catalog, _ = read_site_library()
    kinds = {
        catalog.companies[e.company].name: catalog.companies[e.company].kind
        for e in records().values()
    }
    assert len(kinds) == 24
    assert "unknown" not in kinds.values()
    assert {kinds["北京智源研究院"], kinds["IDEA 研究院"], kinds["阿里达摩院"]} == {"institute"}
    assert kinds["MiniMax"] == "startup"
    assert catalog.companies["luchen"].name == "潞晨科技"
    for company, alias in {
        "智元机器人": "Agibot",
        "MiniMax": "Minimax",
        "潞晨科技": "Colossal-AI",
        "月之暗面": "Moonshot",
        "阿里达摩院": "新达摩",
    }.items():
        assert alias in catalog.companies[records()[company].company].aliases


def test_the_provenance_shows_the_discrepancy() -> None:
    """标题写 2024，正文支持的是 2023；作者、地址、许可都未提及，不编造。"""
    source = read_site_library()[0].provenances[SOURCE]
    assert "2024" in source.title
    assert "2023" in source.note
    assert (source.author, source.url, source.licence) == (None, None, None)


def test_every_record_says_where_it_comes_from_and_nothing_of_a_contributor() -> None:
    for record in records().values():
        assert record.contributed_by is None
        assert record.body.strip().startswith("## ")
