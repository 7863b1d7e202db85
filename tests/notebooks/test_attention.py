"""「注意力：从加权平均到反向传播」：与 torch 逐项对照，形状、类型、掩码与边界都任取。"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch.utils.flop_counter import FlopCounterMode

from tests.notebooks.cells import run_notebook

pytestmark = pytest.mark.notebooks

NAME = "attention"
Array = NDArray[Any]

seeds = st.integers(0, 2**31 - 1)
small = st.integers(1, 4)
lengths = st.integers(1, 9)


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """这一本的名字空间。"""
    return run_notebook(NAME)


def sdpa(q: Array, k: Array, v: Array, allowed: Array | None, **options: Any) -> Array:
    mask = None if allowed is None else torch.from_numpy(np.array(allowed))
    tq, tk, tv = (torch.from_numpy(np.array(t)) for t in (q, k, v))
    result: Array = F.scaled_dot_product_attention(tq, tk, tv, attn_mask=mask, **options).numpy()
    return result


def random_mask(gen: np.random.Generator, b: int, s_q: int, s_k: int) -> Array:
    """任意的掩码，第一个样本的第 0 行整行被遮。"""
    allowed = gen.random((b, 1, s_q, s_k)) < 0.6
    allowed[0, 0, 0] = False
    return allowed


def random_weights(gen: np.random.Generator, h: int) -> dict[str, Array]:
    return {n: gen.normal(size=(h, h)) / np.sqrt(h) for n in "qkvo"}


@settings(max_examples=40, deadline=None)
@given(small, small, lengths, lengths, st.integers(1, 8), st.booleans(), seeds)
def test_attention_is_sdpa(
    b: int, a: int, s_q: int, s_k: int, d: int, masked: bool, seed: int
) -> None:
    names, gen = run_notebook(NAME), np.random.default_rng(seed)
    q = gen.normal(size=(b, a, s_q, d))
    k, v = gen.normal(size=(2, b, a, s_k, d))
    allowed = random_mask(gen, b, s_q, s_k) if masked else None
    o, p = names["attention"](q, k, v, allowed)
    assert np.abs(o - sdpa(q, k, v, allowed)).max() < 1e-12
    if allowed is not None:
        assert (o[0, :, 0] == 0).all() and (p[0, :, 0] == 0).all()
        assert (p[~np.broadcast_to(allowed, p.shape)] == 0).all()


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_dtype_is_kept_and_scores_may_be_large(names: dict[str, Any], kind: Any) -> None:
    gen = np.random.default_rng(0)
    q, k, v = (100 * gen.normal(size=(3, 2, 3, 17, 8))).astype(kind)
    allowed = names["causal"](17, 17)
    limit = 1e-3 if kind is np.float32 else 1e-10
    results = {
        "attention": names["attention"](q, k, v, allowed)[0],
        "online": names["online_attention"](q, k, v, 5, allowed)[0],
        "gqa": names["gqa"](q, k, v, allowed),
    }
    expected = sdpa(q, k, v, allowed)
    for name, o in results.items():
        assert o.dtype == kind, name
        assert np.isfinite(o).all() and np.abs(o - expected).max() < limit, name


def test_nan_in_scores_is_not_hidden(names: dict[str, Any]) -> None:
    """整行被遮约定为 0，但输入里的 NaN 不能跟着变成 0。"""
    rows = np.array([[0.0, np.nan, 1.0], [-np.inf, -np.inf, -np.inf], [0.0, 0.0, -np.inf]])
    p = names["softmax"](rows)
    assert np.isnan(p[0]).all()
    assert p[1:].tolist() == [[0.0, 0.0, 0.0], [0.5, 0.5, 0.0]]


@given(st.integers(1, 6), st.integers(0, 6))
def test_causal_mask_is_aligned_at_the_bottom_right(s_q: int, more: int) -> None:
    names, s_k = run_notebook(NAME), s_q + more
    whole = torch.ones(s_k, s_k, dtype=torch.bool).tril().numpy()
    assert np.array_equal(names["causal"](s_q, s_k), whole[s_k - s_q :])


@given(small, lengths, small, small)
def test_heads_are_split_as_torch_does(b: int, s: int, a: int, d: int) -> None:
    names = run_notebook(NAME)
    x = np.arange(b * s * a * d, dtype=float).reshape(b, s, a * d)
    heads = names["split"](x, a)
    assert np.array_equal(heads, torch.from_numpy(x).view(b, s, a, d).transpose(1, 2).numpy())
    assert np.array_equal(names["merge"](heads), x)


@pytest.mark.parametrize(("h", "a"), [(8, 3), (2, 4), (7, 2)])
def test_heads_must_divide(names: dict[str, Any], h: int, a: int) -> None:
    with pytest.raises(AssertionError, match="不能被"):
        names["split"](np.zeros((1, 2, h)), a)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3), st.integers(1, 6), small, st.integers(1, 4), st.booleans(), seeds)
def test_layer_and_its_gradient_are_autograd(
    b: int, s: int, a: int, d: int, masked: bool, seed: int
) -> None:
    """含一个头、每头一维、一个 token、整行被遮。"""
    names, gen = run_notebook(NAME), np.random.default_rng(seed)
    h = a * d
    x, dy = gen.normal(size=(2, b, s, h))
    w = random_weights(gen, h)
    allowed = random_mask(gen, b, s, s) if masked else names["causal"](s, s)
    y, saved = names["mha_forward"](x, w, a, allowed)
    dx, dw = names["mha_backward"](dy, w, a, saved)

    tx = torch.tensor(x, requires_grad=True)
    tw = {n: torch.tensor(m, requires_grad=True) for n, m in w.items()}
    q, k, v = ((tx @ tw[n]).view(b, s, a, d).transpose(1, 2) for n in "qkv")
    o = F.scaled_dot_product_attention(q, k, v, attn_mask=torch.from_numpy(allowed))
    ty = o.transpose(1, 2).reshape(b, s, h) @ tw["o"]
    ty.backward(torch.from_numpy(dy))

    assert np.abs(y - ty.detach().numpy()).max() < 1e-10
    assert np.array_equal(y, names["mha"](x, w, a, allowed))
    assert tx.grad is not None and np.abs(dx - tx.grad.numpy()).max() < 1e-9
    for n, leaf in tw.items():
        assert leaf.grad is not None and np.abs(dw[n] - leaf.grad.numpy()).max() < 1e-9, n


@settings(max_examples=25, deadline=None)
@given(small, small, st.integers(1, 5), lengths, seeds)
def test_grouped_heads_are_sdpa(h_kv: int, group: int, d: int, s_k: int, seed: int) -> None:
    names, gen = run_notebook(NAME), np.random.default_rng(seed)
    q = gen.normal(size=(2, h_kv * group, 3, d))
    k, v = gen.normal(size=(2, 2, h_kv, s_k, d))
    for allowed in (None, random_mask(gen, 2, 3, s_k)):
        expected = sdpa(q, k, v, allowed, enable_gqa=True)
        assert np.abs(names["gqa"](q, k, v, allowed) - expected).max() < 1e-12


@pytest.mark.parametrize(("a", "h_kv"), [(6, 4), (4, 3), (2, 4), (1, 2)])
def test_groups_must_divide(names: dict[str, Any], a: int, h_kv: int) -> None:
    k = np.zeros((1, h_kv, 3, 4))
    with pytest.raises(AssertionError, match=f"a={a} 不能被 h_kv={h_kv} 整除"):
        names["gqa"](np.zeros((1, a, 3, 4)), k, k)


@settings(max_examples=40, deadline=None)
@given(lengths, st.integers(1, 13), st.integers(1, 16), st.integers(1, 5), st.booleans(), seeds)
def test_online_softmax_with_ragged_blocks(
    s_q: int, s_k: int, block: int, d: int, masked: bool, seed: int
) -> None:
    names, gen = run_notebook(NAME), np.random.default_rng(seed)
    q = 10 * gen.normal(size=(2, 2, s_q, d))
    k, v = gen.normal(size=(2, 2, 2, s_k, d))
    allowed = random_mask(gen, 2, s_q, s_k) if masked else None
    o, lse = names["online_attention"](q, k, v, block, allowed)
    assert np.abs(o - sdpa(q, k, v, allowed)).max() < 1e-10
    scores = torch.from_numpy(q @ k.mT / np.sqrt(d))
    if allowed is not None:
        scores = scores.masked_fill(~torch.from_numpy(allowed), -torch.inf)
    expected = scores.logsumexp(dim=-1).numpy()
    empty = np.isneginf(expected)
    assert np.array_equal(np.isneginf(lse), empty)
    assert np.abs(lse[~empty] - expected[~empty]).max(initial=0.0) < 1e-10


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=5), st.integers(1, 3), seeds)
def test_any_way_of_feeding_the_cache(cuts: list[int], a: int, seed: int) -> None:
    """随意切成几段喂，都等于一次算完；一个 token 也行。"""
    names, gen = run_notebook(NAME), np.random.default_rng(seed)
    h, s = 2 * a, sum(cuts)
    x, w = gen.normal(size=(2, s, h)), random_weights(gen, h)
    for step in ("step", "rope_step"):
        whole, _ = names[step](x, w, a)
        fed, (k, v) = names["generate"](x, w, a, cuts, step=names[step])
        assert k.shape == v.shape == (2, a, s, 2)
        assert np.abs(fed - whole).max() < 1e-12
    assert (
        np.abs(names["step"](x, w, a)[0] - names["mha"](x, w, a, names["causal"](s, s))).max() == 0
    )


@given(st.integers(1, 6), st.integers(0, 10_000), st.integers(0, 200), st.booleans(), seeds)
def test_rotation_is_relative(pairs: int, m: int, shift: int, interleaved: bool, seed: int) -> None:
    names, gen = run_notebook(NAME), np.random.default_rng(seed)
    q, k = gen.normal(size=(2, 1, 2 * pairs))

    def score(i: int, j: int) -> float:
        turned = (names["rope"](t, [p], interleaved=interleaved) for t, p in ((q, i), (k, j)))
        left, right = turned
        return float((left * right).sum())

    assert abs(score(m + 3, m) - score(m + 3 + shift, m + shift)) < 1e-9 * (
        1 + np.abs(q).sum() ** 2
    )
    assert abs(score(m, m) - float((q * k).sum())) < 1e-10


def test_rotation_is_complex_multiplication(names: dict[str, Any]) -> None:
    gen, d = np.random.default_rng(0), 6
    x, pos = gen.normal(size=(2, 3, 5, d)), torch.arange(40, 45)
    theta = 500.0 ** (-torch.arange(0, d, 2, dtype=torch.float64) / d)
    angle = pos[:, None] * theta
    z = torch.view_as_complex(torch.from_numpy(x.reshape(2, 3, 5, d // 2, 2)))
    turned = torch.view_as_real(z * torch.polar(torch.ones_like(angle), angle)).flatten(-2).numpy()
    assert np.abs(names["rope"](x, pos.numpy(), 500.0, interleaved=True) - turned).max() < 1e-12
    halves = np.concatenate([x[..., 0::2], x[..., 1::2]], axis=-1)
    expected = np.concatenate([turned[..., 0::2], turned[..., 1::2]], axis=-1)
    assert np.abs(names["rope"](halves, pos.numpy(), 500.0) - expected).max() < 1e-12
    with pytest.raises(AssertionError, match="应是偶数"):
        names["rope"](np.zeros((3, 5)), np.arange(3))


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 3), st.integers(1, 6), st.integers(1, 5), st.integers(1, 3), seeds)
def test_latent_attention_is_sdpa(a: int, dc: int, dn: int, pairs: int, seed: int) -> None:
    """裁判逐头还原 K、V，交给 SDPA；吸收式切成两段喂也相同。"""
    names, gen = run_notebook(NAME), np.random.default_rng(seed)
    s, h, dv, dr = 6, 5, 3, 2 * pairs
    shapes = {"dkv": (h, dc), "kr": (h, dr), "q": (a, h, dn), "qr": (a, h, dr)}
    shapes |= {"uk": (a, dc, dn), "uv": (a, dc, dv), "o": (a, dv, h)}
    w = {n: gen.normal(size=shape) for n, shape in shapes.items()}
    x, pos = gen.normal(size=(s, h)), np.arange(s)
    expected = np.zeros((s, h))
    for i in range(a):
        key = [x @ w["dkv"] @ w["uk"][i], names["rope"](x @ w["kr"], pos)]
        query = [x @ w["q"][i], names["rope"](x @ w["qr"][i], pos)]
        q, k = (np.concatenate(parts, axis=-1)[None] for parts in (query, key))
        v = (x @ w["dkv"] @ w["uv"][i])[None]
        expected += sdpa(q, k, v, names["causal"](s, s))[0] @ w["o"][i]
    limit = 1e-10 * (1 + np.abs(expected).max())
    for absorb in (True, False):
        whole, _ = names["mla"](x, w, absorb=absorb)
        assert np.abs(whole - expected).max() < limit
        first, cache = names["mla"](x[:4], w, absorb=absorb)
        second, (c, kr) = names["mla"](x[4:], w, 4, cache, absorb=absorb)
        assert np.abs(np.concatenate([first, second]) - expected).max() < limit
        assert c.shape == (s, dc) and kr.shape == (s, dr)


@pytest.mark.parametrize(
    ("b", "s", "h", "a", "h_kv"),
    [(1, 1, 4, 1, 1), (2, 7, 12, 3, 3), (3, 5, 16, 8, 2), (1, 6, 8, 8, 1)],
)
def test_flops_are_what_torch_counts(
    names: dict[str, Any], b: int, s: int, h: int, a: int, h_kv: int
) -> None:
    """计数器不认 CPU 上融合的 SDPA，所以分数与加权写成两次矩阵乘。"""
    d, x = h // a, torch.zeros(b, s, h)
    with FlopCounterMode(display=False) as counter:
        q, k, v = (x @ torch.zeros(h, heads * d) for heads in (a, h_kv, h_kv))
        q, k, v = (t.view(b, s, -1, d).transpose(1, 2) for t in (q, k, v))
        k, v = (t.repeat_interleave(a // h_kv, dim=1) for t in (k, v))
        o = (q @ k.transpose(-2, -1)).softmax(dim=-1) @ v
        o.transpose(1, 2).reshape(b, s, h) @ torch.zeros(h, h)
    expected = names["flops"](b, s, s, h, a, h_kv)
    assert counter.get_total_flops() == sum(expected.values())


@pytest.mark.parametrize("h", [64, 1024, 12288])
def test_crossover_is_a_multiple_of_the_width(names: dict[str, Any], h: int) -> None:
    sizes = {2: 0, 6: 8 * h * h, 8: 12 * h * h}
    assert {m: names["crossover"](h, size) for m, size in sizes.items()} == {
        m: m * h for m in sizes
    }


def test_intensity_grows_with_queries_up_to_a_limit(names: dict[str, Any]) -> None:
    values = [names["intensity"](32, 8, n, 4096) for n in range(1, 4097)]
    assert all(low < high for low, high in pairwise(values))
    assert values[0] < 4 and values[-1] < 4096


def test_whiteboard_version_in_low_precision_and_on_a_mask(names: dict[str, Any]) -> None:
    torch.manual_seed(0)
    layer = names["MultiHeadAttention"](12, 3).double().eval()
    x = torch.randn(2, 6, 12, dtype=torch.float64, requires_grad=True)
    mask = torch.rand(2, 1, 6, 6) < 0.5
    mask[0, 0, 2] = False
    q, k, v = (w(x).view(2, 6, 3, 4).transpose(1, 2) for w in (layer.wq, layer.wk, layer.wv))
    o = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    assert torch.allclose(layer(x, mask), layer.wo(o.transpose(1, 2).reshape(2, 6, 12)), atol=1e-12)
    layer(x, mask).square().sum().backward()
    assert x.grad is not None and x.grad.isfinite().all()
    for kind in (torch.float16, torch.bfloat16):
        low = names["MultiHeadAttention"](12, 3).to(kind)
        assert low(torch.randn(1, 5, 12).to(kind), causal=True).dtype == kind
        cached = names["CachedGQA"](16, 4, 2).to(kind)
        assert cached(torch.randn(1, 5, 16).to(kind))[0].dtype == kind
