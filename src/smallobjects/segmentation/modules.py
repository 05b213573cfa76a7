"""Everything that registers itself with MMEngine and MMSegmentation; an import registers it."""

from smallobjects.segmentation import (
    checkpointing,
    consolidation,
    dataset,
    deeplabv1,
    deeplabv2,
    large_fov,
    learning_curve,
    multi_scale,
    precision,
    random_state,
    sampling,
    size_weight_pipeline,
    size_weighted_loss,
    termination,
    tiny_backbone,
    vision_transformer,
)

__all__ = [
    "checkpointing",
    "consolidation",
    "dataset",
    "deeplabv1",
    "deeplabv2",
    "large_fov",
    "learning_curve",
    "multi_scale",
    "precision",
    "random_state",
    "sampling",
    "size_weight_pipeline",
    "size_weighted_loss",
    "termination",
    "tiny_backbone",
    "vision_transformer",
]
