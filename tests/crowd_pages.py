"""给搜索的基准用的干扰页：把本站自己的句子与小标题重新拼成任意多页，同样的种子得到同样的页。"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from html import escape

from mianjing.search.documents import Document
from mianjing.search.sections import Section

_SENTENCE = re.compile(r"[^。；！？]{6,}[。；！？]")


def make_crowd(documents: list[Document], count: int, seed: int = 0) -> Iterator[Document]:
    """count 份「本站」类的文档，句子取自 documents。"""
    dice = random.Random(seed)
    sections = [section for document in documents for section in document.sections]
    sentences = [one for section in sections for one in _SENTENCE.findall(section.text)]
    headings = sorted({section.heading for section in sections if section.heading})
    for number in range(count):
        title = f"{dice.choice(headings)}与{dice.choice(headings)}（{number}）"
        parts = tuple(
            Section(
                f"s{i}" if i else "",
                dice.choice(headings) if i else "",
                "".join(dice.choices(sentences, k=dice.randint(4, 14))),
            )
            for i in range(dice.randint(4, 9))
        )
        yield Document("本站", f"crowd/p{number}/", title, (), (), parts)


def write_markdown(document: Document) -> str:
    """同一份文档写成 Markdown，给别的搜索引擎用；句子里的记号不当 Markdown。"""
    lines = [f"# {_escape(document.title)}", ""]
    for section in document.sections:
        if section.heading:
            lines += [f"## {_escape(section.heading)}", ""]
        lines += [f"<p>{escape(section.text)}</p>", ""]
    return "\n".join(lines)


def _escape(heading: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>$|~])", r"\\\1", heading)
