"""牌组：用 Anki 自己的库导入，再导入只更新、不重复；公式、代码、链接转得对；字节可重现。"""

from __future__ import annotations

import io
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from html import escape
from pathlib import Path

import pytest
from anki.collection import (
    Collection,
    ImportAnkiPackageOptions,
    ImportAnkiPackageRequest,
    ImportLogWithChanges,
)
from anki.notes import Note
from markdown import markdown
from mianjing.dates import Change
from mianjing.export.anki import (
    DECK_ID,
    DECK_NAME,
    FIELDS,
    MODEL_ID,
    Card,
    convert_html,
    last_change,
    make_guid,
    make_tags,
    render_deck,
)
from mianjing.markdown import read_parts
from mianjing.model import Catalog

from tests.library import Library
from tests.site_library import read_site_library

ROOT = Path(__file__).resolve().parents[2]
SITE = "https://example.com/kb/"
EXTENSIONS = ["tables", "toc", "pymdownx.arithmatex", "pymdownx.highlight", "pymdownx.superfences"]
CONFIGS = {
    "toc": {"permalink": True},
    "pymdownx.arithmatex": {"generic": True},
    "pymdownx.highlight": {"pygments_lang_class": True},
}


def to_html(text: str) -> str:
    """与站上同一套扩展转成 HTML。"""
    return markdown(text, extensions=EXTENSIONS, extension_configs=CONFIGS)


def make_cards(catalog: Catalog, changed: int = 1_700_000_000) -> list[Card]:
    """changed 在过去：读者导入之后的改动都比它晚。"""
    return [Card(q, to_html(q.body), changed) for q in catalog.questions.values()]


def make_plain_cards(catalog: Catalog) -> list[Card]:
    """只有各节的文字，不转 Markdown：快得多。真正的页面由站点测试看。"""
    return [
        Card(
            question,
            "".join(
                f'<h2 id="a">{title}</h2><p>{escape(text)}</p>'
                for title, text in read_parts(question.body).items()
            ),
            1_700_000_000,
        )
        for question in catalog.questions.values()
    ]


@contextmanager
def open_collection(folder: Path) -> Iterator[Collection]:
    """一个空的 Anki。"""
    folder.mkdir(exist_ok=True)
    collection = Collection(str(folder / "collection.anki2"))
    try:
        yield collection
    finally:
        collection.close()


def import_deck(collection: Collection, deck: bytes, folder: Path) -> ImportLogWithChanges.Log:
    """照界面上的缺省选项导入。"""
    file = folder / "deck.apkg"
    file.write_bytes(deck)
    request = ImportAnkiPackageRequest(
        package_path=str(file),
        options=ImportAnkiPackageOptions(merge_notetypes=False, with_scheduling=False),
    )
    return collection.import_anki_package(request).log


def notes(collection: Collection) -> dict[str, Note]:
    found = [collection.get_note(i) for i in collection.find_notes("")]
    assert len({note.guid for note in found}) == len(found)
    return {note.guid: note for note in found}


def test_the_real_bank(tmp_path: Path) -> None:
    """一题一条；字段、标签、牌组都在；GUID 不变，第二遍一条也不新增。"""
    catalog, _ = read_site_library()
    deck = render_deck(make_plain_cards(catalog), catalog, SITE)
    with open_collection(tmp_path / "anki") as collection:
        log = import_deck(collection, deck, tmp_path)
        assert (len(log.new), log.found_notes) == (len(catalog.questions),) * 2
        imported = notes(collection)
        assert len(collection.find_cards(f'deck:"{DECK_NAME}"')) == len(catalog.questions)
        for key, question in catalog.questions.items():
            note = imported[make_guid(key)]
            assert note.keys() == list(FIELDS)
            assert note["链接"] == f"{SITE}questions/{key}/"
            assert note["30 秒版"]
            assert set(note.tags) == set(make_tags(question, catalog))
        asked = {e.company for e in catalog.experiences.values() for _, a in e.asked if a.question}
        for company in asked:
            tag = f"公司::{catalog.companies[company].name}"
            assert collection.find_notes(f'tag:"{tag}"'), tag
        card = collection.get_note(collection.find_notes("")[0]).cards()[0]
        assert "30 秒版" not in card.question()
        assert "<summary>2 分钟版</summary>" in card.answer()
        again = import_deck(collection, deck, tmp_path)
        assert (len(again.new), len(again.updated)) == (0, 0)
        assert len(notes(collection)) == len(catalog.questions)


def test_a_changed_question_updates_its_note(crowd: Library, tmp_path: Path) -> None:
    """改了题目的文字、加了一题：原来的更新，复习的进度还在，新的加进来。"""
    before = crowd.catalog()
    with open_collection(tmp_path / "anki") as collection:
        import_deck(collection, render_deck(make_cards(before), before, SITE), tmp_path)
        old = notes(collection)[make_guid("why-scale")]
        card = old.cards()[0]
        card.ivl = 12
        collection.update_card(card)
        crowd.change("docs/questions/why-scale.md", "方差会变大。", "方差会变大，所以要除。")
        text = (crowd.root / "docs/questions/why-scale.md").read_text(encoding="utf-8")
        crowd.write(
            "docs/questions/a-new-one.md",
            text.replace("为什么要缩放", "新的一题").replace("[缩放]", "[]"),
        )
        after = crowd.catalog()
        cards = [
            replace(c, changed=c.changed + (c.question.key != "why-softmax"))
            for c in make_cards(after)
        ]
        log = import_deck(collection, render_deck(cards, after, SITE), tmp_path)
        assert (len(log.new), len(log.updated)) == (1, 1)
        assert len(log.duplicate) == 1  # 没变的那一题
        found = notes(collection)
        assert len(found) == len(after.questions) == len(before.questions) + 1
        new = found[make_guid("why-scale")]
        assert new.id == old.id
        assert "所以要除" in new["30 秒版"]
        assert new.cards()[0].ivl == 12
        assert len(collection.models.all_names_and_ids()) == len(
            {m.name for m in collection.models.all_names_and_ids()}
        )


def test_an_unchanged_note_keeps_the_readers_edit(crowd: Library, tmp_path: Path) -> None:
    """读者自己改过的，在题目没有新的改动之前，再导入也不盖掉。"""
    catalog = crowd.catalog()
    deck = render_deck(make_cards(catalog), catalog, SITE)
    with open_collection(tmp_path / "anki") as collection:
        import_deck(collection, deck, tmp_path)
        note = notes(collection)[make_guid("why-scale")]
        note["30 秒版"] = "我的说法"
        collection.update_note(note)
        import_deck(collection, deck, tmp_path)
        assert notes(collection)[make_guid("why-scale")]["30 秒版"] == "我的说法"


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("docs/questions/why-scale.md", True),
        ("docs/topics/attention.md", True),
        ("docs/experiences/example-2026.md", True),
        ("hooks/mianjing/export/anki.py", True),
        ("docs/questions/why-softmax.md", False),
        ("docs/experiences/quiet-2026.md", False),
    ],
)
def test_when_a_card_changed(crowd: Library, path: str, changes: bool) -> None:
    """题目、考点的名字、问过它的面经（标签）、做卡片的代码变了，卡片就该更新；别的变了不动。"""
    catalog = crowd.catalog()
    history = {"docs/questions/why-scale.md": Change(1, 10, "2026-01-01")}
    history[path] = Change(1, 20, "2026-01-02")
    found = last_change(catalog.questions["why-scale"], catalog, history)
    assert found == (20 if changes else 10)
    assert last_change(catalog.questions["why-scale"], catalog, {}) == 0


def test_identifiers_do_not_change() -> None:
    """已经导入的人靠它们对上。"""
    assert (MODEL_ID, DECK_ID) == (1_764_114_001, 1_764_114_002)
    assert make_guid("kv-cache") == "ALUV]ARv]|"
    assert FIELDS == (
        "题目",
        "30 秒版",
        "2 分钟版",
        "推导或代码",
        "追问",
        "常见错误",
        "考点",
        "难度",
        "谁问过",
        "链接",
    )


def test_equal_input_equal_bytes(crowd: Library) -> None:
    """做两遍、卡片的次序倒过来，字节都一样；zip 里的时刻是固定的。"""
    catalog = crowd.catalog()
    cards = make_cards(catalog)
    first = render_deck(cards, catalog, SITE)
    assert first == render_deck(make_cards(crowd.catalog()), catalog, SITE)
    assert first == render_deck(cards[::-1], catalog, SITE)
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert [entry.filename for entry in archive.infolist()] == ["collection.anki2", "media"]
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_new_question_moves_no_other(crowd: Library) -> None:
    """编号只随题目的键：前面加一题，别的笔记与卡片的编号不动。"""
    catalog = crowd.catalog()
    cards = make_cards(catalog)

    def ids(some: list[Card]) -> dict[str, tuple[int, int]]:
        with zipfile.ZipFile(io.BytesIO(render_deck(some, catalog, SITE))) as archive:
            content = archive.read("collection.anki2")
        with closing(sqlite3.connect(":memory:")) as database:
            database.deserialize(content)
            rows = database.execute(
                "SELECT guid, notes.id, cards.id FROM notes JOIN cards ON nid = notes.id"
            )
            return {guid: (note, card) for guid, note, card in rows}

    everything = ids(cards)
    assert ids(cards[1:]).items() < everything.items()


def test_an_empty_bank_is_a_deck(tmp_path: Path) -> None:
    empty = Catalog({}, {}, {}, {}, {}, {}, {}, {}, {}, {})
    with open_collection(tmp_path / "anki") as collection:
        import_deck(collection, render_deck([], empty, SITE), tmp_path)
        assert notes(collection) == {}


def test_a_missing_layer_is_refused(crowd: Library) -> None:
    catalog = crowd.catalog()
    card = make_cards(catalog)[0]
    broken = replace(card, html=card.html.replace(">追问<", ">别的<"))
    with pytest.raises(ValueError, match="没有转出「追问」这一节"):
        render_deck([broken], catalog, SITE)


def test_a_tag_has_no_space(crowd: Library) -> None:
    catalog = crowd.catalog()
    topic = replace(catalog.topics["attention"], title="KV cache 与推理")
    catalog = replace(catalog, topics=catalog.topics | {"attention": topic})
    tags = make_tags(catalog.questions["why-scale"], catalog)
    assert "考点::KV_cache_与推理" in tags
    assert not [tag for tag in tags if " " in tag]


@pytest.mark.parametrize(
    ("markdown_text", "expected"),
    [
        ("行内 $a<b$。", '<p>行内 <span class="arithmatex">\\(a&lt;b\\)</span>。</p>'),
        ("$$\nx_1 &= 2\n$$", '<div class="arithmatex">\\[\nx_1 &amp;= 2\n\\]</div>'),
        (
            "```python\nif a < b:  # $x$ 与 \\(y\\)\n    {{c}}\n```",
            "<pre><code>if a &lt; b:  # $x$ 与 \\(y\\)\n    {{c}}\n</code></pre>",
        ),
        ("`a<b`", "<p><code>a&lt;b</code></p>"),
        ("[题](kv-cache.md)", f'<p><a href="{SITE}questions/kv-cache.md">题</a></p>'),
        ("[节](#a)", f'<p><a href="{SITE}questions/q/#a">节</a></p>'),
        ("[外](https://a.example/?x=1&y=2)", None),
        ("### 小节", "<h3>小节</h3>"),
        ("| 甲 | 乙 |\n|---|---|\n| 1 | $x$ |", None),
    ],
)
def test_conversion(markdown_text: str, expected: str | None) -> None:
    html = to_html(markdown_text).replace('href="kv', 'href="../kv')
    found = convert_html(html, f"{SITE}questions/q/")
    if expected is None:
        assert found.replace("&amp;", "&") == html.replace("&amp;", "&")
    else:
        assert found == expected


def test_without_an_address_there_are_no_links() -> None:
    """不知道站点地址时只留文字，账本的 ✓ 也去掉：卡片里不放打不开的链接。"""
    html = '<p><a href="../x/">题</a><a class="mj-claim" href="../c/">✓</a></p>'
    assert convert_html(html, "") == "<p>题</p>"
    assert convert_html(html, f"{SITE}q/").count("href=") == 2
