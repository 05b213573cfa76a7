"""Everything that registers itself with MMEngine and MMSegmentation; an import registers it."""

from smallobjects.one_framework import check_one_framework

check_one_framework()

from smallobjects.segmentation import (  # noqa: E402
    checkpointing,
    consolidation,
    dataset,
    deeplabv1,
    deeplabv2,
    deeplabv3plus,
    image_loading,
    large_fov,
    learning_curve,
    multi_scale,
    plain_checkpoints,
    precision,
    random_state,
    sampling,
    scalar_visualizer,
    size_weight_pipeline,
    size_weighted_loss,
    staged_backbone,
    tiny_backbone,
    vision_transformer,
)

__all__ = [
    "checkpointing",
    "consolidation",
    "dataset",
    "deeplabv1",
    "deeplabv2",
    "deeplabv3plus",
    "image_loading",
    "large_fov",
    "learning_curve",
    "multi_scale",
    "plain_checkpoints",
    "precision",
    "random_state",
    "sampling",
    "scalar_visualizer",
    "size_weight_pipeline",
    "size_weighted_loss",
    "staged_backbone",
    "tiny_backbone",
    "vision_transformer",
]
