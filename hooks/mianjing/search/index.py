"""文档 → 分片的倒排索引：同样的文档得到逐字节相同的文件。

文件（都在 `search/` 之下，JSON）：

- `index.json`：版本、种类、每份文档的节数、各分片的第一个词、同义词；开框时取，名字不变。
- `<版本>/t<n>.json`：词 → `[文档差, 文档分, 节差, 节分, 含它的节数]`。差是升序编号的差分，
  分是一位 36 进制数，即 BM25F 的饱和词频 `tf/(tf+k)`，长度与字段的权都已算进去；
  逆文档频率由浏览器乘。末尾带 `=` 的是整个名字（标题或别名），只有前两列。
- `<版本>/s<n>.json`：相邻几节的文字，给摘要用。
- `<版本>/words.json`：值得纠错的西文词；`<版本>/traditional.json`：繁体字与简体字的对照。用到才取。
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from mianjing.search.documents import KINDS, Document
from mianjing.search.words import count_words, fold_width, join_name, traditional_pairs

FORMAT = 1
SECTIONS_PER_FILE = 3
SHARD_BYTES = 9_000
LONGEST_LIST = 1_500
"""一个词最多记这么多节（分最高的）；更常见的词几乎不区分页面。"""
_LONGEST_CHARACTER_LIST = 40
"""单字只在单字查询时用。"""
_SATURATION = 1.2
_LENGTH = 0.75
_TITLE, _ALIAS, _TAG, _HEADING = 4.0, 3.0, 1.0, 4.0
_LISTS = {"来源", "出处", "接着看", "题目与推导"}
"""只列出处与链接的节，词的分打四折。"""
_LEVELS = 36
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass
class _Posting:
    """一个词出现的地方：编号与分，编号升序。"""

    documents: list[tuple[int, int]]
    sections: array[int]
    scores: bytearray


def build_index(documents: list[Document], synonyms: dict[str, str]) -> dict[str, bytes]:
    """索引的全部文件：`search/` 之下的路径 → 内容。"""
    documents = sorted(documents, key=lambda document: KINDS.index(document.kind))
    postings: defaultdict[str, _Posting] = defaultdict(
        lambda: _Posting([], array("I"), bytearray())
    )
    seen: set[str] = set()
    _add_documents(postings, documents)
    _add_sections(postings, documents, seen)
    names = _collect_names(documents)
    shards = _cut_shards(postings, names)
    files = {f"t{n}.json": _dump(dict(shard)) for n, shard in enumerate(shards)}
    files |= _section_files(documents)
    files["words.json"] = _dump(_spellings(postings))
    files["traditional.json"] = _dump(traditional_pairs("".join(sorted(seen))))
    version = hashlib.sha256(b"".join(v for _, v in sorted(files.items()))).hexdigest()[:12]
    kinds = Counter(document.kind for document in documents)
    index = {
        "format": FORMAT,
        "version": version,
        "kinds": [[kind, kinds[kind]] for kind in KINDS],
        "sections": [len(document.sections) for document in documents],
        "sectionsPerFile": SECTIONS_PER_FILE,
        "shards": [shard[0][0] if shard else "" for shard in shards],
        "synonyms": {fold_width(a).lower(): fold_width(b).lower() for a, b in synonyms.items()},
        "topics": [
            [document.title, document.url, "".join(map(join_name, document.aliases))]
            for document in documents
            if document.kind == "考点"
        ],
    }
    return {"index.json": _dump(index)} | {f"{version}/{k}": v for k, v in files.items()}


def _add_documents(postings: defaultdict[str, _Posting], documents: list[Document]) -> None:
    """标题、别名、标签：整份文档的词。"""
    fields = [
        (
            count_words(fold_width(document.title)),
            count_words(fold_width(" ; ".join(document.aliases))),
            count_words(fold_width(" ; ".join(document.tags))),
        )
        for document in documents
    ]
    means = [_mean(field[i].total() for field in fields) for i in range(3)]
    for number, counts in enumerate(fields):
        weighted: defaultdict[str, float] = defaultdict(float)
        for count, mean, weight in zip(counts, means, (_TITLE, _ALIAS, _TAG), strict=True):
            norm = 1 - _LENGTH + _LENGTH * count.total() / mean
            for word in count:
                weighted[word] += weight / norm
        for word, frequency in weighted.items():
            postings[word].documents.append((number, _score(frequency)))


def _add_sections(
    postings: defaultdict[str, _Posting], documents: list[Document], seen: set[str]
) -> None:
    """标题与正文：一节的词。"""
    sections = [section for document in documents for section in document.sections]
    lengths = [len(section.text) for section in sections]
    mean = _mean(lengths)
    for number, (section, length) in enumerate(zip(sections, lengths, strict=True)):
        text = fold_width(section.text)
        seen.update(text)
        norm = 1 - _LENGTH + _LENGTH * length / mean
        norm *= 2.5 if section.heading in _LISTS else 1
        counts: dict[str, float] = {word: n / norm for word, n in count_words(text).items()}
        for word in count_words(fold_width(section.heading)):
            counts[word] = counts.get(word, 0) + _HEADING
        for word, frequency in counts.items():
            posting = postings[word]
            posting.sections.append(number)
            posting.scores.append(_score(frequency))


def _collect_names(documents: list[Document]) -> dict[str, list[tuple[int, int]]]:
    """整个名字 → 叫它的文档；标题的分是 9，别名是 6。"""
    names: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for number, document in enumerate(documents):
        for alias in document.aliases:
            names[join_name(alias)][number] = 6
        names[join_name(document.title)][number] = 9
    return {name: sorted(found.items()) for name, found in names.items() if name}


def _cut_shards(
    postings: dict[str, _Posting], names: dict[str, list[tuple[int, int]]]
) -> list[list[tuple[str, list[object]]]]:
    """按词的次序（UTF-16，与浏览器的字符串比较一致）切成差不多大的片；同一个开头两字的汉字词不分家。"""
    entries: list[tuple[str, list[object]]] = []
    for word, posting in postings.items():
        entries.append((word, _encode(word, posting)))
    for name, found in names.items():
        numbers, scores = zip(*found, strict=True)
        entries.append((f"{name}=", [_deltas(numbers), "".join(map(str, scores))]))
    entries.sort(key=lambda entry: entry[0].encode("utf-16-be", "surrogatepass"))
    shards: list[list[tuple[str, list[object]]]] = [[]]
    size = 0
    for entry in entries:
        if size > SHARD_BYTES and shards[-1][-1][0][:2] != entry[0][:2]:
            shards.append([])
            size = 0
        shards[-1].append(entry)
        size += len(entry[0]) + 8 + sum(len(str(part)) for part in entry[1])
    return shards


def _encode(word: str, posting: _Posting) -> list[object]:
    limit = LONGEST_LIST if len(word) > 1 else _LONGEST_CHARACTER_LIST
    found = list(zip(posting.sections, posting.scores, strict=True))
    total = len(found)
    if total > limit:
        best = sorted(found, key=lambda item: (-item[1], item[0]))[:limit]
        found = sorted(best)
    return [
        _deltas(number for number, _ in posting.documents),
        "".join(_DIGITS[score] for _, score in posting.documents),
        _deltas(number for number, _ in found),
        "".join(_DIGITS[score] for _, score in found),
        total,
    ]


def _section_files(documents: list[Document]) -> dict[str, bytes]:
    rows = [
        [document.title, document.url, section.anchor, section.heading, section.text]
        for document in documents
        for section in document.sections
    ]
    return {
        f"s{start // SECTIONS_PER_FILE}.json": _dump(rows[start : start + SECTIONS_PER_FILE])
        for start in range(0, len(rows), SECTIONS_PER_FILE)
    }


def _spellings(postings: dict[str, _Posting]) -> str:
    """纠错用的西文词，空格隔开：四个字母以上，在名字里，或在两节以上。"""
    words = (
        word
        for word, posting in postings.items()
        if len(word) >= 4
        and word.isascii()
        and word.isalpha()
        and (posting.documents or len(posting.sections) >= 2)
    )
    return " ".join(sorted(words))


def _score(frequency: float) -> int:
    return min(_LEVELS - 1, int(_LEVELS * frequency / (frequency + _SATURATION)))


def _deltas(numbers: Iterable[int]) -> list[int]:
    found = list(numbers)
    return [b - a for a, b in zip([0, *found], found, strict=False)]


def _mean(values: Iterable[int]) -> float:
    found = list(values)
    return max(1.0, sum(found) / max(1, len(found)))


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
