"""集合通信那一本：各算法对 NumPy 的和，字节对本站的算式，张量并行对 PyTorch，换形状类型再核对。"""

from __future__ import annotations

import ast
from math import isclose, log2
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given, settings
from hypothesis import strategies as st
from mianjing.estimates import parallelism as estimates

from tests.notebooks.cells import read_code, run_notebook

pytestmark = pytest.mark.notebooks

ALGORITHMS = [
    "ring_all_reduce",
    "recursive_doubling",
    "halving_doubling",
    "binomial_tree",
    "whole_buffer_ring",
]
DTYPES = ["int8", "int32", "int64", "float16", "float32", "float64", "complex128"]


@pytest.fixture(scope="module")
def book() -> dict[str, Any]:
    return run_notebook("collectives")


def draw(n: int, size: int, dtype: str, seed: int) -> Any:
    """小整数：任何类型、任何次序都精确。"""
    return np.random.default_rng(seed).integers(-9, 9, (n, size)).astype(dtype)


@pytest.mark.parametrize("name", ALGORITHMS)
@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 9),
    size=st.integers(0, 40),
    dtype=st.sampled_from(DTYPES),
    seed=st.integers(0, 99),
)
def test_every_algorithm_is_the_sum(name: str, n: int, size: int, dtype: str, seed: int) -> None:
    book = run_notebook("collectives")
    xs = draw(n, size, dtype, seed)
    keep, world = xs.copy(), book["World"](n)
    result = book[name](world, xs)
    expected = xs.sum(axis=0, dtype=xs.dtype)
    assert len(result) == n
    assert all(y.dtype == xs.dtype and np.array_equal(y, expected) for y in result)
    assert np.array_equal(xs, keep)
    assert world.sent.sum() >= 2 * (n - 1) * xs[0].nbytes  # 下界
    assert world.steps >= (n - 1).bit_length()


@settings(max_examples=80, deadline=None)
@given(n=st.integers(1, 9), size=st.integers(0, 40), first=st.integers(-9, 9))
def test_scatter_and_gather_with_any_first_chunk(n: int, size: int, first: int) -> None:
    """reduce-scatter 之后 rank r 握有第 r + first + 1 块；all-gather 从那里接着。"""
    book = run_notebook("collectives")
    xs = draw(n, size, "int64", size)
    bufs, world = [x.copy() for x in xs], book["World"](n)
    book["ring_reduce_scatter"](world, bufs, first=first)
    total, piece = xs.sum(axis=0), book["piece"]
    for r in range(n):
        mine = (r + first + 1) % n
        assert np.array_equal(piece(bufs[r], mine, n), piece(total, mine, n))
    book["ring_all_gather"](world, bufs, first=first + 1)
    assert all(np.array_equal(b, total) for b in bufs)
    assert world.sent.sum() == 2 * (n - 1) * size * 8


@settings(max_examples=60, deadline=None)
@given(nodes=st.integers(1, 4), cards=st.integers(1, 4), size=st.integers(0, 50))
def test_hierarchical_is_the_sum_and_moves_as_much_as_the_ring(
    nodes: int, cards: int, size: int
) -> None:
    book = run_notebook("collectives")
    xs = draw(nodes * cards, size, "int64", size)
    result, inside, across, steps = book["hierarchical_all_reduce"](nodes, cards, xs)
    assert all(np.array_equal(y, xs.sum(axis=0)) for y in result)
    assert inside.sum() + across.sum() == 2 * (nodes * cards - 1) * size * 8
    assert steps == 2 * (nodes - 1) + 2 * (cards - 1)


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 6), data=st.data())
def test_all_to_all_with_any_sizes_is_a_transpose(n: int, data: st.DataObject) -> None:
    book = run_notebook("collectives")
    sizes = data.draw(st.lists(st.integers(0, 5), min_size=n * n, max_size=n * n))
    sends = [[np.full(sizes[i * n + j], 10 * i + j) for j in range(n)] for i in range(n)]
    world = book["World"](n)
    recvs = book["all_to_all_v"](world, sends)
    for i in range(n):
        assert world.sent[i] == 8 * sum(sends[i][j].size for j in range(n) if j != i)
        for j in range(n):
            assert np.array_equal(recvs[j][i], sends[i][j])
    assert world.steps == n - 1


@pytest.mark.parametrize("n", range(1, 10))
def test_definitions_agree_with_torch_splitting(book: dict[str, Any], n: int) -> None:
    xs = draw(n, 6 * n, "int64", n)
    blocks = torch.tensor(xs).view(n, n, 6)
    assert np.array_equal(book["define_all_to_all"](xs), blocks.transpose(0, 1).reshape(n, -1))
    assert np.array_equal(book["define_reduce_scatter"](xs), blocks.sum(dim=0))
    assert np.array_equal(book["define_all_gather"](xs)[0], xs.ravel())
    last = book["define_reduce"](xs, root=n - 1)
    assert np.array_equal(last[-1], xs.sum(axis=0)) and all(x is None for x in last[:-1])
    assert np.array_equal(book["define_broadcast"](xs, root=n - 1)[0], xs[-1])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("n", [2, 3, 8])
def test_ring_sums_each_chunk_once_in_ring_order(book: dict[str, Any], n: int, dtype: str) -> None:
    xs = np.random.default_rng(n).standard_normal((n, 50)).astype(dtype)
    result = book["ring_all_reduce"](book["World"](n), xs)
    assert all(np.array_equal(y, result[0]) for y in result)
    for c in range(n):
        part = slice(50 * c // n, 50 * (c + 1) // n)
        expected = xs[c, part].copy()
        for i in range(1, n):
            expected = xs[(c + i) % n, part] + expected
        assert np.array_equal(result[0][part], expected)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 8])
def test_ring_bytes_steps_and_seconds_are_the_sites(book: dict[str, Any], n: int) -> None:
    world, size = book["World"](n), 8 * 840
    book["ring_all_reduce"](world, np.ones((n, 840)))
    assert world.steps == estimates.ring_all_reduce_steps(n)
    assert all(isclose(sent, estimates.ring_all_reduce_bytes(size, n)) for sent in world.sent)
    want = estimates.ring_all_reduce_seconds(size, n, 50e9, 10e-6)
    assert isclose(world.seconds(10e-6, 50e9), want, abs_tol=1e-15)
    assert isclose(book["seconds"]("ring", n, size, 10e-6, 50e9), want, abs_tol=1e-15)
    exchange = book["World"](n)
    book["all_to_all_v"](exchange, [np.split(np.ones(840), n)] * n)
    assert all(isclose(sent, estimates.all_to_all_bytes(size, n)) for sent in exchange.sent)


@pytest.mark.parametrize("n", [4, 8, 64, 1024])
def test_tree_model_and_crossovers_are_the_sites(book: dict[str, Any], n: int) -> None:
    link = {"alpha": 3e-6, "bandwidth": 25e9}
    tree = estimates.tree_all_reduce_seconds(1e7, n, link["bandwidth"], link["alpha"])
    assert isclose(book["double_tree_seconds"](n, 1e7, **link), tree)
    cross = estimates.ring_tree_crossover_bytes(n, link["bandwidth"], link["alpha"])
    assert isclose(book["crossover_tree"](n, **link), cross)
    size = book["crossover_doubling"](n, **link)
    doubling = log2(n) * (link["alpha"] + size / link["bandwidth"])
    ring = estimates.ring_all_reduce_seconds(size, n, link["bandwidth"], link["alpha"])
    assert isclose(ring, doubling)


@pytest.mark.parametrize(("nodes", "cards"), [(2, 8), (3, 4), (5, 2), (4, 1)])
def test_bytes_leaving_a_node_are_the_sites(book: dict[str, Any], nodes: int, cards: int) -> None:
    size = nodes * cards * 12
    _, _, across, _ = book["hierarchical_all_reduce"](nodes, cards, np.ones((nodes * cards, size)))
    for node in range(nodes):
        out = across[node * cards : (node + 1) * cards].sum()
        assert isclose(out, estimates.hierarchical_node_bytes(8 * size, nodes))


def torch_mlp(values: list[Any], dz: Any) -> tuple[Any, list[Any]]:
    leaves = [torch.tensor(v, requires_grad=True) for v in values]
    x, a, a0, b, b0 = leaves
    z = F.gelu(x @ a + a0, approximate="tanh") @ b + b0
    grads = torch.autograd.grad(z, leaves, torch.tensor(dz))
    return z.detach().numpy(), [g.numpy() for g in grads]


@pytest.mark.parametrize("t", [1, 2, 3, 6])
@pytest.mark.parametrize(("m", "h", "f"), [(6, 5, 12), (12, 1, 6), (18, 7, 30)])
def test_tensor_and_sequence_parallel_mlp_against_autograd(
    book: dict[str, Any], t: int, m: int, h: int, f: int
) -> None:
    rng = np.random.default_rng(t + m)
    x, dz = rng.standard_normal((2, m, h))
    a, a0, b = rng.standard_normal((h, f)), rng.standard_normal(f), rng.standard_normal((f, h))
    b0 = rng.standard_normal(h)
    z, (dx, da, da0, db, _) = torch_mlp([x, a, a0, b, b0], dz)
    shards = book["shard"](t, a, a0, b)

    world = book["World"](t)
    zs, saved = book["tp_forward"](world, x, shards, b0)
    dxs, grads = book["tp_backward"](world, dz, shards, saved)
    for r in range(t):
        assert np.allclose(zs[r], z, atol=1e-12) and np.allclose(dxs[r], dx, atol=1e-11)
    for i, (axis, expected) in enumerate([(1, da), (0, da0), (0, db)]):
        actual = np.concatenate([g[i] for g in grads], axis=axis)
        assert np.allclose(actual, expected, atol=1e-11)
    # 前馈是一层四次 all-reduce 里的两次；各卡可能差一块，合计精确
    assert isclose(world.sent.sum() / 8, t * estimates.tensor_parallel_elements(1, m, h, t) / 2)

    split = book["World"](t)
    zs, saved = book["sp_forward"](split, np.split(x, t), shards, b0)
    assert np.allclose(np.concatenate(zs), z, atol=1e-12)
    assert isclose(split.sent.sum(), world.sent.sum() / 2)
    dxs, grads = book["sp_backward"](split, np.split(dz, t), shards, saved)
    assert np.allclose(np.concatenate(dxs), dx, atol=1e-11)
    assert np.allclose(np.concatenate([g[0] for g in grads], axis=1), da, atol=1e-11)
    assert np.allclose(np.concatenate([g[1] for g in grads]), db, atol=1e-11)


def test_width_must_divide(book: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="整除"):
        book["shard"](4, np.ones((2, 6)), np.ones(6), np.ones((6, 2)))


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("n", [1, 2, 4])
def test_moe_round_trip_against_a_loop_over_tokens(book: dict[str, Any], n: int, k: int) -> None:
    rng = np.random.default_rng(10 * n + k)
    per, tokens_each, h = 3, [5, 1, 9, 2][:n], 4
    weights = rng.standard_normal((n * per, h, h))
    tokens = [rng.standard_normal((t, h)) for t in tokens_each]
    expert = [
        np.array([rng.choice(n * per, k, replace=False) for _ in range(t)]) for t in tokens_each
    ]
    gate = [rng.random((t, k)) for t in tokens_each]

    def run(x: Any, e: Any) -> Any:
        return np.tanh(np.einsum("th,thf->tf", x, weights[e]))

    got = book["moe_round_trip"](book["World"](n), tokens, expert, gate, run, per)
    for r in range(n):
        for i, x in enumerate(tokens[r]):
            picks = zip(expert[r][i], gate[r][i], strict=True)
            want = sum(g * torch.tanh(torch.tensor(x) @ torch.tensor(weights[e])) for e, g in picks)
            assert np.allclose(got[r][i], np.asarray(want))


def test_balanced_dispatch_bytes_are_the_sites(book: dict[str, Any]) -> None:
    n, t, h, k = 4, 16, 5, 2
    expert = [(np.arange(t)[:, None] * k + np.arange(k)) % 8] * n
    world = book["World"](n)
    tokens, gate = [np.ones((t, h))] * n, [np.ones((t, k))] * n
    book["moe_round_trip"](world, tokens, expert, gate, lambda x, e: x, 2)
    assert (world.sent == 2 * estimates.expert_all_to_all_bytes(t, h, k, n, 8)).all()


@settings(max_examples=60, deadline=None)
@given(layers=st.integers(1, 30), per=st.integers(1, 30), size=st.sampled_from([1e5, 5e6, 1e8]))
def test_timeline_against_layer_by_layer_events(layers: int, per: int, size: float) -> None:
    book = run_notebook("collectives")
    spans = book["timeline"](layers, per, 1e-3, size, 16)
    clock, pending, ends = 0.0, 0, []
    for layer in range(1, layers + 1):
        pending += 1
        if pending == per or layer == layers:
            cost = estimates.ring_all_reduce_seconds(pending * size, 16, 50e9, 10e-6)
            clock, pending = max(clock, layer * 1e-3) + cost, 0
            ends.append(clock)
    assert np.allclose([end for _, end in spans], ends)
    assert all(start >= before - 1e-12 for (start, _), before in zip(spans[1:], ends, strict=False))


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 9), shape=st.sampled_from([(0,), (1,), (7,), (3, 5), (2, 0, 4), (4, 3, 2)]))
def test_interview_version(n: int, shape: tuple[int, ...]) -> None:
    book = run_notebook("collectives")
    generator = torch.Generator().manual_seed(n)
    xs = [torch.randint(-9, 9, shape, generator=generator).double() for _ in range(n)]
    result, sent = book["ring"](xs)
    want = torch.stack(xs).sum(dim=0)
    assert all(y.shape == want.shape and torch.equal(y, want) for y in result)
    assert sum(sent) == 2 * (n - 1) * want.numel()


def test_interview_version_fits_on_a_whiteboard() -> None:
    trees = [node for source in read_code("collectives") for node in ast.parse(source).body]
    (ring,) = [n for n in trees if isinstance(n, ast.FunctionDef) and n.name == "ring"]
    assert ring.end_lineno is not None and ring.end_lineno - ring.lineno + 1 <= 30
