"""目录 → 可以带走的数据：JSON、CSV、JSON Schema、Anki 牌组；输入相同，字节就相同。"""

from __future__ import annotations

from mianjing.export.csv_file import TABLES, render_csv
from mianjing.export.json_file import render_json
from mianjing.export.records import make_records
from mianjing.export.schema import render_schema
from mianjing.export.shapes import SHAPES
from mianjing.model import Catalog

FOLDER = "data"


def render_data(catalog: Catalog, site_url: str) -> dict[str, bytes]:
    """站内路径 → 内容：每种记录一份 JSON 与它的 Schema，每张表一份 CSV。

    site_url 是站点根的地址，以 / 结尾；不知道时写 `/`。
    """
    records = {kind: make_records(kind, catalog, site_url) for kind in SHAPES}
    files: dict[str, bytes] = {}
    for kind in SHAPES:
        files[f"{FOLDER}/{kind}.json"] = render_json(kind, records[kind], catalog, site_url)
        files[f"{FOLDER}/{kind}.schema.json"] = render_schema(kind, site_url)
    for name in TABLES:
        files[f"{FOLDER}/{name}.csv"] = render_csv(name, records)
    return files
