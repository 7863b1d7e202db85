"""「归一化：从前向、反向到深网与精度」：与 torch 逐项对照，形状、类型与边界都任取。"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.notebooks.cells import run_notebook

pytestmark = pytest.mark.notebooks

NAME = "normalization"
Array = NDArray[Any]

leading = st.lists(st.integers(1, 4), min_size=0, max_size=3).map(tuple)
"""h 以外的轴：没有、一个 token、(b, s)、再多一层。"""
seeds = st.integers(0, 2**31 - 1)
scales = st.sampled_from([1e-6, 1e-2, 1.0, 1e3])
offsets = st.sampled_from([0.0, -3.0, 1e4])
epsilons = st.sampled_from([1e-12, 1e-6, 1e-5, 1e-1])


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """这一本的名字空间。"""
    return run_notebook(NAME)


def leaf(array: Array) -> torch.Tensor:
    return torch.from_numpy(array.copy()).requires_grad_()


def assert_close(ours: Array, theirs: torch.Tensor, tolerance: float = 1e-9) -> None:
    """差相对于这个数组最大的量级；都是零时要求恰好是零。"""
    expected = theirs.detach().numpy()
    assert ours.shape == expected.shape
    size = max(float(np.abs(expected).max(initial=0.0)), 1e-300)
    assert np.abs(ours - expected).max(initial=0.0) <= tolerance * size


@settings(max_examples=60, deadline=None)
@given(leading, st.integers(2, 9), seeds, scales, offsets, epsilons)
def test_layer_norm_is_torch(
    shape: tuple[int, ...], h: int, seed: int, scale: float, offset: float, eps: float
) -> None:
    names, gen = run_notebook(NAME), np.random.default_rng(seed)
    x = offset + scale * gen.normal(size=(*shape, h))
    dy = gen.normal(size=x.shape)
    gamma, beta = gen.normal(size=(2, h))
    y, cache = names["layer_norm"](x, gamma, beta, eps)
    gradients = names["layer_norm_backward"](dy, cache)
    leaves = [leaf(a) for a in (x, gamma, beta)]
    reference = F.layer_norm(leaves[0], (h,), leaves[1], leaves[2], eps)
    reference.backward(torch.from_numpy(dy))
    # 均值的舍入误差是 u·|x|，除以 σ 之后就是 x̂ 的误差；反向再乘 |g| / σ
    rounding = 1e-14 * (10 + np.abs(x).max() / cache[1].min())
    upstream = np.abs(dy).max() * (1 + np.abs(gamma).max()) * (x.size + 1)
    assert np.abs(y - reference.detach().numpy()).max() <= rounding * (1 + np.abs(gamma).max())
    assert leaves[0].grad is not None and leaves[1].grad is not None and leaves[2].grad is not None
    limit = rounding * upstream / min(float(cache[1].min()), 1.0)
    assert np.abs(gradients[0] - leaves[0].grad.numpy()).max() <= limit
    assert np.abs(gradients[1] - leaves[1].grad.numpy()).max() <= rounding * upstream
    assert np.abs(gradients[2] - leaves[2].grad.numpy()).max() <= rounding * upstream
    assert np.abs(gradients[0].sum(-1)).max() <= limit


@settings(max_examples=60, deadline=None)
@given(leading, st.integers(1, 9), seeds, scales, epsilons)
def test_rms_norm_is_torch(
    shape: tuple[int, ...], h: int, seed: int, scale: float, eps: float
) -> None:
    names, gen = run_notebook(NAME), np.random.default_rng(seed)
    x = scale * gen.normal(size=(*shape, h))
    dy, gamma = gen.normal(size=x.shape), gen.normal(size=h)
    y, cache = names["rms_norm"](x, gamma, eps)
    dx, dgamma = names["rms_norm_backward"](dy, cache)
    leaves = [leaf(a) for a in (x, gamma)]
    reference = F.rms_norm(leaves[0], (h,), leaves[1], eps)
    reference.backward(torch.from_numpy(dy))
    assert_close(y, reference)
    assert leaves[0].grad is not None and leaves[1].grad is not None
    bound = 1e-9 * float((np.abs(gamma * dy) / cache[1]).max())
    assert np.abs(dx - leaves[0].grad.numpy()).max() <= bound  # h = 1 时 dx 近似为 0
    assert_close(dgamma, leaves[1].grad)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(2, 5), seeds, epsilons)
def test_group_norm_is_torch(
    n: int, groups: int, per_group: int, length: int, seed: int, eps: float
) -> None:
    """前向、反向；ε 固定为推导里的 1e-5，另用 norm 核对别的 ε。"""
    names, gen = run_notebook(NAME), np.random.default_rng(seed)
    x, dy = gen.normal(size=(2, n, groups * per_group, length))
    gamma = gen.normal(size=(groups * per_group, 1))
    z, weight = leaf(x), torch.from_numpy(gamma[:, 0])
    reference = F.group_norm(z, groups, weight)
    reference.backward(torch.from_numpy(dy))
    assert_close(gamma * names["group_norm"](x, groups), reference)
    assert z.grad is not None
    dx = names["group_norm_backward"](gamma * dy, x, groups)
    assert np.abs(dx - z.grad.numpy()).max() < 1e-6 * (1 + np.abs(z.grad.numpy()).max())
    channels = names["norm"](x, (2,), eps=eps)
    assert_close(channels, F.instance_norm(torch.from_numpy(x), eps=eps), 1e-8)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 7), st.integers(1, 5), st.integers(1, 6), seeds, st.floats(0.01, 1.0))
def test_batch_norm_follows_torch_for_several_steps(
    n: int, c: int, steps: int, seed: int, momentum: float
) -> None:
    """若干步训练的输出、梯度与滑动统计，最后一步推理。"""
    names, gen = run_notebook(NAME), np.random.default_rng(seed)
    gamma, beta = gen.normal(size=(2, c))
    stats = np.zeros(c), np.ones(c)
    theirs = torch.zeros(c).double(), torch.ones(c).double()
    for training in [True] * steps + [False]:
        x, dy = 1 + 2 * gen.normal(size=(n, c)), gen.normal(size=(n, c))
        y, cache = names["batch_norm"](x, gamma, beta, *stats, training, momentum)
        gradients = names["batch_norm_backward"](dy, cache)
        leaves = [leaf(a) for a in (x, gamma, beta)]
        reference = F.batch_norm(
            leaves[0], *theirs, leaves[1], leaves[2], training=training, momentum=momentum
        )
        reference.backward(torch.from_numpy(dy))
        assert_close(y, reference, 1e-7)
        for ours, one in zip(gradients, leaves, strict=True):
            assert one.grad is not None
            bound = 1e-7 * (1 + float(np.abs(gamma).max() / cache[1].min()))
            assert np.abs(ours - one.grad.numpy()).max() <= bound
        assert_close(stats[0], theirs[0])
        assert_close(stats[1], theirs[1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_functions_keep_the_type(names: dict[str, Any], dtype: type) -> None:
    gen = np.random.default_rng(0)
    x, dy = gen.normal(size=(2, 3, 5, 16)).astype(dtype)
    gamma, beta = gen.normal(size=(2, 16)).astype(dtype)
    y, cache = names["layer_norm"](x, gamma, beta)
    dx = names["layer_norm_backward"](dy, cache)[0]
    z, rms_cache = names["rms_norm"](x, gamma)
    assert {a.dtype for a in (y, dx, z, names["rms_norm_backward"](dy, rms_cache)[0])} == {
        np.dtype(dtype)
    }
    leaves = [leaf(a) for a in (x, gamma, beta)]
    reference = F.layer_norm(leaves[0], (16,), leaves[1], leaves[2])
    reference.backward(torch.from_numpy(dy))
    tolerance = 1e-5 if dtype is np.float32 else 1e-12
    assert_close(y, reference, tolerance)
    assert leaves[0].grad is not None
    assert_close(dx, leaves[0].grad, tolerance)


def test_half_precision_input_uses_float32_statistics(names: dict[str, Any]) -> None:
    x = (300 * np.random.default_rng(1).normal(size=(4, 4096))).astype(np.float16)
    ones, zeros = np.ones(4096, np.float32), np.zeros(4096, np.float32)
    y = names["mixed_layer_norm"](x, ones, zeros)
    reference = F.layer_norm(torch.from_numpy(x), (4096,))
    assert y.dtype == np.float16
    assert np.abs(y.astype(float) - reference.float().numpy()).max() <= 2e-3


@pytest.mark.parametrize("rows", [1, 3])
def test_constant_rows(names: dict[str, Any], rows: int) -> None:
    """常数行：LayerNorm 输出 β、梯度有限；全零行的 RMSNorm 输出 0。"""
    gamma, beta, dy = np.full(4, 2.0), np.arange(4.0), np.ones((rows, 4)) * [1, 2, 3, -6]
    y, cache = names["layer_norm"](np.full((rows, 4), 7.0), gamma, beta)
    dx = names["layer_norm_backward"](dy, cache)[0]
    assert np.array_equal(y, np.broadcast_to(beta, (rows, 4)))
    assert np.allclose(dx, 2 * dy / np.sqrt(1e-5))  # x̂ = 0，mean(g) = 0，只剩直接那条
    y, cache = names["rms_norm"](np.zeros((rows, 4)), gamma)
    assert not y.any() and np.allclose(
        names["rms_norm_backward"](dy, cache)[0], 2 * dy / np.sqrt(1e-5)
    )


def test_single_feature(names: dict[str, Any]) -> None:
    """h = 1：LayerNorm 输出 β，dx 为 0；RMSNorm 输出 ±γ。"""
    x, one = np.array([[5.0], [-2.0]]), np.ones(1)
    y, cache = names["layer_norm"](x, one, 3 * one)
    assert np.array_equal(y, [[3.0], [3.0]])
    assert not names["layer_norm_backward"](np.ones((2, 1)), cache)[0].any()
    assert np.allclose(names["rms_norm"](x, one, 0.0)[0], [[1.0], [-1.0]])


def test_batch_norm_needs_two_numbers(names: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="至少要有两个数"):
        names["batch_norm"](np.ones((1, 2)), 1.0, 0.0, np.zeros(2), np.ones(2), training=True)


@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 5), (2, 3, 4, 4)])
def test_whiteboard_batch_norm(names: dict[str, Any], shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    kinds = {2: torch.nn.BatchNorm1d, 3: torch.nn.BatchNorm1d, 4: torch.nn.BatchNorm2d}
    ours, theirs = names["BatchNorm"](3).double(), kinds[len(shape)](3).double()
    for _ in range(3):
        z = 2 + 3 * torch.randn(shape, dtype=torch.float64)
        assert torch.allclose(ours(z), theirs(z), atol=1e-12)
    assert theirs.running_var is not None
    assert torch.allclose(ours.running_var, theirs.running_var, atol=1e-12)
    assert torch.allclose(ours.eval()(z), theirs.eval()(z), atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_whiteboard_layers_in_every_type(names: dict[str, Any], dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, 64).to(dtype)
    limit = {torch.float16: 2e-3, torch.bfloat16: 2e-2, torch.float32: 1e-5}.get(dtype, 1e-12)
    for name, reference in (("LayerNorm", F.layer_norm), ("RMSNorm", F.rms_norm)):
        module = names[name](64)
        module = module.double() if dtype == torch.float64 else module
        y = module(x)
        assert y.dtype == dtype
        assert (y.double() - reference(x.double(), (64,), eps=1e-5)).abs().max() < 2 * limit


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 20), min_size=1, max_size=5), seeds, offsets)
def test_welford_merges_any_split(sizes: list[int], seed: int, offset: float) -> None:
    """任意切法（含空段、全空）合并起来都是整段。"""
    names, gen = run_notebook(NAME), np.random.default_rng(seed)
    pieces = [offset + gen.normal(size=size) for size in sizes]
    state = names["welford"](pieces[0])
    for piece in pieces[1:]:
        state = names["merge"](state, names["welford"](piece))
    whole = np.concatenate(pieces)
    assert state[0] == whole.size
    if whole.size:
        assert np.isclose(state[1], whole.mean(), rtol=1e-12, atol=1e-12)
        assert np.isclose(state[2] / state[0], whole.var(), rtol=1e-6, atol=1e-12)


@settings(max_examples=200, deadline=None)
@given(st.floats(width=32, allow_nan=False))
def test_to_bf16_is_torch(value: float) -> None:
    ours = run_notebook(NAME)["to_bf16"](np.array([value], np.float32))
    theirs = torch.tensor([value], dtype=torch.float32).bfloat16().float().numpy()
    assert ours.tobytes() == theirs.tobytes()


@pytest.mark.parametrize("kind", ["Post", "DeepNorm", "Pre", "Sandwich", "OLMo 2"])
@pytest.mark.parametrize("layers", [1, 3])
def test_deep_net_is_torch(names: dict[str, Any], kind: str, layers: int) -> None:
    """五种放法的输出与全部梯度。"""
    gen = np.random.default_rng(layers)
    x, dy = gen.normal(size=(2, 5, 12))
    weights = gen.normal(size=(2 * layers, 2, 12, 12)) / 3
    y, cache, squares = names["deep_forward"](x, weights, kind)
    dx, dw = names["deep_backward"](dy, cache)
    leaves = [leaf(a) for a in (x, weights)]
    reference = names["torch_net"](leaves[0], leaves[1], kind)
    reference.backward(torch.from_numpy(dy))
    assert_close(y, reference)
    assert leaves[0].grad is not None and leaves[1].grad is not None
    assert_close(dx, leaves[0].grad)
    assert_close(dw, leaves[1].grad)
    assert squares.shape == (2 * layers,)


def test_deepnorm_constants(names: dict[str, Any]) -> None:
    """torchscale 的式子；100 层是 3.76 与 0.188。"""
    alpha, beta = names["deep_constants"]("DeepNorm", 100)
    assert round(alpha, 2) == 3.76 and round(beta, 3) == 0.188
    assert names["deep_constants"]("Post", 100) == (1.0, 1.0)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.1, 30), seeds)
def test_qk_clip_holds_every_head(tau: float, seed: int) -> None:
    names = run_notebook(NAME)
    wq, wk = np.random.default_rng(seed).normal(size=(2, 64, 64)) / 4
    top, _ = names["top_and_entropy"](names["logits"](wq, wk))
    clipped, _ = names["top_and_entropy"](names["logits"](*names["qk_clip"](wq, wk, top, tau)))
    assert np.allclose(clipped, np.minimum(top, tau))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), seeds)
def test_sequence_parallel_sums(tokens: int, ranks: int, seed: int) -> None:
    """卡比 token 多也行：空段的 dγ 是 0。"""
    names, gen = run_notebook(NAME), np.random.default_rng(seed)
    x, dy = gen.normal(size=(2, tokens, 6))
    gamma, beta = gen.normal(size=(2, 6))
    dx, dgamma, dbeta = names["sequence_parallel"](x, dy, gamma, beta, ranks)
    leaves = [leaf(a) for a in (x, gamma, beta)]
    F.layer_norm(leaves[0], (6,), leaves[1], leaves[2]).backward(torch.from_numpy(dy))
    for ours, one in zip((dx, dgamma.sum(0), dbeta.sum(0)), leaves, strict=True):
        assert one.grad is not None
        assert_close(ours, one.grad, 1e-8)
