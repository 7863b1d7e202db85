"""索引与打分：虚构的文档，浏览器端的引擎在 Node 里答。"""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mianjing.search.documents import Document
from mianjing.search.index import LONGEST_LIST, build_index, write_index
from mianjing.search.sections import Section

from tests.search_engine import ask_engine, urls_of

SYNONYMS = {"手撕": "手写代码"}


def document(
    kind: str, key: str, title: str, *texts: str, aliases: tuple[str, ...] = ()
) -> Document:
    sections = tuple(
        Section(f"s{i}" if i else "", f"第 {i} 节" if i else "", text)
        for i, text in enumerate(texts or ("",))
    )
    return Document(kind, f"{key}/", title, aliases, (), sections)


DOCUMENTS = [
    document("公司", "moon", "示例月面经", "问了环形通信。", aliases=("示例月", "Samplemoon")),
    document("公司", "sun", "示例日面经", "二面问概念，没有手写代码。", aliases=("示例日",)),
    document(
        "考点", "attention", "多头注意力", "先切开再合并。", "KV-Cache 存键和值，占显存。",
        aliases=("MHA", "Multi-Head Attention"),
    ),
    document(
        "考点", "norm", "归一化", "LayerNorm 减均值除标准差。", "不减均值。",
        aliases=("Norm", "RMSNorm"),
    ),
    document(
        "考点", "parallel", "并行与通信", "ring all-reduce 走两圈。", "ZeRO-3 切参数。",
        aliases=("环形规约", "DeepSpeed"),
    ),
    document("题目", "scale", "为什么要除以根号 d", "方差是 d，除以它的根号。"),
    document("标签", "tags", "结果：未通过", "2 篇", aliases=("未通过", "被拒")),
    document("本站", "about", "关于", "数据从哪里来。"),
]  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("index"), DOCUMENTS)


def write(site: Path, documents: list[Document]) -> Path:
    write_index(documents, SYNONYMS, site / "search")
    return site


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("示例月", "moon/"),
        ("samplemoon 面试", "moon/"),
        ("多头注意力", "attention/"),
        ("多头注意力怎么写", "attention/"),
        ("MHA", "attention/"),
        ("mha", "attention/"),
        ("手撕 多头", "attention/"),
        ("kvcache", "attention/"),
        ("KV cache 显存", "attention/"),
        ("ＫＶ ｃａｃｈｅ", "attention/"),
        ("multihead", "attention/"),
        ("mutil-head", "attention/"),
        ("multi head attn", "attention/"),
        ("歸一化", "norm/"),
        ("rmsnrom", "norm/"),
        ("layer norm", "norm/"),
        ("deepsp", "parallel/"),
        ("deepseed", "parallel/"),
        ("zero3", "parallel/"),
        ("环形规约", "parallel/"),
        ("请问为什么要除以根号 d 啊", "scale/"),
        ("哪些公司会问环形通信", "parallel/"),
        ("被拒的公司", "tags/"),
        ("数据从哪里来", "about/"),
    ],
)
def test_the_right_page_comes_first(site: Path, query: str, first: str) -> None:
    assert urls_of(ask_engine(site, [query])[0])[:1] == [first]


@pytest.mark.parametrize("query", ["红烧肉怎么做", "qwzxvkjh", "wedding", "，。", "🙂", ""])
def test_nothing_is_found_where_nothing_is(site: Path, query: str) -> None:
    answer = ask_engine(site, [query])[0]
    assert (answer["total"], answer["results"]) == (0, [])
    assert len(answer["nearest"]) == 3


def test_the_nearest_topics_share_characters(site: Path) -> None:
    assert ask_engine(site, ["归零"])[0]["nearest"][0]["title"] == "归一化"


def test_a_correction_is_told(site: Path) -> None:
    assert ask_engine(site, ["deepseed"])[0]["corrected"] == [["deepseed", "deepspeed"]]
    assert ask_engine(site, ["deepsp"])[0]["corrected"] == []


def test_the_best_partial_answer_comes_first(site: Path) -> None:
    """没有一页两样都有：有少见的那一样的在前。"""
    assert urls_of(ask_engine(site, ["环形通信 数据从哪里来"])[0])[0] in {"moon/", "about/"}
    assert ask_engine(site, ["多头注意力 红烧肉"])[0]["results"][0]["url"].startswith("attention/")


def test_hits_are_marked_where_they_stand(site: Path) -> None:
    result = ask_engine(site, ["ＫＶ ｃａｃｈｅ"])[0]["results"][0]
    assert result["url"] == "attention/#s1"
    assert result["heading"] == [["第 1 节", False]]
    assert [text for text, marked in result["excerpt"] if marked] == ["KV-Cache"]
    assert "".join(text for text, _ in result["excerpt"]) == "KV-Cache 存键和值，占显存。"


def test_kinds_are_counted_and_filtered(site: Path) -> None:
    answer = ask_engine(site, ["示例"])[0]
    assert ["公司", 2] in answer["kinds"]
    assert answer["total"] == sum(count for _, count in answer["kinds"])


def test_a_long_query_is_cut_and_says_so(site: Path) -> None:
    long, short = ask_engine(site, ["归一化" * 3_400, "归一化" * 10])
    assert long["cut"] and not short["cut"]
    assert urls_of(long)[0] == "norm/"


def test_same_documents_same_bytes() -> None:
    again = build_index([replace(one) for one in DOCUMENTS], dict(SYNONYMS))
    assert again == build_index(DOCUMENTS, SYNONYMS)
    names = list(build_index(DOCUMENTS, SYNONYMS))
    version = json.loads(build_index(DOCUMENTS, SYNONYMS)["index.json"])["version"]
    assert names[0] == "index.json"
    assert all(name.startswith(f"{version}/") for name in names[1:])


def test_another_word_another_version() -> None:
    changed = [*DOCUMENTS[:-1], document("本站", "about", "关于", "数据从别处来。")]
    files = [build_index(documents, SYNONYMS) for documents in (DOCUMENTS, changed)]
    versions = {json.loads(one["index.json"])["version"] for one in files}
    assert len(versions) == 2


def test_an_empty_site_has_an_index(tmp_path: Path) -> None:
    answer = ask_engine(write(tmp_path, []), ["注意力"])[0]
    assert (answer["total"], answer["nearest"]) == (0, [])


def test_common_words_keep_their_best_places(tmp_path: Path) -> None:
    """比上限多的节：分最高的留下，最好的那一页仍在最前。"""
    many = [
        document("题目", f"q{i}", f"第 {i} 题", "训练" + "的废话" * 9) for i in range(LONGEST_LIST)
    ]
    many.append(document("题目", "best", "最后一题", "训练训练"))
    answer = ask_engine(write(tmp_path, many), ["训练"])[0]
    assert answer["total"] == LONGEST_LIST
    assert urls_of(answer)[0] == "best/"


@given(st.integers(0, 10**6))
@example(157)
@settings(max_examples=8)
def test_every_title_and_every_section_is_found(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    """随机的文档：标题把自己的页排第一；节里一段自己的话找得到那一页。

    一段里没有四个连着的汉字的不问：剩下的词各页都有，说不上是它自己的。
    """
    dice = random.Random(seed)
    chars = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥天地玄黄宇宙洪荒日月盈昃辰宿列张"
    words = ["attention", "kv-cache", "ZeRO", "pass@k", "1f1b", "bf16", "Qwen3"]

    def phrase(length: int) -> list[str]:
        return [
            f" {dice.choice(words)} " if dice.random() < 0.15 else dice.choice(chars)
            for _ in range(length)
        ]

    titles = list(dict.fromkeys("".join(phrase(6)) for _ in range(30)))
    texts = [[phrase(40) for _ in range(3)] for _ in titles]
    documents = [
        document("题目", f"p{i}", title, *("".join(text) for text in texts[i]))
        for i, title in enumerate(titles)
    ]
    site = write(tmp_path_factory.mktemp("random"), documents)
    asked = [(title, d.url) for title, d in zip(titles, documents, strict=True)]
    asked += [
        (phrase, d.url)
        for three, d in zip(texts, documents, strict=True)
        for phrase in ("".join(text[10:22]) for text in three)
        if re.search("[一-鿿]{4}", phrase)
    ]
    queries, wanted = zip(*asked, strict=True)
    found = [urls_of(answer) for answer in ask_engine(site, [*queries])]
    for query, url, urls in zip(queries, wanted, found, strict=True):
        assert url in (urls[:1] if query in titles else urls), query
