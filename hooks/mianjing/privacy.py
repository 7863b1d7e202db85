"""不写出没有公开身份的人：电话、证件、卡号、邮箱、微信与 QQ、带名字的称呼、准确的薪资。

只认得出常见的写法，不声称找得到每一个名字；找到的都报出，从不替人涂掉。
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import yaml

from mianjing.messages import say
from mianjing.model import Experience
from mianjing.problem import Problem

TABLE = Path(__file__).with_name("privacy.yml")
_SPACE = r"[ \t\u00a0\u3000]"


def _compile(pattern: str) -> re.Pattern[str]:
    r"""表单在浏览器里用同一个式子：`\w`、`\d`、`\b` 只管 ASCII，不用 `\s` 与忽略大小写。"""
    return re.compile(pattern, re.ASCII)


def _any_case(word: str) -> str:
    return "".join(f"[{char.upper()}{char}]" for char in word)


_PHONE = _compile(
    r"(?<![\w.])(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}"
    rf"(?![\d%]|\.\d|[- ]\d|{_SPACE}?(?:个|字节|B|参数|步|次|tok))"
)
_LANDLINE = _compile(r"(?<![\w.-])0\d{2,3}[- ]\d{7,8}(?![\w.-])")
_IDENTITY = _compile(r"(?<![\w.])\d{17}[\dXx](?![\w.])")
_CARD = _compile(r"(?<![\w.-])(?:\d[ -]?){15,18}\d(?![\w.-])")
_ISSUERS = _compile(r"62|4|5[1-5]|2[2-7]|35|9")
_EMAIL = _compile(
    rf"(?<![\w.+-])[\w.+-]{{1,64}}(?:@|{_SPACE}?(?:\[at\]|\(at\)|#){_SPACE}?)"
    r"(?P<host>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,})"
)
_MAIL_HOST = _compile(r"(?:gmail|qq|163|126|foxmail|outlook|hotmail|sina|aliyun|icloud)\.")
_EXAMPLE_HOST = _compile(r"(?:[\w-]+\.)*(?:example\.(?:com|org|net)|[\w-]+\.(?:example|invalid))")
_WECHAT = _compile(
    rf"(?:微信|薇信|威信|[Vv]信|{_any_case('wechat')}|{_any_case('weixin')}|\b{_any_case('vx')})"
    rf"{_SPACE}*(?:号|{_any_case('id')}|[:：=]|是)+{_SPACE}*[A-Za-z][\w-]{{5,19}}"
    rf"|加{_SPACE}*(?:我|个)*{_SPACE}*(?:微信|薇信|[Vv]信|{_any_case('vx')}|[Vv]){_SPACE}*[:：]?"
    rf"{_SPACE}*(?:[A-Za-z][\w-]{{5,19}}|\d{{6,}})"
)
_QQ = _compile(
    rf"(?:\b{_any_case('qq')}|扣扣|企鹅){_SPACE}*(?:号|群)*{_SPACE}*[:：=]?{_SPACE}*[1-9]\d{{4,10}}(?!\d)"
)
_AMOUNT = _compile(
    rf"(?<![\d.])(?P<low>\d+(?:\.\d+)?){_SPACE}*(?:万|[kKwW千])?{_SPACE}*"
    rf"(?:[-–—~～至到]{_SPACE}*(?P<high>\d+(?:\.\d+)?))?{_SPACE}*[多来余]?{_SPACE}*"
    rf"(?P<unit>万|[kKwW](?![A-Za-z])|千|元|块|股)(?P<open>{_SPACE}*(?:以上|以下|以内|起|多|\+))?"
)
_PAY_WORDS = _compile(
    "月薪|年薪|总包|底薪|薪资|薪水|工资|签字费|年终奖|期权|股票"
    f"|{_any_case('package')}|{_any_case('base')}"
)
_CLAUSE_END = _compile("[，。；\n]")
NEAR = 16
"""说薪资的词之后看多少个字。"""
MIN_SPREAD = 1.1
"""区间的上下限至少差这么多倍，再窄就等于写出了数。"""


@dataclass(frozen=True)
class Figure:
    """一位公开人物：以什么身份、在哪几篇里出现。"""

    name: str
    role: str
    pages: tuple[str, ...]


@dataclass(frozen=True)
class _Names:
    figures: tuple[Figure, ...]
    words: frozenset[str]
    latin_words: frozenset[str]
    titled: re.Pattern[str]
    introduced: re.Pattern[str]
    latin: re.Pattern[str]
    whole: re.Pattern[str]


@cache
def read_names() -> _Names:
    """公开人物的表，与由姓氏表拼成的各条规则。"""
    data = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    one = f"(?:{'|'.join(data['double_surnames'])}|[{data['surnames']}])"
    start = r"(?:(?<![一-龥])|(?<=[的是由和与跟向被给找让叫问见了位]))"
    titles = r"老师|教授|博士|总监|经理|师兄|师姐|先生|女士|小姐|哥(?!们)|姐(?!妹)"
    boss = r"总(?![一-龥]|$)|总(?=[说问让面亲来考聊很说也是在和，。、；：！？）」]|$)"
    ends = (
        r"(?=[，。、；：（）」 \t\u00a0\u3000]|$|问|说|让|面|考|很|来|打|告诉|通知|主持|亲自|老师)"
    )
    return _Names(
        figures=tuple(
            Figure(str(f["name"]), str(f["role"]), tuple(f["pages"]))
            for f in data["public_figures"]
        ),
        words=frozenset(str(data["words"]).split()),
        latin_words=frozenset(data["latin_words"]),
        titled=_compile(
            rf"{start}(?P<name>{one}[一-龥]{{0,2}}?){_SPACE}?(?:{titles}|{boss})|(?P<given>{one}[一-龥]{{1,2}})老师"
        ),
        introduced=_compile(
            rf"(?:面试官|HR|主管|负责人|leader|老板|我叫|本人姓名?|姓名){_SPACE}?(?:叫|姓|是|为|[:：（(])?{_SPACE}?"
            rf"(?P<name>{one}[一-龥]{{1,2}}?){ends}"
        ),
        latin=_compile(
            rf"(?:面试官|HR){_SPACE}?(?:叫|是|为|[:：（(])?{_SPACE}?"
            r"(?P<name>[A-Z][a-z]{1,11})(?![A-Za-z])"
        ),
        whole=_compile(rf"{one}[一-龥]{{1,2}}(?<![组部长管员师人官方])"),
    )


def check_contacts(path: str, line: int, text: str) -> Iterator[Problem]:
    """一行里的电话、证件号、卡号、邮箱、微信与 QQ；全角的数字也算。"""
    flat = unicodedata.normalize("NFKC", text)
    for contact in _CONTACTS:
        for found in contact.pattern.finditer(flat):
            if _HOLDS[contact.test](found):
                message = say("contact", name=contact.name, shown=_mask(found.group()))
                yield Problem(path, line, contact.code, "", message)


def check_names(path: str, line: int, text: str) -> Iterator[Problem]:
    """一行里带名字的称呼：面试官某某、某老师、某总、HR 某某；公开人物只在表里写明的那几篇。"""
    names = read_names()
    key = path.rpartition("/")[2].removesuffix(".md")
    allowed = {figure.name for figure in names.figures if key in figure.pages}
    for pattern in (names.titled, names.introduced, names.latin):
        for found in pattern.finditer(text):
            groups = found.groupdict()
            name = groups.get("name") or groups.get("given") or ""
            plain = name in names.words or name in names.latin_words
            if plain or any(one in name or name in one for one in allowed):
                continue
            yield Problem(path, line, "E606", "", _name_message(found.group().strip(), name))


def check_role(experience: Experience) -> Iterator[Problem]:
    """interviewer_role 写角色，不写姓名；公开人物除外。"""
    names = read_names()
    allowed = {figure.name for figure in names.figures if experience.key in figure.pages}
    for i, one in enumerate(experience.rounds, 1):
        role = one.interviewer_role or ""
        if names.whole.fullmatch(role) and role not in names.words and role not in allowed:
            field = f"rounds[{i}].interviewer_role"
            line = experience.lines.get(field, 1)
            yield Problem(experience.path, line, "E606", field, _name_message(role, role))


def check_pay(experience: Experience) -> Iterator[Problem]:
    """薪资写区间或印象，不写准确的数；`band` 要有区间。"""
    if experience.pay is None:
        return
    line = experience.lines.get("pay", 1)
    text = experience.pay.text
    amounts = list(_AMOUNT.finditer(text))
    for found in amounts:
        if not _is_band(found):
            yield Problem(experience.path, line, "E607", "pay.text", _pay_message(found.group()))
    if experience.pay.kind == "band" and not amounts:
        yield Problem(experience.path, line, "E607", "pay.text", say("pay_band", text=text))


def check_amounts(path: str, line: int, text: str) -> Iterator[Problem]:
    """一行里说薪资的地方，也只写区间。"""
    for word in _PAY_WORDS.finditer(text):
        near = _CLAUSE_END.split(text[word.end() :])[0][:NEAR]
        found = _AMOUNT.search(near)
        if found and not _is_band(found):
            yield Problem(path, line, "E607", "", _pay_message(f"{word.group()}{near}"))


def check_experience(experience: Experience, raw: str) -> list[Problem]:
    """一篇面经的全部规则；raw 是整个文件。"""
    problems = [*check_pay(experience), *check_role(experience)]
    for number, text in enumerate(raw.split("\n"), 1):
        problems += check_contacts(experience.path, number, text)
        problems += check_names(experience.path, number, text)
        if not text.startswith("pay:"):
            problems += check_amounts(experience.path, number, text)
    return problems


def _name_message(shown: str, name: str) -> str:
    return say("named", shown=shown, name=name)


def _pay_message(shown: str) -> str:
    return say("exact_pay", shown=shown.strip())


def _is_band(found: re.Match[str]) -> bool:
    if found["open"] and found["open"].strip() != "多":
        return True
    return bool(found["high"]) and float(found["high"]) >= MIN_SPREAD * float(found["low"])


def _mask(text: str) -> str:
    """只露两头：问题的说明会出现在公开的日志里。"""
    return f"{text[:3]}…{text[-2:]}" if len(text) > 6 else text


def _is_identity(found: re.Match[str]) -> bool:
    """18 位身份证号：出生日期存在，校验位相符。"""
    digits = found.group().upper()
    try:
        date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14]))
    except ValueError:
        return False
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(w * int(d) for w, d in zip(weights, digits, strict=False))
    return digits[17] == "10X98765432"[total % 11]


def _is_card(found: re.Match[str]) -> bool:
    """16 到 19 位、以发卡组织的号开头、Luhn 校验相符的卡号。"""
    digits = re.sub(r"\D", "", found.group())
    if not 16 <= len(digits) <= 19 or not _ISSUERS.match(digits):
        return False
    total = 0
    for place, digit in enumerate(map(int, reversed(digits))):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0 and len(set(digits)) > 2


def _is_email(found: re.Match[str]) -> bool:
    """不算 example.com 一类；不用 @ 的写法只认常见的邮箱。"""
    host = found["host"].lower()
    if _EXAMPLE_HOST.fullmatch(host):
        return False
    return "@" in found.group() or _MAIL_HOST.match(host) is not None


@dataclass(frozen=True)
class _Contact:
    """一种联系方式：代码、叫什么、什么样、认出之后再验什么（`_HOLDS` 的键，空的不验）。"""

    code: str
    name: str
    pattern: re.Pattern[str]
    test: str = ""


_HOLDS: dict[str, Callable[[re.Match[str]], bool]] = {
    "": lambda found: True,
    "identity": _is_identity,
    "card": _is_card,
    "email": _is_email,
}
_CONTACTS = (
    _Contact("E601", "手机号", _PHONE),
    _Contact("E601", "电话号码", _LANDLINE),
    _Contact("E602", "身份证号", _IDENTITY, "identity"),
    _Contact("E603", "银行卡号", _CARD, "card"),
    _Contact("E604", "邮箱", _EMAIL, "email"),
    _Contact("E605", "微信号", _WECHAT),
    _Contact("E605", "QQ 号", _QQ),
)


def list_rules() -> dict[str, object]:
    """给表单的同一份式子与名单，都是数据；式子按 JavaScript 的写法（标志 `u`）。"""
    names = read_names()
    patterns = {
        "issuers": _ISSUERS,
        "mail_host": _MAIL_HOST,
        "example_host": _EXAMPLE_HOST,
        "amount": _AMOUNT,
        "pay_words": _PAY_WORDS,
        "clause_end": _CLAUSE_END,
        "titled": names.titled,
        "introduced": names.introduced,
        "latin": names.latin,
        "whole": names.whole,
    }
    return {
        "contacts": [
            {
                "code": one.code,
                "name": one.name,
                "test": one.test,
                "pattern": _translate(one.pattern),
            }
            for one in _CONTACTS
        ],
        "patterns": {name: _translate(pattern) for name, pattern in patterns.items()},
        "words": sorted(names.words),
        "latin_words": sorted(names.latin_words),
        "figures": {figure.name: list(figure.pages) for figure in names.figures},
        "min_spread": MIN_SPREAD,
        "near": NEAR,
    }


def _translate(pattern: re.Pattern[str]) -> str:
    return pattern.pattern.replace("(?P<", "(?<")
