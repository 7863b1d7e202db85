"""页面里手写的指标与统计，与 sklearn、scipy 对照。"""

from __future__ import annotations

import math
import random
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from scipy import optimize, special, stats
from scipy.spatial import distance
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, cohen_kappa_score, log_loss, roc_auc_score

from tests.page_code import page


@pytest.mark.parametrize("levels", [2, 5, 1000])
@pytest.mark.parametrize("size", [2, 3, 50, 400])
def test_write_auc_and_recsys(size: int, levels: int) -> None:
    """并列从很多到几乎没有。"""
    rng = np.random.default_rng(size + levels)
    write, recsys = page("questions/write-auc"), page("topics/recsys")
    label = np.append(rng.integers(0, 2, size - 2), [0, 1])
    score = rng.integers(0, levels, size)
    want = roc_auc_score(label, score)
    for auc in (write.auc, write.pairs, recsys.auc, recsys.auc_pairs):
        assert math.isclose(auc(score, label), want, abs_tol=1e-12)
    middle = (score + 0.5) / levels
    assert math.isclose(write.histogram_auc(middle, label, levels), want, abs_tol=1e-12)
    for auc in (write.auc, recsys.auc):
        assert math.isnan(auc(score, np.zeros(size, int)))
    users = np.append(rng.integers(0, 4, size - 2), [0, 0])
    both = [u for u in range(4) if len(set(label[users == u])) == 2]
    per_user = [roc_auc_score(label[users == u], score[users == u]) for u in both]
    weight = [(users == u).sum() for u in both]
    assert math.isclose(recsys.gauc(score, label, users), np.average(per_user, weights=weight))


@pytest.mark.parametrize("bins", [1, 5, 10, 15])
@pytest.mark.parametrize("size", [1, 20, 3000])
def test_calibration_ece(size: int, bins: int) -> None:
    code, topic = page("questions/calibration-ece"), page("topics/evaluation-metrics")
    rng = np.random.default_rng(size)
    conf = rng.random(size)
    conf[-1] = 1.0  # 右端归最后一桶
    right = (rng.random(size) < conf**2).astype(float)
    true, mean = calibration_curve(right, conf, n_bins=bins, pos_label=1)
    count = np.histogram(conf, bins, (0, 1))[0]
    want = (count[count > 0] * np.abs(true - mean)).sum() / size
    for ece in (code.ece, topic.ece):
        assert math.isclose(ece(conf, right, bins), want, abs_tol=1e-12)
    want = brier_score_loss(right, conf, pos_label=1)
    assert math.isclose(topic.brier(conf, right), want, abs_tol=1e-12)


def test_calibration_ece_temperature() -> None:
    code = page("questions/calibration-ece")
    rng = np.random.default_rng(0)
    for scale in (0.3, 1.0, 4.0):
        z = rng.standard_normal((500, 6))
        assert np.allclose(code.softmax(z), special.softmax(z, -1))
        label = np.array([rng.choice(6, p=row) for row in special.softmax(z, -1)])

        def nll(t: float, z: Any = scale * z, label: Any = label) -> float:
            return -float(special.log_softmax(z / t, -1)[np.arange(500), label].mean())

        best = optimize.minimize_scalar(nll, bounds=(0.01, 50), method="bounded")
        assert abs(code.fit_temperature(scale * z, label) / best.x - 1) < 1e-4


def test_elo_bradley_terry_and_evaluation_metrics() -> None:
    code, metrics = page("questions/elo-bradley-terry"), page("topics/evaluation-metrics")
    rng = np.random.default_rng(0)
    for m in (2, 3, 6):
        games = [(i, j, float(y)) for i in range(m) for j in range(m) if i != j for y in (0, 1)]
        for _ in range(100):
            i, j = map(int, rng.choice(m, 2, replace=False))
            games.append((i, j, float(rng.random() < special.expit((j - i) / 2))))
        x, y = code.design(games, m)
        judge = LogisticRegression(C=math.inf, fit_intercept=False, tol=1e-10, max_iter=1000)
        theta = judge.fit(x, y).coef_[0]
        rating, error = code.fit_bt(games, m)
        want = 400 / math.log(10) * (theta - theta.mean())
        assert np.allclose(rating, want, atol=1e-2)
        tx, ty = torch.tensor(x), torch.tensor(y)  # 费雪信息：负对数似然的海森矩阵，用 autograd
        hessian = torch.autograd.functional.hessian(
            lambda t, x=tx, y=ty: torch.nn.functional.binary_cross_entropy_with_logits(
                x @ t, y, reduction="sum"
            ),
            torch.tensor(theta),
        )
        spread = torch.linalg.pinv(hessian, rtol=1e-8).diagonal().sqrt().numpy()
        assert np.allclose(error, 400 / math.log(10) * spread, rtol=1e-4)
        wins = np.zeros((m, m))
        for i, j, won in games:
            wins[(i, j) if won else (j, i)] += 1
        assert np.allclose(metrics.fit_bt(wins, 3000), want - want[0], atol=2e-2)


def test_elo_by_hand() -> None:
    elo, win_rate = (
        page("questions/elo-bradley-terry").elo,
        page("topics/evaluation-metrics").win_rate,
    )
    assert elo([(0, 1, 1.0)], 2, k=32).tolist() == [1016, 984]  # 同分：32·(1 - 0.5) = 16
    # 差 32 分，胜率 1/(1+10^-0.08) = 0.545922；输了扣 32·0.545922 = 17.4695
    assert np.allclose(elo([(0, 1, 1.0), (0, 1, 0.0)], 2, k=32), [998.5305, 1001.4695], atol=1e-4)
    assert elo([(0, 1, 0.5)], 3).tolist() == [1000, 1000, 1000] and elo([], 1).tolist() == [1000]
    for gap in (-800.0, -1.0, 0.0, 173.0):
        assert math.isclose(win_rate(gap), special.expit(gap * math.log(10) / 400))


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_pass_at_k_variance_and_evaluation_metrics(n: int) -> None:
    """无放回抽 k 个：超几何分布；c ~ Binomial(n, p)：二项分布。"""
    code, agent = page("questions/pass-at-k-variance"), page("questions/agent-evaluation-swe-bench")
    topic = page("topics/evaluation-metrics")
    for k in {1, 2, n // 2, n} - {0}:
        if k > n:
            continue
        at_least_one = stats.hypergeom.sf(0, n, np.arange(n + 1), k)
        for c in range(n + 1):
            for estimate in (code.pass_at_k, code.exact, agent.pass_at, topic.pass_at_k):
                assert math.isclose(estimate(n, c, k), at_least_one[c], abs_tol=1e-9)
            every = stats.hypergeom.pmf(k, n, c, k)
            assert math.isclose(agent.pass_hat(n, c, k), every, abs_tol=1e-9)
        for p in (0.0, 0.1, 0.5, 1.0):
            weight = stats.binom.pmf(np.arange(n + 1), n, p)
            mean = weight @ at_least_one
            spread = weight @ (at_least_one - mean) ** 2
            assert math.isclose(code.variance(n, k, p), spread, abs_tol=1e-9)
            assert np.allclose(code.moments(n, k, p, code.pass_at_k), (mean, spread), atol=1e-9)


def test_ctr_calibration() -> None:
    code = page("questions/ctr-calibration")
    rng = np.random.default_rng(0)
    for size in (1, 2, 3, 50, 400):
        y = rng.integers(0, 2, size).astype(float)
        assert np.allclose(code.pav(y), IsotonicRegression().fit_transform(np.arange(size), y))
        real = rng.standard_normal(size)
        assert np.allclose(
            code.pav(real), IsotonicRegression().fit_transform(np.arange(size), real)
        )
    for size in (60, 2000):
        x = np.column_stack([np.ones(size), rng.standard_normal(size)])
        y = (rng.random(size) < special.expit(x @ [-1.0, 0.7])).astype(float)
        judge = LogisticRegression(C=math.inf, fit_intercept=False, tol=1e-10, max_iter=1000)
        assert np.allclose(code.fit_logistic(x, y), judge.fit(x, y).coef_[0], atol=1e-5)
        p = special.expit(x @ [-1.2, 0.5])
        assert math.isclose(code.ne(p, y), log_loss(y, p) / log_loss(y, np.full(size, y.mean())))


def test_llm_as_a_judge_bias() -> None:
    kappa = page("questions/llm-as-a-judge-bias").kappa
    rng = random.Random(0)
    for size, labels in product([4, 30, 500], ["ab", "abcd"]):
        a = [*labels, *rng.choices(labels, k=size)]
        b = [x if rng.random() < 0.6 else rng.choice(labels) for x in a]
        observed, value = kappa(a, b)
        assert math.isclose(observed, np.mean(np.array(a) == b))
        assert math.isclose(value, cohen_kappa_score(a, b), abs_tol=1e-12)


def test_compare_two_models_significance_and_evaluation_metrics() -> None:
    code, topic = (
        page("questions/compare-two-models-significance"),
        page("topics/evaluation-metrics"),
    )
    for a, b in product([0, 1, 3, 9, 40], repeat=2):
        want = stats.binomtest(a, a + b).pvalue if a + b else 1.0
        assert math.isclose(code.mcnemar(a, b), want, rel_tol=1e-9)
    for delta, var in ((0.01, 0.1), (0.05, 0.32)):
        n = code.need(delta, var, alpha=0.05, power=0.9)
        assert math.isclose(stats.norm.sf(stats.norm.isf(0.025) - delta * math.sqrt(n / var)), 0.9)
    summary = page("topics/evaluation")
    assert summary.summarize([0, 1]) == (0.5, 0.5)  # 标准差 √0.5，除以 √2
    with pytest.raises(ValueError, match="至少两道题"):
        summary.summarize([1])
    rng = np.random.default_rng(0)
    for size in (5, 60, 900):
        x, y = rng.random((2, size)) < [[0.8], [0.6]]
        diff, error = topic.paired_diff(x, y)
        t = stats.ttest_rel(x.astype(float), y.astype(float)).statistic  # 分母用 n-1
        assert math.isclose(diff / error, t * math.sqrt(size / (size - 1)))
        mean, sem = summary.summarize(x)
        assert math.isclose(mean, x.mean()) and math.isclose(sem, stats.sem(x.astype(float)))


def test_gan() -> None:
    code = page("questions/gan")
    rng = np.random.default_rng(0)
    for size in (1, 2, 9):
        p, q = rng.dirichlet(np.ones(size), 2)
        p = np.append(p, 0.0)  # 0·log 0 = 0
        q = np.append(q * 0.9, 0.1)
        tp, tq = torch.tensor(p), torch.tensor(q)
        assert math.isclose(code.kl(tp, tq), stats.entropy(p, q), abs_tol=1e-12)
        assert math.isclose(code.js(tp, tq), distance.jensenshannon(p, q) ** 2, abs_tol=1e-12)
        at = np.arange(size + 1)
        want = stats.wasserstein_distance(at, at, p, q)
        assert math.isclose(code.wasserstein(tp, tq), want, abs_tol=1e-12)


def test_one_pass_variance() -> None:
    code = page("questions/one-pass-variance")
    rng = np.random.default_rng(0)
    for size in (1, 2, 17, 300):
        x = 1e6 + rng.standard_normal(size)
        cut = size // 3
        for state in (code.welford(x), code.merge(code.welford(x[:cut]), code.welford(x[cut:]))):
            assert math.isclose(code.variance(state), x.var(), rel_tol=1e-8, abs_tol=1e-12)
            assert size == 1 or math.isclose(code.variance(state, 1), x.var(ddof=1), rel_tol=1e-8)


def test_minhash_lsh_and_data() -> None:
    """b 段里至少一段全同：二项分布。"""
    for s, b, r in product([0.0, 0.3, 0.8, 1.0], [1, 14], [1, 8]):
        want = stats.binom.sf(0, b, s**r)
        assert math.isclose(page("questions/minhash-lsh").hit(s, b, r), want, abs_tol=1e-12)
        assert math.isclose(page("topics/data").collide(s, b, r), want, abs_tol=1e-12)
