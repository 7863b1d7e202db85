from judge import Case


def make_cases():
    cases = []

    def add(name, *questions):
        logprobs, choices, gold = [], [], []
        for answer, options in questions:
            choices.append(list(options))
            logprobs.append([list(tokens) for tokens in options.values()])
            gold.append(answer)
        inputs = {"logprobs": logprobs, "choices": choices, "gold": gold}
        cases.append(Case(name, lambda s: s.multiple_choice(logprobs, choices, gold), inputs))

    letters = {"A": [-2.0], "B": [-0.5], "C": [-3.0], "D": [-1.0]}
    add("字母选项：三种一样", (1, letters), (0, letters), (3, letters), (1, letters))
    add("长选项吃亏：acc 与 acc_norm 不同", (1, {"no": [-1.5], "not at all": [-2.0, -0.5, -0.5]}))
    mixed = {
        "否": [-1.0],
        "不会，因为水在零度结冰": [-1.5, -0.5, -0.5, -0.5, -0.5],
        "H2O melts": [-0.75, -0.5],
    }
    by_total, by_chars, by_bytes = (0, mixed), (2, mixed), (1, mixed)
    every = [by_total] * 3 + [by_chars] * 2 + [by_bytes]
    add("中英文混排：三种各选一个", *every)
    add("两个汉字对五个字母", (0, {"never": [-2.5], "不会": [-1.5, -0.25]}))
    split = {"ab cd ef": [-1.0] * 6 + [-0.5] * 2, "gh ij kl mn": [-3.0, -2.75]}
    add("token 切得碎不影响", (1, split))
    first = {"xx yy": [-0.25, -4.0], "zz ww": [-1.0, -0.5]}
    add("第一个 token 最像的不一定对", (1, first))
    tie = {"cat": [-1.0, -1.0], "dog": [-2.0], "fox": [-3.0]}
    add("同分选下标小的", (0, tie), (1, tie), (0, tie))
    longer = {"abc": [-1.5], "abcdef": [-3.25], "ab": [-1.25]}
    add("长度不数前面的空格", (1, {"ab": [-1.0], "abcdefgh": [-2.0, -1.5]}))
    add("各题的选项数不同", (0, longer), (1, {"p": [-1.0], "q": [-0.5]}), (0, letters))
    return cases
