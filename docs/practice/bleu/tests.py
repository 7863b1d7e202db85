from judge import Case


def make_cases():
    cases = []

    def add(name, *pairs, **options):
        candidates = [cand.split() for cand, *_ in pairs]
        references = [[ref.split() for ref in refs] for _, *refs in pairs]
        inputs = {"candidates": candidates, "references": references, **options}
        cases.append(Case(name, lambda s: s.corpus_bleu(candidates, references, **options), inputs))

    cat = "the cat sat on the mat today"
    add("一句，部分命中，一样长", ("the cat sat on a red mat", "the cat sat on the red mat"))
    add("反复吐同一个词：命中要截断", ("the the the the cat sat on", cat))
    add("偏短：要罚", ("the cat sat on the", cat))
    add("偏长：不罚", (cat + " and then it slept", cat))
    add(
        "三句长短不一：先加后除",
        ("we train large models", "we train large models on many machines"),
        ("a b c d e f", "a b c d x f g h"),
        ("no match here", "nothing in common at all"),
    )
    add(
        "两条参考：逐个 n-gram 取最大",
        ("red red blue sky over hills", "red blue sky over hills", "red red sky over low hills"),
        ("deep learning is deep fun", "learning is deep fun", "deep learning is fun"),
    )
    add(
        "参考长度取最近的，一样近取短的",
        ("a b c d e f", "a b c d", "a b c d e x f g", "a b c d e f g h i j"),
        ("p q r s t", "p q r s t u v w", "p"),
    )
    add("没有 4-gram 命中：是 0", ("the cat sat in the mat", "the cat sat on the mat"))
    add("max_n = 2；候选短于 n 个词也照加", ("a", "a b"), ("b c d", "b c e"), max_n=2)
    return cases
