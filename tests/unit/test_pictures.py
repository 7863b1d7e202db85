"""图片：真正的 PNG、JPEG、WebP 收下；带元数据的、拖着东西的不收。"""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mianjing.pictures import check_picture
from PIL import Image, PngImagePlugin

FORMATS = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP"}


def draw(kind: str, **options: object) -> bytes:
    """一幅渐变的小图。"""
    image = Image.radial_gradient("L").convert("RGB").resize((64, 48))
    file = BytesIO()
    image.save(file, FORMATS[kind], **options)
    return file.getvalue()


def codes(name: str, raw: bytes) -> list[str]:
    return [problem.code for problem in check_picture(f"docs/assets/images/{name}", raw)]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_plain_picture_is_accepted(kind: str) -> None:
    assert codes(f"x.{kind}", draw(kind)) == []


def test_progressive_and_restarted_jpeg_are_read_to_the_end() -> None:
    assert codes("x.jpg", draw("jpg", progressive=True)) == []
    assert codes("x.jpeg", draw("jpg", restart_marker_blocks=2)) == []


@pytest.mark.parametrize("kind", FORMATS)
def test_a_place_in_the_metadata_is_refused(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "示例手机"
    exif.get_ifd(0x8825)[1] = "N"
    assert codes(f"x.{kind}", draw(kind, exif=exif)) == ["E312"]


def test_text_in_a_png_and_a_comment_in_a_jpeg_are_refused() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "示例")
    assert codes("x.png", draw("png", pnginfo=text)) == ["E312"]
    assert codes("x.jpg", draw("jpg", comment=b"example")) == ["E312"]


@pytest.mark.parametrize("kind", FORMATS)
def test_anything_after_the_end_is_refused(kind: str) -> None:
    assert codes(f"x.{kind}", draw(kind) + b"<script>") == ["E311"]


@pytest.mark.parametrize("kind", FORMATS)
@settings(max_examples=60)
@given(cut=st.integers(1, 200), data=st.data())
def test_a_cut_or_damaged_picture_never_crashes(kind: str, cut: int, data: st.DataObject) -> None:
    raw = draw(kind)
    assert codes(f"x.{kind}", raw[:-cut]) == ["E311"]
    place = data.draw(st.integers(0, len(raw) - 1))
    codes(f"x.{kind}", raw[:place] + bytes([data.draw(st.integers(0, 255))]) + raw[place + 1 :])
