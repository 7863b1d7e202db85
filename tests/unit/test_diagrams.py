"""图：格式、可读，以及画的就是算出来的事实。"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise, product
from math import exp, log, tau
from xml.etree import ElementTree

import numpy as np
import pytest
from mianjing.diagrams import (
    DIAGRAMS,
    alignment,
    attention,
    curves,
    masks,
    models,
    normalization,
    parallelism,
    pipelines,
    tokenization,
)
from mianjing.diagrams.svg import Drawing
from mianjing.estimates.data import lsh_probability
from mianjing.estimates.models import rope_wavelength
from mianjing.estimates.parallelism import pipeline_bubble_total, ring_all_reduce_bytes, zero_bytes

every_diagram = pytest.mark.parametrize("name", DIAGRAMS)


def parse(name: str) -> ElementTree.Element:
    return ElementTree.fromstring(DIAGRAMS[name]())


def walk_texts(
    element: ElementTree.Element, size: float = 12, anchor: str = "start"
) -> Iterator[tuple[ElementTree.Element, float, str]]:
    """每个 <text> 与它的字号、对齐（可以从外层继承）。"""
    size = float(element.get("font-size", size))
    anchor = element.get("text-anchor", anchor)
    if element.tag == "text":
        yield element, size, anchor
    for child in element:
        yield from walk_texts(child, size, anchor)


def read_text(name: str) -> str:
    return "\n".join(element.text or "" for element, _, _ in walk_texts(parse(name)))


def estimate_width(text: str, size: float) -> float:
    """汉字与全角标点 1 em，其余 0.6 em。"""
    wide = len(re.findall(r"[\u2e80-\u9fff\uff00-\uff60]", text))
    return size * (wide + 0.6 * (len(text) - wide))


@every_diagram
def test_one_line_of_well_formed_self_contained_svg(name: str) -> None:
    svg = DIAGRAMS[name]()
    assert svg == DIAGRAMS[name]()  # 同样的输入，同样的字节
    assert len(svg.encode()) < 16_000  # 一页几幅图仍然轻
    assert "\n" not in svg  # 空行会被 Markdown 拆开
    assert not re.search(r"<script|\son\w+=|href|://|url\(|\bid=|\$|`|#[0-9a-f]{3}", svg)
    root = parse(name)
    assert root.tag == "svg" and root.get("aria-hidden") == "true"
    tags = {element.tag for element in root.iter()}
    assert tags <= {"svg", "g", "path", "rect", "circle", "text"}


@every_diagram
def test_colours_are_the_themes(name: str) -> None:
    for element in parse(name).iter():
        for value in re.findall(r"(?:fill|stroke):([^;]+)", element.get("style", "")):
            allowed = r"none|currentColor|var\(--(mj-(good|kept|bad|pause)|md-typeset-a-color)\)"
            assert re.fullmatch(allowed, value), value


@every_diagram
def test_text_is_large_enough_and_inside(name: str) -> None:
    root = parse(name)
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    assert width == 360
    for element, size, anchor in walk_texts(root):
        text = element.text or ""
        length = estimate_width(text, size)
        x, y = float(element.attrib["x"]), float(element.attrib["y"])
        left = x - {"start": 0, "middle": length / 2, "end": length}[anchor]
        assert size >= 11, text
        assert left >= -0.5 and left + length <= width + 0.5, text
        assert y - size >= -1 and y + size * 0.25 <= height, text


def test_numbers_are_short_and_text_is_escaped() -> None:
    drawing = Drawing(20)
    drawing.line([(-0.001, 1 / 3), (2.0, 1.10)])
    drawing.text(0, 15, "a < b & c")
    assert 'd="M0 0.33L2 1.1"' in drawing.svg()
    assert ElementTree.fromstring(drawing.svg())[1].text == "a < b & c"


def test_masks_follow_the_rules() -> None:
    expected = {
        "因果": ["100000", "110000", "111000", "111100", "111110", "111111"],
        "padding": ["111100"] * 6,
        "文档": ["100000", "110000", "111000", "000100", "000110", "000111"],
        "前缀 LM": ["111000", "111000", "111000", "111100", "111110", "111111"],
        "滑动窗口": ["100000", "110000", "111000", "011100", "001110", "000111"],
    }
    drawn = {
        name: ["".join(str(int(seen)) for seen in row) for row in mask]
        for name, mask in masks.build_masks().items()
    }
    assert drawn == expected
    filled = sum(row.count("1") for rows in expected.values() for row in rows)
    paths = parse("attention-masks").iter("path")
    seen = [path for path in paths if "fill-opacity" in path.get("style", "")]
    assert sum(path.attrib["d"].count("z") for path in seen) == filled + 1  # 多一格是图例


def test_packing_restarts_positions_and_masks_prompts() -> None:
    packed = masks.pack(((2, 3), (3, 2)), 12)
    assert packed.positions[:10] == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]
    assert [label is not None for label in packed.labels] == [role == "答" for role in packed.roles]
    mask = masks.build_packed_mask(packed)
    for q, k in product(range(12), repeat=2):
        same = q < 10 and k < 10 and (q < 5) == (k < 5)
        assert mask[q][k] == (same and k <= q)


def test_attention_shapes_caches_and_tiles() -> None:
    shapes = attention.attention_shapes(**attention.SIZES)
    x = np.zeros(shapes["QKV"]).reshape(2, 5, 4, 8).transpose(0, 2, 1, 3)
    scores = x @ x.swapaxes(-1, -2)
    drawn = (shapes["heads"], shapes["P"], shapes["O"])
    assert drawn == (x.shape, scores.shape, (scores @ x).shape)
    assert attention.cached_units() == {"MHA": 16, "GQA": 4, "MQA": 2, "MLA": 4.5}
    tiles = [state for row in attention.tile_states(13) for state in row]
    assert tiles == ["done"] * 13 + ["now"] + ["todo"] * 6


def test_norm_groups_share_the_right_count() -> None:
    sizes = {}
    for norm, _ in normalization.NORMS:
        groups = [normalization.group_of(norm, cell) for cell in normalization.all_cells()]
        sizes[norm] = {groups.count(group) for group in groups}
    assert sizes == {"BN": {2 * 3}, "LN": {6}, "IN": {3}, "GN": {3 * 3}}  # 2 样本、3 位置、6 特征
    formulas = [normalization.formula(*place[1:]) for place in normalization.PLACEMENTS]
    assert formulas == ["N(x+F(x))", "x+F(N(x))", "x+N(F(N(x)))", "x+N(F(x))"]


@pytest.mark.parametrize("ranks", [2, 3, 4, 8])
def test_ring_ends_complete_and_sends_the_known_amount(ranks: int) -> None:
    steps = parallelism.ring_steps(ranks)
    everyone = frozenset(range(ranks))
    assert all(chunk == everyone for row in steps[-1].after for chunk in row)
    assert len(steps) == 2 * (ranks - 1)
    assert len(steps) / ranks == pytest.approx(ring_all_reduce_bytes(1, ranks))
    scattered = steps[ranks - 2].after  # reduce-scatter 之后，第 r 卡握有第 r+1 块
    for rank, row in enumerate(scattered):
        assert [c for c, parts in enumerate(row) if parts == everyone] == [(rank + 1) % ranks]


@pytest.mark.parametrize("stage", range(4))
def test_zero_parts_sum_to_the_estimate(stage: int) -> None:
    parts = parallelism.zero_parts(stage, parallelism.SHARDS)
    total = sum(size for _, size in parts)
    assert total == pytest.approx(zero_bytes(1, stage, parallelism.SHARDS))
    assert f"{total:g} 字节" in read_text("zero-stages")


def test_tensor_parallel_shards_multiply() -> None:
    shards = {name: np.zeros(shape) for name, shape in parallelism.shard_shapes().items()}
    y = shards["X"] @ shards["A"]
    assert y.shape == shards["Y"].shape and (y @ shards["B"]).shape == shards["Z"].shape


@pytest.mark.parametrize("kind", ["gpipe", "1f1b"])
@pytest.mark.parametrize(("stages", "microbatches"), [(4, 8), (2, 5), (4, 2), (1, 3)])
def test_pipeline_bubble_and_peaks(kind: str, stages: int, microbatches: int) -> None:
    order = {"gpipe": pipelines.order_gpipe, "1f1b": pipelines.order_1f1b}[kind]
    tasks = pipelines.simulate([order(i, stages, microbatches) for i in range(stages)])
    assert len(tasks) == 2 * stages * microbatches
    share = pipelines.bubble_fraction(tasks, stages)
    assert share == pytest.approx(pipeline_bubble_total(stages, microbatches))
    if (stages, microbatches) == (4, 8):
        assert f"{share:.1%}" in read_text(f"pipeline-{kind}")
    for stage in range(stages):
        own = sorted((task for task in tasks if task.stage == stage), key=lambda t: t.start)
        assert all(a.end <= b.start for a, b in pairwise(own))  # 不重叠
        limit = microbatches if kind == "gpipe" else min(stages - stage, microbatches)
        assert pipelines.peak_in_flight(tasks, stage) == limit


def test_rope_depends_on_the_distance_only() -> None:
    for pair, shift in product(range(4), (1, 7, 100)):
        near = models.relative_angle(2, 5, pair)
        assert models.relative_angle(2 + shift, 5 + shift, pair) == pytest.approx(near)
        turns = rope_wavelength(models.BASE, models.HEAD_DIM, pair)
        assert models.rope_angle(1, pair) * turns == pytest.approx(tau)


def test_moe_keeps_within_capacity_and_loses_nothing() -> None:
    scores = models.router_scores()
    held, dropped = models.route(scores, models.CHOSEN, 3)
    assert all(len(tokens) <= 3 for tokens in held) and dropped
    kept = [(token, expert) for expert, tokens in enumerate(held) for token in tokens]
    for token, row in enumerate(scores):
        chosen = {expert for one, expert in [*kept, *dropped] if one == token}
        assert chosen == set(sorted(range(4), key=lambda e: row[e])[-models.CHOSEN :])


def test_schedules() -> None:
    assert curves.cosine_rate(0.1) == curves.wsd_rate(0.1) == 1
    assert curves.cosine_rate(1) == pytest.approx(0.1) == curves.wsd_rate(1)
    assert curves.cosine_rate(0.55) == pytest.approx(0.55)  # 半程正好在中间
    assert curves.wsd_rate(0.55) == 1 and curves.wsd_rate(0.5, end=0.6) == 1
    assert curves.wsd_rate(0.6, end=0.6) == pytest.approx(0.1)


def test_s_curve_marks_the_fineweb_numbers() -> None:
    text = read_text("lsh-s-curve")
    for similarity in (0.6, 0.75, 0.85):
        assert f"{lsh_probability(similarity, 14, 8):.1%}" in text
    assert curves.LOOSER[0] * curves.LOOSER[1] == curves.BANDS * curves.ROWS == 112


def test_ppo_quadrants() -> None:
    quadrants = {(0.5, 1.0): 0.5, (1.5, 1.0): 1.2, (0.5, -1.0): -0.8, (1.5, -1.0): -1.5}
    for (ratio, advantage), value in quadrants.items():
        assert curves.clipped(ratio, advantage) == pytest.approx(value)


def test_bpe_matches_the_classic_corpus() -> None:
    steps = tokenization.train_bpe(tokenization.CORPUS, 4)
    merged = [("e", "s"), ("es", "t"), ("est", "</w>"), ("l", "o")]
    assert steps == list(zip(merged, [9, 9, 9, 7], strict=True))
    assert tokenization.merge(("a", "a", "a"), ("a", "a")) == ("aa", "a")


def test_clip_loss_is_symmetric_cross_entropy() -> None:
    assert alignment.clip_loss([[1, 0], [0, 1]], 1) == pytest.approx(log(1 + exp(-1)))
    lopsided = [[1, 0], [1, 0]]  # 按行：ln(1+e⁻¹) 与 ln(1+e)；按列：都是 ln 2
    expected = (log(1 + exp(-1)) + log(1 + exp(1)) + 2 * log(2)) / 4
    assert alignment.clip_loss(lopsided, 1) == pytest.approx(expected)
    assert all(max(row) == row[index] for index, row in enumerate(alignment.similarities()))
