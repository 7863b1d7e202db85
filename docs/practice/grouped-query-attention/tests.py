import numpy as np
import torch
from judge import Case


def make_cases():
    rng = np.random.default_rng(2)
    cases = []

    def draw(*shape):
        return torch.from_numpy(rng.standard_normal(shape))

    def add(name, b, a, h_kv, s_q, s_k, d, **options):
        q, k, v = draw(b, a, s_q, d), draw(b, h_kv, s_k, d), draw(b, h_kv, s_k, d)
        inputs = {"q": q, "k": k, "v": v, **options}
        cases.append(Case(name, lambda s: s.gqa(q, k, v, **options), inputs))

    add("四个 query 头、两个 KV 头", 1, 4, 2, 3, 3, 5)
    add("六个 query 头、三个 KV 头，两个样本", 2, 6, 3, 3, 3, 4)
    add("六个 query 头、两个 KV 头，不遮", 1, 6, 2, 3, 4, 3, causal=False)
    add("多查询（一个 KV 头）", 1, 4, 1, 3, 3, 4)
    add("多头（KV 头数相同）", 1, 3, 3, 3, 3, 4)
    add("带缓存的解码：s_q = 1", 1, 4, 2, 1, 6, 4)
    add("分段预填充：s_q < s_k", 1, 4, 2, 3, 5, 4)

    def refuse(s):
        try:
            s.gqa(draw(1, 4, 2, 3), draw(1, 3, 2, 3), draw(1, 3, 2, 3))
        except (ValueError, AssertionError):
            return "拒绝了"
        return "没有拒绝"

    cases.append(Case("头数不能整除时拒绝", refuse, {"a": 4, "h_kv": 3}, check=_refused))
    return cases


def _refused(got):
    return "" if got == "拒绝了" else "a=4、h_kv=3 应当抛 ValueError 或 AssertionError"
