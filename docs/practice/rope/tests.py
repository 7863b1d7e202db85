import numpy as np
import torch
from judge import Case


def refused(rope, x, positions):
    try:
        rope(x, positions)
    except ValueError:
        return "抛出 ValueError"
    return "没有抛出 ValueError"


def make_cases():
    rng = np.random.default_rng(8)

    def draw(*shape):
        return torch.from_numpy(rng.standard_normal(shape))

    cases = []

    def add(name, x, positions, **options):
        inputs = {"x": x, "positions": positions, **options}
        cases.append(Case(name, lambda s: s.rope(x, positions, **options), inputs))

    add("d = 2：平面上转 0、1、2 弧度", draw(1, 1, 3, 2), torch.arange(3))
    add("b、a、s、d 各不相同", draw(2, 3, 5, 8), torch.arange(5))
    add("解码一步：位置是缓存长度", draw(2, 2, 1, 6), torch.tensor([17]))
    add("位置 0 不变，不连续的位置", draw(1, 2, 4, 4), torch.tensor([0, 5, 2, 100]))
    left = torch.tensor([[0, 1, 2, 3], [0, 0, 0, 1], [3, 4, 0, 1]])
    add("每条的位置不同（左填充、打包）", draw(3, 2, 4, 6), left)
    add("a = b 时轴也不能混", draw(2, 2, 3, 4), torch.tensor([[1, 2, 3], [7, 8, 9]]))
    add("换一个 base", draw(1, 1, 3, 8), torch.arange(3), base=500000.0)
    add("位置很大：角度要用 float64", draw(1, 1, 2, 4), torch.tensor([4097, 100001]))
    shown = {"x": draw(1, 1, 2, 5), "positions": torch.arange(2)}
    name = "d 是奇数：抛 ValueError"
    cases.append(Case(name, lambda s: refused(s.rope, **shown), shown))
    return cases
