"""目录与各页的节 → 要索引的文档：每页一份，每个标签一份（哪些公司考 LeetCode、简历被拒的有谁）。"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mianjing.model import Catalog, Experience, Question
from mianjing.search.sections import Section
from mianjing.tags import VOCABULARIES, group_tags, tags_of
from mianjing.vocabulary import Term, Terms, read_vocabulary

KINDS = ("公司", "考点", "题目", "手写", "推导", "标签", "本站")
"""结果的种类，也是索引里文档的次序。"""


@dataclass(frozen=True)
class Document:
    """一份可以被搜到的东西。"""

    kind: str
    url: str
    """相对站点根，可带锚点。"""
    title: str
    aliases: tuple[str, ...]
    """只供搜索的别名，不当作原文事实显示。"""
    tags: tuple[str, ...]
    sections: tuple[Section, ...]


def make_documents(
    catalog: Catalog,
    pages: Mapping[str, tuple[str, list[Section]]],
) -> list[Document]:
    """全站的文档，按种类与全站的次序。

    pages 是源路径 → （地址，各节）。
    """
    documents: list[Document] = []

    def add(source: str, kind: str, title: str, aliases: tuple[str, ...], tags: list[str]) -> None:
        url, sections = pages[source]
        documents.append(Document(kind, url, title, aliases, tuple(tags), tuple(sections)))

    for key, experience in catalog.experiences.items():
        company = catalog.companies[experience.company]
        names = (company.name, *company.aliases)
        add(f"experiences/{key}.md", "公司", experience.title, names, _facts(experience, catalog))
    for key, topic in catalog.topics.items():
        add(f"topics/{key}.md", "考点", topic.title, topic.aliases, [])
    for key, question in catalog.questions.items():
        topic_title = catalog.topics[question.topic].title
        add(f"questions/{key}.md", "题目", question.title, question.aliases, [topic_title])
    for key, exercise in catalog.exercises.items():
        title = catalog.topics[exercise.topic].title
        add(
            f"practice/{key}/index.md",
            "手写",
            exercise.title,
            exercise.aliases,
            [title, "手写代码"],
        )
    for derivation in catalog.derivations.values():
        topics = [catalog.topics[topic].title for topic in derivation.topics]
        for number, (source, title) in enumerate(derivation.pages):
            add(source, "推导", title, () if number else derivation.aliases, topics)
    documents += _facets(catalog, pages["tags.md"][0])
    for source, page in catalog.pages.items():
        if source != "tags.md":
            add(source, "本站", page.title, (), [page.description])
    return documents


def read_synonyms() -> dict[str, str]:
    """词表里的别名 → 标签：`手撕` → `手写代码`。查询里的左边按右边也搜一次。"""
    words = read_vocabulary()
    return {
        alias: term.label
        for terms in (words["forms"], words["outcomes"])
        for term in terms
        for alias in term.aliases
    }


def _facts(experience: Experience, catalog: Catalog) -> list[str]:
    """面经的标签与它们的别名：按形式、结果、公司类型也搜得到这一篇。"""
    found: list[str] = []
    for tag in tags_of(experience, catalog):
        group, _, value = tag.partition("/")
        found.append(value)
        if group in VOCABULARIES:
            term = _term(read_vocabulary()[VOCABULARIES[group]], value)
            found += [*term.aliases, *([term.group] if term.group else [])]
    return found


def _facets(catalog: Catalog, url: str) -> list[Document]:
    """「考点」以外的标签各一份，写着带它的面经与题目。"""
    documents = []
    for group, tags in group_tags(catalog).items():
        for tag in tags if group in VOCABULARIES else ():
            term = _term(read_vocabulary()[VOCABULARIES[group]], tag.label)
            aliases = (term.label, *term.aliases, *([term.group] if term.group else []))
            titles = [r.title for r in tag.records if isinstance(r, Experience | Question)]
            section = Section("", "", f"{len(titles)} 篇：{'、'.join(titles)}")
            title = f"{group}：{term.label}"
            documents.append(
                Document("标签", f"{url}#{tag.anchor}", title, aliases, (), (section,))
            )
    return documents


def _term(terms: Terms, label: str) -> Term:
    return next(term for term in terms if term.label == label)
