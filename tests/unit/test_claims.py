"""账本、勘误、分章、图与折起来的答案：虚构的资料库，改一处看说什么。"""

from __future__ import annotations

import pytest
from mianjing import catalog as group
from mianjing import render
from mianjing.blocks import BLOCKS
from mianjing.diagrams import DIAGRAMS
from mianjing.estimates import ESTIMATES, EstimateError, run_estimate
from mianjing.estimates.presets import read_presets
from mianjing.markdown import replace_prose
from mianjing.parts import group_parts

from tests.library import ERRATUM, QUESTION, TOPIC, Library

CLAIMS = "docs/claims/attention.yml"
CLAIM = """\
sample-variance:
  statement: 虚构的说法
  status: computed
  value: "0.20"
  compute: {function: pass_at_k, samples: "10", correct: "2", k: "1"}
  checked: 2026-05-01
"""
INDEX = "---\ntitle: 账本\n---\n\n<!-- mianjing: claim-counts -->\n"


@pytest.fixture
def ledger(library: Library) -> Library:
    """一条算过的，被考点引用。"""
    library.write(CLAIMS, CLAIM)
    library.write("docs/claims/index.md", INDEX)
    library.change(TOPIC, "先问公式。", "先问公式，答案 0.20[✓](claim:sample-variance)。")
    return library


def href(target: str, anchor: str) -> str:
    return f"../{target}#{anchor}"


def test_a_ledger_without_problems(ledger: Library) -> None:
    assert ledger.messages() == []
    assert ledger.catalog().claims["sample-variance"].value == "0.20"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('value: "0.20"', 'value: "0.21"', "E702 sample-variance.compute：重算得 0.2"),
        ('value: "0.20"', 'value: "两成"', "E702 sample-variance.value：「两成」不是数"),
        ("pass_at_k", "pass_at", "E702 sample-variance.compute：算不出来：没有「pass_at」"),
        ('k: "1"', 'q: "1"', "算不出来：pass_at_k 没有参数「q」"),
        (', k: "1"', "", "算不出来：pass_at_k 缺少参数「k」"),
        ('k: "1"', 'k: "一"', "算不出来：参数「k」的值「一」不是数"),
        ("status: computed", "status: sourced", "E701 sample-variance.status"),
        ("status: computed", "status: 算过", "应写「computed」"),
        ("checked: 2026-05-01", "checked: unknown", "E701 sample-variance.checked"),
        ('  value: "0.20"\n', "", "E102 sample-variance.value"),
    ],
)
def test_a_broken_claim(ledger: Library, old: str, new: str, message: str) -> None:
    ledger.change(CLAIMS, old, new)
    assert [one for one in ledger.messages() if message in one], ledger.messages()


def test_a_claim_without_computation_needs_a_source(ledger: Library) -> None:
    text = (
        '  value: "0.20"\n  compute: {function: pass_at_k, samples: "10", correct: "2", k: "1"}\n'
    )
    ledger.change(CLAIMS, text, "")
    ledger.change(CLAIMS, "computed", "sourced")
    assert [one for one in ledger.messages() if "至少写一条来源" in one]


def test_citations_and_claims_match(ledger: Library) -> None:
    ledger.change(TOPIC, "claim:sample-variance", "claim:sample-varience")
    messages = ledger.messages()
    assert [one for one in messages if "账本里没有「sample-varience」，最接近的是" in one]
    assert [one for one in messages if "没有一页引用它" in one]


def test_a_citation_in_code_is_not_one(ledger: Library) -> None:
    ledger.change(TOPIC, "答案 0.20[✓](claim:sample-variance)。", "答案。")
    ledger.change(TOPIC, "assert 1 + 1 == 2", "assert 1 + 1 == 2  # [✓](claim:sample-variance)")
    assert [one for one in ledger.messages() if "没有一页引用它" in one]


def test_an_unknown_area(ledger: Library) -> None:
    ledger.rename(CLAIMS, "docs/claims/else.yml")
    assert [one for one in ledger.messages() if "账本没有「else」这一块" in one]


def test_the_same_key_twice(ledger: Library) -> None:
    ledger.write("docs/claims/models.yml", CLAIM)
    assert [one for one in ledger.messages() if "已经有了：换一个键" in one]


def test_pages_show_what_was_checked(ledger: Library) -> None:
    catalog = ledger.catalog()
    page = render.render_topic(catalog.topics["attention"], catalog, href)
    assert 'href="../claims/attention.md#sample-variance"' in page
    assert "已验证（算过），2026-05-01" in page
    assert "1 条已验证；最近一次核对 2026-05-01" in page
    assert "claim:" not in page
    block = BLOCKS["claim-counts"](catalog, href)
    assert 'href="../claims/attention.md#"' in block
    part = group_parts(catalog)["claims/attention.md"]
    block = render.render_part(part, catalog, href)
    assert "pass_at_k(samples=10, correct=2, k=1)" in block
    assert "注意力" in block and 'id="sample-variance"' in block


def test_second_hand_is_said(ledger: Library) -> None:
    ledger.write(
        CLAIMS,
        "sample-variance:\n  statement: 虚构的说法\n  status: second-hand\n  checked: 2026-05-01\n"
        "  sources:\n    - {title: 转述, url: 'https://example.com', where: 摘要}\n",
    )
    catalog = ledger.catalog()
    page = render.render_topic(catalog.topics["attention"], catalog, href)
    assert ">二手</a>" in page
    assert "0 条已验证，1 条二手" in page


def test_every_estimate_says_what_it_is() -> None:
    for name, function in ESTIMATES.items():
        assert function.__doc__, name


def test_presets_have_sources_and_consistent_shapes() -> None:
    for preset in read_presets().values():
        assert preset.source.startswith("https://")
        assert preset.heads % preset.kv_heads == 0
        assert preset.tied in (True, False)


@pytest.mark.parametrize(
    ("function", "arguments", "value"),
    [
        ("preset_parameters", {"model": "llama-3-8b"}, 8_030_261_248),
        ("preset_parameters", {"model": "llama-2-7b"}, 6_738_415_616),
        ("kv_cache_bytes", {"model": "llama-3-8b", "tokens": "1"}, 131_072),
        ("kv_cache_bytes", {"model": "deepseek-v3", "tokens": "1"}, 61 * 576 * 2),
        ("zero_bytes", {"parameters": "7.5e9", "stage": "3", "ranks": "64"}, 1.875e9),
        ("ring_all_reduce_bytes", {"size": "8", "ranks": "4"}, 12),
        ("lsh_probability", {"similarity": "0.8", "bands": "20", "rows": "5"}, 0.99964),
        ("largest_without_infinity", {"exponent_bits": "4", "mantissa_bits": "3"}, 448),
        ("exponential_overflow", {"exponent_bits": "8", "mantissa_bits": "23"}, 88.7228),
    ],
)
def test_estimates(function: str, arguments: dict[str, str], value: float) -> None:
    assert run_estimate(function, arguments) == pytest.approx(value, rel=1e-4)


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(EstimateError, match="没有「llama-9」这个模型"):
        run_estimate("preset_parameters", {"model": "llama-9"})


def test_errata_are_listed(library: Library) -> None:
    library.write("docs/about/errata.yml", ERRATUM)
    assert "虚构的错" in BLOCKS["errata"](library.catalog(), href)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("topics/attention.md", "topics/nothing.md", "没有「topics/nothing.md」这一页"),
        ("fixed: 2026-05-01", "fixed: 2026-03-01", "先错后改"),
        ("fixed: 2026-05-01", "fixed: 2027-03-01", "不在未来"),
        ("since: 2026-04-01", "since: unknown", "两个日期都要写"),
        ("evidence: 虚构的依据\n", "note: 依据\n", "缺少必填字段「evidence」"),
    ],
)
def test_a_broken_erratum(library: Library, old: str, new: str, message: str) -> None:
    library.write("docs/about/errata.yml", ERRATUM.replace(old, new))
    assert [one for one in library.messages() if message in one], library.messages()


def test_an_erratum_of_a_derivation_names_its_notebook(library: Library) -> None:
    """链接按 docs 内的源走，推导的源是 .ipynb；写成 .md 会到构建时才断。"""
    page = "page: notebooks/scaling"
    library.write("docs/about/errata.yml", ERRATUM.replace("page: topics/attention", page))
    assert [one for one in library.messages() if "没有「notebooks/scaling.md」" in one]
    library.write(
        "docs/about/errata.yml", ERRATUM.replace("page: topics/attention.md", f"{page}.ipynb")
    )
    assert library.messages() == []


def make_chapter(library: Library) -> None:
    text = (library.root / TOPIC).read_text(encoding="utf-8")
    text = text.replace("title: 注意力", "title: 缓存").replace("rank: 1", "part_of: attention")
    library.write("docs/topics/cache.md", text.replace("[attention, 自注意力]", "[缓存别名]"))


def test_a_chapter_follows_its_topic(library: Library) -> None:
    make_chapter(library)
    catalog = library.catalog()
    assert list(catalog.topics) == ["attention", "cache"]
    page = render.render_topic(catalog.topics["cache"], catalog, href)
    assert "这一章属于「" in page
    main = render.render_topic(catalog.topics["attention"], catalog, href)
    assert "分章：" in main


def test_questions_of_a_chapter_belong_to_the_topic_too(library: Library) -> None:
    make_chapter(library)
    library.change(QUESTION, "topic: attention", "topic: cache")
    catalog = library.catalog()
    for topic in ("attention", "cache"):
        assert [q.key for q in group.group_topic_questions(catalog, topic)] == ["why-scale"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("part_of: attention", "part_of: cache", "自己也是分章"),
        ("part_of: attention", "part_of: attentoin", "不是考点"),
        ("part_of: attention", "part_of: attention\nrank: 1", "分章不写 rank"),
    ],
)
def test_a_broken_chapter(library: Library, old: str, new: str, message: str) -> None:
    make_chapter(library)
    library.change("docs/topics/cache.md", old, new)
    assert [one for one in library.messages() if message in one], library.messages()


def test_diagrams_are_drawn_with_their_words(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DIAGRAMS, "sample", lambda: "<svg></svg>")
    alt = "虚构的图：两个方块之间有一条线"
    library.change(TOPIC, "按相似度取平均。", f"按相似度取平均。\n\n![{alt}](diagram:sample)\n")
    catalog = library.catalog()
    page = render.render_topic(catalog.topics["attention"], catalog, href)
    assert f'aria-label="{alt}"' in page
    assert "<svg></svg>" in page


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("![够长的替代文字在这里写着](diagram:nothing)", "没有叫「nothing」的图"),
        ("![短](diagram:nothing)", "替代文字太短"),
    ],
)
def test_a_broken_diagram(library: Library, line: str, message: str) -> None:
    library.change(TOPIC, "按相似度取平均。", f"按相似度取平均。\n\n{line}\n")
    assert [one for one in library.messages() if message in one], library.messages()


def test_answers_are_folded_and_headings_stay() -> None:
    html = (
        '<p>头</p><h2 id="30">30 秒版<a class="headerlink" href="#30">&para;</a></h2><p>答</p>'
        '<h2 id="s">来源</h2><ul></ul>'
    )
    folded = render.fold_answers(html)
    assert (
        '</h2>\n<details class="mj-fold"><summary data-search-exclude>展开：30 秒版</summary>'
        in folded
    )
    assert folded.count("<details") == 1
    assert folded.endswith('<h2 id="s">来源</h2><ul></ul>')
    assert render.fold_answers("<p>没有标题</p>") == "<p>没有标题</p>"


def test_code_is_left_alone_when_prose_is_replaced() -> None:
    text = "a\n```python\na\n```\na"
    assert replace_prose(text, str.upper) == "A\n```python\na\n```\nA"
