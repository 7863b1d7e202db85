"""构建时由代码画出的图：名字 → 返回 SVG 文字的函数。正文里写 `![替代文字](diagram:名字)`。"""

from __future__ import annotations

from collections.abc import Callable

from mianjing.diagrams import (
    alignment,
    attention,
    curves,
    masks,
    models,
    normalization,
    parallelism,
    pipelines,
    tokenization,
)

DIAGRAMS: dict[str, Callable[[], str]] = {
    "attention-masks": masks.draw_attention_masks,
    "multi-head-shapes": attention.draw_multi_head_shapes,
    "kv-cache-variants": attention.draw_kv_cache_variants,
    "flash-attention-tiling": attention.draw_flash_attention_tiling,
    "norm-axes": normalization.draw_norm_axes,
    "pre-post-norm": normalization.draw_pre_post_norm,
    "ring-all-reduce": parallelism.draw_ring_all_reduce,
    "zero-stages": parallelism.draw_zero_stages,
    "tensor-parallel-mlp": parallelism.draw_tensor_parallel_mlp,
    "pipeline-gpipe": pipelines.draw_pipeline_gpipe,
    "pipeline-1f1b": pipelines.draw_pipeline_1f1b,
    "rope-rotation": models.draw_rope_rotation,
    "moe-routing": models.draw_moe_routing,
    "lr-schedules": curves.draw_lr_schedules,
    "loss-mask-packing": masks.draw_loss_mask_packing,
    "bpe-merges": tokenization.draw_bpe_merges,
    "lsh-s-curve": curves.draw_lsh_s_curve,
    "rlhf-pipeline": alignment.draw_rlhf_pipeline,
    "ppo-clip": curves.draw_ppo_clip,
    "clip-loss-matrix": alignment.draw_clip_loss_matrix,
}
