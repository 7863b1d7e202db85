"""注意力与 KV cache。"""

from __future__ import annotations

from mianjing.estimates.presets import Preset


def kv_elements_per_token(layers: int, kv_heads: int, head_dim: int) -> float:
    """MHA、MQA、GQA 每 token 缓存的元素数：K 与 V 各一份。"""
    return 2 * layers * kv_heads * head_dim


def mla_elements_per_token(layers: int, kv_latent: int, rope_dim: int) -> float:
    """MLA 每 token 缓存的元素数：潜向量与解耦 RoPE 的键，K、V 共用。"""
    return layers * (kv_latent + rope_dim)


def kv_cache_bytes(model: Preset, tokens: int, element_bytes: float = 2, batch: int = 1) -> float:
    """一个公开模型的 KV cache 字节：batch 条序列、每条 tokens 个 token。"""
    if model.kv_latent:
        per_token = mla_elements_per_token(model.layers, model.kv_latent, model.rope_dim)
    else:
        per_token = kv_elements_per_token(model.layers, model.kv_heads, model.head_dim)
    return batch * tokens * per_token * element_bytes
