import numpy as np
from judge import Case


def make_cases():
    rng = np.random.default_rng(6)
    cases = []

    def add(name, logits, target, **options):
        target = np.array(target, dtype=np.int64)
        inputs = {"logits": logits, "target": target, **options}

        def run(s):
            with np.errstate(all="ignore"):
                return s.cross_entropy(logits, target, **options)

        cases.append(Case(name, run, inputs))

    add("一个位置，V = 3", rng.standard_normal((1, 3)), [2])
    add("(n, V) = (4, 6)", 2 * rng.standard_normal((4, 6)), [0, 5, 5, 2])
    add("n = V = 3：轴写错也不报错", rng.standard_normal((3, 3)), [2, 0, 0])
    add("两个位置是 −100", rng.standard_normal((5, 4)), [1, -100, 3, -100, 0])
    add("ignore_index = 0：填充的编号", rng.standard_normal((4, 5)), [3, 0, 0, 4], ignore_index=0)
    large = np.array([[1000.0, 0.0, 999.0], [-1000.0, -1001.0, -999.0]])
    add("logits 上千，两行相差两千", large, [1, 0])
    banned = rng.standard_normal((3, 4))
    banned[:, 0] = -np.inf
    add("有一类的 logit 是 −∞，还有一个忽略位", banned, [1, -100, 3])
    add("全部被忽略", rng.standard_normal((2, 3)), [-100, -100])
    return cases
