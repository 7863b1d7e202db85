import torch
from judge import Case


def every(b, s):
    return torch.ones(b, s, dtype=torch.bool)


def make_cases():
    cases = []

    def add(name, keep, s_q, **options):
        inputs = {"keep": keep, "s_q": s_q, **options}
        cases.append(Case(name, lambda s: s.build_mask(keep, s_q, **options), inputs))

    tokens = torch.tensor([[5, 0, 0, 7, 8], [0, 3, 4, 6, 0]])
    name, shown = "文档号：连着两个结束符、以结束符开头", {"tokens": tokens, "eos": 0}
    cases.append(Case(name, lambda s: s.document_ids(tokens, 0), shown))
    add("只有因果", every(1, 4), 4)
    add("因果，s_q < s_k（带缓存）", every(1, 5), 2)
    ragged = torch.tensor([[True, True, True, True], [True, True, False, False]])
    add("不要因果，右填充：掩的是 key", ragged, 4, causal=False)
    left = torch.tensor([[False, False, True, True], [True, True, True, True]])
    add("左填充加因果：前两行全是 False", left, 4)
    doc = torch.tensor([[0, 0, 0, 1, 1, 2], [0, 1, 1, 1, 1, 1]])
    add("文档掩码加因果", every(2, 6), 6, doc=doc)
    add("文档掩码，双向", every(2, 6), 6, causal=False, doc=doc)
    add("前缀：两条的长度不同", every(3, 4), 4, prefix=torch.tensor([2, 3, 0]))
    keep = every(2, 6)
    keep[0, 0] = keep[1, 5] = False
    add("全部合在一起，s_q < s_k", keep, 4, doc=doc, prefix=torch.tensor([5, 4]))
    allowed = torch.tensor([[True, False, False], [False, False, False]])
    cases.append(Case("变成偏置：0 与 −inf", lambda s: s.to_bias(allowed), {"allowed": allowed}))
    return cases
