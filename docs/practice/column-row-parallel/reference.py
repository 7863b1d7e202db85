import torch
import torch.nn.functional as F


def columns(w, t, pieces):
    """沿最后一维切给 t 张卡；pieces 个矩阵拼在一起时，先拆开，各自切，再拼。"""
    shards = [piece.chunk(t, dim=-1) for piece in w.chunk(pieces, dim=-1)]
    return [torch.cat(mine, dim=-1) for mine in zip(*shards, strict=True)]


def parallel_mlp(x, w1, b1, w2, b2, t, gated=False):
    if w2.shape[0] % t:
        raise ValueError(f"{w2.shape[0]} 不能被 {t} 整除")
    n = 2 if gated else 1
    parts = []
    shards = zip(columns(w1, t, n), columns(b1, t, n), w2.chunk(t, dim=0), strict=True)
    for a, c, b in shards:
        y = x @ a + c  # 列切：(b, s, n·f/t)
        if gated:
            gate, up = y.chunk(2, dim=-1)
            y = F.silu(gate) * up
        else:
            y = F.gelu(y)
        parts.append(y @ b)  # 行切：(b, s, h) 的部分和
    parts = torch.stack(parts)
    z = parts.sum(dim=0) + b2  # all-reduce 之后才加偏置
    return z, parts
