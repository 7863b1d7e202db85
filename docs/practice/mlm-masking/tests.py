import numpy as np
from judge import Case

CLS, SEP, PAD, MASK = 0, 1, 2, 3
SPECIAL = [CLS, SEP, PAD]


def draw(b, s, vocab, seed=0):
    """每行：[CLS]，普通 token，[SEP]，最后两个是填充。"""
    ids = np.random.default_rng(seed).integers(4, vocab, (b, s))
    ids[:, 0], ids[:, -3], ids[:, -2:] = CLS, SEP, PAD
    return ids


def broken(ids, got):
    """形状、类型与逐位必须成立的性质；空串表示都成立。"""
    if not isinstance(got, (tuple, list)) or len(got) != 2:
        return "应返回 (inputs, labels) 两个数组"
    for name, array in zip(("inputs", "labels"), got, strict=True):
        if getattr(array, "shape", None) != ids.shape:
            return f"{name} 应是形状 {ids.shape} 的数组"
        if array.dtype != ids.dtype:
            return f"{name} 的 dtype 应是 {ids.dtype}，得到 {array.dtype}"
    inputs, labels = got
    selected = labels != -100
    if (selected & np.isin(ids, SPECIAL)).any():
        return "特殊 token 的位置被选中了"
    if (labels[selected] != ids[selected]).any():
        return "labels 在选中的位置应是原来的 token"
    if (inputs[~selected] != ids[~selected]).any():
        return "没选中的位置，输入不应改动"
    return ""


def off(name, count, total, p):
    """count / total 离 p 超过六个标准差时，说出来。"""
    bound = 6 * np.sqrt(p * (1 - p) * total)
    if abs(count - p * total) <= bound:
        return ""
    return f"{name}应约占 {p:.4g}，得到 {count / max(total, 1):.4g}（{total} 个里有 {count} 个）"


def make_cases():
    cases = []

    def add(name, check, ids, vocab, rate=0.15, seed=0):
        rng = np.random.default_rng(seed)
        inputs = {"ids": ids, "special": SPECIAL, "mask_id": MASK, "vocab_size": vocab}
        cases.append(
            Case(
                name,
                lambda s: s.mlm_mask(ids, SPECIAL, MASK, vocab, rng, rate),
                inputs | {"rate": rate, "rng": f"np.random.default_rng({seed})"},
                check=lambda got: broken(ids, got) or check(*got),
            )
        )

    ids = draw(64, 512, 1000)
    ordinary = int((~np.isin(ids, SPECIAL)).sum())

    def share_selected(inputs, labels):
        return off("选中的", int((labels != -100).sum()), ordinary, 0.15)

    def shares(inputs, labels):
        selected = labels != -100
        total = int(selected.sum())
        masked = int((inputs[selected] == MASK).sum())
        kept = int((inputs[selected] == labels[selected]).sum())
        p = 0.1 / 1000  # 随机词恰好是原词或 [MASK]
        return off("[MASK] ", masked, total, 0.8 + p) or off("不动的", kept, total, 0.1 + p)

    add("选中约 15%", share_selected, ids, 1000)
    add("选中的按 80/10/10", shares, draw(64, 512, 1000, seed=1), 1000, seed=1)

    small = draw(64, 256, 12)

    def uniform(inputs, labels):
        selected = labels != -100
        for token in range(12):
            others = selected & (labels != token)
            p = 0.1 / 12 + (0.8 if token == MASK else 0.0)
            count = int((inputs[others] == token).sum())
            if message := off(f"换成 {token} 的", count, int(others.sum()), p):
                return message
        return ""

    add("随机词在整个词表上均匀，各抽各的", uniform, small, 12, rate=0.5, seed=2)

    def rows_differ(inputs, labels):
        same = [i for i in range(1, 8) if ((labels[i] != -100) == (labels[0] != -100)).all()]
        return f"第 {same[0]} 行与第 0 行选中的位置一模一样" if same else ""

    add("各行各选各的", rows_differ, draw(8, 200, 50), 50, rate=0.4, seed=3)

    def all_selected(inputs, labels):
        return "" if ((labels != -100) == (draw(2, 9, 30) >= 4)).all() else "应全部选中"

    def none_selected(inputs, labels):
        return "应一个都不选" if (labels != -100).any() else ""

    add("rate = 1：非特殊的全选", all_selected, draw(2, 9, 30), 30, rate=1.0)
    add("rate = 0：一个不选", none_selected, draw(2, 9, 30), 30, rate=0.0)
    add("一行全是特殊 token", none_selected, np.array([[CLS, SEP, PAD, PAD]]), 30, rate=1.0)
    return cases
