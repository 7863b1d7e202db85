"""PPO、DPO、GRPO 的损失：手推的梯度与面试版，换形状、掩码、极端值再与 torch 或按定义写的循环比。"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.notebooks.cells import run_notebook

pytestmark = pytest.mark.notebooks

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(1, 6)
EXAMPLES = settings(max_examples=40, deadline=None)


@pytest.fixture(scope="module")
def lab() -> dict[str, Any]:
    return run_notebook("rl-losses")


def ragged(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """右侧 pad 的掩码，每行至少一个有效 token。"""
    lengths = rng.integers(1, columns + 1, size=(rows, 1))
    return (np.arange(columns) < lengths).astype(float)


def tensors(*arrays: np.ndarray) -> list[torch.Tensor]:
    return [torch.tensor(a) for a in arrays]


def compare(actual: tuple[float, np.ndarray], loss: torch.Tensor, x: torch.Tensor) -> None:
    """手推的损失与梯度，与 torch 的损失与自动求导。"""
    (gradient,) = torch.autograd.grad(loss, x, retain_graph=True)
    assert math.isclose(actual[0], loss.item(), rel_tol=1e-10, abs_tol=1e-12)
    np.testing.assert_allclose(actual[1], gradient.numpy(), rtol=1e-9, atol=1e-12)


def torch_surrogate(
    logp: torch.Tensor, old: torch.Tensor, adv: torch.Tensor, eps: float
) -> torch.Tensor:
    """另一种写法的截断目标：按优势的符号只截一侧。"""
    ratio = (logp - old).exp()
    bounded = torch.where(adv > 0, ratio.clamp(max=1 + eps), ratio.clamp(min=1 - eps))
    return bounded * adv


@EXAMPLES
@given(SEEDS, SIZES, SIZES, st.floats(0.05, 0.5))
def test_ppo_equals_autograd(seed: int, rows: int, columns: int, eps: float) -> None:
    lab, rng = run_notebook("rl-losses"), np.random.default_rng(seed)
    logp, old, adv = rng.normal(size=(3, rows, columns))
    mask = ragged(rng, rows, columns)
    x, o, a, m = tensors(logp, old, adv, mask)
    x.requires_grad_()
    judge = -(torch_surrogate(x, o, a, eps) * m).sum() / m.sum()
    compare(lab["ppo"](logp, old, adv, mask, eps), judge, x)
    short = lab["ppo_loss"](x, o, a, m.bool(), eps)
    torch.testing.assert_close(short, judge)
    torch.testing.assert_close(torch.autograd.grad(short, x), torch.autograd.grad(judge, x))


@EXAMPLES
@given(SEEDS, SIZES, SIZES)
def test_value_loss_equals_autograd(seed: int, rows: int, columns: int) -> None:
    lab, rng = run_notebook("rl-losses"), np.random.default_rng(seed)
    value, old, target = rng.normal(scale=0.5, size=(3, rows, columns))
    mask = ragged(rng, rows, columns)
    v, o, t, m = tensors(value, old, target, mask)
    v.requires_grad_()
    near = torch.minimum(torch.maximum(v, o - 0.2), o + 0.2)
    judge = (torch.stack([(v - t) ** 2, (near - t) ** 2]).amax(0) * m).sum() / (2 * m.sum())
    compare(lab["value_loss"](value, old, target, mask), judge, v)


@pytest.mark.parametrize("way", ["grpo", "dapo", "dr_grpo"])
@EXAMPLES
@given(seed=SEEDS, rows=SIZES, columns=SIZES, beta=st.sampled_from([0.0, 0.04, 1.0]))
def test_grpo_equals_autograd(way: str, seed: int, rows: int, columns: int, beta: float) -> None:
    lab, rng = run_notebook("rl-losses"), np.random.default_rng(seed)
    logp, old, ref = rng.normal(scale=0.5, size=(3, rows, columns))
    adv, mask = rng.normal(size=rows), ragged(rng, rows, columns)
    x, o, f, a, m = tensors(logp, old, ref, adv, mask)
    x.requires_grad_()
    u = (f - x).exp()
    inner = torch_surrogate(x, o, a[:, None].expand_as(x), 0.2) - beta * (u - 1 - u.log())
    rows_sum = (inner * m).sum(1)
    judge = {
        "grpo": -(rows_sum / m.sum(1)).mean(),
        "dapo": -rows_sum.sum() / m.sum(),
        "dr_grpo": -rows_sum.sum() / (rows * columns),
    }[way]
    compare(lab["grpo"](logp, old, ref, adv, mask, 0.2, beta, way, columns), judge, x)
    if way == "grpo":
        short = lab["grpo_loss"](x, o, f, a, m.bool(), 0.2, beta)
        torch.testing.assert_close(short, judge)
        torch.testing.assert_close(torch.autograd.grad(short, x), torch.autograd.grad(judge, x))


@EXAMPLES
@given(SEEDS, st.integers(1, 8), st.floats(0.01, 5))
def test_dpo_equals_autograd(seed: int, size: int, beta: float) -> None:
    lab, rng = run_notebook("rl-losses"), np.random.default_rng(seed)
    values = rng.normal(-20, 10, size=(4, size))
    p_w, p_l, r_w, r_l = tensors(*values)
    p_w.requires_grad_()
    p_l.requires_grad_()
    logits = beta * (p_w - r_w - p_l + r_l)
    judge = F.binary_cross_entropy_with_logits(logits, torch.ones(size, dtype=torch.float64))
    loss, gradient, margin = lab["dpo"](*values, beta)
    (other,) = torch.autograd.grad(judge, p_l, retain_graph=True)
    np.testing.assert_allclose(-gradient, other.numpy(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(margin, logits.detach().numpy(), rtol=1e-9, atol=1e-9)
    compare((loss, gradient), judge, p_w)
    torch.testing.assert_close(lab["dpo_loss"](p_w, p_l, r_w, r_l, beta), judge)


@pytest.mark.parametrize("margin", [-1e5, -800.0, 0.0, 800.0, 1e5])
def test_log_sigmoid_is_stable(lab: dict[str, Any], margin: float) -> None:
    """间隔再大，损失与梯度也有限：负间隔时损失是 −m，正间隔时是 0。"""
    x, zero = np.array([margin]), np.zeros(1)
    expected = math.log(2) if margin == 0 else max(-margin, 0.0)
    with np.errstate(all="raise", under="ignore"):
        loss, gradient, _ = lab["dpo"](x, zero, zero, zero, 1.0)
        assert lab["bradley_terry"](x, zero)[0] == loss
    assert math.isclose(loss, expected, abs_tol=1e-300)
    assert math.isclose(gradient[0], -0.5 if margin == 0 else -float(margin < 0), abs_tol=1e-300)
    t = torch.tensor(x, requires_grad=True)
    z = torch.tensor(zero)
    short = lab["dpo_loss"](t, z, z, z, beta=1.0)
    assert math.isclose(short.item(), expected, abs_tol=1e-300)
    assert torch.autograd.grad(short, t)[0].isfinite().all()


def slow_gae(
    rewards: np.ndarray, values: np.ndarray, done: np.ndarray, last: float, gamma: float, lam: float
) -> np.ndarray:
    """按定义：从 t 往后逐项加 (γλ)^l δ，遇到 done 就停。"""
    T = len(rewards)  # noqa: N806
    following = np.append(values[1:], last)
    out = np.zeros(T)
    for t in range(T):
        for k in range(t, T):
            after = 0.0 if done[k] else following[k]
            out[t] += (gamma * lam) ** (k - t) * (rewards[k] + gamma * after - values[k])
            if done[k]:
                break
    return out


UNIT = st.sampled_from([0.0, 0.5, 0.95, 1.0])


@EXAMPLES
@given(SEEDS, SIZES, st.integers(1, 9), UNIT, UNIT, st.sampled_from([0.0, 2.0]))
def test_gae_equals_definition(
    seed: int, rows: int, columns: int, gamma: float, lam: float, last: float
) -> None:
    lab, rng = run_notebook("rl-losses"), np.random.default_rng(seed)
    rewards, values = rng.normal(size=(2, rows, columns))
    done = (rng.random((rows, columns)) < 0.3).astype(float)
    slow = [
        slow_gae(r, v, d, last, gamma, lam) for r, v, d in zip(rewards, values, done, strict=True)
    ]
    adv, target = lab["advantages"](rewards, values, done, last, gamma, lam)
    np.testing.assert_allclose(adv, slow, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(target, adv + values)
    short, short_target = lab["gae"](*tensors(rewards, values, done), last, gamma, lam)
    np.testing.assert_allclose(short.numpy(), adv, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(short_target.numpy(), target, rtol=1e-9, atol=1e-12)


def test_gae_at_the_edges(lab: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    rewards, values = rng.normal(size=(2, 7))
    none, every = np.zeros(7), np.ones(7)
    following = np.append(values[1:], 3.0)
    one_step = rewards + 0.9 * following - values
    np.testing.assert_allclose(lab["advantages"](rewards, values, none, 3.0, 0.9, 0.0)[0], one_step)
    returns = np.cumsum(rewards[::-1])[::-1]
    np.testing.assert_allclose(lab["advantages"](rewards, values, none, 0.0, 1.0, 1.0)[1], returns)
    for gamma, lam in [(0.0, 0.9), (0.9, 0.9)]:  # γ=0，或步步结束：只剩 r − V
        done = none if gamma == 0 else every
        got = lab["advantages"](rewards, values, done, 3.0, gamma, lam)[0]
        np.testing.assert_allclose(got, rewards - values)


@EXAMPLES
@given(SEEDS, SIZES, st.integers(2, 8), st.sampled_from([1e-6, 1.0, 1e6]))
def test_group_advantage(seed: int, prompts: int, group: int, scale: float) -> None:
    lab, rng = run_notebook("rl-losses"), np.random.default_rng(seed)
    rewards = scale * rng.normal(size=(prompts, group))
    rewards[0] = rewards[0, 0]  # 全同分的一组
    adv = lab["group_advantage"](rewards)
    assert np.isfinite(adv).all()
    np.testing.assert_allclose(adv[0], 0, atol=1e-4)  # 均值的舍入也被 ε 压住
    np.testing.assert_allclose(adv.mean(axis=1), 0, atol=1e-4)
    np.testing.assert_allclose(
        lab["group_advantages"](torch.tensor(rewards)).numpy(), adv, atol=1e-4
    )
    plain = lab["group_advantage"](rewards, scale=False)
    np.testing.assert_allclose(plain, rewards - rewards.mean(axis=1, keepdims=True))


def test_group_of_one_is_refused(lab: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        lab["group_advantage"](np.ones((3, 1)))
    with pytest.raises(AssertionError):
        lab["group_advantages"](torch.ones(3, 1))


def test_all_rewards_equal_gives_no_policy_gradient(lab: dict[str, Any]) -> None:
    rng = np.random.default_rng(1)
    logp, old = rng.normal(size=(2, 4, 5))
    adv = lab["group_advantage"](np.full((1, 4), 0.7)).ravel()
    _, gradient = lab["grpo"](logp, old, logp, adv, np.ones((4, 5)))
    np.testing.assert_allclose(gradient, 0, atol=1e-12)


@pytest.mark.parametrize("name", ["ppo_loss", "grpo_loss"])
@pytest.mark.parametrize("garbage", [float("-inf"), float("nan"), 1e30])
def test_padding_never_leaks(lab: dict[str, Any], name: str, garbage: float) -> None:
    """pad 处写什么都不影响损失与梯度；全是 pad 时损失为 0。"""
    torch.manual_seed(0)
    mask = torch.arange(6) < torch.tensor([[6], [3], [1]])
    logp, old, ref = torch.randn(3, 3, 6, dtype=torch.float64)
    token_adv, answer_adv = torch.randn(3, 6, dtype=torch.float64), torch.randn(3).double()

    def run(*inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = inputs[0].clone().requires_grad_()
        if name == "ppo_loss":
            loss = lab[name](x, inputs[1], token_adv, mask)
        else:
            loss = lab[name](x, inputs[1], inputs[2], answer_adv, mask)
        return loss.detach(), torch.autograd.grad(loss, x)[0]

    clean = run(logp, old, ref)
    dirty = run(*(t.masked_fill(~mask, garbage) for t in (logp, old, ref)))
    torch.testing.assert_close(dirty, clean)
    assert dirty[1][~mask].eq(0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_interview_version_keeps_dtype(lab: dict[str, Any], dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    logp, old, adv = torch.randn(3, 2, 4, dtype=dtype)
    mask = torch.ones(2, 4, dtype=torch.bool)
    loss = lab["ppo_loss"](logp, old, adv, mask)
    wide = lab["ppo_loss"](*(t.double() for t in (logp, old, adv)), mask)
    assert loss.dtype == dtype and loss.isfinite()
    assert abs(loss.double() - wide) < (1e-5 if dtype == torch.float32 else 0.1)


@EXAMPLES
@given(SEEDS)
def test_sequence_logp_equals_cross_entropy(seed: int) -> None:
    lab = run_notebook("rl-losses")
    generator = torch.Generator().manual_seed(seed % 2**31)
    logits = 50 * torch.randn(3, 7, 11, generator=generator, dtype=torch.float64)
    ids = torch.randint(11, (3, 7), generator=generator)
    mask = torch.rand(3, 7, generator=generator) < 0.6
    mask[0] = False
    labels = ids.masked_fill(~mask, -100)
    judge = -F.cross_entropy(logits[:, :-1].mT, labels[:, 1:], reduction="none").sum(1)
    torch.testing.assert_close(lab["seq_logp"](logits, ids, mask), judge)


def test_token_backward_equals_autograd(lab: dict[str, Any]) -> None:
    """小语言的反向：任意一批回答（可重复）、任意的上游梯度。"""
    rng = np.random.default_rng(3)
    theta, y = rng.normal(size=(15, 3)), rng.integers(0, lab["N"], size=40)
    upstream = rng.normal(size=(40, lab["LONGEST"]))
    t = torch.tensor(theta, requires_grad=True)
    picked = t.log_softmax(-1)[tensors(lab["state"][y])[0], tensors(lab["token"][y])[0]]
    total = (picked * torch.tensor(upstream * lab["mask"][y])).sum()
    (expected,) = torch.autograd.grad(total, t)
    actual = lab["token_backward"](theta, upstream, y)
    np.testing.assert_allclose(actual, expected.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("beta", [0.3, 1.0, 30.0])
def test_closed_form_beats_numeric_search(lab: dict[str, Any], beta: float) -> None:
    """π* 的目标值是 β log Z；从 π* 出发朝任何可行方向走都变差。"""
    ref, reward = lab["ref"], lab["reward"]
    star, log_z = lab["tilted"](ref, reward, beta)

    def value(p: np.ndarray) -> float:
        return float(p @ reward - beta * (p * np.log(p / ref)).sum())

    assert math.isclose(value(star), beta * log_z, rel_tol=1e-9)
    rng = np.random.default_rng(4)
    for _ in range(50):
        p = star * np.exp(0.1 * rng.normal(size=star.size))
        assert value(p / p.sum()) < value(star)
