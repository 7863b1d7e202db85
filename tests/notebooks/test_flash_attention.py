"""FlashAttention 的推导：任意形状与分块的前向、反向、合并，用 PyTorch 作裁判。"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.notebooks.cells import run_notebook

pytestmark = pytest.mark.notebooks

Array = NDArray[Any]

LENGTH = st.integers(1, 19)
BLOCK = st.integers(1, 25)  # 可以比序列还长
SEED = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def book() -> dict[str, Any]:
    return run_notebook("flash-attention")


def draw(seed: int, s_q: int, s_k: int, dtype: type, scale: float = 2.0) -> list[Array]:
    """两个样本、三个头：Q、K、V、dO，每头维度 5。"""
    rng = np.random.default_rng(seed)
    lengths = (s_q, s_k, s_k, s_q)
    return [(scale * rng.standard_normal((2, 3, n, 5))).astype(dtype) for n in lengths]


def judge(
    q: Array, k: Array, v: Array, g: Array, keep: Array
) -> tuple[Array, Array, tuple[Array, ...]]:
    """PyTorch float64：O、LSE、三个梯度；整行被遮约定为 0 与 −inf，自己写，不靠框架的约定。"""
    q_, k_, v_ = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (q, k, v))
    mask = torch.tensor(np.broadcast_to(keep, (*q.shape[:-1], k.shape[-2])).copy())
    scores = q_ @ k_.transpose(-1, -2) / q.shape[-1] ** 0.5
    alive = mask.any(-1, keepdim=True)
    p = scores.masked_fill(~mask & alive, -torch.inf).softmax(-1) * alive
    o = p @ v_
    o.backward(torch.tensor(g, dtype=torch.float64))
    lse = scores.detach().masked_fill(~mask, -torch.inf).logsumexp(-1)
    grads = tuple(x.grad.numpy() for x in (q_, k_, v_) if x.grad is not None)
    return o.detach().numpy(), lse.numpy(), grads


def lower(s_q: int, s_k: int) -> Array:
    """右下角对齐的因果掩码。"""
    return np.tril(np.ones((s_q, s_k), dtype=bool), s_k - s_q)


@settings(deadline=None, max_examples=60)
@given(
    seed=SEED,
    s_q=LENGTH,
    s_k=LENGTH,
    br=BLOCK,
    bc=BLOCK,
    causal=st.booleans(),
    masked=st.booleans(),
    dtype=st.sampled_from([np.float64, np.float32]),
)
def test_forward_and_backward_match_autograd(
    seed: int, s_q: int, s_k: int, br: int, bc: int, causal: bool, masked: bool, dtype: type
) -> None:
    book = run_notebook("flash-attention")
    q, k, v, g = draw(seed, s_q, s_k, dtype)
    keep = lower(s_q, s_k) if causal else np.ones((s_q, s_k), dtype=bool)
    allowed = None
    if masked:
        rng = np.random.default_rng(seed)
        allowed = rng.random((2, 3, s_q, s_k)) < 0.7
        allowed[..., rng.integers(s_q), :] = False  # 至少一行整行被遮
        keep = keep & allowed
    o, lse = book["flash_forward"](q, k, v, br, bc, causal, allowed)
    grads = book["flash_backward"](q, k, v, o, lse, g, br, bc, causal, allowed)
    assert o.dtype == lse.dtype == dtype and all(x.dtype == dtype for x in grads)

    limit = 1e-10 if dtype is np.float64 else 2e-3
    want_o, want_lse, want_grads = judge(q, k, v, g, keep)
    np.testing.assert_allclose(o, want_o, rtol=0, atol=limit)
    np.testing.assert_allclose(lse, want_lse, rtol=0, atol=limit)  # −inf 要与 −inf 相同
    for got, want in zip(grads, want_grads, strict=True):
        np.testing.assert_allclose(got, want, rtol=0, atol=limit)
    dead = ~np.broadcast_to(keep, (2, 3, s_q, s_k)).any(axis=-1)
    assert not o[dead].any() and (lse[dead] == -np.inf).all() and not grads[0][dead].any()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_one_query_one_key(book: dict[str, Any], dtype: type) -> None:
    q, k, v, _ = draw(0, 1, 1, dtype)
    for causal in (False, True):
        o, lse = book["flash_forward"](q, k, v, 64, 64, causal)
        np.testing.assert_array_equal(o, v)
        np.testing.assert_allclose(lse, (q * k).sum(-1) / 5**0.5, rtol=1e-6)


def test_large_scores_do_not_overflow(book: dict[str, Any]) -> None:
    q, k, v, g = draw(1, 17, 11, np.float32, scale=100.0)
    o, lse = book["flash_forward"](q, k, v, 4, 3)
    grads = book["flash_backward"](q, k, v, o, lse, g, 4, 3)
    assert all(np.isfinite(x).all() for x in (o, lse, *grads))
    with np.errstate(over="ignore"):
        assert np.isinf(np.exp(q @ k.swapaxes(-1, -2) / np.float32(5**0.5))).any()


def test_more_queries_than_keys_leaves_the_first_rows_empty(book: dict[str, Any]) -> None:
    q, k, v, g = draw(2, 9, 4, np.float64)
    o, lse = book["flash_forward"](q, k, v, 2, 3, True)
    dq, _, _ = book["flash_backward"](q, k, v, o, lse, g, 2, 3, True)
    assert not o[..., :5, :].any() and not dq[..., :5, :].any()
    assert (lse[..., :5] == -np.inf).all() and np.isfinite(lse[..., 5:]).all()


@settings(deadline=None, max_examples=60)
@given(
    seed=SEED,
    cuts=st.lists(st.integers(0, 20), min_size=2, max_size=5),
    scale=st.sampled_from([1.0, 50.0, 2000.0]),
    data=st.data(),
)
def test_merge_is_associative_and_commutative(
    seed: int, cuts: list[int], scale: float, data: st.DataObject
) -> None:
    book = run_notebook("flash-attention")
    rng = np.random.default_rng(seed)
    scores, values = scale * rng.standard_normal((4, 20)), rng.standard_normal((20, 3))
    scores[0] = -np.inf  # 整行被遮
    scores[1, :10] = -np.inf
    edges = [0, *sorted(cuts), 20]  # 可以有空段
    pieces = [book["state"](scores[:, i:j], values[i:j]) for i, j in itertools.pairwise(edges)]
    whole = book["finish"](book["state"](scores, values))
    pieces = data.draw(st.permutations(pieces))
    while len(pieces) > 1:  # 任意的括号：每次合并任意相邻的两段
        i = data.draw(st.integers(0, len(pieces) - 2))
        pieces[i : i + 2] = [book["merge"](pieces[i], pieces[i + 1])]
    for got, want in zip(book["finish"](pieces[0]), whole, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9)


@settings(deadline=None, max_examples=30)
@given(seed=SEED, cuts=st.lists(st.integers(1, 18), min_size=1, max_size=4, unique=True))
def test_split_kv_equals_one_pass(seed: int, cuts: list[int]) -> None:
    book = run_notebook("flash-attention")
    q, k, v, g = draw(seed, 3, 19, np.float64)
    edges = [0, *sorted(cuts), 19]
    parts = [
        book["flash_forward"](q, k[..., i:j, :], v[..., i:j, :], 2, 4)
        for i, j in itertools.pairwise(edges)
    ]
    o, lse = book["combine"](*(np.stack(x) for x in zip(*parts, strict=True)))
    want_o, want_lse, _ = judge(q, k, v, g, np.ones((3, 19), dtype=bool))
    np.testing.assert_allclose(o, want_o, rtol=0, atol=1e-12)
    np.testing.assert_allclose(lse, want_lse, rtol=0, atol=1e-12)


@pytest.mark.parametrize("ranks", [1, 2, 3, 6])
def test_ring_with_uneven_owners(book: dict[str, Any], ranks: int) -> None:
    """卡数不整除长度、位置打乱着分：结果仍与单卡相同。"""
    rng = np.random.default_rng(ranks)
    q, k, v, g = rng.standard_normal((4, 13, 5))
    owners = np.array_split(rng.permutation(13), ranks)
    *results, work, _ = book["ring"](q, k, v, g, owners)
    one = [x[None, None] for x in (q, k, v, g)]
    o, _, grads = judge(one[0], one[1], one[2], one[3], lower(13, 13))
    for got, want in zip(results, (o, *grads), strict=True):
        np.testing.assert_allclose(got, want[0, 0], rtol=0, atol=1e-12)
    assert work.sum() == 13 * 14 // 2


@settings(deadline=None, max_examples=30)
@given(s=st.integers(1, 40), d=st.integers(1, 9), br=BLOCK, bc=BLOCK)
def test_counted_traffic_is_the_formula(s: int, d: int, br: int, bc: int) -> None:
    book = run_notebook("flash-attention")
    rows, columns = -(-s // br), -(-s // bc)
    assert book["simulate"](book["run_standard"], s, d).moved == 4 * s * s + 4 * s * d
    fa1 = book["simulate"](book["run_fa1"], s, d, br, bc)
    fa2 = book["simulate"](book["run_fa2"], s, d, br, bc)
    assert fa1.moved == columns * (3 * s * d + 4 * s) + 3 * s * d + 2 * s
    assert fa2.moved == rows * 2 * s * d + 2 * s * d + s


@settings(deadline=None, max_examples=40)
@given(seed=SEED, s_q=LENGTH, s_k=LENGTH, br=BLOCK, bc=BLOCK, causal=st.booleans())
def test_interview_version(seed: int, s_q: int, s_k: int, br: int, bc: int, causal: bool) -> None:
    """白板版：带掩码、因果、任意分块，与裁判相同。"""
    book = run_notebook("flash-attention")
    q, k, v, g = draw(seed, s_q, s_k, np.float64)
    keep = np.random.default_rng(seed).random((2, 3, s_q, s_k)) < 0.8
    o, lse = book["flash"](
        *map(torch.tensor, (q, k, v)), torch.tensor(keep), causal=causal, br=br, bc=bc
    )
    if causal:
        keep = keep & lower(s_q, s_k)
    want_o, want_lse, _ = judge(q, k, v, g, keep)
    np.testing.assert_allclose(o.numpy(), want_o, rtol=0, atol=1e-11)
    np.testing.assert_allclose(lse.numpy(), want_lse, rtol=0, atol=1e-11)
