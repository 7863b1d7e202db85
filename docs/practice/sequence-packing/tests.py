import torch
from judge import Case


def make_cases():
    cases = []

    def add(name, docs, length, pad=0):
        inputs = {"docs": docs, "length": length, "pad": pad}
        cases.append(Case(name, lambda s: s.pack(docs, length, pad), inputs))

    def add_mask(name, doc_ids):
        doc_ids = torch.tensor(doc_ids, dtype=torch.long)
        cases.append(Case(name, lambda s: s.document_mask(doc_ids), {"doc_ids": doc_ids}))

    add("两个短文档拼成一行", [[11, 12, 13], [21, 22]], 6)
    add("前面的行还有空位", [[11, 12, 13], [21, 22, 23, 24], [31, 32], [41]], 5, pad=9)
    add("正好装满", [[11, 12, 13], [21], [31, 32], [41, 42]], 4)
    add("过长的切开，不丢 token", [[11, 12], [21, 22, 23, 24, 25, 26, 27, 28, 29], [31]], 4)
    add("空文档、只有一个 token 的文档", [[], [11], [], [21, 22], [31]], 4)
    add("一个文档都没有", [], 4)
    add_mask("掩码：两个文档与填充", [[0, 0, 0, 1, 1, -1, -1], [2, 3, 3, 3, 4, 4, 4]])

    def through(s):
        *_, doc_ids = s.pack([[5, 6, 7], [8, 9, 4, 3], [2]], 5)
        return s.document_mask(doc_ids)

    inputs = {"docs": [[5, 6, 7], [8, 9, 4, 3], [2]], "length": 5}
    cases.append(Case("打包之后的掩码", through, inputs))
    return cases
