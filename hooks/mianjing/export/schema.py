"""字段表 → JSON Schema（2020-12）：说明是中文，枚举来自词表，多一个字段、少一个字段都不合格。"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mianjing.export.json_file import used_terms
from mianjing.export.shapes import PROVENANCE, SHAPES, TITLES, VERSION, Field
from mianjing.vocabulary import UNKNOWN, read_vocabulary

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT = {"type": "string"}
_PLAIN: dict[str, dict[str, Any]] = {
    "text": _TEXT,
    "markdown": _TEXT | {"contentMediaType": "text/markdown"},
    "key": _TEXT | {"pattern": r"^[a-z0-9]+(-[a-z0-9]+)*$"},
    "url": _TEXT | {"pattern": "^(https?:/)?/"},
    "integer": {"type": "integer", "minimum": 0},
    "month": _TEXT | {"pattern": r"^\d{4}-\d{2}$"},
    "day": _TEXT | {"pattern": r"^\d{4}-\d{2}-\d{2}$"},
    "map": {"type": "object", "additionalProperties": _TEXT},
}


def render_schema(kind: str, site_url: str) -> bytes:
    """一种记录的那份 JSON 要满足的 Schema；site_url 同 `render_json`。"""
    text = json.dumps(make_schema(kind, site_url), ensure_ascii=False, indent=2)
    return f"{text}\n".encode()


def make_schema(kind: str, site_url: str) -> dict[str, Any]:
    """同上，未写成文本。"""
    properties: dict[str, Any] = {
        "$schema": {"const": f"{kind}.schema.json"},
        "format": {"const": f"mianjing/{kind}"},
        "version": {"const": VERSION, "description": "格式的版本，不是数据的版本"},
        "title": {"const": TITLES[kind]},
        "site": _PLAIN["url"] | {"description": "站点的地址；构建时不知道就是 /"},
        "licence": {
            "description": "许可与署名",
            "type": "object",
            "required": ["text", "code", "attribution", "url", "note"],
            "additionalProperties": _TEXT,
        },
        "vocabulary": {
            "description": "用到的词表：键 → 给人看的中文",
            "type": "object",
            "required": used_terms(SHAPES[kind]),
            "additionalProperties": _PLAIN["map"],
        },
    }
    if kind == "experiences":
        properties["provenances"] = {
            "description": "出处，面经的 source 指向这里",
            "type": "array",
            "items": _object(PROVENANCE),
        }
    properties["count"] = _PLAIN["integer"] | {"description": "几条"}
    properties[kind] = {
        "description": f"{TITLES[kind]}，按 key 排序",
        "type": "array",
        "items": _object(SHAPES[kind]),
    }
    return {
        "$schema": DIALECT,
        "$id": f"{site_url}data/{kind}.schema.json",
        "title": f"大模型面试知识库：{TITLES[kind]}",
        "description": f"格式版本 {VERSION}。unknown 是原文未提及，不是没有；null 是不适用。",
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": properties,
    }


def _object(fields: tuple[Field, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [field.name for field in fields],
        "additionalProperties": False,
        "properties": {field.name: _field(field) for field in fields},
    }


def _field(field: Field) -> dict[str, Any]:
    value = _value(field)
    alternatives = [value]
    if field.unknown and field.kind not in ("text", "key"):
        alternatives.append({"const": UNKNOWN})
    if field.nullable:
        alternatives.append({"type": "null"})
    if len(alternatives) > 1:
        value = {"anyOf": alternatives}
    if field.many:
        value = {"type": "array", "items": value}
    return {"description": describe_field(field)} | value


def _value(field: Field) -> dict[str, Any]:
    if field.kind == "terms":
        return {"enum": [term.key for term in read_vocabulary()[field.terms]]}
    if field.kind == "object":
        return _object(field.fields)
    return dict(_PLAIN[field.kind])


def describe_field(field: Field) -> str:
    """字段的说明，词表的项与「未提及」的写法附在后面。"""
    about = field.about
    if field.terms:
        terms = read_vocabulary()[field.terms]
        about += f"：{'；'.join(f'{term.key} {term.label}' for term in terms)}"
    return f"{about}（unknown：原文未提及）" if field.unknown else about


def list_fields(kind: str) -> list[tuple[str, str]]:
    """一种记录的（路径，说明），给数据页：`rounds[].asked[].form`。读的就是那份 Schema。"""
    items = make_schema(kind, "/")["properties"][kind]["items"]
    return list(_walk(items, ""))


def _walk(node: dict[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in node["properties"].items():
        path = prefix + name
        inner = value
        if value.get("type") == "array":
            path, inner = f"{path}[]", value["items"]
        inner = inner.get("anyOf", [inner])[0]
        yield path, f"{_type_label(value)}{value['description']}"
        if "properties" in inner:
            yield from _walk(inner, f"{path}.")


def _type_label(value: dict[str, Any]) -> str:
    kinds = [part.get("type") for part in value.get("anyOf", [])]
    label = "整数。" if "integer" in (value.get("type"), *kinds) else ""
    return f"{label}可为 null。" if "null" in kinds else label
