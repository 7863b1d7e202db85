import numpy as np
import torch
from judge import Case


def make_cases():
    rng = np.random.default_rng(0)

    def draw(*shape):
        return torch.from_numpy(rng.standard_normal(shape))

    cases = []

    def add(name, logp, ref, mask, **options):
        inputs = {"logp": logp, "ref": ref, "mask": mask, **options}
        cases.append(Case(name, lambda s: s.kl_estimate(logp, ref, mask, **options), inputs))

    mask = torch.arange(5)[None] < torch.tensor([[5], [2], [3]])
    for kind in ("k1", "k2"):
        logp = -2 * draw(3, 5).abs()
        add(f"{kind}：三条长短不一", logp, logp + draw(3, 5), mask, kind=kind)
    logp = -2 * draw(3, 5).abs()
    add("默认是 k3：三条长短不一", logp, logp + draw(3, 5), mask)
    logp = torch.tensor([[-60.0, -0.1], [-0.2, -0.3]], dtype=torch.float64)
    ref = torch.tensor([[-0.5, -0.4], [-80.0, -0.1]], dtype=torch.float64)
    cases.append(_every_kind("比值极端：先截到 ±20", logp, ref))
    gone = torch.tensor([[-1.0, -torch.inf]], dtype=torch.float64)
    add("无效位置两边都是负无穷", gone, gone - 0.5, torch.tensor([[True, False]]))
    add("没有有效的 token", draw(2, 3), draw(2, 3), torch.zeros(2, 3).bool(), kind="k2")
    pi, other, sample = [0.5, 0.25, 0.25], [0.2, 0.5, 0.3], [0, 0, 1, 2]  # 频率恰好是 π
    logp, ref = (torch.from_numpy(np.log([[p[i] for i in sample]])) for p in (pi, other))
    cases.append(_every_kind("样本频率就是 π：k1、k3 的平均等于 KL", logp, ref))
    one = torch.ones(1, 2, dtype=torch.bool)
    two = torch.tensor([[-1.0, -0.5]], dtype=torch.float64)
    cases.append(
        Case("不认识的 kind 抛 ValueError", lambda s: _refuses(s, two, one), {"kind": "k4"})
    )
    return cases


def _every_kind(name, logp, ref):
    mask = torch.ones(*logp.shape, dtype=torch.bool)

    def run(answer):
        return [answer.kl_estimate(logp, ref, mask, kind=kind) for kind in ("k1", "k2", "k3")]

    return Case(name, run, {"logp": logp, "ref": ref})


def _refuses(answer, values, mask):
    try:
        answer.kl_estimate(values, values, mask, kind="k4")
    except ValueError:
        return "ValueError"
    return "没有抛异常"
