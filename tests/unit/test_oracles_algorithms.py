"""页面里手写的算法，与 numpy、scipy.sparse.csgraph 对照。"""

from __future__ import annotations

import math
import random
from itertools import product

import numpy as np
from scipy import sparse

from tests.page_code import page


def test_algorithms_and_write_top_k() -> None:
    code, write = page("topics/algorithms"), page("questions/write-top-k")
    rng = random.Random(0)
    for size in (1, 2, 5, 40):
        a = rng.choices(range(size), k=size)
        for k in range(size):
            assert code.kth_smallest(a, k, rng) == np.partition(a, k)[k]
            assert write.kth_largest([*a], k + 1, rng) == -np.partition(-np.array(a), k)[k]
            best = np.sort(a)[::-1][: k + 1].tolist()
            assert code.top_k(a, k + 1) == write.top_k(a, k + 1)[0] == best
        edges = [(rng.randrange(size), rng.randrange(size)) for _ in range(size // 2)]
        matrix = sparse.coo_array(
            (np.ones(len(edges)), np.array(edges, int).reshape(-1, 2).T), (size, size)
        )
        union, (count, group) = code.UnionFind(size), sparse.csgraph.connected_components(matrix)
        for edge in edges:
            union.union(*edge)
        assert union.groups == count
        for i, j in product(range(size), repeat=2):
            assert (union.find(i) == union.find(j)) == (group[i] == group[j])
    for rows, cols in ((1, 1), (3, 5), (8, 8)):
        grid = ["".join(rng.choices("..#", k=cols)) for _ in range(rows)]
        cells = [(r, c) for r in range(rows) for c in range(cols) if grid[r][c] == "."]
        near = [[abs(a - c) + abs(b - d) == 1 for c, d in cells] for a, b in cells]
        steps = sparse.csgraph.shortest_path(sparse.csr_array(np.array(near, float)))
        for (i, start), (j, goal) in product(enumerate(cells), repeat=2):
            want = -1 if math.isinf(steps[i, j]) else steps[i, j]
            assert code.shortest_steps(grid, start, goal) == want
    assert not code.top_k([], 3) and not write.top_k([], 3)[0]
