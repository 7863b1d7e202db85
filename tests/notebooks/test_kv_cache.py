"""KV cache 的推导：解码对 PyTorch 的整段前向，计算器对账本的公式，边界另外逐个试。"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given, settings
from hypothesis import strategies as st
from mianjing import estimates
from mianjing.estimates import attention, models
from mianjing.estimates.presets import Preset, read_presets

from tests.notebooks.cells import run_notebook

pytestmark = pytest.mark.notebooks

PRESETS = read_presets()
MOE = {
    "deepseek-v2": {"experts": 160, "chosen": 6, "shared": 2, "f_e": 1536, "dense": 1},
    "deepseek-v3": {
        "experts": 256,
        "chosen": 8,
        "shared": 1,
        "f_e": 2048,
        "dense": 3,
        "router_bias": True,
    },
}
few = settings(max_examples=25, deadline=None)


@pytest.fixture(scope="module")
def n() -> dict[str, Any]:
    return run_notebook("kv-cache")


def namespace() -> dict[str, Any]:
    return run_notebook("kv-cache")


def build(preset: Preset) -> Any:
    """站上的配置 → 推导里的 Model。"""
    qwen = preset.key.startswith("qwen3")
    dense = namespace()["Model"](
        L=preset.layers,
        h=preset.hidden,
        a=preset.heads,
        h_kv=preset.kv_heads,
        d=preset.head_dim,
        f=preset.intermediate,
        V=preset.vocabulary,
        tied=preset.tied,
        qk_norm=qwen,
    )
    if not preset.kv_latent:
        return dense
    latent = {"d_c": preset.kv_latent, "d_r": preset.rope_dim, "q_rank": 1536}
    return dense._replace(**latent, **MOE[preset.key])


def split_cuts(total: int, marks: list[int]) -> list[int]:
    """0 到 total 之间的切点 → 各块的长度，可以有空块。"""
    edges = [0, *sorted(mark % (total + 1) for mark in marks), total]
    return [after - before for before, after in pairwise(edges)]


def whole_forward(m: Any, weights: dict[str, Any], tokens: Any) -> Any:
    """同一个解码器的 PyTorch 整段前向：SDPA 自己的因果掩码，没有缓存。"""
    b, s = tokens.shape
    as_tensor = torch.from_numpy
    x = as_tensor(weights["embed"])[as_tensor(tokens)]
    frequency = 10000.0 ** (-torch.arange(0, m.d, 2, dtype=torch.float64) / m.d)
    angle = torch.arange(s, dtype=torch.float64)[:, None] * frequency
    turn = torch.polar(torch.ones_like(angle), angle)

    def rotate(z: Any) -> Any:
        left, right = z.chunk(2, -1)
        z = torch.complex(left.contiguous(), right.contiguous()) * turn
        return torch.cat([z.real, z.imag], -1)

    def heads(y: Any, matrix: Any) -> Any:
        return (y @ as_tensor(matrix)).view(b, s, -1, m.d).transpose(1, 2)

    for w in weights["layers"]:
        y = F.rms_norm(x, (m.h,), eps=1e-6)
        q, k, v = rotate(heads(y, w["q"])), rotate(heads(y, w["k"])), heads(y, w["v"])
        o = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        x = x + o.transpose(1, 2).reshape(b, s, -1) @ as_tensor(w["o"])
        y = F.rms_norm(x, (m.h,), eps=1e-6)
        gate = F.silu(y @ as_tensor(w["gate"])) * (y @ as_tensor(w["up"]))
        x = x + gate @ as_tensor(w["down"])
    return (F.rms_norm(x, (m.h,), eps=1e-6) @ as_tensor(weights["head"])).numpy()


@few
@given(
    kv_heads=st.integers(1, 3),
    group=st.integers(1, 3),
    half=st.integers(1, 4),
    layers=st.integers(1, 3),
    s=st.integers(1, 11),
    marks=st.lists(st.integers(0, 11), max_size=4),
    seed=st.integers(0, 9),
)
def test_any_chunks_equal_sdpa(
    kv_heads: int, group: int, half: int, layers: int, s: int, marks: list[int], seed: int
) -> None:
    n = namespace()
    m = n["Model"](L=layers, h=8, a=kv_heads * group, h_kv=kv_heads, d=2 * half, f=12, V=7)
    weights = n["init"](m)
    tokens = np.random.default_rng(seed).integers(0, m.V, (2, s))
    ours = n["run"](n["Decoder"](m, weights, 2, s), tokens, split_cuts(s, marks))
    assert np.allclose(ours, whole_forward(m, weights, tokens), atol=1e-10)


@few
@given(lengths=st.lists(st.integers(1, 8), min_size=1, max_size=4), steps=st.integers(0, 3))
def test_left_padded_batch_equals_each_alone(lengths: list[int], steps: int) -> None:
    """长短不一的提示左补齐，再逐个解码 steps 步；每条都等于 PyTorch 单独算。"""
    n = namespace()
    m, weights, rng = n["TINY"], n["weights"], np.random.default_rng(sum(lengths))
    total = max(lengths) + steps
    rows = [rng.integers(0, m.V, length + steps) for length in lengths]
    tokens = np.stack([np.r_[np.zeros(total - len(row), dtype=int), row] for row in rows])
    pad = np.array([total - len(row) for row in rows])
    decoder = n["Decoder"](m, weights, len(rows), total, pad)
    ours = n["run"](decoder, tokens, [max(lengths), *[1] * steps])
    assert np.isfinite(ours).all()
    for got, row in zip(ours, rows, strict=True):
        want = whole_forward(m, weights, row[None])[0]
        assert np.allclose(got[total - len(row) :], want, atol=1e-10)


def test_empty_prefill_and_one_token_prompt(n: dict[str, Any]) -> None:
    m, weights = n["TINY"], n["weights"]
    tokens = np.array([[3, 1], [0, 2]])
    decoder = n["Decoder"](m, weights, 2, 2)
    for _ in range(2):  # 空的预填充，做几次都一样
        assert decoder.step(tokens[:, :0]).shape == (2, 0, m.V)
    first, second = decoder.step(tokens[:, :1]), decoder.step(tokens[:, 1:])
    assert decoder.step(tokens[:, :0]).shape == (2, 0, m.V)  # 写满之后空块仍可以
    want = whole_forward(m, weights, tokens)
    assert np.allclose(np.concatenate([first, second], 1), want, atol=1e-12)
    before = decoder.k.copy()
    with pytest.raises(ValueError, match="只有 2 格"):
        decoder.step(tokens[:, :1])
    assert np.array_equal(decoder.k, before)  # 报错时没有改缓存


def test_cache_is_written_once_and_never_read_ahead(n: dict[str, Any]) -> None:
    m = n["TINY"]
    decoder = n["Decoder"](m, n["weights"], 1, 9)
    decoder.step(np.array([[1, 2, 3]]))
    first = decoder.k[..., :3, :].copy()
    decoder.step(np.array([[4]]))
    assert np.array_equal(decoder.k[..., :3, :], first)
    assert np.isnan(decoder.k[..., 4:, :]).all() and np.isnan(decoder.v[..., 4:, :]).all()


@few
@given(
    w=st.integers(1, 9),
    s=st.integers(1, 20),
    marks=st.lists(st.integers(0, 20), max_size=5),
    seed=st.integers(0, 9),
)
def test_ring_equals_windowed_sdpa(w: int, s: int, marks: list[int], seed: int) -> None:
    """窗口比序列长、恰好一格、绕很多圈、空块、一块比环还长。"""
    n = namespace()
    q, k, v = np.random.default_rng(seed).standard_normal((3, s, 6))
    behind = torch.arange(s)[:, None] - torch.arange(s)
    mask = (behind >= 0) & (behind < w)
    query, key, value = (torch.from_numpy(z)[None] for z in (q, k, v))
    want = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)[0].numpy()
    ring, edges = n["Ring"](w, 6), np.cumsum(split_cuts(s, marks))[:-1]
    parts = zip(*(np.split(z, edges) for z in (q, k, v)), strict=True)
    got = np.concatenate([ring.step(*part) for part in parts])
    assert np.allclose(got, want, atol=1e-12)
    held = sorted(ring.at[ring.at >= 0].tolist())
    assert held == list(range(max(0, s - w), s))  # 只留最后 w 个
    assert all(position % w == slot for slot, position in enumerate(ring.at) if position >= 0)


@few
@given(heads=st.integers(1, 3), marks=st.lists(st.integers(0, 8), max_size=4))
def test_latent_cache_equals_restored_heads(heads: int, marks: list[int]) -> None:
    n = namespace()
    layer = n["Latent"](h=10, a=heads, d=4, d_c=5, d_r=2, limit=8)
    x = np.random.default_rng(len(marks)).standard_normal((8, 10))
    parts = np.split(x, np.cumsum(split_cuts(8, marks))[:-1])
    got = np.concatenate([layer.step(part) for part in parts], axis=1)
    assert np.allclose(got, layer.restored(x), atol=1e-12)


@pytest.mark.parametrize("key", PRESETS)
def test_kv_bytes_match_the_ledger(n: dict[str, Any], key: str) -> None:
    m = build(PRESETS[key])
    for tokens, batch, element in ((1, 1, 2), (8192, 3, 2), (4096, 1, 1)):
        want = attention.kv_cache_bytes(PRESETS[key], tokens, element, batch)
        assert n["kv_bytes"](m, tokens, batch, bits=8 * element) == want


@pytest.mark.parametrize("key", PRESETS)
def test_parameters_match_the_ledger(n: dict[str, Any], key: str) -> None:
    preset, m = PRESETS[key], build(PRESETS[key])
    if not preset.kv_latent:
        want = models.preset_parameters(preset, int(m.qk_norm))
        assert n["total_parameters"](m) == n["active_parameters"](m) == want
        return
    common = {
        "dense_layers": m.dense,
        "experts": m.experts,
        "shared": m.shared,
        "expert_width": m.f_e,
        "router_bias": int(m.router_bias),
    }

    def count(counted: int, embedding: int = 1) -> float:
        return models.deepseek_parameters(preset, **common, counted=counted, embedding=embedding)

    assert n["total_parameters"](m) == count(m.experts)
    assert n["active_parameters"](m) == count(m.chosen)
    assert n["active_parameters"](m, embedding=False) == count(m.chosen, embedding=0)


@pytest.mark.parametrize(("experts", "chosen", "qk_norm"), [(8, 2, False), (128, 8, True)])
def test_plain_moe_matches_the_ledger(
    n: dict[str, Any], experts: int, chosen: int, qk_norm: bool
) -> None:
    """没有 MLA 的 MoE：Mixtral 式与 Qwen3 式。"""
    m = n["Model"](L=5, h=48, a=6, h_kv=2, d=16, f=0, V=99, qk_norm=qk_norm)
    m = m._replace(experts=experts, chosen=chosen, f_e=20)
    shape = (5, 48, 6, 2, 16, 20, experts)
    assert n["total_parameters"](m) == models.moe_parameters(*shape, experts, 99, int(qk_norm))
    assert n["active_parameters"](m) == models.moe_parameters(*shape, chosen, 99, int(qk_norm))


def test_shapes_are_the_presets(n: dict[str, Any]) -> None:
    keys = {name: name.lower() for name in n["MODELS"]}
    assert set(keys.values()) <= set(PRESETS)
    for name, key in keys.items():
        assert n["MODELS"][name] == build(PRESETS[key]), name


@pytest.mark.parametrize("key", [key for key in PRESETS if not PRESETS[key].kv_latent])
def test_flops_and_intensity_match_the_ledger(n: dict[str, Any], key: str) -> None:
    preset, m = PRESETS[key], build(PRESETS[key])
    breakeven = 2 * n["matmul_parameters"](m) / (n["pair_flops"](m) / 2)
    # 账本不计 QK-norm，两边都只数矩阵乘
    assert breakeven == pytest.approx(attention.prefill_breakeven(preset), rel=1e-12)
    step = 2 * n["matmul_parameters"](m) + n["kv_bytes"](m, 8192, 4)
    assert step == pytest.approx(attention.decode_seconds(preset, 8192, 1.0, 4), rel=1e-12)
    prefill = n["forward_flops"](m, 4096)  # 账本取 s²，这里取 s(s+1)
    assert prefill == pytest.approx(attention.prefill_seconds(preset, 4096, 1.0), rel=1e-3)
    ratio = n["pair_flops"](m) / n["kv_bytes"](m)
    assert ratio == attention.decode_intensity(preset.heads, preset.kv_heads)


def test_latent_intensity_and_balance_match_the_ledger(n: dict[str, Any]) -> None:
    m = n["MODELS"]["DeepSeek-V3"]
    ratio = n["pair_flops"](m) / n["kv_bytes"](m)
    assert ratio == pytest.approx(attention.mla_decode_intensity(128, 512, 64), rel=1e-12)
    balance = estimates.ESTIMATES["machine_balance"](peak_flops=989e12, bandwidth=3.35e12)
    assert round(balance) == n["H100"]


def test_forward_flops_add_up(n: dict[str, Any]) -> None:
    """分几次喂，FLOPs 之和等于一次喂完。"""
    m = n["MODELS"]["Llama-3-8B"]
    total, old = 0.0, 0
    for size in (100, 1, 1, 30):
        total += n["forward_flops"](m, size, old)
        old += size
    assert total == n["forward_flops"](m, 132)


@few
@given(
    name=st.sampled_from(["Llama-2-7B", "Llama-3-8B", "Qwen3-0.6B"]),
    memory=st.integers(1, 200),
    s=st.integers(1, 200_000),
)
def test_max_batch_fits_and_one_more_does_not(name: str, memory: int, s: int) -> None:
    n = namespace()
    m, room = n["MODELS"][name], 0.9 * memory * 1e9
    b = n["max_batch"](m, memory * 1e9, s)
    weights = n["weight_bytes"](m)
    assert b == 0 or weights + n["kv_bytes"](m, s, b) <= room
    assert weights + n["kv_bytes"](m, s, b + 1) > room
    if b:
        longest = n["max_length"](m, memory * 1e9, b)
        assert s <= longest and n["max_batch"](m, memory * 1e9, longest) >= b
        assert n["max_batch"](m, memory * 1e9, longest + 1) < b


@few
@given(block=st.integers(1, 64), length=st.integers(1, 5000))
def test_waste_is_the_unused_tail_of_the_last_block(block: int, length: int) -> None:
    waste = namespace()["wasted"](length, block)
    assert 0 <= waste < block and (length + waste) % block == 0


@few
@given(
    prompt=st.integers(1, 40),
    fresh=st.integers(1, 30),
    k=st.integers(1, 5),
    block=st.integers(1, 9),
)
def test_shared_prompt_blocks_follow_the_formula(
    prompt: int, fresh: int, k: int, block: int
) -> None:
    want = prompt // block + k * -(-(prompt % block + fresh) // block)
    assert namespace()["simulate"](prompt, fresh, k, block) == want


@pytest.mark.parametrize("element", [1, 2])
@pytest.mark.parametrize("name", ["Llama-2-7B", "Llama-3-70B"])
def test_critical_batch_solves_the_balance(n: dict[str, Any], name: str, element: int) -> None:
    m = n["MODELS"][name]
    for balance in (20.0, 153.0, 295.0):
        longest = n["longest_context"](m, balance, element)
        for s in (0, 0.3 * longest, 0.9 * longest):
            b = n["critical_batch"](m, balance, s, element)
            assert n["decode_intensity"](m, b, s, element) == pytest.approx(balance, rel=1e-9)
        assert n["critical_batch"](m, balance, 1.001 * longest, element) == np.inf
        assert n["decode_intensity"](m, 1e12, 1.001 * longest, element) < balance
    assert n["longest_context"](m, 0.5, element) == np.inf  # 读缓存本身就越过


@few
@given(bits=st.sampled_from([2, 4, 8]), axis=st.integers(0, 1), seed=st.integers(0, 20))
def test_quantization_error_is_at_most_half_a_step(bits: int, axis: int, seed: int) -> None:
    n = namespace()
    x = np.random.default_rng(seed).standard_normal((9, 6)) * 10.0 ** (seed % 5 - 2)
    x[2], x[:, 1] = 0.0, 0.0  # 整组是 0
    hat, step = n["quantize"](x, axis, bits)
    assert (np.abs(hat - x) <= step / 2 * (1 + 1e-9)).all()
    levels = np.unique(np.round(hat / step))
    assert len(levels) <= 2**bits - 1
    assert not hat[2].any() and not hat[:, 1].any()


@pytest.mark.parametrize(
    ("dtype", "limit"), [(torch.float64, 1e-12), (torch.float32, 1e-5), (torch.bfloat16, 3e-2)]
)
def test_interview_module_in_other_precisions(n: dict[str, Any], dtype: Any, limit: float) -> None:
    torch.manual_seed(0)
    layer = n["CachedGQA"](32, 8, 2).to(dtype)
    x = torch.randn(3, 10, 32).to(dtype)
    want = n["whole"](layer, x)
    got = n["feed"](layer, x, [7, 1, 1, 1])
    assert got.dtype == dtype and layer.k.dtype == dtype
    assert (got - want).abs().max() < limit
    layer.start(3, 10)
    assert layer(x[:, :0]).shape == (3, 0, 32)
