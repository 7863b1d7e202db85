"""页面里手写的偏好与强化学习的损失：梯度与有限差分对照，值与 torch、scipy、手算对照。"""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as fn
from scipy.signal import lfilter
from torch.distributions import Categorical, kl_divergence

from tests.oracles import differentiates, randn, same
from tests.page_code import page


def lengths(b: int, s: int) -> torch.Tensor:
    """右侧补齐的掩码：各行的长度从 1 到 s。"""
    return (torch.arange(s) < torch.linspace(s, 1, b).long()[:, None]).double()


@pytest.mark.parametrize("n", [1, 6])
def test_preference_pages(n: int) -> None:
    topic, reward = page("topics/multimodal-rlhf"), page("questions/reward-model-loss")
    losses = page("questions/preference-losses")
    w, x, rw, rl = (3 * randn(n, seed=i) for i in range(4))
    want = fn.binary_cross_entropy_with_logits(w - x, torch.ones(n).double())
    for bt_loss in (topic.bt_loss, reward.bt_loss):
        assert same(bt_loss(w, x), want)
        assert differentiates(bt_loss, w, x)
    for dpo_loss in (topic.dpo_loss, page("questions/dpo-loss").dpo_loss):
        want = fn.softplus(-0.3 * ((w - x) - (rw - rl))).mean()
        assert same(dpo_loss(w, x, rw, rl, 0.3), want)
        assert differentiates(lambda *args, f=dpo_loss: f(*args, beta=0.3), w, x, rw, rl)
    scores = randn(n, 4)
    pairs = [(i, j) for i in range(4) for j in range(i + 1, 4)]
    each = torch.stack([fn.softplus(scores[:, j] - scores[:, i]) for i, j in pairs])
    assert same(reward.ranking_loss(scores), each.mean())
    assert differentiates(reward.ranking_loss, scores)
    good, z0 = torch.arange(n) % 2 == 0, torch.tensor(0.4).double()
    assert differentiates(lambda h: losses.kto(h, good, z0, 0.5, 1.0, 1.5), w)
    assert differentiates(lambda a, b: losses.ipo(a, b, 0.2), w, x)
    assert differentiates(losses.simpo, w, x)
    assert differentiates(losses.orpo, -w.abs() - 0.1, -x.abs() - 0.1)


def test_preference_losses_by_hand() -> None:
    code = page("questions/preference-losses")
    topic, question = page("topics/multimodal-rlhf"), page("questions/dpo-loss")

    def t(*values: float) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float64)

    # BT：差 ln 3，σ = 3/4，损失 ln(4/3)；差 -ln 3：ln 4；平均 (0.287682 + 1.386294)/2
    assert same(
        topic.bt_loss(t(math.log(3), 0), t(0, math.log(3))), (math.log(4 / 3) + math.log(4)) / 2
    )
    # 排序：差 ln2、ln4、ln2，σ = 2/3、4/5、2/3，损失 (2 ln 1.5 + ln 1.25)/3
    rank = t(math.log(4), math.log(2), 0)[None]
    want = (2 * math.log(1.5) + math.log(1.25)) / 3
    assert same(page("questions/reward-model-loss").ranking_loss(rank), want)
    # DPO：(-10+11) - (-12+11.5) = 1.5，乘 β=0.1 得 0.15，ln(1+e^-0.15) = 0.620957
    for loss in (topic.dpo_loss, question.dpo_loss):
        assert abs(loss(t(-10), t(-12), t(-11), t(-11.5)) - 0.620957) < 1e-6
    # IPO：1/(2·0.1) = 5；(3-1-5)² = 9，(6-0-5)² = 1，平均 5
    assert same(code.ipo(t(3, 6), t(1, 0), 0.1), 5)
    # KTO：好 1-σ(2-0.5)，坏 1-σ(0.5-(-1))，都是 0.182426；权重 1、2：0.182426·3/2
    mine = code.kto(t(2, -1), torch.tensor([True, False]), t(0.5), 1.0, 1.0, 2.0)
    assert abs(mine - 0.273638) < 1e-6
    # SimPO：2·(-0.5+1) - 1 = 0，ln 2；γ=0：ln(1+e^-1) = 0.313262
    assert same(code.simpo(t(-0.5), t(-1)), math.log(2))
    assert abs(code.simpo(t(-0.5), t(-1), gamma=0.0) - 0.313262) < 1e-6
    # ORPO：p = 0.5、0.2，赔率 1、0.25，比 4；-ln 0.5 - 0.1·ln(4/5) = 0.693147 + 0.022314
    assert abs(code.orpo(t(math.log(0.5)), t(math.log(0.2))) - 0.715461) < 1e-6


def test_ppo_loss_by_hand() -> None:
    code, topic = page("questions/ppo-loss"), page("topics/multimodal-rlhf")
    old, mask = torch.zeros(1, 3).double(), torch.tensor([[1.0, 1.0, 0.0]]).double()
    logp, adv = torch.tensor([[1.5, 0.5, 9.0]]).double().log(), torch.tensor([[2.0, -1.0, 5.0]])
    # min(1.5·2, 1.2·2) = 2.4；min(-0.5, -0.8) = -0.8；pad 不算：-(2.4 - 0.8)/2
    for loss in (code.policy_loss, topic.ppo_loss):
        assert same(loss(logp, old, adv, mask), -0.8)
    # 价值，旧的是 1：max((2-3)², (1.2-3)²)/2 = 1.62；max(2², 0.8²)/2 = 2；平均 1.81
    value, target = torch.tensor([[2.0, -2.0, 9.0]]), torch.tensor([[3.0, 0.0, 5.0]])
    assert same(code.value_loss(value.double(), old + 1, target, mask), 1.81)
    # 合起来：目标 = 优势 + 旧价值 = 3、0；-0.8 + 0.1·1.81
    assert same(code.ppo_loss(logp, value.double(), old, old + 1, adv, mask), -0.619)
    # 双侧截断：A = -1、ρ = 10，-A·ρ = 10 截到 3
    ten, one = torch.full((1, 1), math.log(10.0)).double(), torch.ones(1, 1).double()
    assert same(code.policy_loss(ten, 0 * one, -one, one, dual=3.0), 3)


@pytest.mark.parametrize(("b", "s"), [(1, 1), (4, 6)])
def test_ppo_and_grpo_pages(b: int, s: int) -> None:
    ppo, grpo, topic = (
        page(p) for p in ("questions/ppo-loss", "questions/grpo-loss", "topics/multimodal-rlhf")
    )
    logp, old, ref, adv, old_value = (randn(b, s, seed=i) for i in range(5))
    mask, value = lengths(b, s), randn(b, s, seed=5)
    for loss in (ppo.policy_loss, topic.ppo_loss):
        assert differentiates(lambda x, f=loss: f(x, old, adv, mask), logp)
    assert differentiates(lambda x: ppo.policy_loss(x, old, adv, mask, dual=2.0), logp)
    assert differentiates(lambda x, v: ppo.ppo_loss(x, v, old, old_value, adv, mask), logp, value)
    for loss in (grpo.grpo_loss, topic.grpo_loss):
        assert differentiates(lambda x, f=loss: f(x, old, ref, adv[:, 0], mask), logp)
        assert loss(logp, old, ref, adv[:, 0], 0 * mask) == 0  # 全是 pad
    # 只留 KL 项时，每个 token 是 k3
    k3 = (ref - logp).exp() - 1 - (ref - logp)
    want = 0.5 * ((k3 * mask).sum(1) / mask.sum(1)).mean()
    for loss in (grpo.grpo_loss, topic.grpo_loss):
        assert same(loss(logp, old, ref, torch.zeros(b), mask, beta=0.5), want)
    ratio = page("questions/off-policy-rl").seq_ratio
    assert differentiates(lambda x: ratio(x, old, mask), logp)


def test_grpo_loss_by_hand() -> None:
    grpo, topic = page("questions/grpo-loss"), page("topics/multimodal-rlhf")
    rewards = torch.tensor([1.0, 0, 0, 1, 1, 1, 1, 1]).double()
    # 均值 0.5，样本标准差 √(4·0.25/3) = 0.577350；0.5/(0.577350 + 0.0001) = 0.865876；全对：0
    want = 0.865876 * torch.tensor([1.0, -1, -1, 1, 0, 0, 0, 0])
    for advantages in (grpo.group_advantages, topic.grpo_advantages):
        assert (advantages(rewards, 4) - want).abs().max() < 1e-6
        with pytest.raises(ValueError, match=r"没有可比的对象|至少两个回答"):
            advantages(rewards, 1)
    old, mask = torch.zeros(2, 2).double(), torch.tensor([[1.0, 1.0], [1.0, 0.0]]).double()
    logp, adv = torch.tensor([[1.5, 1.0], [1.0, 7.0]]).double().log(), torch.tensor([2.0, -0.5])
    # 一：(min(1.5·2, 1.2·2) + 2)/2 = 2.2；二：-0.5；-(2.2 - 0.5)/2 = -0.85
    for loss in (grpo.grpo_loss, topic.grpo_loss):
        assert same(loss(logp, old, logp, adv, mask), -0.85)
    # 同样的数：dapo -(2.4 + 2 - 0.5)/3 = -1.3；gspo 比率 √1.5 截到 1.2，-(2.4 - 0.5)/2 = -0.95；
    # cispo 权重不回传，-(1.2·2·ln 1.5)/3 = -0.324372
    policy_loss = page("topics/rl-for-reasoning").policy_loss
    for kind, value in (("grpo", -0.85), ("dapo", -1.3), ("gspo", -0.95), ("cispo", -0.324372)):
        assert abs(policy_loss(logp, old, adv, mask, kind) - value) < 1e-6
    # KL：ref/π = 2，k3 = 2 - 1 - ln 2 = 0.306853；乘 0.04
    one = torch.ones(1, 1).double()
    for loss in (grpo.grpo_loss, topic.grpo_loss):
        assert same(
            loss(0 * one, 0 * one, math.log(2) * one, torch.zeros(1), one), 0.04 * (1 - math.log(2))
        )


@pytest.mark.parametrize(("gamma", "lam"), [(1.0, 0.95), (0.9, 0.5), (0.99, 0.0), (1.0, 1.0)])
@pytest.mark.parametrize("s", [1, 2, 9])
def test_gae_pages(s: int, gamma: float, lam: float) -> None:
    """折扣和是一个递推滤波器。"""
    gae, topic = page("questions/gae"), page("topics/multimodal-rlhf")
    rewards, values, mask = randn(3, s), randn(3, s, seed=1), lengths(3, s)
    adv, target = gae.gae(rewards, values, mask, gamma, lam)
    for i, n in enumerate(mask.sum(1).long().tolist()):
        r, v = rewards[i, :n], values[i, :n]
        delta = (r + gamma * torch.cat([v[1:], torch.zeros(1)]) - v).numpy()
        want = lfilter([1], [1, -gamma * lam], delta[::-1])[::-1].copy()
        assert same(adv[i, :n], want)
        assert same(topic.gae(r, v, gamma, lam)[0], want)
        assert same(topic.gae(r, v, gamma, lam)[1], target[i, :n])
        assert not adv[i, n:].any() and not target[i, n:].any()
    if s > 1:
        white = gae.whiten(adv, mask)[mask.bool()].numpy()
        picked = adv[mask.bool()].numpy()
        assert same(white, (picked - picked.mean()) / picked.std(ddof=1))


def test_gae_by_hand() -> None:
    rewards, values = torch.tensor([0.0, 0, 1]).double(), torch.tensor([0.5, 0.5, 0.5]).double()
    # δ = (0, 0, 1-0.5)；λ = 0.5：优势 0.125、0.25、0.5
    want = [0.125, 0.25, 0.5]
    assert same(page("topics/multimodal-rlhf").gae(rewards, values, 1.0, 0.5)[0], want)
    mask = torch.ones(1, 3).double()
    assert same(page("questions/gae").gae(rewards[None], values[None], mask, 1.0, 0.5)[0], [want])


def test_kl_pages() -> None:
    for size in (1, 2, 50):
        pi, ref = (Categorical(logits=randn(size, seed=i)) for i in range(2))
        for estimates in (
            page("questions/kl-estimators").estimates,
            page("topics/multimodal-rlhf").kl_estimates,
        ):
            k1, k2, k3 = estimates(pi.logits, ref.logits)
            want = kl_divergence(pi, ref)
            assert same((pi.probs * k1).sum(), want)
            assert same((pi.probs * k3).sum(), want)
            assert same(k2, (pi.logits - ref.logits).square() / 2)
            # π/ref = 2：k1 = ln 2，k2 = (ln 2)²/2 = 0.240227，k3 = 1/2 - 1 + ln 2 = 0.193147
            two = torch.tensor([2.0]).double().log()
            assert same(
                torch.cat(estimates(two, 0 * two)).numpy().round(6), [0.693147, 0.240227, 0.193147]
            )


def test_rlhf_pipeline_and_moe_by_hand() -> None:
    mask = torch.tensor([[1.0, 1, 1], [1, 0, 0]]).double()
    logp, ref = -torch.tensor([[1.0, 2, 3], [4, 5, 6]]).double(), -torch.ones(2, 3).double()
    # 逐 token -0.5·(logp - ref)：0、0.5、1 与 1.5；分数加在最后一个真 token 上
    got = page("questions/rlhf-pipeline").token_rewards(
        torch.tensor([2.0, -1.0]).double(), logp, ref, mask, 0.5
    )
    assert same(got, [[0, 0.5, 3], [0.5, 0, 0]])
    # 两个专家、top-1：全去 0 号，概率 (0.75, 0.25)；2·(1·0.75 + 0·0.25) = 1.5
    logits = torch.tensor([[math.log(3.0), 0.0]]).double().repeat(4, 1)
    assert same(page("questions/moe-load-balancing").aux_loss(logits, 1), 1.5)
    assert same(page("questions/moe-load-balancing").aux_loss(logits, 2), 1.0)  # 都去：均匀
