"""样式里的一套样子：有含义的颜色读得清、辨得出，图标与 Material 的一字不差，字号只有一套。"""

from __future__ import annotations

import re
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from mianjing.vocabulary import read_vocabulary
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
STYLES = ROOT / "docs/assets/stylesheets"
SITE = (STYLES / "site.css").read_text(encoding="utf-8")
_MATERIAL = find_spec("material")
assert _MATERIAL and _MATERIAL.origin
ICONS = Path(_MATERIAL.origin).with_name("templates") / ".icons"
OUTCOMES = ("good", "kept", "bad", "pause")
KINDS = ("experience", "topic", "question", "derivation", "practice")
BACKGROUNDS = {"default": "#ffffff", "slate": "#1e2129"}
"""主题两套底色。"""
SIGHTS = {
    "常人": np.eye(3),
    "红色盲": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "绿色盲": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
"""线性 RGB 上的模拟矩阵，Machado、Oliveira、Fernandes 2009，表 1，程度 1.0。"""
LEAST_CONTRAST = 4.5
"""WCAG 2 正文的对比度。"""
LEAST_DIFFERENCE = 12.0
"""CIE 1976 的色差；约 2.3 就能看出不同。"""

Color = NDArray[np.float64]


def read_linear(color: str) -> Color:
    """`#rrggbb` → 线性 RGB，形状 (3,)，0–1。"""
    parts = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def measure_contrast(one: str, other: str) -> float:
    """WCAG 2 的对比度，1–21。"""
    low, high = sorted(float(read_linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other))
    return (high + 0.05) / (low + 0.05)


def read_lab(linear: Color) -> Color:
    """线性 RGB → CIE Lab（D65），形状 (3,)。"""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = to_xyz @ np.clip(linear, 0, 1) / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def read_tokens(scheme: str) -> dict[str, str]:
    """一套底色下 `--mj-*` 的颜色。"""
    selector = {"default": "[data-md-color-scheme]", "slate": '[data-md-color-scheme="slate"]'}
    block = SITE[SITE.index(f"\n{selector[scheme]} {{") :].partition("\n}")[0]
    return dict(re.findall(r"--mj-(\w+): (#[0-9a-f]{6});", block))


def find_alike(colors: dict[str, str]) -> list[str]:
    """哪两种颜色在谁眼里分不开。"""
    return [
        f"{sight}：{one} 与 {other}"
        for sight, matrix in SIGHTS.items()
        for one, other in combinations(colors, 2)
        if np.linalg.norm(
            read_lab(matrix @ read_linear(colors[one]))
            - read_lab(matrix @ read_linear(colors[other]))
        )
        < LEAST_DIFFERENCE
    ]


@pytest.mark.parametrize("scheme", BACKGROUNDS)
def test_colours_with_a_meaning_are_legible_and_told_apart(scheme: str) -> None:
    tokens = read_tokens(scheme)
    faint = {
        name: round(ratio, 2)
        for name in (*OUTCOMES, *KINDS)
        if (ratio := measure_contrast(tokens[name], BACKGROUNDS[scheme])) < LEAST_CONTRAST
    }
    assert not faint, f"{scheme} 下对比度不足 {LEAST_CONTRAST}：{faint}"
    for group in (OUTCOMES, KINDS):
        assert find_alike({name: tokens[name] for name in group}) == []


def test_red_and_green_of_one_lightness_are_found_alike() -> None:
    assert any(
        "红色盲" in found or "绿色盲" in found
        for found in find_alike({"good": "#1b6e3c", "bad": "#a33a2a"})
    )


def test_every_outcome_has_an_icon_beside_its_colour() -> None:
    outcomes = {term.key for term in read_vocabulary()["outcomes"]}
    rules = re.findall(r"([^{}]+)\{ --icon: var\(--mj-icon-\w+\); color: [^}]+\}", SITE)
    with_icon = {name for rule in rules for name in re.findall(r"\.mj-outcome--([\w-]+)", rule)}
    assert outcomes - with_icon == {"unknown"}
    assert ".mj-outcome { --icon: var(--mj-icon-unknown);" in SITE


def test_icons_are_those_of_the_material_set() -> None:
    found = re.findall(
        r"--mj-icon-\w+: url\('data:image/svg\+xml;charset=utf-8,(.+)'\); /\* (\S+) \*/", SITE
    )
    assert len(found) == SITE.count("  --mj-icon-")
    for svg, name in found:
        original = (ICONS / f"{name}.svg").read_text(encoding="utf-8").strip()
        assert svg == original.replace("#", "%23"), name


def test_font_sizes_come_from_the_scale() -> None:
    """正文的标题与 em 之外，字号都用 `--mj-text-*`。"""
    for file in (STYLES / "site.css", *(STYLES / "pages").glob("*.css")):
        if file.name in ("print.css", "brief.css"):
            continue
        for rule in re.findall(
            r"[^{}]+\{[^{}]*font-size: [\d.]+rem[^{}]*\}", file.read_text("utf-8")
        ):
            assert re.search(r"\.md-typeset (h\d|:is\(h)", rule), f"{file.name}：{rule.strip()}"
