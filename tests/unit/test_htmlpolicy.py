"""HTML 策略：与站点用同一种 Markdown；平常的写法与少见的写法都收，SVG 只留图形。"""

from __future__ import annotations

from pathlib import Path

import pytest
from mianjing.htmlpolicy import check_markdown, check_title
from mianjing.policies import CONTRIBUTED, SITE
from mianjing.rendered import EXTENSIONS
from mianjing.svg import find_svg_faults
from mkdocs.config import load_config

ROOT = Path(__file__).resolve().parents[2]


def test_the_markdown_is_the_one_of_the_site(monkeypatch: pytest.MonkeyPatch) -> None:
    """扩展与设置同 mkdocs.yml；slugify 是函数，比它的结果。"""
    monkeypatch.chdir(ROOT)
    config = load_config(str(ROOT / "mkdocs.yml"))
    names = [name for name in config.markdown_extensions if name not in ("fenced_code",)]
    assert set(names) == set(EXTENSIONS)
    for name, settings in EXTENSIONS.items():
        theirs = dict(config.mdx_configs.get(name, {}))
        mine = dict(settings)
        if name == "toc":
            for table in (theirs, mine):
                table["slugify"] = table["slugify"]("A 甲 B", "-")  # type: ignore[operator]
        assert theirs == mine, name


@pytest.mark.parametrize(
    "body",
    [
        "一段，`<script>` 在反引号里，5 < 6，x > y。",
        "```html\n<script>alert(1)</script>\n<!-- 注释 -->\n{{ x }}\n```",
        "[站外](https://example.com/x?a=1&b=2#c)、[站内](../topics/data.md#bpe)、[信](mailto:a@example.com)",
        "<https://example.com/>",
        "![图](../assets/images/round-1.png)",
        '!!! warning "小心"\n    内容\n\n??? note "折着"\n    内容',
        "| 甲 | 乙 |\n|:-|-:|\n| 1 | 2<br>3 |",
        "> 引用\n\n1. 一\n2. 二\n\n- 三\n    - 四\n\n***",
        "按 <kbd>Ctrl</kbd>，H<sub>2</sub>O，x<sup>2</sup>。",
        "见注。[^1]\n\n[^1]: 注的内容。",
        "*[MHA]: 多头注意力\n\nMHA 是什么。",
        "公式 $a<b$，$\\{x\\}$：\n\n$$\n\\frac{{a}}{{b}} \\text{和} \\hat{y}\n$$",
        '=== "甲"\n\n    一\n\n=== "乙"\n\n    二',
        "{ 不是属性 }，`{% x %}` 之外的 {字}",
        "带 id 的一段。\n{ #round-1 }",
        "1 &lt; 2，&copy; 2026",
        "a_b_c 与 **粗** 与 ~~删~~ 与 \\*星\\*",
        "C++ 的模板写进反引号：`vector<int>`",
        "",
    ],
)
def test_plain_markdown_is_accepted(body: str) -> None:
    assert list(check_markdown("x.md", body, 1, CONTRIBUTED)) == []
    assert list(check_markdown("x.md", body, 1, SITE)) == []


def test_generated_parts_are_for_the_site_only() -> None:
    body = '<!-- mianjing: home-numbers -->\n\n<div class="mj-x" hidden data-a="1"></div>'
    assert list(check_markdown("x.md", body, 1, SITE)) == []
    assert {p.code for p in check_markdown("x.md", body, 1, CONTRIBUTED)} == {
        "E415",
        "E411",
        "E412",
    }


@pytest.mark.parametrize(
    "title", ["C++ & Java", "acc_norm 与 acc", "a < b 吗", "# 号", "甲|乙", "甲 (乙)"]
)
def test_titles_are_plain_text(title: str) -> None:
    assert list(check_title("x.md", title, 2)) == []


@pytest.mark.parametrize(
    "svg",
    [
        '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://x/svg11.dtd">'
        '<svg><defs><path id="a"/></defs><use xlink:href="#a"/></svg>',
        '<svg><style>*{stroke-linejoin: round}</style><g clip-path="url(#p1)"/></svg>',
        '<svg><image href="data:image/png;base64,iVBO"/></svg>',
        "<svg><title>甲 onclick=1</title></svg>",
    ],
)
def test_a_drawing_is_accepted(svg: str) -> None:
    assert list(find_svg_faults(svg)) == []
