import math

import torch


def flash(q, k, v, br, bc, causal=False):
    s_q, s_k, outs, lses = q.shape[-2], k.shape[-2], [], []
    for i in range(0, s_q, br):
        qi = q[..., i : i + br, :] / math.sqrt(q.shape[-1])
        last = torch.arange(s_q)[i : i + br, None] + (s_k - s_q)  # 每行能看到的最后一个 key
        mu = torch.full((*qi.shape[:-1], 1), -torch.inf, dtype=torch.float64)
        l = torch.zeros(*qi.shape[:-1], 1, dtype=torch.float64)
        acc = torch.zeros(*qi.shape[:-1], v.shape[-1], dtype=torch.float64)
        for j in range(0, s_k, bc):
            if causal and j > last[-1]:
                break  # 从这块起都在未来
            S = qi @ k[..., j : j + bc, :].transpose(-2, -1)  # (..., br, bc)
            if causal:
                S = S.masked_fill(torch.arange(s_k)[j : j + bc] > last, -torch.inf)
            new = torch.maximum(mu, S.amax(-1, keepdim=True))
            safe = new.masked_fill(new == -torch.inf, 0.0)  # 全被掩的行
            P, scale = torch.exp(S - safe), torch.exp(mu - safe)
            l = l * scale + P.sum(-1, keepdim=True)
            acc = acc * scale + P @ v[..., j : j + bc, :]
            mu = new
        outs.append(acc / l.masked_fill(l == 0, 1.0))
        lses.append((mu + torch.log(l)).squeeze(-1))
    return torch.cat(outs, dim=-2), torch.cat(lses, dim=-1)
