"""切词：Python 端与浏览器端用同一套规则。"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mianjing.search.words import (
    count_words,
    fold_width,
    join_name,
    split_word,
    traditional_pairs,
)

from tests.search_engine import split_in_browser

CASES = {
    "多头注意力": {"多头", "头注", "注意", "意力"},
    "力": {"力"},
    "手写MHA": {"手写", "mha"},
    "KV cache": {"kv", "cache", "kvcache"},
    "KV-Cache": {"kv", "cache", "kvcache"},
    "ＫＶ ｃａｃｈｅ": {"kv", "cache", "kvcache"},
    "kvcache": {"kvcache"},
    "pass@k": {"pass", "k", "passk"},
    "C-Eval": {"c", "eval", "ceval"},
    "1F1B": {"1f1b"},
    "ZeRO-3": {"zero", "3", "zero3"},
    "3.14": {"3", "14"},
    "注意力機制": {"注意", "意力", "力机", "机制"},
    "ring，reduce": {"ring", "reduce"},
    "ring  reduce": {"ring", "reduce"},
    "√d_k": {"d", "k", "dk"},
    "β2": {"β2"},
    "": set(),
    "，。！🙂": set(),
    "\ud800注意\udfff": {"注意"},
}


@pytest.mark.parametrize("text", CASES)
def test_words_of_a_text(text: str) -> None:
    words = set(count_words(fold_width(text)))
    inside = {part for word in ("MHA", "ZeRO", "KV", "β2") for part in split_word(word)}
    single = {char for char in fold_width(text) if len(text) > 1 and "\u4e00" <= char <= "\u9fff"}
    assert words - single - inside == CASES[text] - single - inside


def test_counts() -> None:
    assert count_words("注意注意")["注意"] == 2
    assert count_words("a b a b")["ab"] == 2


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("LayerNorm", ["layer", "norm"]),
        ("RMSNorm", ["rms", "norm"]),
        ("FlashAttention", ["flash", "attention"]),
        ("Qwen3", ["qwen"]),
        ("fp16", ["fp"]),
        ("7b", []),
        ("1F1B", []),
        ("LoRA", []),
        ("ZeRO", []),
        ("BERT", []),
    ],
)
def test_words_inside_words(word: str, parts: list[str]) -> None:
    assert split_word(word) == parts


def test_very_long_words_are_not_words() -> None:
    assert not count_words("a" * 41)
    assert count_words("a" * 40)
    assert "a" * 13 + "b" * 12 not in count_words("a" * 13 + " " + "b" * 12)


def test_names_lose_spaces_signs_and_case() -> None:
    assert join_name("环形 All-Reduce") == "环形allreduce"
    assert join_name("BERT 的原理（2018）") == "bert的原理2018"
    assert join_name("，") == ""


def test_traditional_pairs_hold_only_what_occurs() -> None:
    pairs = traditional_pairs("机制")
    assert "機机" in {pairs[i : i + 2] for i in range(0, len(pairs), 2)}
    assert "說说" not in pairs
    assert traditional_pairs("") == ""


TEXTS = st.lists(
    st.text(
        st.one_of(
            st.characters(exclude_categories=["Cn"]),  # 两边认得的 Unicode 版本不同
            st.sampled_from("注意力机制機規 -_/.@AaBb09Ａ１ＫΑβ々〇𠮷豈①㎏ﬁﾊﾞ\t\n，。"),
        ),
        max_size=40,
    ),
    min_size=30,
    max_size=60,
)


@given(TEXTS)
@settings(max_examples=12)
def test_both_sides_agree(texts: list[str]) -> None:
    """读者打的，就是索引里写的：浏览器端的每个词，Python 端从同样的文字里也得到。"""
    folded = [fold_width(text) for text in texts]
    for text, answer in zip(folded, split_in_browser(folded), strict=True):
        assert answer["folded"] == text
        ours = set(count_words(text))
        assert set(answer["keys"]) <= ours, text
        single = {word for word in ours if len(word) == 1 or word not in answer["keys"]}
        inside = {part for span in answer["spans"] for part in split_word(span)}
        assert ours - single - inside <= set(answer["keys"]), text
        assert all(span in text for span in answer["spans"])
