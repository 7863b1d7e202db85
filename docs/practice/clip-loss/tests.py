import numpy as np
import torch
from judge import Case


def make_cases():
    rng = np.random.default_rng(0)

    def draw(*shape):
        return torch.from_numpy(rng.standard_normal(shape))

    cases = []

    def add(name, image, text, **options):
        inputs = {"image": image, "text": text, **options}
        cases.append(Case(name, lambda s: s.clip_loss(image, text, **options), inputs))

    add("四对，τ = 1", draw(4, 3), draw(4, 3), temperature=1.0)
    add("默认的 τ", draw(5, 8), draw(5, 8))
    add("两边的模长差得远", 50 * draw(3, 4), 0.1 * draw(3, 4), temperature=0.5)
    add("全部相同：分不开，应是 ln n", torch.ones(6, 2).double(), torch.ones(6, 2).double())
    image = draw(3, 4)
    image[1] = 0.0
    add("有一个全零向量", image, draw(3, 4), temperature=0.3)
    add("τ = 0.001：不溢出", draw(4, 3), draw(4, 3), temperature=0.001)
    add("只有一对：损失是 0", draw(1, 5), draw(1, 5))
    return cases
