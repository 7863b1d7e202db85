from judge import Case

DOCS = [
    text.split()
    for text in (
        "大 模型 面试 手册",
        "大 模型 训练 训练 训练 显存 并行",
        "推荐 系统 面试 经验 召回 排序 经验",
        "模型 并行",
        "大 语言 模型 的 检索 增强 模型",
    )
]


def make_cases():
    cases = []

    def add(name, query, docs=DOCS, **options):
        docs = [list(doc) for doc in docs]
        inputs = {"query": query, "docs": docs, **options}
        cases.append(Case(name, lambda s: s.bm25(query, docs, **options), inputs))

    add("一个词，词频与长度不同", ["训练"])
    add("多个词", ["大", "模型", "并行"])
    add("到处都有的词：idf 仍为正", ["模型"], [["模型", "a"], ["模型", "b", "c"], ["模型"]])
    add("查询里有重复的词", ["面试", "面试", "经验"])
    add("换了 k1 与 b", ["模型", "训练", "经验"], k1=2.0, b=0.3)
    add("k1 = 0：只看有没有", ["模型", "经验"], k1=0.0)
    add("b = 0：不看长度；有空文档", ["模型", "的"], [*DOCS, []], b=0.0)
    add("空文档算进平均长度", ["模型"], [[], *DOCS])

    def nothing(s):
        return [s.bm25(["量子"], DOCS), s.bm25([], DOCS), s.bm25(["模型"], [[], []])]

    cases.append(Case("没出现过的词、空查询、全是空文档：都是 0", nothing, {"docs": DOCS}))
    return cases
