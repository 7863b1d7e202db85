"""一种记录的 JSON：格式的版本、出处与许可写在文件里，记录按键排序。"""

from __future__ import annotations

import json

from mianjing.export.records import Record, make_provenance
from mianjing.export.shapes import SHAPES, TITLES, VERSION, Field
from mianjing.model import Catalog
from mianjing.vocabulary import read_vocabulary

LICENCE = {
    "text": "CC BY 4.0",
    "code": "MIT",
    "attribution": "大模型面试知识库贡献者",
    "url": "https://creativecommons.org/licenses/by/4.0/deed.zh-hans",
    "note": "许可只及于本站的文字与代码；面经的事实来自各条注明的出处，说法属于候选人个人。",
}


def render_json(kind: str, records: list[Record], catalog: Catalog, site_url: str) -> bytes:
    """UTF-8 的 JSON；site_url 是站点根的地址，不知道时是 `/`。"""
    content: Record = {
        "$schema": f"{kind}.schema.json",
        "format": f"mianjing/{kind}",
        "version": VERSION,
        "title": TITLES[kind],
        "site": site_url,
        "licence": LICENCE,
        "vocabulary": {
            name: {term.key: term.label for term in read_vocabulary()[name]}
            for name in used_terms(SHAPES[kind])
        },
    }
    if kind == "experiences":
        content["provenances"] = [
            make_provenance(catalog.provenances[key]) for key in sorted(catalog.provenances)
        ]
    content["count"] = len(records)
    content[kind] = records
    return dump_json(content)


def used_terms(shape: tuple[Field, ...]) -> list[str]:
    """一张字段表用到的词表的名字。"""
    names = {field.terms for field in shape if field.terms}
    for field in shape:
        names |= set(used_terms(field.fields))
    return sorted(names)


def dump_json(content: Record) -> bytes:
    """同样的内容总得到同样的字节；一个键一行，一条记录一行，便于逐行比对。"""
    lines = ",\n".join(f"{_dump(key)}: {_dump_lines(value)}" for key, value in content.items())
    return f"{{\n{lines}\n}}\n".encode()


def _dump_lines(value: object) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(map(_dump, value)) + "\n]"
    return _dump(value)


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
