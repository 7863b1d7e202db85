"""ZeRO、激活与流水线那一本：拿 torch、站上的计算器与独立写的检查当裁判。"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mianjing.estimates import parallelism as calculator
from mianjing.estimates import training

from tests.notebooks.cells import run_notebook

pytestmark = pytest.mark.notebooks

Op = tuple[str, int, int]
Timeline = dict[Op, tuple[int, int, int]]


def get(name: str) -> Any:
    """推导里的一个函数、类或常量。"""
    return run_notebook("parallelism")[name]


def grad(tensor: torch.Tensor) -> Any:
    """自动求导的梯度，NumPy 数组。"""
    assert tensor.grad is not None
    return tensor.grad.numpy()


# ---- ZeRO


@settings(max_examples=40, deadline=None)
@given(
    ranks=st.integers(1, 5),
    stage=st.integers(0, 3),
    widths=st.lists(st.integers(1, 6), min_size=2, max_size=4),
    microbatches=st.integers(1, 3),
    clip=st.sampled_from([None, 0.3, 5.0]),
    seed=st.integers(0, 1000),
)
def test_sharded_adamw_is_torch_adamw_on_the_whole_batch(
    ranks: int, stage: int, widths: list[int], microbatches: int, clip: float | None, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    weights = [rng.standard_normal(shape) for shape in pairwise(widths)]
    model = get("Zero")(weights, ranks, stage, clip)
    tensors = [torch.tensor(w, requires_grad=True) for w in weights]
    optimizer = torch.optim.AdamW(
        tensors, lr=0.02, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1, foreach=False
    )
    steps = 3
    for _ in range(steps):
        data = rng.standard_normal((microbatches, ranks, 2, widths[0] + widths[-1]))
        model.step(
            [[(z[:, : widths[0]], z[:, widths[0] :]) for z in microbatch] for microbatch in data]
        )
        whole = torch.tensor(data.reshape(-1, data.shape[-1]))
        x = whole[:, : widths[0]]
        for w in tensors:
            x = torch.tanh(x @ w)
        optimizer.zero_grad()
        (0.5 * (x - whole[:, widths[0] :]).pow(2).sum(dim=1).mean()).backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(tensors, clip)
        optimizer.step()
    for ours, theirs in zip(model.result(), tensors, strict=True):
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=0, atol=1e-9)
    padded = sum(-(-w.size // ranks) * ranks for w in weights)
    expected = calculator.zero_volume(padded, stage, microbatches) * (ranks - 1) / ranks
    assert sum(model.group.sent.values()) == pytest.approx(steps * expected)


@given(
    psi=st.floats(1, 1e12),
    ranks=st.integers(1, 4096),
    stage=st.integers(0, 3),
    gradient=st.sampled_from([2, 4]),
)
def test_state_bytes_agree_with_the_calculator(
    psi: float, ranks: int, stage: int, gradient: int
) -> None:
    expected = calculator.zero_bytes(psi, stage, ranks, gradient_bytes=gradient)
    assert get("zero_bytes")(psi, ranks, stage, gradient=gradient) == pytest.approx(expected)
    assert get("zero_memory")(psi, ranks, stage, grad=gradient) == pytest.approx(expected)


def test_least_ranks_of_the_exercise() -> None:
    expected = [calculator.zero_least_ranks(13e9, stage, 80e9) for stage in (1, 2, 3)]
    assert get("least") == expected


def test_bf16_rounding_is_that_of_torch() -> None:
    x = np.random.default_rng(0).standard_normal(10_000).astype(np.float32)
    x[:4] = [0.0, 257.0, -257.0, 259.0]  # 两个平局，取偶
    expected = torch.tensor(x).bfloat16().float().numpy()
    np.testing.assert_array_equal(get("bf16")(x), expected)


# ---- 激活


@given(
    s=st.integers(1, 4096),
    b=st.integers(1, 4),
    a=st.integers(1, 16),
    d=st.integers(1, 128),
    t=st.integers(1, 8),
    sp=st.booleans(),
    stored=st.integers(0, 2),
)
def test_activation_ledger_agrees_with_the_calculator(
    s: int, b: int, a: int, d: int, t: int, sp: bool, stored: int
) -> None:
    recompute = ["none", "selective", "full"][stored]
    ours = get("activation_bytes")(s, b, a * d, a, t, sp, recompute)
    theirs = training.activation_bytes_per_layer(s, b, a * d, a, t, stored, int(sp))
    assert ours == pytest.approx(theirs)


@settings(max_examples=25, deadline=None)
@given(
    s=st.integers(2, 9),
    b=st.integers(1, 3),
    a=st.integers(1, 3),
    d=st.integers(2, 4),
    seed=st.integers(0, 99),
)
def test_layer_keeps_what_the_formula_says_and_no_more_is_needed(
    s: int, b: int, a: int, d: int, seed: int
) -> None:
    rng, h = np.random.default_rng(seed), a * d
    shapes = dict.fromkeys("qkvo", (h, h)) | {"1": (h, 4 * h), "2": (4 * h, h)}
    weights = {n: rng.standard_normal(shape) / np.sqrt(h) for n, shape in shapes.items()}
    x, dy = rng.standard_normal((2, b, s, h))
    y, saved = get("layer_forward")(x, weights, a, seed)
    assert get("saved_bytes")(saved) == s * b * h * 34 + 5 * a * s * s * b
    dx, dw = get("layer_backward")(dy, weights, saved)

    masks = iter([torch.tensor(saved[n]) for n in ("注意力掩码", "残差掩码 1", "残差掩码 2")])
    keep = 1 - get("RATE")
    tx = torch.tensor(x, requires_grad=True)
    tw = {n: torch.tensor(w, requires_grad=True) for n, w in weights.items()}
    n1 = torch.nn.functional.layer_norm(tx, (h,))
    q, k, v = ((n1 @ tw[n]).view(b, s, a, d).transpose(1, 2) for n in "qkv")
    p = (q @ k.transpose(2, 3) / d**0.5).softmax(-1) * next(masks) / keep
    middle = tx + (p @ v).transpose(1, 2).reshape(b, s, h) @ tw["o"] * next(masks) / keep
    inner = torch.nn.functional.layer_norm(middle, (h,)) @ tw["1"]
    gelu = torch.nn.functional.gelu(inner, approximate="tanh")
    ty = middle + gelu @ tw["2"] * next(masks) / keep
    ty.backward(torch.tensor(dy))
    np.testing.assert_allclose(y, ty.detach().numpy(), atol=1e-10)
    np.testing.assert_allclose(dx, grad(tx), atol=1e-8)
    for n, g in dw.items():
        np.testing.assert_allclose(g, grad(tw[n]), atol=1e-8)

    for recompute in ("selective", "full"):
        kept = get("drop")(saved, recompute)
        again = get("layer_backward")(dy, weights, get("restore")(kept, weights, a, seed))[0]
        np.testing.assert_array_equal(again, dx)


def test_llama_layer_of_the_exercise() -> None:
    for h, f, a, kv in ((4096, 11008, 32, 32), (8192, 28672, 64, 8)):
        expected = training.activation_bytes_per_token(h, a, kv, f)
        assert get("llama_bytes")(h, f, a, kv) == expected


# ---- 流水线


def audit(timeline: Timeline, orders: list[list[Op]], cost: dict[str, int], lag: int = 0) -> None:
    """不看模拟器怎么写的：用时对、次序照办、一卡一次一件事、每条依赖都满足。"""
    stages = 1 + max(k for order in orders for _, _, k in order)
    split = "W" in cost
    assert sorted(timeline) == sorted(op for order in orders for op in order)
    for (kind, _, _), (_, start, end) in timeline.items():
        assert end - start == cost[kind] and start >= 0
    for card, order in enumerate(orders):
        for first, second in pairwise(order):
            assert timeline[first][2] <= timeline[second][1]
            assert timeline[first][0] == timeline[second][0] == card
    for kind, j, k in timeline:
        start = timeline[kind, j, k][1]
        if kind == "F" and k > 0:
            assert start >= timeline["F", j, k - 1][2] + lag
        if kind == "B":
            assert start >= timeline["F", j, k][2]
            if k < stages - 1:
                assert start >= timeline["B", j, k + 1][2] + lag
        if kind == "W":
            assert split and start >= timeline["B", j, k][2]


def total_of(timeline: Timeline) -> int:
    """最后一件事结束的时刻。"""
    return max(end for _, _, end in timeline.values())


def peak_of(timeline: Timeline, card: int, release: str) -> int:
    """按时间数一张卡上「F 已开始、release 未结束」的份数的峰值。"""
    events = []
    for (kind, _, _), (i, start, end) in timeline.items():
        if i == card and kind == "F":
            events.append((start, 1))
        if i == card and kind == release:
            events.append((end, -1))
    live = peak = 0
    for _, change in sorted(events):  # 同一时刻先放后占
        live += change
        peak = max(peak, live)
    return peak


@settings(max_examples=80, deadline=None)
@given(
    p=st.integers(1, 7),
    m=st.integers(1, 12),
    tf=st.integers(1, 4),
    tb=st.integers(1, 6),
    kind=st.sampled_from(["gpipe", "one_f_one_b"]),
)
def test_gpipe_and_1f1b_take_the_time_and_memory_of_the_formulas(
    p: int, m: int, tf: int, tb: int, kind: str
) -> None:
    orders, cost = get(kind)(p, m), {"F": tf, "B": tb}
    timeline = get("simulate")(orders, cost)
    audit(timeline, orders, cost)
    total, ideal = total_of(timeline), m * (tf + tb)
    assert (total - ideal) / ideal == pytest.approx(calculator.pipeline_bubble_ideal(p, m))
    assert (total - ideal) / total == pytest.approx(calculator.pipeline_bubble_total(p, m))
    assert get("idle_times")(timeline, p) == (total, [total - ideal] * p)
    for i, order in enumerate(orders):
        expected = m if kind == "gpipe" else calculator.pipeline_in_flight(p, m, i)
        assert get("in_flight")(order) == peak_of(timeline, i, "B") == expected
    if kind == "one_f_one_b":
        assert total == get("run_1f1b")(p, m, tf, tb)
        for i, order in enumerate(orders):
            assert [(op, j) for op, j, _ in order] == get("schedule_1f1b")(p, m, i)


@settings(max_examples=60, deadline=None)
@given(
    p=st.integers(1, 5),
    groups=st.integers(1, 4),
    v=st.integers(1, 4),
    tf=st.integers(1, 3),
    tb=st.integers(1, 4),
)
def test_interleaving_divides_the_bubble(p: int, groups: int, v: int, tf: int, tb: int) -> None:
    m = p * groups
    orders, cost = get("interleaved")(p, m, v), {"F": tf, "B": tb}  # 一个小段的用时
    timeline = get("simulate")(orders, cost)
    audit(timeline, orders, cost)
    total, ideal = total_of(timeline), m * v * (tf + tb)
    assert (total - ideal) / ideal == pytest.approx(calculator.pipeline_bubble_ideal(p, m, v))
    assert (total - ideal) / total == pytest.approx(calculator.pipeline_bubble_total(p, m, v))
    assert {k % p for _, _, k in orders[p - 1]} == {p - 1}
    if groups >= 3:
        layers = calculator.pipeline_first_stage_layers(p * v, p, v)
        assert get("in_flight")(orders[0]) == pytest.approx(layers)


def test_interleaving_refuses_a_ragged_last_group() -> None:
    with pytest.raises(AssertionError, match="倍数"):
        get("interleaved")(4, 6, 2)


@settings(max_examples=60, deadline=None)
@given(
    p=st.integers(1, 6),
    extra=st.integers(0, 9),
    tf=st.integers(1, 4),
    tb=st.integers(1, 4),
    tw=st.integers(1, 4),
)
def test_zero_bubble_h1(p: int, extra: int, tf: int, tb: int, tw: int) -> None:
    m, cost = p + extra, {"F": tf, "B": tb, "W": tw}
    orders = get("zb_h1")(p, m)
    timeline = get("simulate")(orders, cost)
    audit(timeline, orders, cost)
    idle = (p - 1) * (tf + tb - min(tf, tb, tw))
    assert total_of(timeline) == m * (tf + tb + tw) + idle
    assert [peak_of(timeline, i, "W") for i in range(p)] == [p] * p
    together = {"F": tf, "B": tb + tw}
    plain = total_of(get("simulate")(get("one_f_one_b")(p, m), together))
    assert plain - total_of(timeline) == (p - 1) * (tw + min(tf, tb, tw))


@settings(max_examples=80, deadline=None)
@given(warmups=st.lists(st.integers(0, 6), min_size=1, max_size=5), m=st.integers(1, 6))
def test_1f1b_deadlocks_exactly_when_a_later_stage_warms_up_more(
    warmups: list[int], m: int
) -> None:
    orders = get("one_f_one_b")(len(warmups), m, lambda i: warmups[i])
    capped = [min(w, m - 1) for w in warmups]  # 预热 m 个与 m-1 个是同一个次序
    if all(up >= down for up, down in pairwise(capped)):
        audit(get("simulate")(orders, {"F": 1, "B": 2}), orders, {"F": 1, "B": 2})
    else:
        with pytest.raises(AssertionError, match="死锁"):
            get("simulate")(orders, {"F": 1, "B": 2})


@pytest.mark.parametrize(
    ("build", "v", "cost"),
    [
        (lambda p, m: get("gpipe")(p, m), 1, {"F": 1, "B": 2}),
        (lambda p, m: get("one_f_one_b")(p, m), 1, {"F": 1, "B": 2}),
        (lambda p, m: get("interleaved")(p, m, 3), 3, {"F": 1, "B": 2}),
        (lambda p, m: get("zb_h1")(p, m), 1, {"F": 2, "B": 3, "W": 1}),
    ],
    ids=["gpipe", "1f1b", "interleaved", "zb-h1"],
)
def test_executed_schedule_gives_the_gradients_of_autograd(
    build: Callable[[int, int], list[list[Op]]], v: int, cost: dict[str, int]
) -> None:
    rng, p, m = np.random.default_rng(1), 3, 6
    weights = list(rng.standard_normal((p * v, 4, 4)))
    xs, ys = rng.standard_normal((2, m, 2, 4))
    timeline = get("simulate")(build(p, m), cost, 1)
    audit(timeline, build(p, m), cost, 1)
    grads, peaks = get("train")(timeline, weights, xs, ys)
    tensors = [torch.tensor(w, requires_grad=True) for w in weights]
    out = torch.tensor(xs)
    for w in tensors:
        out = torch.tanh(out @ w)
    (0.5 * (out - torch.tensor(ys)).pow(2).sum() / m).backward()
    for ours, theirs in zip(grads, tensors, strict=True):
        np.testing.assert_allclose(ours, grad(theirs), atol=1e-12)
    assert peaks == [get("in_flight")(order) for order in build(p, m)]


# ---- 利用率与选型


def test_utilization_agrees_with_the_calculator() -> None:
    speed, parameters, devices, peak = 3e5, 1.3e10, 64, 9e14
    achieved = training.achieved_flops(parameters, speed * 3600, devices)
    mfu = get("utilization")(speed, parameters, devices, peak)
    assert mfu == pytest.approx(training.flops_utilization(achieved, peak))
    hfu = get("utilization")(speed, parameters, devices, peak, 8)
    assert hfu / mfu == pytest.approx(training.recompute_ratio())
    share = get("extra") / (3 * get("forward"))
    assert share == pytest.approx(training.selective_recompute_share(2048, 12288))


def test_every_plan_uses_all_devices_and_fits_when_it_says_so() -> None:
    model, cluster, every = get("MODEL"), get("CLUSTER"), get("plans")()
    for (t, p, n_d), (m, states, activations) in every.items():
        assert t * p * n_d == cluster["devices"] and m * n_d * model["b"] == cluster["batch"]
        assert model["heads"] % t == 0 and model["L"] % p == 0 and t <= cluster["node"]
        expected = calculator.zero_bytes(model["psi"] / (t * p), 1, n_d, gradient_bytes=4)
        assert states == pytest.approx(expected)
        layer = training.activation_bytes_per_layer(
            model["s"], model["b"], model["h"], model["heads"], t, 1, 1
        )
        in_flight = calculator.pipeline_in_flight(p, m, 0)
        assert activations == pytest.approx(layer * model["L"] / p * in_flight)
    assert set(get("fits")) == {k for k, plan in every.items() if sum(plan[1:]) <= 72e9}


def test_tensor_parallel_time_is_the_calculators_volume() -> None:
    model = get("MODEL")
    t, p, n_d, m = 8, 2, 4, 128
    tensor = get("step_seconds")(t, p, n_d, m, 5e14, 3e11, 5e10)[1]
    elements = calculator.tensor_parallel_elements(
        model["b"], model["s"], model["h"], t, model["L"] // p
    )
    assert tensor == pytest.approx(elements * m * 2 / 3e11)
