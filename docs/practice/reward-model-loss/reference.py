import torch
import torch.nn.functional as F


def sequence_reward(values, mask):
    place = torch.arange(1, values.shape[1] + 1)
    last = (mask * place).argmax(dim=1)  # (b,)：最后一个有效位置
    return values.gather(1, last[:, None]).squeeze(1)


def pairwise_loss(chosen, rejected, margin=0.0):
    return -F.logsigmoid(chosen - rejected - margin).mean()


def ranking_loss(scores):
    k = scores.shape[1]
    gap = scores[:, :, None] - scores[:, None, :]  # (n, k, k)：第 i 名减第 j 名
    pairs = torch.ones(k, k, dtype=torch.bool).triu(1)
    return -F.logsigmoid(gap[:, pairs]).mean()
