"""页面里手写的分词与 BLEU，与 tokenizers、tiktoken、sacrebleu 对照。

以页面命名的测试；随机输入的种子写死。`page` 只取页面里的定义，页面改名或函数改名时错误说得清楚。
"""

from __future__ import annotations

import json
import math
import random
from itertools import pairwise, product

import numpy as np
import pytest
import sacrebleu
import tiktoken
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from tests.page_code import page


def sentence(rng: random.Random, low: int, high: int) -> list[str]:
    return rng.choices("abcde", k=rng.randrange(low, high))


@pytest.mark.parametrize("smooth", [True, False])
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_write_bleu_rouge(order: int, smooth: bool) -> None:
    bleu = page("questions/write-bleu-rouge").bleu
    judge = sacrebleu.BLEU(
        tokenize="none", max_ngram_order=order, smooth_method="exp" if smooth else "none"
    )
    rng = random.Random(order)
    for count in [1] * 40 + [2, 3, 20] * 5:
        pairs = [(sentence(rng, 0, 9), sentence(rng, 1, 9)) for _ in range(count)]
        texts = ([" ".join(pair[i]) for pair in pairs] for i in (0, 1))
        score = judge.corpus_score(next(texts), [next(texts)]).score / 100
        assert math.isclose(bleu(pairs, order, smooth), score, abs_tol=1e-12)


def test_write_bleu_rouge_by_hand() -> None:
    code = page("questions/write-bleu-rouge")
    cand, ref = ["the", "cat", "sat", "on", "the", "mat"], ["the", "cat", "was", "on", "the", "mat"]
    assert math.isclose(code.rouge_n(cand, ref, 1), 10 / 12)  # 命中 the×2、cat、on、mat：2·5/(6+6)
    assert math.isclose(code.rouge_n(cand, ref, 2), 6 / 10)  # the cat、on the、the mat：2·3/(5+5)
    assert code.lcs(cand, ref) == 5  # the cat on the mat
    assert math.isclose(code.rouge_l(cand, ref), 10 / 12)
    assert code.rouge_n(["a"], ["a"], 2) == 0 and code.rouge_n([], [], 1) == 0  # 没有 n-gram


def test_evaluation_metrics_corpus_bleu() -> None:
    corpus_bleu = page("topics/evaluation-metrics").corpus_bleu
    rng = random.Random(0)
    for order, count in product([1, 2, 4], [1, 2, 10, 30]):
        judge = sacrebleu.BLEU(tokenize="none", max_ngram_order=order, smooth_method="none")
        for width in (1, 3):  # 每句的参考数
            hyps = [sentence(rng, 1, 12) for _ in range(count)]
            refs = [[sentence(rng, 1, 12) for _ in range(width)] for _ in range(count)]
            streams = [[" ".join(group[i]) for group in refs] for i in range(width)]
            score = judge.corpus_score([" ".join(h) for h in hyps], streams).score / 100
            assert math.isclose(corpus_bleu(hyps, refs, order), score, abs_tol=1e-12)


def hugging_face_merges(freq: dict[str, int], count: int) -> list[tuple[str, str]]:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    size = len(set("".join(freq))) + count
    trainer = trainers.BpeTrainer(vocab_size=size, show_progress=False)
    tokenizer.train_from_iterator((f"{word} " * n for word, n in freq.items()), trainer)
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return [tuple(pair) for pair in merges][:count]


@pytest.mark.parametrize("seed", range(6))
def test_bpe_training(seed: int) -> None:
    """词频取大的随机数，前若干次合并没有并列：并列时两边的约定不同。"""
    rng = random.Random(seed)
    letters = "abcdefgh"[: 3 + seed]
    words = ["".join(rng.choices(letters, k=rng.randint(1, 9))) for _ in range(150)]
    freq = {word: rng.randrange(1, 1000) for word in words}
    theirs = hugging_face_merges(freq, 25)
    code = page("questions/bpe-training")
    assert len(theirs) == 25
    assert code.train_fast(freq, 25)[0] == code.train_naive(freq, 25) == theirs
    assert (
        page("topics/tokenization").train_bpe({tuple(w): f for w, f in freq.items()}, 25) == theirs
    )


def hugging_face_bpe(ranks: dict[tuple[str, str], int], letters: str) -> Tokenizer:
    merges = sorted(ranks, key=lambda pair: ranks[pair])
    tokens = dict.fromkeys([*letters, *(a + b for a, b in merges)])
    return Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))


@pytest.mark.parametrize("seed", range(4))
def test_bpe_encoding(seed: int) -> None:
    code, topic = page("questions/bpe-encoding"), page("topics/tokenization")
    rng = random.Random(seed)
    tokens, ranks = list("abc"), dict[tuple[str, str], int]()
    while len(ranks) < 15 * (seed + 1):
        pair = rng.choice(tokens), rng.choice(tokens)
        if pair not in ranks and len("".join(pair)) <= 6:
            ranks[pair] = len(ranks)
            tokens.append("".join(pair))
    judge = hugging_face_bpe(ranks, "abc")
    for length in [0, 1, 2, 3] + [rng.randrange(4, 60) for _ in range(60)]:
        text = "".join(rng.choices("abc", k=length))
        want = judge.encode(text).tokens
        assert code.encode_naive(text, ranks) == code.encode_heap(text, ranks) == want
        assert list(topic.encode_word(text, ranks)) == want


def test_tokenization_byte_level_bpe() -> None:
    code = page("topics/tokenization")
    rng = random.Random(0)
    words = ["".join(rng.choices("abcde大模型面试é", k=rng.randint(1, 7))) for _ in range(200)]
    text = " ".join(rng.choices(words, k=2000)) + "，。!?  \n"
    bpe = code.ByteBPE(text, 200)
    ranks = {token: i for i, token in enumerate(bpe.vocab)}
    assert len(ranks) == len(bpe.vocab) == 456
    judge = tiktoken.Encoding(
        "page", pat_str=code.PIECE.pattern, mergeable_ranks=ranks, special_tokens={}
    )
    samples = ["", "a", "中", " ", "\n\n  a", "\U0001f600!?", *words]
    samples += ["".join(rng.choices("abcde 大模型，!\n", k=40)) for _ in range(100)]
    for sample in samples:
        ids = judge.encode_ordinary(sample)
        assert bpe.encode(sample) == ids and bpe.decode(ids) == judge.decode(ids) == sample


def test_byte_level_bpe() -> None:
    table = page("questions/byte-level-bpe").bytes_to_unicode()
    assert sorted(table.values()) == sorted(pre_tokenizers.ByteLevel.alphabet())
    judge = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    for text in ("a b", "你好\n", "é\U0001f600", "".join(map(chr, range(1, 300)))):
        assert judge.pre_tokenize_str(text)[0][0] == "".join(table[b] for b in text.encode())


def test_wordpiece() -> None:
    wordpiece = page("questions/wordpiece").wordpiece
    rng = random.Random(0)
    for size in (3, 10, 30):
        pieces = {"".join(rng.choices("abc", k=rng.randint(1, 4))) for _ in range(size)}
        vocab = {(rng.choice(["", "##"]) + p): i for i, p in enumerate(sorted(pieces), 1)}
        model = models.WordPiece(
            {"[UNK]": 0, **vocab}, unk_token="[UNK]", max_input_chars_per_word=12
        )
        for length in [*range(15)] * 5:
            word = "".join(rng.choices("abcd" if length % 3 else "abc", k=length))
            assert wordpiece(word, vocab, 12) == Tokenizer(model).encode(word).tokens


def test_unigram_language_model() -> None:
    code = page("questions/unigram-language-model")
    rng = np.random.default_rng(0)
    for _ in range(5):
        pieces = sorted({"".join(rng.choice(list("abc"), rng.integers(2, 5))) for _ in range(12)})
        pieces += list("abc")
        p = dict(zip(pieces, rng.dirichlet(np.ones(len(pieces))).tolist(), strict=True))
        vocab = [("<unk>", -50.0), *((piece, math.log(q)) for piece, q in p.items())]
        judge = Tokenizer(models.Unigram(vocab, unk_id=0, byte_fallback=False))
        for length in (1, 2, 7, 30):
            text = "".join(rng.choice(list("abc"), length))
            tokens, score = code.viterbi(text, p)
            assert tokens == judge.encode(text).tokens
            assert page("topics/tokenization").viterbi(text, p) == tokens
            assert math.isclose(score, sum(math.log(p[t]) for t in tokens))
        # 期望次数 = ∂ log Z / ∂ log p：枚举全部切法，交给 autograd
        text, logs = "abcab", {}
        for piece, q in p.items():
            logs[piece] = torch.tensor(math.log(q), dtype=torch.float64, requires_grad=True)
        paths = []
        for cuts in product([0, 1], repeat=len(text) - 1):
            edges = [0, *(i + 1 for i, cut in enumerate(cuts) if cut), len(text)]
            parts = [text[a:b] for a, b in pairwise(edges)]
            if all(part in logs for part in parts):
                paths.append(torch.stack([logs[part] for part in parts]).sum())
        log_z = torch.stack(paths).logsumexp(0)
        log_z.backward()
        z, count = code.forward_backward(text, p)
        assert math.isclose(z, log_z.exp().item())
        for piece, value in logs.items():
            expected = 0.0 if value.grad is None else value.grad.item()
            assert math.isclose(count[piece], expected, abs_tol=1e-12)
