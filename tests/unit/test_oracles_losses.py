"""页面里手写的损失，与 torch.nn.functional 对照。"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as fn

from tests.oracles import randn, same
from tests.page_code import page

SHAPES = [(1, 2), (1, 7), (5, 3), (8, 40)]


def labels(*shape: int, high: int, keep: float = 1.0) -> torch.Tensor:
    """随机标签，其中 1 - keep 记 -100；最后一个总是留下。"""
    generator = torch.Generator().manual_seed(sum(shape))
    y = torch.randint(high, shape, generator=generator)
    y[torch.rand(shape, generator=generator) > keep] = -100
    y[..., -1] = 0
    return y


@pytest.mark.parametrize("scale", [1.0, 300.0])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_cross_entropy_pages(shape: tuple[int, int], scale: float) -> None:
    n, vocab = shape
    backward = page("questions/cross-entropy-backward")
    z, y = (scale * randn(n, vocab)).requires_grad_(), labels(n, high=vocab, keep=0.6)
    want = fn.cross_entropy(z, y)
    loss, grad = backward.cross_entropy(z.detach().numpy(), y.numpy())
    assert same(loss, want)
    assert same(grad, torch.autograd.grad(want, z)[0])

    w = randn(vocab, 4, seed=1).requires_grad_()
    h = (scale * randn(n, 4, seed=2)).requires_grad_()
    want = fn.cross_entropy(h @ w.T, y)
    for chunk in (1, 3, 100):
        mine = backward.fused_linear_ce(h.detach().numpy(), w.detach().numpy(), y.numpy(), chunk)
        for a, b in zip(
            mine, (want, *torch.autograd.grad(want, (h, w), retain_graph=True)), strict=True
        ):
            assert same(a, b)

    y = labels(n, high=vocab)
    for eps in (0.0, 0.1, 1.0):
        want = fn.cross_entropy(z, y, label_smoothing=eps)
        assert same(page("questions/label-smoothing").smooth_ce(z, y, eps), want)

    want = fn.cross_entropy(z, y, reduction="none")
    (grad,) = torch.autograd.grad(want.sum(), z)
    for ranks in {1, 2, vocab}:
        shards = np.array_split(z.detach().numpy(), ranks, axis=1)
        loss, grads, _ = page("questions/vocab-parallel-cross-entropy").vocab_parallel_ce(
            shards, y.numpy()
        )
        assert same(loss, want)
        assert same(np.concatenate(grads, 1), grad)

    teacher = randn(n, vocab, seed=3)
    for t, alpha in ((1.0, 0.0), (3.0, 0.7), (0.5, 1.0)):
        soft = fn.kl_div((z / t).log_softmax(-1), (teacher / t).softmax(-1), reduction="batchmean")
        want = (1 - alpha) * fn.cross_entropy(z, y) + alpha * t * t * soft
        distill = page("questions/knowledge-distillation").distill_loss
        assert same(distill(z.detach().numpy(), teacher.numpy(), y.numpy(), t, alpha), want)


@pytest.mark.parametrize(("b", "s", "vocab"), [(1, 2, 1), (1, 2, 5), (3, 6, 11)])
def test_sequence_loss_pages(b: int, s: int, vocab: int) -> None:
    logits, y = randn(b, s, vocab), labels(b, s, high=vocab, keep=0.7)
    each = fn.cross_entropy(logits[:, :-1].transpose(1, 2), y[:, 1:], reduction="none")
    count = int((y[:, 1:] != -100).sum())
    assert same(
        page("topics/models").causal_lm_loss(logits.numpy(), y.numpy()), [each.sum() / count, count]
    )
    assert same(page("topics/multimodal-rlhf").seq_logprob(logits, y), -each.sum(1))
    real, ids = y != -100, y.clamp(min=0)
    assert same(page("questions/dpo-loss").seq_logprob(logits, ids, real.double()), -each.sum(1))
    total, n = page("questions/write-perplexity-bpb").nll_sum(logits, ids, real)
    assert same([total, n], [each.sum(), count])
    want = fn.cross_entropy(logits.reshape(-1, vocab), y.reshape(-1))
    mlm_loss = page("questions/masked-language-model").mlm_loss
    assert same(mlm_loss(logits.reshape(-1, vocab), y.reshape(-1)), want)
    assert mlm_loss(logits[0], torch.full((s,), -100)) == 0
    seq2seq = page("questions/seq2seq")
    padded = torch.where(real, ids.clamp(min=min(1, vocab - 1)), seq2seq.PAD)
    if padded.any():
        want = fn.cross_entropy(
            logits.reshape(-1, vocab), padded.reshape(-1), ignore_index=seq2seq.PAD
        )
        assert same(seq2seq.sequence_loss(logits.numpy(), padded.numpy()), want)


@pytest.mark.parametrize("n", [1, 2, 9])
def test_contrastive_pages(n: int) -> None:
    u, v, target = randn(n, 5), randn(n, 5, seed=1), torch.arange(n)
    cosine = fn.cosine_similarity(u[:, None], v[None], dim=-1)
    scale, bias = torch.tensor(math.log(7.0)).double(), torch.tensor(-3.0).double()
    want = (fn.cross_entropy(7 * cosine, target) + fn.cross_entropy(7 * cosine.T, target)) / 2
    siglip = page("questions/clip-siglip-loss")
    assert same(siglip.clip_loss(u, v, scale), want)
    assert same(page("topics/multimodal").clip_loss(u, v, scale), want)
    assert same(
        page("questions/self-supervised-learning").nt_xent(u.numpy(), v.numpy(), 1 / 7), want
    )
    want = fn.binary_cross_entropy_with_logits(
        7 * cosine + bias, torch.eye(n).double(), reduction="sum"
    )
    assert same(siglip.siglip_loss(u, v, scale, bias), want / n)
    for size in (1, 2, n):
        assert same(siglip.siglip_chunked(u, v, scale, bias, size), want / n)
    # 同批里撞上同一物品的不算负例：从各行里删掉，再算交叉熵
    item, log_q = torch.arange(n) % 4, randn(n, seed=2)
    for name, logits in (
        ("topics/recsys", u @ v.T - log_q),
        ("questions/two-tower-logq", cosine / 0.1 - log_q),
    ):
        rows = []
        for i in range(n):
            kept = [i, *(j for j in range(n) if item[j] != item[i])]
            rows.append(fn.cross_entropy(logits[i, kept][None], torch.tensor([0])))
        loss = "in_batch_loss" if name == "topics/recsys" else "loss_fn"
        assert same(getattr(page(name), loss)(u, v, item, log_q), torch.stack(rows).mean())
