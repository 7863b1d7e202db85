"""页面里手写的 softmax、注意力、掩码与位置编码，与 scipy、torch.nn 对照。"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as fn
from scipy import special
from torch import nn
from torch.nn.attention.flex_attention import create_mask

from tests.oracles import randn, same
from tests.page_code import page


@pytest.mark.parametrize("size", [1, 2, 33, 300])
def test_softmax_pages(size: int) -> None:
    """平常的分数、很大的分数、并列、部分被掩。"""
    stable, online = page("questions/stable-softmax"), page("questions/online-softmax")
    rng = np.random.default_rng(size)
    x = rng.standard_normal((4, size)) * [[1], [500], [0], [1]]
    x[3, : size // 2] = -np.inf
    want = special.softmax(x, -1)
    for softmax in (
        stable.softmax,
        online.softmax,
        page("topics/multi-head-attention").softmax,
        page("questions/attention-mechanism").softmax,
    ):
        assert same(softmax(x), want)
    assert same(stable.softmax(x.T, axis=0), want.T)
    assert same(stable.logsumexp(x), special.logsumexp(x, -1))
    assert same(stable.log_softmax(x), special.log_softmax(x, -1))
    values = rng.standard_normal((size, 3))
    for row, p in zip(x, want, strict=True):
        half = size // 2
        parts = online.merge(online.online_stats(row[:half]), online.online_stats(row[half:]))
        for top, total in (online.online_stats(row), parts):
            assert same(top + math.log(total), special.logsumexp(row))
        out, lse = online.online_attention(row, values)
        assert same(out, p @ values)
        assert same(lse, special.logsumexp(row))
        assert same(page("questions/softmax-kernel").softmax_row(row, threads=64)[0], p)
    scores, dp = torch.tensor(x[:3], requires_grad=True), randn(3, size)
    p = scores.softmax(-1)
    mine = page("questions/softmax-jacobian").softmax_backward(dp, p.detach())
    assert same(mine, torch.autograd.grad(p, [scores], dp)[0])


@pytest.mark.parametrize("shape", [(1, 1, 1, 1, 1), (2, 3, 5, 5, 4), (2, 2, 4, 9, 8)], ids=str)
def test_attention_pages(shape: tuple[int, ...]) -> None:
    """(b, a, s, sk, d)：一个 token、方阵、解码；随机的掩码，有整行被掩的。"""
    b, a, s, sk, d = shape
    topic = page("topics/multi-head-attention")
    q, k, v = randn(b, a, s, d), randn(b, a, sk, d, seed=1), randn(b, a, sk, d, seed=2)
    allowed = randn(b, 1, s, sk, seed=3) > -0.5
    allowed[0, 0, 0] = s == 1
    want = fn.scaled_dot_product_attention(q, k, v, attn_mask=allowed)
    want = want.masked_fill(~allowed.any(-1, keepdim=True), 0.0)
    assert same(topic.attention(q, k, v, allowed), want)
    mechanism = page("questions/attention-mechanism")
    row = (t[0, 0].numpy() for t in (q, k))
    out = mechanism.attend(mechanism.scaled_dot(*row), v[0, 0].numpy(), allowed[0, 0].numpy())[0]
    assert same(out, want[0, 0])

    for group in {1, a}:
        k2, v2 = k[:, : a // group], v[:, : a // group]
        want = fn.scaled_dot_product_attention(q, k2, v2, enable_gqa=True)
        for name in ("gqa_repeat", "gqa_grouped"):
            assert same(getattr(page("questions/gqa-code"), name)(q, k2, v2), want)

    leaves = [t.clone().requires_grad_() for t in (q, k, v)]
    causal = torch.ones(s, sk, dtype=torch.bool).tril(sk - s)
    want = fn.scaled_dot_product_attention(leaves[0], leaves[1], leaves[2], attn_mask=causal)
    dy = randn(b, a, s, d, seed=4)
    grads = torch.autograd.grad(want, leaves, dy)
    arrays = [t.numpy() for t in (q, k, v)]
    o, p = topic.attention_forward(*arrays, causal.numpy())
    assert same(o, want)
    for mine, grad in zip(topic.attention_backward(dy.numpy(), *arrays, p), grads, strict=False):
        assert same(mine, grad)
    o, lse, _ = page("questions/flash-attention-code").flash(q, k, v, 2, 3, causal=True)
    assert same(o, want)
    scores = (q @ k.mT / d**0.5).masked_fill(~causal, -math.inf)
    assert same(lse, scores.logsumexp(-1))
    flash = page("topics/flash-attention")
    forward = flash.flash_forward(q[0, 0], k[0, 0], v[0, 0], br=2, bc=3, causal=True)
    assert same(forward[0], want[0, 0])
    assert same(forward[1], lse[0, 0])
    single = [t[0, 0] for t in (q, k, v, o, lse, dy)]
    backward = [flash.flash_backward(*single, br=2, bc=3, causal=True)]
    if s == sk:
        question = page("questions/flash-attention-backward")
        backward.append(question.flash_backward(*single, br=2, bc=3, causal=True))
    for mine in backward:
        for part, grad in zip(mine, grads, strict=True):
            assert same(part, grad[0, 0])


@pytest.mark.parametrize(("h", "a"), [(1, 1), (6, 2), (12, 4)])
def test_handwrite_multi_head_attention(h: int, a: int) -> None:
    mine = page("questions/handwrite-multi-head-attention").MHA(h, a).double()
    topic = page("topics/multi-head-attention").MultiHeadAttention(h, a).double()
    judge = nn.MultiheadAttention(h, a, batch_first=True, dtype=torch.float64)
    weight, bias, out = randn(3 * h, h), randn(3 * h, seed=1), randn(h, h, seed=2)
    judge.in_proj_weight.data.copy_(weight)
    judge.out_proj.weight.data.copy_(out)
    mine.qkv.weight.data.copy_(weight)
    mine.out.weight.data.copy_(out)
    mine.out.bias.data.zero_()
    for layer, w in zip((topic.wq, topic.wk, topic.wv), weight.chunk(3), strict=True):
        layer.weight.data.copy_(w)
    topic.wo.weight.data.copy_(out)
    for s in (1, 5):
        x, blocked = randn(3, s, h), torch.ones(s, s, dtype=torch.bool).triu(1)
        keep = torch.ones(3, s, dtype=torch.bool)
        keep[0, s // 2 + 1 :] = False
        judge.in_proj_bias.data.zero_()
        assert same(topic(x, causal=False)[0], judge(x, x, x)[0])
        want = judge(x, x, x, key_padding_mask=~keep, attn_mask=blocked)[0]
        assert same(topic(x, keep=keep)[0], want)
        judge.in_proj_bias.data.copy_(bias)
        mine.qkv.bias.data.copy_(bias)
        want = judge(x, x, x, key_padding_mask=~keep, attn_mask=blocked)[0]
        assert same(mine(x, keep[:, None, None], causal=True), want)


def test_attention_mask_pages() -> None:
    """掩码：按 flex_attention 的 mask_mod 逐元素写。"""
    for s, w in ((1, 1), (7, 3), (8, 20)):
        doc, prefix = torch.arange(s)[None].expand(2, s) // 3, torch.tensor([0, s // 2])
        keep = randn(2, s) > 0

        def causal(b: Any, h: Any, i: Any, j: Any) -> Any:
            return i >= j

        def mixed(b: Any, h: Any, i: Any, j: Any, d: Any = doc, p: Any = prefix) -> Any:
            return ((i >= j) | (j < p[b])) & (d[b, i] == d[b, j])

        def window(b: Any, h: Any, i: Any, j: Any, w: int = w) -> Any:
            return (i >= j) & (i - j < w)

        build = page("questions/attention-mask-types").build
        base = create_mask(causal, 2, 1, s, s, "cpu")
        assert torch.equal(build(s, keep=keep), base & keep[:, None, None])
        both = create_mask(mixed, 2, 1, s, s, "cpu")
        assert torch.equal(build(s, doc=doc, prefix=prefix), both)
        same = base[:, 0] & (doc[:, :, None] == doc[:, None])
        assert torch.equal(page("topics/data").document_mask(doc), same)
        mask = create_mask(window, None, None, s, s, "cpu")[0, 0]
        assert torch.equal(page("questions/sliding-window-attention").window_mask(s, w), mask)


@pytest.mark.parametrize("d", [2, 8])
def test_position_encoding_pages(d: int) -> None:
    """旋转：反对称矩阵的矩阵指数；正弦：逐元素照公式。"""
    topic, code = page("topics/position-encoding"), page("questions/rope-implementation")
    pos = torch.tensor([0, 1, 5, 1000])
    x = randn(2, 4, d)
    cos, sin = code.table(pos, d)
    for interleaved in (True, False):
        pairs = torch.arange(d).view(-1, 2) if interleaved else torch.arange(d).view(2, -1).T
        want = torch.empty_like(x)
        for n, m in enumerate(pos.tolist()):
            spin = torch.zeros(d, d).double()
            for i, (a, b) in enumerate(pairs.tolist()):
                spin[b, a] = m * 10000 ** (-2 * i / d)
                spin[a, b] = -spin[b, a]
            want[:, n] = x[:, n] @ torch.matrix_exp(spin).T
        assert same(topic.rope(x.numpy(), pos.numpy(), interleaved=interleaved), want, 1e-8)
        assert same((code.rope_pairs if interleaved else code.rope_halves)(x, cos, sin), want, 1e-8)
    want = torch.tensor(
        [
            [(math.cos if j % 2 else math.sin)(p / 10000 ** (j // 2 * 2 / d)) for j in range(d)]
            for p in range(6)
        ]
    )
    assert same(topic.sinusoidal(6, d), want, 1e-6)
    assert same(
        page("questions/sinusoidal-position-encoding").sinusoidal(torch.arange(6), d), want, 1e-6
    )
