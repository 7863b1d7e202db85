"""一幅图：内容与扩展名相符，不太大，没有拍摄地点、设备一类的元数据，后面没有拖着别的东西。

不解码、不改写：只沿着格式自己的分段走到头。有元数据的图由贡献者重新导出。
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from mianjing.problem import Problem
from mianjing.svg import find_svg_faults

MAX_PICTURE = 500 * 1024
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_TEXT = {b"eXIf", b"tEXt", b"iTXt", b"zTXt", b"tIME"}
_JPEG_NAMES = {0xE1: "EXIF / XMP", 0xED: "IPTC", 0xFE: "注释"}
_HEADS = {
    "PNG": (".png",),
    "JPEG": (".jpg", ".jpeg"),
    "WebP": (".webp",),
    "GIF": (),
    "PDF": (),
    "HTML": (),
    "SVG": (".svg",),
}
_RE_EXPORT = "用图片软件重新导出，不带元数据"


class BrokenPictureError(ValueError):
    """图片没有写完，或者分段不合格式。"""


def check_picture(path: str, raw: bytes) -> Iterator[Problem]:
    """一幅图的全部规则；raw 是整个文件。"""
    if len(raw) > MAX_PICTURE:
        message = f"图片有 {len(raw) // 1024} KB，超过 {MAX_PICTURE // 1024} KB：缩小或改成 WebP"
        yield Problem(path, 1, "E313", "", message)
    kind = read_kind(raw)
    extension = "." + path.rpartition(".")[2].lower()
    if extension not in _HEADS.get(kind, ()):
        message = f"扩展名是 {extension}，内容是 {kind}：只收 PNG、JPEG、WebP，扩展名同内容"
        yield Problem(path, 1, "E311", "", message)
        return
    if kind == "SVG":
        yield from _check_svg(path, raw)
        return
    try:
        metadata, end = _READERS[kind](raw)
    except (BrokenPictureError, struct.error, IndexError):
        yield Problem(path, 1, "E311", "", f"不是完整的 {kind}：重新导出")
        return
    for name in dict.fromkeys(metadata):
        message = f"图片带元数据（{name}），里面可能有地点、设备与姓名：{_RE_EXPORT}"
        yield Problem(path, 1, "E312", "", message)
    if end != len(raw):
        message = f"图片结束之后还有 {len(raw) - end} 字节：{_RE_EXPORT}"
        yield Problem(path, 1, "E311", "", message)


def read_kind(raw: bytes) -> str:
    """按开头的字节认出的格式；认不出的是「别的东西」。"""
    head = raw[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if raw.startswith(_PNG):
        return "PNG"
    if raw.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return "WebP"
    if raw.startswith(b"GIF8"):
        return "GIF"
    if raw.startswith(b"%PDF"):
        return "PDF"
    if head.startswith((b"<!doctype html", b"<html", b"<script")):
        return "HTML"
    return "SVG" if b"<svg" in head else "别的东西"


def _check_svg(path: str, raw: bytes) -> Iterator[Problem]:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        yield Problem(path, 1, "E311", "", "SVG 不是 UTF-8：重新导出")
        return
    for line, fault in find_svg_faults(text):
        yield Problem(path, line, "E311", "", fault)


def _read_png(raw: bytes) -> tuple[list[str], int]:
    found: list[str] = []
    place = len(_PNG)
    while True:
        length, kind = struct.unpack_from(">I4s", raw, place)
        place += 12 + length
        if place > len(raw):
            raise BrokenPictureError(kind)
        if kind in _PNG_TEXT:
            found.append(kind.decode("ascii"))
        if kind == b"IEND":
            return found, place


def _read_jpeg(raw: bytes) -> tuple[list[str], int]:
    found: list[str] = []
    place = 2
    while True:
        if raw[place] != 0xFF:
            raise BrokenPictureError(place)
        marker = raw[place + 1]
        if marker == 0xD9:
            return found, place + 2
        (length,) = struct.unpack_from(">H", raw, place + 2)
        if marker in _JPEG_NAMES:
            found.append(_JPEG_NAMES[marker])
        place += 2 + length
        if marker == 0xDA:
            place = _skip_scan(raw, place)


def _skip_scan(raw: bytes, place: int) -> int:
    """压缩数据里的 FF00 与 FFD0–FFD7 不是分段的开头。"""
    while True:
        place = raw.index(b"\xff", place) if b"\xff" in raw[place:] else len(raw)
        follows = raw[place + 1]
        if follows != 0 and not 0xD0 <= follows <= 0xD7:
            return place
        place += 2


def _read_webp(raw: bytes) -> tuple[list[str], int]:
    (size,) = struct.unpack_from("<I", raw, 4)
    end = 8 + size
    if end > len(raw):
        raise BrokenPictureError(size)
    found: list[str] = []
    place = 12
    while place < end:
        kind, length = struct.unpack_from("<4sI", raw, place)
        if kind in (b"EXIF", b"XMP "):
            found.append(kind.decode("ascii").strip())
        place += 8 + length + length % 2
    if place != end:
        raise BrokenPictureError(place)
    return found, end


_READERS: dict[str, Callable[[bytes], tuple[list[str], int]]] = {
    "PNG": _read_png,
    "JPEG": _read_jpeg,
    "WebP": _read_webp,
}
