"""页面里手写的层，与 torch.nn.functional、torch.nn、autograd 对照。"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as fn
from torch import nn

from tests.oracles import randn, same
from tests.page_code import page

SHAPES = [(1, 1), (1, 4), (3, 5), (2, 1, 7), (2, 3, 4, 6)]


def gradients(out: torch.Tensor, leaves: list[torch.Tensor], dy: torch.Tensor) -> Any:
    return torch.autograd.grad(out, leaves, dy)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_normalization_and_write_norms(shape: tuple[int, ...]) -> None:
    topic, layer = page("topics/normalization"), page("questions/write-layernorm").LayerNorm
    write, fused = page("questions/write-rmsnorm"), page("questions/fused-add-rmsnorm")
    h = shape[-1]
    x, dy, dr = (randn(*shape, seed=i) for i in range(3))
    gamma, beta = randn(h, seed=3), randn(h, seed=4)
    leaves = [t.clone().requires_grad_() for t in (x, gamma, beta)]

    want = fn.layer_norm(leaves[0], (h,), leaves[1], leaves[2], 1e-5)
    grads = gradients(want, leaves, dy)
    y, cache = topic.layer_norm(x.numpy(), gamma.numpy(), beta.numpy())
    for mine, theirs in zip(
        (y, *topic.layer_norm_backward(dy.numpy(), gamma.numpy(), cache)),
        (want, *grads),
        strict=True,
    ):
        assert same(mine, theirs)
    assert same(layer.apply(*leaves, 1e-5), want)
    for mine, theirs in zip(gradients(layer.apply(*leaves, 1e-5), leaves, dy), grads, strict=True):
        assert same(mine, theirs)

    want = fn.rms_norm(leaves[0], (h,), leaves[1], 1e-6)
    grads = gradients(want, leaves[:2], dy)
    y, cache = topic.rms_norm(x.numpy(), gamma.numpy())
    module = write.RMSNorm(h).double()
    module.weight.data.copy_(gamma)
    assert same(y, want)
    assert same(module(x), want)
    for backward in (
        topic.rms_norm_backward(dy.numpy(), gamma.numpy(), cache),
        write.rms_backward(x, gamma, dy, 1e-6),
    ):
        assert same(backward[0], grads[0])
        assert same(backward[1], grads[1])

    residual = randn(*shape, seed=5).requires_grad_()
    stream = leaves[0] + residual
    want = fn.rms_norm(stream, (h,), leaves[1], 1e-6)
    y, r, saved = fused.add_rms_norm(x, residual.detach(), gamma)
    assert same(y, want)
    assert same(r, stream)
    theirs = torch.autograd.grad((want, stream), (leaves[0], residual, leaves[1]), (dy, dr))
    for mine, grad in zip(fused.add_rms_norm_backward(dy, dr, gamma, saved), theirs, strict=True):
        assert same(mine, grad)


@pytest.mark.parametrize("shape", [(2, 1, 1, 1), (1, 3, 2, 2), (4, 6, 3, 5)], ids=str)
def test_write_batchnorm_and_normalization_axes(shape: tuple[int, ...]) -> None:
    topic, axes = page("topics/normalization"), page("questions/normalization-axes")
    channels = shape[1]
    bn = page("questions/write-batchnorm").BatchNorm2d(channels, momentum=0.3)
    bn.gamma, bn.beta = randn(channels, seed=1), randn(channels, seed=2)
    mean, var = torch.zeros(channels).double(), torch.ones(channels).double()
    running = {"mean": np.zeros(channels), "var": np.ones(channels)}
    for step, training in enumerate((True, True, False)):
        bn.training = training
        x, dy = randn(*shape, seed=step) * 3 + 1, randn(*shape, seed=9)
        leaves = [t.clone().requires_grad_() for t in (x, bn.gamma, bn.beta)]
        want = fn.batch_norm(leaves[0], mean, var, leaves[1], leaves[2], training, 0.3)
        assert same(bn.forward(x), want)
        for mine, grad in zip(bn.backward(dy), gradients(want, leaves, dy), strict=True):
            assert same(mine, grad)
        flat = x.movedim(1, -1).reshape(-1, channels).numpy()
        y = topic.batch_norm(flat, bn.gamma.numpy(), bn.beta.numpy(), running, training, 0.3)
        assert same(y, want.movedim(1, -1).reshape(-1, channels))
        for stats in ((bn.mean, bn.var), (running["mean"], running["var"])):
            assert same(stats[0], mean)
            assert same(stats[1], var)
    for groups in {1, channels} | ({3} if channels % 3 == 0 else set()):
        mine = axes.group_norm(x, groups, bn.gamma, bn.beta)
        assert same(mine, fn.group_norm(x, groups, bn.gamma, bn.beta))
    with pytest.raises(ValueError, match="整除"):
        axes.group_norm(x, channels + 1)


def test_batchnorm_folding_and_weight_norm() -> None:
    fold, weight = page("questions/batchnorm-folding").fold, page("questions/weight-norm")
    for groups, stride, bias in ((1, 1, True), (2, 2, False)):
        conv = nn.Conv2d(4, 6, 3, stride, 1, groups=groups, bias=bias).double().eval()
        bn = nn.BatchNorm2d(6).double().eval()
        for i, value in enumerate((conv.weight, bn.weight, bn.bias, bn.running_mean)):
            value.data.copy_(randn(*value.shape, seed=i))
        bn.running_var.copy_(randn(6).abs() + 0.1)
        x = randn(2, 4, 7, 5)
        assert same(fold(conv, bn)(x), bn(conv(x)))
    for out, inner in ((1, 1), (3, 5)):
        g, v = randn(out, 1, seed=1).requires_grad_(), randn(out, inner, seed=2).requires_grad_()
        want, dw = g * fn.normalize(v, dim=1), randn(out, inner, seed=3)
        assert same(weight.forward(g, v), want)
        for mine, grad in zip(
            weight.backward(dw, g.detach(), v.detach()), gradients(want, [g, v], dw), strict=True
        ):
            assert same(mine, grad)


def test_gelu_silu_swiglu_and_models() -> None:
    torch_code, numpy_code = page("questions/gelu-silu"), page("topics/models")
    x = torch.cat([torch.linspace(-30, 30, 301).double(), torch.zeros(1).double()])
    for name, want in (
        ("gelu", fn.gelu(x)),
        ("gelu_tanh", fn.gelu(x, approximate="tanh")),
        ("silu", fn.silu(x)),
    ):
        assert same(getattr(torch_code, name)(x), want)
        assert same(getattr(numpy_code, name)(x.numpy()), want)
    swiglu = page("questions/swiglu-ffn")
    for h, f in ((1, 1), (6, 10)):
        x, wg, wu, wd = randn(2, 3, h), randn(h, f, seed=1), randn(h, f, seed=2), randn(f, h)
        want = fn.linear(fn.silu(fn.linear(x, wg.T)) * fn.linear(x, wu.T), wd.T)
        assert same(numpy_code.swiglu(*(t.numpy() for t in (x, wg, wu, wd))), want)
        assert same(swiglu.fused(x, torch.cat([wg.T, wu.T]), wd.T), want)
        module = swiglu.SwiGLU(h, f).double()
        for layer, w in ((module.gate, wg), (module.up, wu), (module.down, wd)):
            layer.weight.data.copy_(w.T)
        assert same(module(x), want)


def test_cnn_and_lstm() -> None:
    conv2d, lstm = page("questions/cnn").conv2d, page("questions/lstm").lstm
    for size, k, stride, padding in ((1, 1, 1, 0), (7, 3, 2, 1), (6, 2, 3, 4)):
        x, w = randn(3, size, size + 1), randn(4, 3, k, k)
        want = fn.conv2d(x[None], w, stride=stride, padding=padding)[0]
        assert same(conv2d(x.numpy(), w.numpy(), stride, padding), want)
    for steps, batch, dx, h in ((1, 1, 1, 1), (6, 3, 4, 5)):
        cell = nn.LSTMCell(dx, h, dtype=torch.float64)
        x, state = randn(steps, batch, dx), (randn(batch, h), randn(batch, h, seed=1))
        arrays = [p.detach().numpy() for p in (cell.weight_ih, cell.weight_hh)]
        bias = (cell.bias_ih + cell.bias_hh).detach().numpy()
        out, (_, c) = lstm(x.numpy(), tuple(t.numpy() for t in state), *arrays, bias)
        for step in range(steps):
            state = cell(x[step], state)
            assert same(out[step], state[0])
        assert same(c, state[1])
