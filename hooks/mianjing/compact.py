"""给浏览器的 JSON：没有多余的空白，汉字不转义。"""

from __future__ import annotations

import json


def dump_compact(value: object) -> str:
    """value 的 JSON；同样的值得到逐字节相同的文字。"""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
