"""BANA: background-aware pooling for box supervision.

Oh, Kim and Ham, CVPR 2021 (arXiv 2104.00905). Its noise-aware loss, which belongs to the training
of the segmentor, is not part of the labels: where the two label maps of the method differ, the
label is void.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from smallobjects.backbones.table import BackboneName, Stage, Statistics
from smallobjects.dense_crf import PairwiseParameters
from smallobjects.parameters import Parameters
from smallobjects.pseudo_labels.parameters import Threshold


class BoxClassifierParameters(Parameters):
    """Training of the classifier of parts of boxes and of background cells."""

    network: BackboneName
    weights: Path | None
    """Pretrained backbone; `null` trains from random values."""
    trained_from: Stage
    """First stage whose weights are trained; `stem` trains the whole backbone, as published."""
    batch_norm: Statistics
    """VGG has none; of another network it is better `frozen` where it is pretrained."""
    crop_size: PositiveInt
    rescale: tuple[PositiveFloat, PositiveFloat]
    colour_jitter: Annotated[float, Field(ge=0, le=1)]
    """Brightness, contrast and saturation are multiplied by 1 ± at most this."""
    batch_size: PositiveInt
    steps: PositiveInt
    learning_rate: PositiveFloat
    """Of the backbone; biases have twice, the head ten times as much."""
    momentum: NonNegativeFloat
    weight_decay: NonNegativeFloat
    schedule: Literal["steps", "one-cycle"]
    decay_at: tuple[PositiveInt, ...]
    """Steps at which the learning rates are divided by 10 (schedule `steps`)."""
    cells: PositiveInt
    """G: the background is averaged in G×G cells of the crop."""
    bins: PositiveInt
    """A box is pooled into bins×bins parts, each of which is classified."""
    least_background: Threshold
    """Crops with no larger share of background pool their boxes plainly."""


class BanaLabelParameters(Parameters):
    """The two label maps of an image."""

    cells: PositiveInt
    """G of the whole image."""
    background_threshold: Threshold
    """Background attention below this share of its maximum is 0."""
    crf: PairwiseParameters


class Stages(Parameters):
    """The chain: box classifier → label maps → void where they differ."""

    box_classifier: BoxClassifierParameters
    label: BanaLabelParameters
