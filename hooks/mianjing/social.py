"""分享卡片：一页一张 1200 × 630 的 PNG，由 SVG 模板经 resvg 画出，不要网络。

只有发布的构建做（`make publish`），那里才知道站的地址；页面里的 `og:` 也只在那时写上。
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from os import getpid
from pathlib import Path

from mianjing import catalog as group
from mianjing.edition import CARDS_FOLDER
from mianjing.labels import label, rounds_label
from mianjing.model import Catalog, Derivation, Exercise, Experience, Question, Topic
from mianjing.node import MissingNodeError, ScriptError, run_script
from mianjing.places import theme_folder
from mianjing.social_fonts import FAMILY, make_fonts, read_advances
from mianjing.template import environment

WIDTH, HEIGHT = 1200, 630
_SCRIPT = Path(__file__).with_name("social.mjs")
_ROOM = 1040
"""一行最宽，像素。"""
_TITLE_SIZES = ((76, 2), (64, 3), (54, 3), (46, 4))
"""标题的字号与最多几行：放得下的第一种。"""
_NOTE_SIZE, _NOTE_LINES = 30, 2
_CHIP_SIZE, _CHIP_PAD, _CHIP_GAP = 28, 20, 16
_OPENING, _CLOSING = "（「『《〈“‘([", "）」』》〉”’)]，。、；：？！,.;:?!%"
_WORD = re.compile(rf"[{re.escape(_OPENING)}]*(?:[!-~]+|.)[{re.escape(_CLOSING)}]*")


@dataclass(frozen=True)
class Kind:
    """一种页面在卡片上的样子。"""

    label: str
    color: str
    """与样式里浅色的同名颜色相同。"""
    icon: str
    """Material 图标的名字。"""


KINDS = {
    "experience": Kind("面经", "#5c3216", "account-voice"),
    "topic": Kind("考点", "#0b7262", "book-open-variant"),
    "question": Kind("题目", "#2743b0", "help-box-outline"),
    "derivation": Kind("推导", "#6d2f76", "function-variant"),
    "practice": Kind("手写", "#616c12", "code-braces"),
    "page": Kind("", "#0b7262", ""),
}


@dataclass(frozen=True)
class Card:
    """一张卡片上的字。"""

    kind: str
    title: str
    chips: tuple[str, ...] = ()
    """公司或考点；一行放不下的不放。"""
    note: str = ""
    """标题下面的一句；两行放不下就不放。"""

    @property
    def characters(self) -> str:
        """用到的字。"""
        return "".join((self.title, self.note, KINDS[self.kind].label, *self.chips))


@dataclass(frozen=True)
class Line:
    """一行字：左端与基线，像素。"""

    text: str
    x: float
    y: float
    size: int


@dataclass(frozen=True)
class Chip:
    """一个框住的词。"""

    text: str
    x: float
    width: float


class SocialError(Exception):
    """卡片做不成；消息写明哪一张、为什么。"""


def describe_card(
    record: Experience | Topic | Question | Exercise | Derivation, catalog: Catalog
) -> Card:
    """一条记录的卡片：面经与考点之间互为词条，题目、手写、推导写考点。"""
    match record:
        case Experience():
            outcome = label("outcomes", record.outcome)
            note = f"{outcome}，{rounds_label(record)}"
            return Card(
                "experience", record.title, _titles(group.asked_topics(record), catalog), note
            )
        case Topic():
            companies = dict.fromkeys(
                catalog.companies[mention.experience.company].name
                for mention in group.group_topic_mentions(catalog, record.key)
            )
            return Card("topic", record.title, tuple(companies))
        case Question():
            level = label("levels", record.level)
            return Card("question", record.title, (*_titles([record.topic], catalog), level))
        case Exercise():
            return Card("practice", record.title, _titles([record.topic], catalog))
        case Derivation():
            return Card("derivation", record.title, _titles(record.topics, catalog))


def _titles(keys: Iterable[str], catalog: Catalog) -> tuple[str, ...]:
    return tuple(catalog.topics[key].title for key in keys)


def card_path(url: str) -> str:
    """一页的地址（相对站的根）→ 它的卡片。"""
    return f"{CARDS_FOLDER}/{url.strip('/') or 'index'}.png"


def draw_cards(
    root: Path, cards: Mapping[str, Card], site_name: str, cache: Path
) -> dict[str, bytes]:
    """路径 → 卡片，画成路径 → PNG；字、字体、模板都没有变的从 cache 拿。"""
    characters = {*site_name, *(c for card in cards.values() for c in card.characters)}
    fonts = make_fonts(root, characters, cache / "fonts")
    advances = read_advances(fonts[400]), read_advances(fonts[700])
    logo = (root / "docs/assets/images/icon.svg").read_text(encoding="utf-8")
    pictures = {path: render_card(card, site_name, logo, *advances) for path, card in cards.items()}
    salt = (root / "node_modules/@resvg/resvg-js/package.json").read_bytes() + _SCRIPT.read_bytes()
    salt += "".join(path.stem for path in fonts.values()).encode()
    stored = {
        svg: cache / f"{hashlib.sha256(salt + svg.encode()).hexdigest()[:24]}.png"
        for svg in pictures.values()
    }
    missing = {svg: file for svg, file in stored.items() if not file.is_file()}
    if missing:
        _draw(root, missing, fonts)
    return {path: stored[svg].read_bytes() for path, svg in pictures.items()}


def _draw(root: Path, wanted: Mapping[str, Path], fonts: Mapping[int, Path]) -> None:
    fresh = {file: file.with_suffix(f".{getpid()}") for file in wanted.values()}
    request = {
        "family": FAMILY,
        "fonts": [str(font.resolve()) for font in fonts.values()],
        "cards": [{"svg": svg, "file": str(fresh[file])} for svg, file in wanted.items()],
    }
    try:
        run_script(_SCRIPT, request, root)
    except MissingNodeError as error:
        raise SocialError("找不到 node：用 make publish，它会准备好") from error
    except ScriptError as error:
        message = f"resvg 没有跑起来（{error}）：先运行 npm ci，或用 make publish"
        raise SocialError(message) from error
    for file, beside in fresh.items():
        beside.replace(file)


def render_card(
    card: Card,
    site_name: str,
    logo: str,
    light: Mapping[str, float],
    bold: Mapping[str, float],
) -> str:
    """一张卡片的 SVG；light、bold 是两种字重里各字的宽度（以字号为 1）。"""
    lines = lay_title(card.title, bold)
    notes = lay_note(card.note, light) if card.note else []
    leading = lines[0].size * 1.35
    top = 315 - (leading * len(lines) + 44 * len(notes)) / 2 + lines[0].size
    titles = [Line(line.text, 80, top + leading * i, line.size) for i, line in enumerate(lines)]
    start = titles[-1].y + 64
    below = [Line(line.text, 80, start + 44 * i, line.size) for i, line in enumerate(notes)]
    kind = KINDS[card.kind]
    label = _measure(kind.label, light) * _CHIP_SIZE
    return environment.get_template("social_card.svg").render(
        family=FAMILY,
        site_name=site_name,
        kind=kind,
        kind_x=WIDTH - 80 - label,
        icon=_read_icon(kind.icon) if kind.icon else "",
        logo=logo,
        titles=titles,
        notes=below,
        chips=lay_chips(card.chips, light),
    )


def lay_title(title: str, advances: Mapping[str, float]) -> list[Line]:
    """标题折成几行、多大：放得下的最大的字号，各行尽量一样长；都放不下时抛 SocialError。"""
    for size, most in _TITLE_SIZES:
        lines = wrap_text(title, advances, _ROOM / size)
        if lines is not None and len(lines) <= most:
            return [Line(text, 0, 0, size) for text in _balance(title, advances, size, lines)]
    raise SocialError(f"分享卡片放不下这个标题：「{title}」；把标题写短")


def lay_note(note: str, advances: Mapping[str, float]) -> list[Line]:
    """标题下面的一句；放不下就不放，不截断。"""
    lines = wrap_text(note, advances, _ROOM / _NOTE_SIZE)
    if lines is None or len(lines) > _NOTE_LINES:
        return []
    return [Line(text, 0, 0, _NOTE_SIZE) for text in lines]


def lay_chips(texts: Iterable[str], advances: Mapping[str, float]) -> list[Chip]:
    """排成一行，放不下的不放。"""
    chips: list[Chip] = []
    x = 80.0
    for text in texts:
        width = _measure(text, advances) * _CHIP_SIZE + 2 * _CHIP_PAD
        if x + width > WIDTH - 80:
            break
        chips.append(Chip(text, x, width))
        x += width + _CHIP_GAP
    return chips


def wrap_text(text: str, advances: Mapping[str, float], room: float) -> list[str] | None:
    """按宽度折行：西文不从词里断，标点不起行、不落行尾；有一个词自己就放不下时是 None。"""
    lines = [""]
    for word in _WORD.findall(text):
        if _measure(word.strip(), advances) > room:
            return None
        if _measure((lines[-1] + word).rstrip(), advances) > room:
            lines.append("")
        lines[-1] += word if lines[-1] else word.lstrip()
    return [line.rstrip() for line in lines]


def _balance(title: str, advances: Mapping[str, float], size: int, lines: list[str]) -> list[str]:
    """不多出一行的前提下，把行宽收到最窄。"""
    narrow, wide = 0.0, _ROOM / size
    for _ in range(12):
        middle = (narrow + wide) / 2
        tried = wrap_text(title, advances, middle)
        if tried is not None and len(tried) <= len(lines):
            wide, lines = middle, tried
        else:
            narrow = middle
    return lines


def _measure(text: str, advances: Mapping[str, float]) -> float:
    return sum(advances[character] for character in text)


def _read_icon(name: str) -> str:
    """主题里的 Material 图标。"""
    folder = theme_folder()
    if folder is None:
        raise SocialError("没有装 mkdocs-material，拿不到图标")
    return (folder / f".icons/material/{name}.svg").read_text(encoding="utf-8")
