"""公开的数据长什么样：每种记录一张字段表。Schema、CSV 的列与数据页的说明都由它渲染。

改这里就是改公开的格式：加字段、加词表的项升 VERSION 的次版本，改名、删除、改含义升主版本。
"""

from __future__ import annotations

from dataclasses import dataclass

VERSION = "1.0"


@dataclass(frozen=True)
class Field:
    """一个字段。"""

    name: str
    kind: str
    """`text`、`markdown`、`key`、`url`、`integer`、`month`、`day`、`terms`（词表里的键）、
    `object`、`map`（文本 → 文本）。"""
    about: str
    terms: str = ""
    """kind 为 `terms` 时，词表的名字。"""
    many: bool = False
    """是一列而不是一个。"""
    unknown: bool = False
    """原文未提及时写 `unknown`。"""
    nullable: bool = False
    """不适用时写 null。"""
    fields: tuple[Field, ...] = ()
    """kind 为 `object` 时，里面的字段。"""


_SOURCES = Field(
    "sources",
    "object",
    "来源",
    many=True,
    fields=(
        Field("title", "text", "来源的题目"),
        Field("url", "url", "来源的地址"),
        Field("where", "text", "在来源的哪里；没有写明为空"),
    ),
)
_ANCHOR = Field("anchor", "key", "说到此事的那一段：页面地址后面加 # 与它")
_KEY = Field("key", "key", "稳定的标识，与页面地址的最后一段相同")
_URL = Field("url", "url", "页面的地址")
_ALIASES = Field("aliases", "text", "别名，只供搜索", many=True)
_LEVEL = Field("level", "terms", "难度", terms="levels")
_ASKED_BY = Field("asked_by", "key", "问过的面经，由记录推出；空不表示没有人问", many=True)

_ASKED = Field(
    "asked",
    "object",
    "原文说问了的，按次序；空不表示没有问",
    many=True,
    fields=(
        Field("topic", "key", "考点的键", unknown=True),
        Field("form", "terms", "考查的形式", terms="forms"),
        Field("detail", "text", "问了什么，本站的话；没有更细的内容为空"),
        Field("question", "key", "题库里对应的题", nullable=True),
        Field("answered", "terms", "候选人答得怎样", terms="answers"),
        _ANCHOR,
    ),
)
_NOT_ASKED = Field(
    "not_asked",
    "object",
    "原文明说没有问的；没写进来的是未提及",
    many=True,
    fields=(
        Field("topic", "key", "考点的键；只说了形式时为 null", nullable=True),
        Field("form", "terms", "形式；只说了考点时为 null", terms="forms", nullable=True),
        Field("detail", "text", "原文的说法有保留时写在这里，没有为空"),
        _ANCHOR,
    ),
)

EXPERIENCES = (
    _KEY,
    _URL,
    Field("title", "text", "页面的题目"),
    Field("company", "key", "公司的键"),
    Field("company_name", "text", "公司的名称"),
    Field("company_kind", "terms", "公司的类型，本站的分类", terms="company_kinds"),
    Field("team", "text", "团队，只在公开时有", unknown=True),
    Field(
        "period",
        "object",
        "面试的时间",
        fields=(
            Field("from", "month", "从哪个月", unknown=True),
            Field("to", "month", "到哪个月", unknown=True),
            Field("precision", "terms", "时间从何得知", terms="precisions"),
        ),
    ),
    Field("order", "integer", "在同一出处里的先后", nullable=True),
    Field("role", "text", "岗位", unknown=True),
    Field("channel", "terms", "渠道", terms="channels"),
    Field("outcome", "terms", "结果", terms="outcomes"),
    Field("stage_reached", "terms", "最远到达的环节", terms="stages"),
    Field(
        "round_count",
        "object",
        "轮数",
        fields=(
            Field("min", "integer", "至少几轮", unknown=True),
            Field("max", "integer", "至多几轮", unknown=True),
        ),
    ),
    Field(
        "rounds",
        "object",
        "各轮，按时间",
        many=True,
        fields=(
            Field("index", "text", "第几轮：1、2，范围 1-3", unknown=True),
            Field("name", "text", "原文对这一轮的称呼", unknown=True),
            Field("kind", "terms", "这一轮是什么", terms="round_kinds"),
            Field("interviewer_role", "text", "面试官的角色", unknown=True),
            Field("minutes", "text", "分钟数，如 20 或 120+", unknown=True),
            Field("notes", "text", "这一轮的其他情形", nullable=True),
            _ASKED,
            _NOT_ASKED,
        ),
    ),
    _NOT_ASKED,
    Field(
        "requirements",
        "object",
        "岗位的门槛；空不表示没有",
        many=True,
        fields=(
            Field("kind", "terms", "哪一种门槛", terms="requirement_kinds"),
            Field("value", "text", "要求"),
            _ANCHOR,
        ),
    ),
    Field(
        "pay",
        "object",
        "薪资",
        unknown=True,
        fields=(
            Field("kind", "terms", "区间、印象还是构成", terms="pay_kinds"),
            Field("text", "text", "说法，属于作者个人"),
        ),
    ),
    Field("reason", "text", "结果的原因，原文的说法", unknown=True),
    Field("impression", "text", "作者对公司的印象，属于作者个人", unknown=True),
    Field("source", "key", "出处的键，见同一文件的 provenances"),
    Field("contributed_by", "text", "投稿人愿意署的名", nullable=True),
    Field("body", "markdown", "正文"),
)

QUESTIONS = (
    _KEY,
    _URL,
    Field("title", "text", "题目"),
    Field("topic", "key", "考点的键"),
    Field("topic_title", "text", "考点的名称"),
    _ALIASES,
    _LEVEL,
    Field("origin", "terms", "题的由来", terms="origins"),
    _ASKED_BY,
    Field("claims", "key", "引用的账本条目", many=True),
    Field("brief", "markdown", "30 秒版"),
    Field("full", "markdown", "2 分钟版"),
    Field("derivation", "markdown", "推导或代码"),
    Field("follow_ups", "markdown", "追问"),
    Field("mistakes", "markdown", "常见错误"),
    _SOURCES,
)

TOPICS = (
    _KEY,
    _URL,
    Field("title", "text", "考点的名称"),
    _ALIASES,
    Field("rank", "integer", "原始面经作者的重要性排序；侧题与分章为 null", nullable=True),
    Field("part_of", "key", "是哪个考点的一章", nullable=True),
    Field("prerequisites", "key", "先要会的考点", many=True),
    _ASKED_BY,
    Field("claims", "key", "引用的账本条目", many=True),
    _SOURCES,
    Field("body", "markdown", "正文"),
)

EXERCISES = (
    _KEY,
    _URL,
    Field("title", "text", "手写题的名称"),
    Field("topic", "key", "考点的键"),
    _ALIASES,
    _LEVEL,
    Field("questions", "key", "题库里对应的题", many=True),
    Field("spelling", "text", "参考答案用 PyTorch、NumPy 还是 Python 写"),
    Field("body", "markdown", "题面"),
    Field("starter", "text", "起始代码"),
    Field("reference", "text", "参考答案"),
    Field(
        "mutants",
        "object",
        "已知的错误答案，测试个个抓得住",
        many=True,
        fields=(
            Field("id", "key", "错误的标识，在这道题里唯一"),
            Field("old", "text", "参考答案里的这一处"),
            Field("new", "text", "换成这样就错了"),
            Field("why", "text", "错在哪里"),
        ),
    ),
)

CLAIMS = (
    Field("key", "key", "稳定的标识，账本页上的锚点"),
    Field("url", "url", "账本页上这一条的地址"),
    Field("area", "terms", "账本的哪一块", terms="claim_areas"),
    Field("statement", "text", "说法"),
    Field("status", "terms", "算过、读过原文还是二手", terms="claim_statuses"),
    Field("value", "text", "重算应得的数，写出几位就核对到几位；没有重算的为空"),
    Field(
        "computation",
        "object",
        "怎么重算：hooks/mianjing/estimates/ 里的函数与参数；没有重算的为 null",
        nullable=True,
        fields=(
            Field("function", "text", "函数名"),
            Field("arguments", "map", "参数名 → 值，都是文本"),
        ),
    ),
    Field("checked", "day", "核对的日期", nullable=True),
    Field("cited_by", "url", "引用它的考点与题目的地址", many=True),
    _SOURCES,
)

SHAPES = {
    "experiences": EXPERIENCES,
    "questions": QUESTIONS,
    "claims": CLAIMS,
    "topics": TOPICS,
    "exercises": EXERCISES,
}
TITLES = {
    "experiences": "面经",
    "questions": "题目",
    "claims": "账本",
    "topics": "考点",
    "exercises": "手写题",
}

PROVENANCE = (
    Field("key", "key", "出处的键"),
    Field("title", "text", "出处的题目"),
    Field("author", "text", "作者", unknown=True),
    Field("url", "text", "地址", unknown=True),
    Field("retrieved", "day", "取得的日期", unknown=True),
    Field("licence", "text", "出处自己的许可", unknown=True),
    Field("note", "text", "给读者的说明"),
)
"""面经的出处，随 experiences.json 给出。"""
