"""页面里手写的优化器、学习率、裁剪与采样，与 torch.optim、torch.amp、torch.nn.utils 对照。"""

from __future__ import annotations

import copy
import math
import random
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from torch.optim.lr_scheduler import (
    ConstantLR,
    CosineAnnealingLR,
    LinearLR,
    LRScheduler,
    SequentialLR,
)

from tests.oracles import randn
from tests.page_code import page

GRADS = [1.0, 1e-3, 0.0, 1e3, -1.0]  # 每一步梯度的尺度，含 0


def parameter(value: torch.Tensor) -> torch.nn.Parameter:
    return torch.nn.Parameter(value.clone())


@pytest.mark.parametrize("shape", [(1,), (3, 4)], ids=str)
def test_adam_pages(shape: tuple[int, ...]) -> None:
    topic, page_l2 = page("topics/training"), page("questions/adamw-vs-adam-l2")
    betas, decay, start = (0.8, 0.95), 0.1, randn(*shape)
    variants: list[tuple[Any, type[torch.optim.Optimizer]]] = [
        (lambda p, g, s: topic.adamw_step(p, g, s, 0.01, betas, 1e-6, decay), torch.optim.AdamW),
        (
            lambda p, g, s: page_l2.adam_step(p, g, s, 0.01, decay, True, betas, 1e-6),
            torch.optim.AdamW,
        ),
        (
            lambda p, g, s: page_l2.adam_step(p, g, s, 0.01, decay, False, betas, 1e-6),
            torch.optim.Adam,
        ),
    ]
    for step, judge in variants:
        p, theta, state = parameter(start), start.numpy(), dict[str, Any]()
        make: Any = judge
        optimizer = make([p], lr=0.01, betas=betas, eps=1e-6, weight_decay=decay)
        for i, scale in enumerate(GRADS * 4):
            p.grad = scale * randn(*shape, seed=i)
            theta = step(theta, p.grad.numpy(), state)
            optimizer.step()
            assert np.allclose(theta, p.detach().numpy(), rtol=1e-9, atol=1e-12)
    p, grads = parameter(torch.zeros(1).double()), [0.5, -2.0, 0.0, 100.0]
    optimizer = torch.optim.Adam([p], lr=0.1)
    for i, g in enumerate(grads):
        p.grad = torch.tensor([g], dtype=torch.float64)
        optimizer.step()
        mine = page("questions/adam-bias-correction").adam(grads[: i + 1], 0.1)
        assert math.isclose(mine, p.item(), rel_tol=1e-9)


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_zero_optimizer_from_scratch(n: int) -> None:
    params = [randn(3, 2), randn(5), randn(1, 1)]
    mine = page("questions/zero-optimizer-from-scratch").Zero1(params, n, 0.02)
    ref = [parameter(p) for p in params]
    judge = torch.optim.AdamW(
        [
            {"params": [ref[0], ref[2]], "weight_decay": 0.1},
            {"params": [ref[1]], "weight_decay": 0.0},
        ],
        lr=0.02,
        betas=(0.9, 0.95),
    )
    for step in range(4):
        grads = [[randn(*p.shape, seed=100 * step + r) for p in params] for r in range(n)]
        got = mine.step(grads)
        for i, p in enumerate(ref):
            p.grad = torch.stack([g[i] for g in grads]).mean(0)
        judge.step()
        for a, b in zip(got, ref, strict=True):
            torch.testing.assert_close(a, b.detach(), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("shape", [(4, 4), (3, 9), (8, 2)], ids=str)
def test_muon_optimizer(shape: tuple[int, int]) -> None:
    step = page("questions/muon-optimizer").MuonStep(0.05, mu=0.9, decay=0.2)
    w = randn(*shape).float()
    p = parameter(w)
    judge = torch.optim.Muon(
        [p], lr=0.05, momentum=0.9, weight_decay=0.2, adjust_lr_fn="match_rms_adamw"
    )
    for i in range(4):
        p.grad = randn(*shape, seed=i).float()
        w = step(w, p.grad)
        judge.step()
        assert (w - p.detach()).abs().max() < 0.02 * (1 + i)  # 官方的迭代用 bf16


def schedule(kind: str, total: int, warmup: int, decay: int, shape: tuple[float, float]) -> Any:
    """同样的学习率，用 torch 的调度器拼出来。"""
    peak, low = shape
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=peak)
    parts: list[LRScheduler] = []
    if warmup:
        parts.append(LinearLR(optimizer, 1 / warmup, 1.0, warmup - 1))
    if kind == "cosine":
        parts.append(CosineAnnealingLR(optimizer, total - warmup, low))
    else:
        parts += [ConstantLR(optimizer, 1.0), LinearLR(optimizer, 1.0, low / peak, decay)]
    edges = ([warmup] if warmup else []) + ([total - decay] if kind == "wsd" else [])
    scheduler = SequentialLR(optimizer, parts, edges)
    for _ in range(total + 1):
        yield optimizer.param_groups[0]["lr"]
        optimizer.step()
        scheduler.step()


@pytest.mark.parametrize(("total", "warmup", "decay"), [(40, 0, 10), (60, 2, 1), (100, 30, 70)])
def test_schedule_pages(total: int, warmup: int, decay: int) -> None:
    for name, low in (("topics/training", 3e-5), ("questions/cosine-vs-wsd-schedule", 1e-6)):
        code, shape = page(name), (3e-4, low)
        cosine = schedule("cosine", total, warmup, decay, shape)
        wsd = schedule("wsd", total, warmup, decay, shape)
        for step, (a, b) in enumerate(zip(cosine, wsd, strict=True)):
            assert math.isclose(code.cosine_lr(step, total, warmup, *shape), a, abs_tol=1e-12)
            assert math.isclose(code.wsd_lr(step, total, warmup, decay, *shape), b, abs_tol=1e-12)


@pytest.mark.parametrize("limit", [0.5, 1e9])
def test_clipping_pages(limit: float) -> None:
    topic, clip = (
        page("topics/training-stability"),
        page("questions/gradient-clipping").clip_by_norm,
    )
    w, gain = 5 * randn(6, 4), 50 * randn(4)
    for kind in (2.0, 1.0, math.inf):
        params = [parameter(w), parameter(gain)]
        params[0].grad, params[1].grad = w.clone(), gain.clone()
        norm = float(torch.nn.utils.clip_grad_norm_(params, limit, kind))
        want = [p.grad for p in params if p.grad is not None]
        for n in (1, 2, 3):
            ranks = [
                {"w": (part.clone(), True), "gain": (gain.clone(), False)} for part in w.chunk(n)
            ]
            total = page("questions/sharded-gradient-clipping").clip_sharded(ranks, limit, kind)
            assert math.isclose(total, norm)
            torch.testing.assert_close(torch.cat([r["w"][0] for r in ranks]), want[0])
            torch.testing.assert_close(ranks[-1]["gain"][0], want[1])
            if kind == 2:
                shards = [{k: g.numpy() for k, (g, _) in r.items()} for r in ranks]
                scaled = topic.global_norm(shards, {"gain"})
                assert math.isclose(scaled, norm * topic.clip_factor(norm, limit))
        if kind == 2:
            mine, total = clip([w.numpy(), gain.numpy()], limit)
            assert math.isclose(total, norm)
            for a, b in zip(mine, want, strict=True):
                assert np.allclose(a, b.numpy())
    assert clip([np.array([math.nan])], limit)[0] is None
    assert topic.clip_factor(math.inf, limit) is None


@pytest.mark.parametrize("interval", [1, 2, 3])
def test_loss_scaler_pages(interval: int) -> None:
    flow = [1.0, math.inf, 2.0, 3.0, math.nan, math.inf, *[0.5] * 8]
    p = torch.nn.Parameter(torch.zeros(2))
    optimizer = torch.optim.SGD([p], lr=1.0)
    judge = torch.amp.GradScaler("cpu", init_scale=64.0, growth_interval=interval)
    topic = page("topics/training-stability").LossScaler(64.0, interval)
    question = page("questions/fp16-vs-bf16").LossScaler(64.0, interval)
    x = torch.zeros(2)
    for g in flow:
        p.grad = torch.full((2,), g)
        judge.scale(torch.tensor(0.0))
        judge.step(optimizer)
        judge.update()
        out = topic.unscale([np.full(2, g)])
        x = x if out is None else x - torch.tensor(out[0])
        question.step([torch.full((2,), g)], lambda grads: None)
        assert topic.scale == question.scale == judge.get_scale()
        torch.testing.assert_close(x.float(), p.detach())


def test_weight_averaging_ema() -> None:
    for beta in (0.0, 0.9):
        net = torch.nn.Linear(3, 2, dtype=torch.float64)
        mine, want = page("questions/weight-averaging-ema").EMA(net, beta), copy.deepcopy(net)
        update = torch.optim.swa_utils.get_ema_avg_fn(beta)
        for step in range(5):
            net.weight.data.copy_(randn(2, 3, seed=step))
            mine.update(net)
            want.weight.data.copy_(update(want.weight.data, net.weight.data, torch.tensor(1)))
        torch.testing.assert_close(mine.model.weight, want.weight)


def filtered(z: list[float], temperature: float, k: int, top_p: float, min_p: float) -> list[float]:
    """逐个 token 照定义：先 top-k，再取和达到 top_p 的最短前缀，再比最大的概率。"""
    weight = [math.exp(x / temperature) for x in z]
    order = sorted(range(len(z)), key=lambda i: -weight[i])[: k or None]
    mass = sum(weight[i] for i in order)
    keep: list[int] = []
    for i in order:
        if top_p < 1 and sum(weight[j] for j in keep) >= top_p * mass:
            break
        keep.append(i)
    keep = [i for i in keep if weight[i] >= min_p * weight[order[0]]]
    total = sum(weight[i] for i in keep)
    return [weight[i] / total if i in keep else 0.0 for i in range(len(z))]


@pytest.mark.parametrize("size", [1, 2, 7, 50])
def test_sampling_strategies(size: int) -> None:
    code, rng = page("questions/sampling-strategies"), random.Random(size)
    for seed in range(40):
        z = randn(size, seed=seed)
        options = (
            rng.choice([0.5, 1.0, 3.0]),
            rng.choice([0, 1, 3, 100]),
            rng.choice([1.0, 0.9, 0.3, 1e-6]),
            rng.choice([0.0, 0.05, 0.7]),
        )
        want = torch.tensor(filtered(z.tolist(), *options)).double()
        torch.testing.assert_close(code.filtered(z, *options), want, rtol=1e-6, atol=1e-7)
    p = code.filtered(randn(size), 1.0, 5)
    generator = torch.Generator().manual_seed(0)
    draws = torch.tensor([code.sample(p, generator) for _ in range(2000)]).bincount(minlength=size)
    assert not draws[p == 0].any()
    if (p > 0).sum() > 1:
        assert stats.chisquare(draws[p > 0], 2000 * p[p > 0]).pvalue > 1e-3


def test_repetition_penalty_by_hand() -> None:
    code, z = page("questions/repetition-penalty"), torch.tensor([4.0, -2.0, 1.0, 0.0])
    # 见过 0、1、1、3：4/2 = 2，-2·2 = -4，0 不动；没见过的 2 不动
    assert code.repetition_penalty(z, [0, 1, 1, 3], 2.0).tolist() == [2, -4, 1, 0]
    # 0：4-0.5-0.25；1 出现两次：-2-0.5-0.5；3：0-0.5-0.25
    assert code.additive_penalty(z, [0, 1, 1, 3], 0.5, 0.25).tolist() == [3.25, -3, 1, -0.75]
    assert code.banned_next([7, 8, 9, 7, 8], 3) == {9} and code.banned_next([7, 8], 3) == set()


@pytest.mark.parametrize("size", [1, 2, 9])
def test_speculative_decoding(size: int) -> None:
    """接受的部分 q·min(1, p/q)，加上拒绝的概率乘 residual，正好是 p。"""
    rng = np.random.default_rng(size)
    for p, q in (rng.dirichlet(np.ones(size), 2), [np.full(size, 1 / size)] * 2):
        accepted = q * np.minimum(1, p / q)
        rest = page("questions/speculative-decoding").residual(p, q)
        assert np.allclose(accepted + (1 - accepted.sum()) * rest, p)
