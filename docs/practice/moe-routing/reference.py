import torch
import torch.nn.functional as F


def route(logits, k):
    p = torch.softmax(logits, dim=-1)
    top, index = p.topk(k, dim=-1)
    return top / top.sum(dim=-1, keepdim=True), index


def moe(x, w_router, experts, k):
    flat = x.reshape(-1, x.shape[-1])  # (T, h)
    weight, index = route(flat @ w_router, k)
    out = torch.zeros_like(flat)
    for e, expert in enumerate(experts):
        token, slot = (index == e).nonzero().unbind(1)  # 选中它的 token，各排第几
        out.index_add_(0, token, expert(flat[token]) * weight[token, slot, None])
    return out.reshape(x.shape)


def balance_loss(logits, k):
    tokens, experts = logits.shape
    _, index = route(logits, k)
    mean_p = logits.softmax(dim=-1).mean(dim=0)  # P: (E,)
    count = F.one_hot(index, experts).sum(dim=(0, 1)).double()
    f = count * experts / (k * tokens)
    return (f * mean_p).sum()
