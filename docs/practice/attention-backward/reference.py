import math

import torch


def attention_backward(q, k, v, dO, mask=None):
    root = math.sqrt(q.shape[-1])
    S = q @ k.transpose(-2, -1) / root  # (b, a, s_q, s_k)
    if mask is not None:
        S = S.masked_fill(~mask, -torch.inf)
    P = torch.softmax(S, dim=-1)
    if mask is not None:
        P = P.masked_fill(~mask.any(-1, keepdim=True), 0.0)  # 整行被遮
    dV = P.transpose(-2, -1) @ dO  # (b, a, s_k, d_v)
    dP = dO @ v.transpose(-2, -1)  # (b, a, s_q, s_k)
    D = (P * dP).sum(-1, keepdim=True)  # (b, a, s_q, 1)，也等于 dO 与 O 逐行点积
    dS = P * (dP - D)
    dQ = dS @ k / root
    dK = dS.transpose(-2, -1) @ q / root
    return dQ, dK, dV
