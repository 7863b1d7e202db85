import numpy as np
import torch
from judge import Case


def make_cases():
    rng = np.random.default_rng(0)

    def draw(*shape):
        return torch.from_numpy(rng.standard_normal(shape))

    cases = []

    def reward(name, rows):
        mask = torch.tensor(rows).bool()
        values = draw(*mask.shape)
        inputs = {"values": values, "mask": mask}
        cases.append(Case(name, lambda s: s.sequence_reward(values, mask), inputs))

    def pair(name, chosen, rejected, **options):
        inputs = {"chosen": chosen, "rejected": rejected, **options}
        cases.append(Case(name, lambda s: s.pairwise_loss(chosen, rejected, **options), inputs))

    def ranking(name, scores):
        cases.append(Case(name, lambda s: s.ranking_loss(scores), {"scores": scores}))

    reward("取分：右填充", [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 0, 0, 0, 0]])
    reward("取分：左填充", [[1, 1, 1, 1], [0, 0, 1, 1]])
    pair("成对：三对", 2 * draw(3), 2 * draw(3))
    pair("成对：margin = 0.7", draw(2), draw(2), margin=0.7)
    far = torch.tensor([-500.0, 500.0], dtype=torch.float64)
    pair("成对：分差为 ±1000", far, -far)
    ranking("名次：一题四个回答", draw(1, 4))
    ranking("名次：三题，各两个回答", draw(3, 2))
    ranking("名次：两题，各五个，分都加了 100", 100 + draw(2, 5))
    return cases
