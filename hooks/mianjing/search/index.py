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
import sys
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from operator import sub
from pathlib import Path
from typing import TypeAlias

from mianjing.compact import dump_compact
from mianjing.search.documents import KINDS, Document
from mianjing.search.words import count_words, fold_width, join_name, traditional_pairs
from mianjing.whole_file import write_files

FORMAT = 1
SECTIONS_PER_FILE = 3
SHARD_BYTES = 6_000
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


Places: TypeAlias = "defaultdict[str, array[int]]"
"""词 → 出现的地方，升序；一个地方是「编号 × 36 + 分」。"""


def build_index(documents: list[Document], synonyms: dict[str, str]) -> dict[str, bytes]:
    """索引的全部文件：`search/` 之下的路径 → 内容。"""
    documents = sorted(documents, key=lambda document: KINDS.index(document.kind))
    in_documents = _place_documents(documents)
    in_sections = _place_sections(documents)
    shards = _cut_shards(in_documents, in_sections, _collect_names(documents))
    files = {f"t{n}.json": _dump(dict(shard)) for n, shard in enumerate(shards)}
    files |= _section_files(documents)
    files["words.json"] = _dump(_spellings(in_documents, in_sections))
    files["traditional.json"] = _dump(traditional_pairs("".join(in_sections)))
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


def write_index(documents: list[Document], synonyms: dict[str, str], folder: Path) -> None:
    """把索引的全部文件写到 folder 之下。"""
    write_files(folder, build_index(documents, synonyms))


@cache
def count_section(text: str) -> tuple[tuple[str, ...], array[int]]:
    """一节的词与各出现几次，按先后；在写索引之前数过的不再数（见 `search.worker`）。"""
    counts = count_words(fold_width(text))
    return tuple(map(sys.intern, counts)), array("L", counts.values())


def _place_documents(documents: list[Document]) -> Places:
    """标题、别名、标签：整份文档的词。"""
    places: Places = defaultdict(lambda: array("L"))
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
            places[word].append(number * _LEVELS + _score(frequency))
    return places


def _place_sections(documents: list[Document]) -> Places:
    """标题与正文：一节的词。"""
    places: Places = defaultdict(lambda: array("L"))
    sections = [section for document in documents for section in document.sections]
    mean = _mean(len(section.text) for section in sections)
    for number, section in enumerate(sections):
        norm = 1 - _LENGTH + _LENGTH * len(section.text) / mean
        norm *= 2.5 if section.heading in _LISTS else 1
        words, counts = count_section(section.text)
        first = number * _LEVELS
        scores = {count: first + _score(count / norm) for count in set(counts)}
        heading = dict.fromkeys(count_words(fold_width(section.heading)), 0)
        for word, count in zip(words, counts, strict=True):
            if word in heading:
                heading[word] = count
            else:
                places[word].append(scores[count])
        for word, count in heading.items():
            places[word].append(first + _score(count / norm + _HEADING))
    return places


def _collect_names(documents: list[Document]) -> dict[str, list[tuple[int, int]]]:
    """整个名字 → 叫它的文档；标题的分是 9，别名是 6。"""
    names: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for number, document in enumerate(documents):
        for alias in document.aliases:
            names[join_name(alias)][number] = 6
        names[join_name(document.title)][number] = 9
    return {name: sorted(found.items()) for name, found in names.items() if name}


def _cut_shards(
    in_documents: Places, in_sections: Places, names: dict[str, list[tuple[int, int]]]
) -> list[list[tuple[str, list[object]]]]:
    """按词的次序（UTF-16，与浏览器的字符串比较一致）切成差不多大的片；

    开头两字相同的词不分家：那两字、以它开头的名字，一次取到。
    """
    entries: list[tuple[str, list[object]]] = []
    for word in in_documents.keys() | in_sections.keys():
        entries.append((word, _encode(word, in_documents.get(word), in_sections.get(word))))
    for name, found in names.items():
        numbers, scores = zip(*found, strict=True)
        entries.append((f"{name}=", [_deltas(numbers), "".join(map(str, scores))]))
    entries.sort(key=lambda entry: entry[0].encode("utf-16-be", "surrogatepass"))
    shards: list[list[tuple[str, list[object]]]] = [[]]
    size = 0
    for word, entry in entries:
        if size > SHARD_BYTES and shards[-1][-1][0][:2] != word[:2]:
            shards.append([])
            size = 0
        shards[-1].append((word, entry))
        size += 12 + sum(3 * len(part) for part in entry if isinstance(part, list))
    return shards


def _encode(word: str, documents: array[int] | None, sections: array[int] | None) -> list[object]:
    if documents is None and sections is not None and len(sections) == 1:
        number, score = divmod(sections[0], _LEVELS)  # 一半的词只在一节里出现
        return [[], "", [number], _DIGITS[score], 1]
    limit = LONGEST_LIST if len(word) > 1 else _LONGEST_CHARACTER_LIST
    found: Sequence[int] = sections or array("L")
    total = len(found)
    if total > limit:
        best = sorted(found, key=lambda place: (-(place % _LEVELS), place))[:limit]
        found = sorted(best)
    return [*_columns(documents or ()), *_columns(found), total]


def _columns(places: Sequence[int]) -> list[object]:
    """编号的差与分。"""
    deltas, scores, last = [], [], 0
    for place in places:
        number = place // _LEVELS
        deltas.append(number - last)
        scores.append(_DIGITS[place - number * _LEVELS])
        last = number
    return [deltas, "".join(scores)]


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


def _spellings(in_documents: Places, in_sections: Places) -> str:
    """纠错用的西文词，空格隔开：四个字母以上，在名字里，或在两节以上。"""
    words = in_documents.keys() | {word for word, places in in_sections.items() if len(places) > 1}
    return " ".join(
        sorted(word for word in words if len(word) >= 4 and word.isascii() and word.isalpha())
    )


def _score(frequency: float) -> int:
    return min(_LEVELS - 1, int(_LEVELS * frequency / (frequency + _SATURATION)))


def _deltas(numbers: Sequence[int]) -> list[int]:
    return list(map(sub, numbers, (0, *numbers)))


def _mean(values: Iterable[int]) -> float:
    found = list(values)
    return max(1.0, sum(found) / max(1, len(found)))


def _dump(value: object) -> bytes:
    return dump_compact(value).encode()
