"""分享卡片的字体：一百多片可变字重的 WOFF2（思源黑体的 npm 包），拼成一份定好字重的 TTF。

画图的 resvg 不读 WOFF2，也不管可变字重；只拼用到的字，结果按内容存着。
fontTools 用到才导入：要 0.2 秒，而多数构建不画卡片。
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import partial
from io import BytesIO
from pathlib import Path

from mianjing.whole_file import keep_whole

PACKAGES = tuple(
    f"node_modules/@fontsource-variable/{name}" for name in ("noto-sans-sc", "noto-sans")
)
"""先从思源黑体找；它没有的希腊字母来自同一家的 Noto Sans。"""
FAMILY = "Mianjing Card"
"""拼好的字体叫什么；SVG 里用这个名字。"""
WEIGHTS = (400, 700)
_DROPPED = ("GSUB", "GPOS", "GDEF", "BASE", "STAT", "vhea", "vmtx", "VORG", "DSIG", "meta")
"""只排横排的一行字：替换、字偶距、竖排都用不着，各片之间也合不起来。"""
_MOMENT = 3_786_912_000
"""2024-01-01，从 1904 年起的秒。"""
_NAMES = {1: FAMILY, 4: FAMILY, 6: FAMILY.replace(" ", "")}


class MissingGlyphError(LookupError):
    """字体里没有的字；消息列出它们。"""


def make_fonts(root: Path, characters: Iterable[str], cache: Path) -> dict[int, Path]:
    """字重 → TTF 文件，只有 characters 里的字；有字体里没有的字时抛 MissingGlyphError。"""
    packages = [root / name for name in PACKAGES]
    used = "".join(sorted({*characters} - {" "}))
    salt = b"".join((one / "package.json").read_bytes() for one in packages)
    salt += Path(__file__).read_bytes()
    made = {}
    for weight in WEIGHTS:
        key = hashlib.sha256(f"{weight} {used}".encode() + salt).hexdigest()[:24]
        make = partial(join_slices, packages, used, weight)
        made[weight] = keep_whole(cache / f"{key}.ttf", make)
    return made


def join_slices(packages: list[Path], used: str, weight: int) -> bytes:
    """把 packages 里含有 used 的字的各片定在 weight、只留用到的字，拼成一份 TTF。"""
    from fontTools.merge import Merger

    left = {ord(character) for character in used}
    slices = []
    for file, covered in (one for package in packages for one in read_slices(package).items()):
        if wanted := left & covered:
            left -= wanted
            slices.append(_cut_slice(file, {*wanted, ord(" ")}, weight))
    if left:
        listed = "、".join(f"「{chr(code)}」U+{code:04X}" for code in sorted(left))
        raise MissingGlyphError(f"分享卡片的字体里没有 {listed}")
    joined = Merger().merge(slices)
    for number, text in _NAMES.items():
        joined["name"].setName(text, number, 3, 1, 0x409)
    joined["OS/2"].usWeightClass = weight
    # 写进文件的时间固定：同样的输入得到逐字节相同的字体
    joined["head"].created = joined["head"].modified = _MOMENT
    joined.recalcTimestamp = False
    buffer = BytesIO()
    joined.save(buffer)
    return buffer.getvalue()


def read_slices(package: Path) -> dict[Path, set[int]]:
    """各片 → 它管哪些码点；西文的一片在最前，那些字都从它来。"""
    ranges: dict[str, str] = json.loads((package / "unicode.json").read_text(encoding="utf-8"))
    order = sorted(ranges, key=lambda key: (key != "latin", key))
    return {
        package / f"files/{package.name}-{key.strip('[]')}-wght-normal.woff2": _read_range(
            ranges[key]
        )
        for key in order
    }


def _read_range(text: str) -> set[int]:
    """`U+20-7e,U+a0` → 码点。"""
    codes: set[int] = set()
    for part in text.split(","):
        low, _, high = part.strip().removeprefix("U+").partition("-")
        codes |= set(range(int(low, 16), int(high or low, 16) + 1))
    return codes


def _cut_slice(file: Path, codes: set[int], weight: int) -> BytesIO:
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    options = Options()
    options.drop_tables = [*options.drop_tables, *_DROPPED]
    options.hinting = False
    options.notdef_outline = True
    subsetter = Subsetter(options)
    with TTFont(file, recalcTimestamp=False) as font:
        missing = codes - {*(font.getBestCmap() or {})} - {ord(" ")}
        if missing:
            listed = "、".join(f"「{chr(code)}」U+{code:04X}" for code in sorted(missing))
            raise MissingGlyphError(f"{file.name} 里没有 {listed}")
        subsetter.populate(unicodes=codes)
        subsetter.subset(font)
        fixed = instantiateVariableFont(font, {"wght": weight})
        fixed.flavor = None
        buffer = BytesIO()
        fixed.save(buffer)
    buffer.seek(0)
    return buffer


def read_advances(font: Path) -> dict[str, float]:
    """字 → 它有多宽，以字号为 1。"""
    from fontTools.ttLib import TTFont

    with TTFont(font) as opened:
        metrics = opened["hmtx"].metrics
        size: int = opened["head"].unitsPerEm  # type: ignore[attr-defined]
        return {
            chr(code): metrics[name][0] / size
            for code, name in (opened.getBestCmap() or {}).items()
        }
