import torch


def finite(mu):
    return mu.masked_fill(mu == -torch.inf, 0.0)  # 全被掩时，避免 inf - inf


def online_stats(x, block):
    mu = torch.full(x.shape[:-1], -torch.inf, dtype=torch.float64)
    l = torch.zeros(x.shape[:-1], dtype=torch.float64)
    for start in range(0, x.shape[-1], block):
        part = x[..., start : start + block]
        new = torch.maximum(mu, part.amax(-1))
        l = l * torch.exp(mu - finite(new)) + torch.exp(part - finite(new)[..., None]).sum(-1)
        mu = new
    return mu, l


def merge(first, second):
    mu = torch.maximum(first[0], second[0])
    safe = finite(mu)
    return mu, first[1] * torch.exp(first[0] - safe) + second[1] * torch.exp(second[0] - safe)


def softmax(x, block):
    mu, l = online_stats(x, block)
    top = torch.exp(x - finite(mu)[..., None])
    return top / l.masked_fill(l == 0, 1.0)[..., None]
