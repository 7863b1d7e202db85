"""每个文件在该在的地方；读不了的文件写明是哪一个，不连累别的。"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mianjing.frontmatter import MAX_BYTES

from tests.library import (
    COMPANIES,
    EXPERIENCE,
    NOTEBOOK,
    QUESTION,
    SCRIPT,
    SOURCES,
    TOPIC,
    Library,
)

KEBAB = "应是小写字母、数字与连字符，如 moonshot-2023"


def test_the_fictional_library_is_valid(library: Library) -> None:
    catalog = library.catalog()
    assert list(catalog.experiences) == ["example-2026"]
    assert list(catalog.topics) == ["attention"]
    assert list(catalog.questions) == ["why-scale"]
    assert list(catalog.derivations) == ["scaling"]
    assert list(catalog.pages) == [
        "experiences/index.md",
        "index.md",
        "questions/index.md",
        "topics/index.md",
    ]


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        ("docs/topics/deep/x.md", "E303", "放错了地方：应直接放在 docs/topics/ 下"),
        ("docs/questions/a/b/x.md", "E303", "放错了地方：应直接放在 docs/questions/ 下"),
        ("docs/topics/figure.png", "E303", "这里只放 .md：图片放 docs/assets/images/"),
        ("docs/topics/companies.yml", "E303", "这里只放 .md：图片放 docs/assets/images/"),
        ("docs/experiences/more.yml", "E303", "这里只放 .md：图片放 docs/assets/images/"),
        ("docs/about/figure.png", "E303", "docs/assets 以外只放 .md"),
        ("docs/page.html", "E303", "docs/assets 以外只放 .md"),
        ("docs/CNAME", "E302", f"「CNAME」{KEBAB}"),
        ("docs/about/Page.md", "E302", f"「Page」{KEBAB}"),
        ("docs/about/月之暗面.md", "E302", f"「月之暗面」{KEBAB}"),
        ("docs/about/a_b.md", "E302", f"「a_b」{KEBAB}"),
        ("docs/about/a b.md", "E302", f"「a b」{KEBAB}"),
        ("docs/about/a.b.md", "E302", f"「a.b」{KEBAB}"),
        ("docs/关于/page.md", "E302", f"「关于」{KEBAB}"),
        ("docs/about/.hidden.md", "E302", f"「.hidden」{KEBAB}"),
        ("docs/about/-x.md", "E302", f"「-x」{KEBAB}"),
    ],
)
def test_a_file_in_the_wrong_place_or_with_a_wrong_name(
    library: Library, path: str, code: str, message: str
) -> None:
    library.write(path, "---\ntitle: 页\n---\n")
    assert f"{path}:1: {code} {message}" in library.messages()
    assert {m.partition(":")[0] for m in library.messages()} == {path}


def test_the_archive_made_before_is_left_alone(library: Library) -> None:
    """发布先做离线包再构建：它在 docs/ 里，不提交；名字差一点就不是它。"""
    library.write("docs/offline.zip", "PK")
    assert library.messages() == []
    library.write("docs/online.zip", "别的")
    assert library.messages() == ["docs/online.zip:1: E303 docs/assets 以外只放 .md"]


def test_assets_and_decisions_are_left_alone(library: Library) -> None:
    library.write("docs/assets/images/logo-1.svg", "<svg/>")
    library.write("docs/decisions/0001_why.md", "没有字段")
    assert library.messages() == []


@pytest.mark.parametrize(
    "path",
    [
        "docs/about/page.md",
        "docs/experiences/other-2026.md",
        "docs/topics/other.md",
        "docs/assets/images/photo.png",
        "docs/decisions/secret",
        "docs/shared",
    ],
)
def test_a_symlink_is_refused_and_not_read(library: Library, tmp_path: Path, path: str) -> None:
    """链接指向站外：报出来，也不读它的内容。"""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("---\ntitle: 秘密\nsecret: 1\n---\n", encoding="utf-8")
    link = library.root / path
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside if path == "docs/shared" else outside / "secret.md")
    assert library.messages() == [f"{path}:1: E303 不收符号链接：放真正的文件"]


def test_a_dangling_symlink_is_refused(library: Library) -> None:
    (library.root / "docs/topics/gone.md").symlink_to("nowhere")
    assert library.messages() == ["docs/topics/gone.md:1: E303 不收符号链接：放真正的文件"]


@pytest.mark.parametrize("path", ["docs/topics/x.md", "docs/about/x.md"])
def test_a_folder_named_like_a_page(library: Library, path: str) -> None:
    (library.root / path).mkdir(parents=True)
    assert library.messages() == [f"{path}:1: E303 这是目录，不是文件：改个名字"]


NO_FIELDS = "E003 缺少 front matter：第一行应是「---」，字段之后再写一行「---」"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", f"1: {NO_FIELDS}"),
        ("# 面经\n".encode(), f"1: {NO_FIELDS}"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "1: E001 不是 UTF-8：请用 UTF-8 编码另存"),
        ("---\n".encode("utf-16"), "1: E001 不是 UTF-8：请用 UTF-8 编码另存"),
        (b"---\ntitle: \xb9\xab\xcb\xbe\n---\n", "2: E001 不是 UTF-8：请用 UTF-8 编码另存"),
        (
            b"x" * (MAX_BYTES + 1),
            f"1: E001 文件有 {MAX_BYTES + 1} 字节，超过 {MAX_BYTES}：请拆成几页",
        ),
        (
            "\ufeff---\ntitle: 甲\n---\n".encode(),
            "1: E002 含控制或不可见字符 U+FEFF（第 1 列）：请删掉它",
        ),
        (
            b"---\rtitle: x\r---\r",
            "1: E002 含控制或不可见字符 U+000D（第 4 列）：请删掉它",
        ),
    ],
    ids=["empty", "no fields", "png", "utf-16", "gbk", "huge", "bom", "lone cr"],
)
@pytest.mark.parametrize("path", [EXPERIENCE, TOPIC, QUESTION, "docs/about/page.md"])
def test_an_unreadable_file_is_named(
    library: Library, path: str, raw: bytes, expected: str
) -> None:
    """读不了的文件只报自己的那一条；引用它的地方照常报缺。"""
    library.write(path, raw)
    found = [m for m in library.messages() if m.startswith(f"{path}:")]
    assert found == [f"{path}:{expected}"]


def test_windows_line_ends_give_the_same_catalog(library: Library) -> None:
    before = library.catalog()
    for file in [*library.root.rglob("*.md"), *library.root.rglob("*.yml")]:
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert vars(library.catalog()) == vars(before)


@pytest.mark.parametrize("table", [COMPANIES, SOURCES])
def test_a_missing_table(library: Library, table: str) -> None:
    (library.root / table).unlink()
    assert f"{table}:1: E303 缺少这份表" in library.messages()


def test_an_empty_table_suggests_nothing(library: Library) -> None:
    library.write(COMPANIES, "# 还没有公司\n")
    assert library.messages() == [
        f"{EXPERIENCE}:3: E201 company：「example」不在公司表中，现在一项也没有；"
        "新公司请先加进 docs/experiences/companies.yml"
    ]


def test_a_table_row_needs_a_key_and_a_mapping(library: Library) -> None:
    table = (library.root / COMPANIES).read_text(encoding="utf-8")
    library.write(COMPANIES, table + "示例二: {name: 甲, kind: other}\nthird: 丙\n")
    assert library.messages() == [
        f"{COMPANIES}:6: E105 示例二：键「示例二」应是小写字母、数字与连字符",
        f"{COMPANIES}:7: E103 third：应是「键: 值」的映射",
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("example", "文件名「example.md」应是 example-2026.md，同年第二篇加 -2"),
        ("example-26", "文件名「example-26.md」应是 example-2026.md，同年第二篇加 -2"),
        ("example-2026-1", "文件名「example-2026-1.md」应是 example-2026.md，同年第二篇加 -2"),
        (
            "other-2026",
            "文件名里的公司「other」与字段 company「example」不一致，应是 example-2026.md",
        ),
        (
            "example-2025",
            "文件名里的年份「2025」与 period.from「2026-03」不一致，应是 example-2026.md",
        ),
    ],
)
def test_an_experience_is_named_after_company_and_year(
    library: Library, name: str, message: str
) -> None:
    path = f"docs/experiences/{name}.md"
    library.rename(EXPERIENCE, path)
    assert library.messages() == [f"{path}:1: E301 {message}"]


@pytest.mark.parametrize("name", ["example-2026-2", "example-2026-12"])
def test_later_experiences_of_one_year_carry_a_number(library: Library, name: str) -> None:
    library.rename(EXPERIENCE, f"docs/experiences/{name}.md")
    assert library.messages() == []


def test_the_year_may_be_any_when_the_period_is_unknown(library: Library) -> None:
    library.change(
        EXPERIENCE, "period: {from: 2026-03, to: 2026-04, precision: stated}", "period: unknown"
    )
    assert library.messages() == []


FIX = "重新 make execute，字段写在 .py 头部的 mianjing 下"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "E304 推导还没有执行结果：运行 make execute，把 .ipynb 一起提交"),
        (
            "不是 JSON",
            "E304 不是有效的推导（JSONDecodeError('Expecting value: line 1 column 1 (char 0)'"
            f")）：{FIX}",
        ),
        ("{}", f"E304 不是有效的推导（KeyError('metadata')）：{FIX}"),
        (
            "[]",
            "E304 不是有效的推导（TypeError('list indices must be integers or slices, not str'"
            f")）：{FIX}",
        ),
        ('{"metadata": {}}', f"E304 不是有效的推导（KeyError('mianjing')）：{FIX}"),
        ('{"cells": [], "metadata": {"mianjing": null}}', "E304 mianjing：应是映射"),
    ],
)
def test_a_derivation_needs_its_result(library: Library, content: str | None, message: str) -> None:
    (library.root / NOTEBOOK).unlink()
    if content is not None:
        library.write(NOTEBOOK, content)
    assert library.messages() == [f"{NOTEBOOK}:1: {message}"]


def test_a_result_needs_its_source(library: Library) -> None:
    (library.root / SCRIPT).unlink()
    assert library.messages() == [
        f"{NOTEBOOK}:1: E304 没有同名的 .py 源：.ipynb 只能由 make execute 生成"
    ]


def test_the_fields_of_a_derivation_are_checked(library: Library) -> None:
    metadata = {"title": '带 "引号"', "topics": "attention", "aliases": ["甲", "甲"]}
    library.write(NOTEBOOK, json.dumps({"cells": [], "metadata": {"mianjing": metadata}}))
    assert library.messages() == [
        f"{NOTEBOOK}:1: E102 mianjing.description：缺少必填字段「description」：请补上，"
        "不知道就写 unknown",
        f"{NOTEBOOK}:1: E103 mianjing.aliases[2]：「甲」重复：只留一个",
        f'{NOTEBOOK}:1: E103 mianjing.title：「带 "引号"」含 \'"\'：改用「」或去掉它',
        f"{NOTEBOOK}:1: E103 mianjing.topics：应是列表，如 [甲, 乙]，没有就写 []",
    ]
