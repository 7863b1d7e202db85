"""公开模型的形状，读自官方配置或官方框架里的转录：`presets.yml`。"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mianjing.frontmatter import Mapping, Scalar, read_table

_PATH = Path(__file__).with_name("presets.yml")


@dataclass(frozen=True)
class Preset:
    """一个解码器模型的形状；MLA 的模型另有潜向量与解耦 RoPE 的维数。"""

    key: str
    name: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocabulary: int
    tied: bool
    """输入嵌入与输出头共用一张表。"""
    kv_latent: int
    """MLA 每 token 每层缓存的潜向量维数；不是 MLA 时为 0。"""
    rope_dim: int
    """MLA 每 token 每层另存的解耦 RoPE 键的维数。"""
    source: str
    """形状读自哪里：读到的那一份的地址。"""


@cache
def read_presets() -> dict[str, Preset]:
    """全部模型；文件有错时抛 ValueError。"""
    table, problems = read_table(f"hooks/mianjing/estimates/{_PATH.name}", _PATH.read_bytes())
    if table is None or problems:
        raise ValueError("\n".join(map(str, problems)))
    presets = {}
    for key, row in table.entries.items():
        if not isinstance(row, Mapping):
            raise ValueError(f"{_PATH.name}:{row.line}: 「{key}」应是映射")
        values = {k: v.text for k, v in row.entries.items() if isinstance(v, Scalar)}
        numbers = {k: int(v) for k, v in values.items() if k not in ("name", "source", "tied")}
        try:
            presets[key] = Preset(
                key=key,
                name=values["name"],
                source=values["source"],
                tied=values["tied"] == "true",
                **({"kv_latent": 0, "rope_dim": 0} | numbers),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"{_PATH.name}:{row.line}: 「{key}」{error}") from error
    return presets
