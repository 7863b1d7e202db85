"""「从零写 BPE 与 MinHash」：与 tokenizers、tiktoken、暴力枚举逐项对照，任意 Unicode 往返。"""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from itertools import combinations
from typing import Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np
import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from tests.notebooks.cells import read_code, run_notebook

pytestmark = pytest.mark.notebooks

NAME = "bpe-minhash"
GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CONTROLS = "\x1c\x1d\x1e\x1f"

anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
"""任意 Unicode 文本；代理区不是字符，编不成 UTF-8。"""
assigned = st.text(st.characters(exclude_categories=("Cs", "Cn")), max_size=60)
"""两个 Unicode 版本可能给新码位不同的类别，所以只用 Python 认得的。"""
shared = st.text(
    st.characters(exclude_categories=("Cs", "Cn", "Nl", "No"), exclude_characters=CONTROLS),
    max_size=60,
)
"""推导里的正则与 GPT-2 的正则看法相同的字符。"""
corpora = st.dictionaries(
    st.binary(min_size=1, max_size=12).map(lambda word: bytes(97 + b % 3 for b in word)),
    st.integers(1, 9),
    min_size=1,
    max_size=30,
)
"""三个字母的词频表：自我重叠与并列最多。"""


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """这一本的名字空间。"""
    return run_notebook(NAME)


def visible(word: bytes) -> str:
    """字节换成汉字：tokenizers 的初始编号按字符排，于是与字节值一致。"""
    return "".join(chr(0x4E00 + b) for b in word)


def train_with_tokenizers(freq: dict[bytes, int], num_merges: int) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(
        vocab_size=256 + num_merges,
        initial_alphabet=[visible(bytes([b])) for b in range(256)],
        show_progress=False,
    )
    texts = [" ".join([visible(word)] * f) for word, f in freq.items()]
    tokenizer.train_from_iterator(texts, trainer=trainer)
    return tokenizer


def as_tiktoken(vocab: list[bytes], special: dict[str, int], pattern: str) -> tiktoken.Encoding:
    ranks = {token: i for i, token in enumerate(vocab[: len(vocab) - len(special)])}
    return tiktoken.Encoding(
        "mine", pat_str=pattern, mergeable_ranks=ranks, special_tokens=dict(special)
    )


@settings(max_examples=60, deadline=None)
@given(freq=corpora, probes=st.lists(st.text("abc", min_size=1, max_size=40), max_size=6))
def test_training_and_encoding_agree_with_tokenizers(
    names: dict[str, Any], freq: dict[bytes, int], probes: list[str]
) -> None:
    table, _ = names["train_naive"](freq, 40)
    vocab = names["spell"](table)
    judge = train_with_tokenizers(freq, 40)
    assert judge.get_vocab() == {visible(token): i for i, token in enumerate(vocab)}
    assert list(names["train_fast"](freq, 40)[0].items()) == list(table.items())
    for probe in probes:
        ids = list(names["encode_piece"](probe.encode(), table))
        assert judge.encode(visible(probe.encode())).ids == ids


@settings(max_examples=60, deadline=None)
@given(freq=corpora, probe=st.text("abc", min_size=1, max_size=60))
def test_ranks_by_bytes_equal_ranks_by_pairs(
    names: dict[str, Any], freq: dict[bytes, int], probe: str
) -> None:
    table, _ = names["train_naive"](freq, 40)
    vocab = names["spell"](table)
    ids = {token: i for i, token in enumerate(vocab)}
    assert len(ids) == len(vocab)
    piece = probe.encode()
    expected = names["encode_piece"](piece, table)
    assert names["encode_by_bytes"](piece, ids) == expected == names["replay"](piece, table)
    judge = as_tiktoken(vocab, {}, r"\S+")
    assert judge.encode_ordinary(probe) == list(expected)


@settings(max_examples=150, deadline=None)
@given(text=anything)
def test_any_unicode_round_trips(names: dict[str, Any], text: str) -> None:
    bpe = names["bpe"]
    assert b"".join(names["pieces"](text)).decode() == text
    ids = bpe.encode_ordinary(text)
    assert bpe.decode(ids) == text and len(ids) <= len(text.encode())
    assert not set(ids) & set(bpe.special.values())
    assert bpe.decode(bpe.encode(text, allowed=bpe.special)) == text
    merges = names["merges"]
    assert names["decode"](names["encode"](text, merges), merges) == text


@settings(max_examples=150, deadline=None)
@given(text=shared)
def test_ids_agree_with_tiktoken(names: dict[str, Any], text: str) -> None:
    bpe = names["bpe"]
    judge = as_tiktoken(bpe.vocab, bpe.special, GPT2)
    assert judge.encode_ordinary(text) == bpe.encode_ordinary(text)


@settings(max_examples=100, deadline=None)
@given(text=assigned)
def test_exact_pattern_splits_like_gpt2(names: dict[str, Any], text: str) -> None:
    """练习 2 的正则：连 Nl、No 与四个控制符也与 GPT-2 相同。"""
    regex = pytest.importorskip("regex")
    assert names["EXACT"].findall(text) == regex.findall(GPT2, text)


@settings(max_examples=80, deadline=None)
@given(
    parts=st.lists(st.sampled_from(["<|im_start|>", "<|im_end|>", "<|im", "end|>", "a b", "中"]))
)
def test_special_tokens_agree_with_tiktoken(names: dict[str, Any], parts: list[str]) -> None:
    bpe, text = names["bpe"], "".join(parts)
    special = {name: bpe.special[name] for name in ("<|im_start|>", "<|im_end|>")}
    judge = as_tiktoken(names["vocab"] + [b""] * 2, special, GPT2)
    for allowed in (set(), {"<|im_end|>"}, set(special)):
        expected = judge.encode(text, allowed_special=allowed, disallowed_special=())
        assert bpe.encode(text, allowed=allowed) == expected


def test_whiteboard_version_is_short(names: dict[str, Any]) -> None:
    (cell,) = [source for source in read_code(NAME) if "def glue" in source]
    assert len([line for line in cell.splitlines() if line.strip()]) <= 40
    freq = Counter(piece.encode() for piece in names["PAT"].findall(names["train_text"]))
    assert names["merges"] == names["train_fast"](freq, 244)[0]


def test_invalid_bytes_are_replaced_not_raised(names: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    bpe = names["bpe"]
    for _ in range(200):
        ids = rng.integers(0, len(bpe.vocab), size=rng.integers(1, 12)).tolist()
        raw = b"".join(bpe.vocab[i] for i in ids)
        assert bpe.decode(ids) == raw.decode("utf-8", errors="replace")


def test_break_even_agrees_with_bisection(names: dict[str, Any]) -> None:
    for h, v1, v2, rho in [(768, 32_000, 128_256, 0.8), (4096, 50_000, 200_000, 0.6)]:
        low, high = 1.0, 1e13
        for _ in range(200):
            middle = (low + high) / 2
            if names["relative_flops"](middle, h, v1, v2, rho) > 1:
                low = middle
            else:
                high = middle
        assert names["break_even"](h, v1, v2, rho) == pytest.approx(low, rel=1e-9)


@settings(max_examples=50, deadline=None)
@given(
    values=st.sets(st.integers(0, 2**31 - 2), min_size=1, max_size=40),
    seed=st.integers(0, 1000),
    k=st.integers(1, 20),
)
def test_signature_agrees_with_big_integers(
    names: dict[str, Any], values: set[int], seed: int, k: int
) -> None:
    a, c = names["hash_family"](k, seed)
    signature = names["minhash"](values, (a, c))
    p = 2**31 - 1
    for i in range(k):
        expected = min((int(a[i, 0]) * x + int(c[i, 0])) % p for x in values)
        assert int(signature[i]) == expected


@pytest.mark.parametrize(
    ("common", "only_left", "only_right"), [(5, 60, 35), (50, 0, 50), (7, 1, 1)]
)
def test_equal_share_estimates_jaccard_for_uneven_sets(
    names: dict[str, Any], common: int, only_left: int, only_right: int
) -> None:
    items = [names["stable_hash"](f"item {i}") for i in range(common + only_left + only_right)]
    left = set(items[: common + only_left])
    right = set(items[:common] + items[common + only_left :])
    jaccard = names["jaccard"](left, right)
    assert jaccard == common / len(items)
    family = names["hash_family"](20_000, 11)
    estimate = (names["minhash"](left, family) == names["minhash"](right, family)).mean()
    assert abs(estimate - jaccard) < 4 * (jaccard * (1 - jaccard) / 20_000) ** 0.5


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_candidates_agree_with_comparing_every_pair(
    names: dict[str, Any], data: st.DataObject
) -> None:
    b, r = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))
    row = st.lists(st.integers(0, 2), min_size=b * r, max_size=b * r)
    signatures = np.array(data.draw(st.lists(row, min_size=1, max_size=8)))
    expected = {
        (i, j)
        for i, j in combinations(range(len(signatures)), 2)
        if any(
            (signatures[i, t * r : (t + 1) * r] == signatures[j, t * r : (t + 1) * r]).all()
            for t in range(b)
        )
    }
    assert names["candidate_pairs"](signatures, b, r) == expected


@settings(max_examples=100, deadline=None)
@given(
    count=st.integers(1, 12),
    raw=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=20),
)
def test_clusters_are_the_connected_components(
    names: dict[str, Any], count: int, raw: list[tuple[int, int]]
) -> None:
    pairs = [(i % count, j % count) for i, j in raw]
    reach = np.eye(count, dtype=bool)
    for i, j in pairs:
        reach[i, j] = reach[j, i] = True
    for k in range(count):  # Floyd–Warshall 的传递闭包
        reach |= reach[:, k : k + 1] & reach[k : k + 1]
    assert names["cluster"](count, pairs) == [int(row.argmax()) for row in reach]


def test_pipeline_needs_verification_and_is_reproducible(names: dict[str, Any]) -> None:
    docs = names["docs"]
    first, candidates = names["dedup"](docs)
    again, _ = names["dedup"](docs)
    assert first == again == names["groups"]
    sets = names["sets"]
    kept = [(i, j) for i, j in sorted(candidates) if names["jaccard"](sets[i], sets[j]) >= 0.7]
    assert names["cluster"](len(docs), kept) == first
    everything, _ = names["dedup"](docs, b=112, r=1, limit=0.7)  # 候选几乎是全部相似的对
    truth = names["cluster"](len(docs), sorted(names["similar"]))
    assert everything == truth


def test_pattern_differs_from_gpt2_only_where_it_says(names: dict[str, Any]) -> None:
    for text, ours in [("x²", ["x²"]), ("Ⅷ1", ["Ⅷ", "1"]), ("a_b", ["a", "_", "b"])]:
        assert names["PIECE"].findall(text) == ours
    assert {unicodedata.category(c) for c in "²Ⅷ"} == {"No", "Nl"}
