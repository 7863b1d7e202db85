import numpy as np
from judge import Case


def model(seed, vocab, sharpness=1.5, bonus=0.0):
    """玩具模型：每个前缀一张固定的随机分布；bonus 加在 token 0（结束符）上。"""

    def log_probs(prefix):
        z = sharpness * np.random.default_rng([seed, *prefix]).standard_normal(vocab)
        z[0] += bonus
        return z - np.log(np.exp(z).sum())

    return log_probs


def table(rows):
    """按表给分布；表里没有的前缀是均匀的。"""

    def log_probs(prefix):
        p = np.array(rows.get(prefix, [1.0] * len(rows[()])))
        return np.log(p / p.sum())

    return log_probs


def make_cases():
    cases = []

    def add(name, log_probs, shown, beam, max_len, alpha=0.0):
        inputs = {"模型": shown, "beam": beam, "max_len": max_len, "eos": 0, "alpha": alpha}
        cases.append(
            Case(name, lambda s: s.beam_search(log_probs, beam, max_len, 0, alpha), inputs)
        )

    def add_random(name, seed, vocab, beam, max_len, alpha=0.0, bonus=0.0):
        shown = f"V = {vocab}，每个前缀一张随机分布"
        add(name, model(seed, vocab, bonus=bonus), shown, beam, max_len, alpha)

    trap = {
        (): [0.01, 0.58, 0.40, 0.01],
        (1,): [0.29, 0.31, 0.22, 0.18],
        (2,): [0.97, 0.02, 0.006, 0.004],
    }
    add("B = 2 找到贪心错过的一条", table(trap), trap, 2, 2)
    add_random("B = 1 是贪心", 18, 5, 1, 6, bonus=-1.0)
    add_random("B = 3，不归一", 18, 5, 3, 6, bonus=-1.0)
    short = {
        (): [0.30, 0.61, 0.09],
        (1,): [0.05, 0.93, 0.02],
        (1, 1): [0.04, 0.94, 0.02],
        (1, 1, 1): [0.47, 0.50, 0.03],
        (1, 1, 1, 1): [0.95, 0.03, 0.02],
    }
    short |= {(0, *[1] * n): [0.01, 0.98, 0.01] for n in range(5)}  # 结束之后不该再问
    add("α = 1：长句反超先结束的短句", table(short), short, 2, 6, alpha=1.0)
    add_random("α = 0.6", 5, 4, 2, 5, alpha=0.6)
    add_random("结束的不占束的名额", 1, 5, 2, 6, alpha=1.0, bonus=-2.0)
    add_random("B 够宽就是穷举", 7, 3, 81, 4, alpha=0.7)
    never = "V = 4，结束符的概率极小"
    add("到 max_len 一条都没结束", model(2, 4, bonus=-30.0), never, 2, 4, alpha=1.0)
    add_random("max_len = 1", 4, 5, 2, 1, alpha=1.0)
    return cases
