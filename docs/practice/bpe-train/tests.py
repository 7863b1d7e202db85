import numpy as np
from judge import Case


def make_cases():
    rng = np.random.default_rng(0)
    cases = []

    def add(name, words, num_merges):
        inputs = {"words": words, "num_merges": num_merges}
        cases.append(Case(name, lambda s: s.train_bpe(words, num_merges), inputs))

    def draw(letters, longest, count):
        words = {}
        for _ in range(count):
            word = "".join(rng.choice(list(letters), rng.integers(1, longest + 1)))
            words[word] = int(rng.integers(1, 6))
        return words

    add("经典语料，前 4 次", {"low_": 5, "lower_": 2, "newest_": 6, "widest_": 3}, 4)
    add("并列取字典序小的", {"cd": 2, "ab": 2, "bc": 2}, 3)
    add("词频要算进去", {"xy": 7, "ab": 1, "abc": 1, "zab": 1}, 2)
    add("相邻的重复：从左到右，不重叠", {"aaa": 2, "aaaaa": 1, "baaab": 1}, 4)
    add("符号的边界：合成之后不再是 a", {"xaxab": 4, "abxa": 1, "cab": 2}, 4)
    add("随机语料", draw("abcd", 8, 40), 25)
    add("汉字", {"大模型": 3, "模型": 4, "大模": 1, "面试题": 2, "面试": 2}, 4)
    add("合并完就停", {"ab": 1, "c": 9}, 5)
    add("空的词频表", {}, 3)
    return cases
