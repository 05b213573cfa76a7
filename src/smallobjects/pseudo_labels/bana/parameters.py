"""BANA: background-aware pooling for box supervision.

Oh, Kim and Ham, CVPR 2021 (arXiv 2104.00905). Its noise-aware loss, which belongs to the training
of the segmentor, is not part of the labels: where the two label maps of the method differ, the
label is void. The defaults are the published settings on PASCAL VOC, read from the authors' public
repository.
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

    network: BackboneName = "vgg16_fc"
    weights: Path | None = None
    """Pretrained backbone; `null` trains from random values."""
    trained_from: Stage = "stem"
    """First stage whose weights are trained; `stem` trains the whole backbone, as published."""
    batch_norm: Statistics = "trained"
    """VGG has none; of another network it is better `frozen` where it is pretrained."""
    crop_size: PositiveInt = 321
    rescale: tuple[PositiveFloat, PositiveFloat] = (0.5, 1.5)
    colour_jitter: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Brightness, contrast and saturation are multiplied by 1 ± at most this."""
    batch_size: PositiveInt = 20
    steps: PositiveInt = 8000
    learning_rate: PositiveFloat = 1e-3
    """Of the backbone; biases have twice, the head ten times as much."""
    momentum: NonNegativeFloat = 0.9
    weight_decay: NonNegativeFloat = 5e-4
    schedule: Literal["steps", "one-cycle"] = "steps"
    decay_at: tuple[PositiveInt, ...] = (5000,)
    """Steps at which the learning rates are divided by 10 (schedule `steps`)."""
    cells: PositiveInt = 4
    """G: the background is averaged in G×G cells of the crop."""
    bins: PositiveInt = 2
    """A box is pooled into bins×bins parts, each of which is classified."""
    least_background: Threshold = 0.125
    """Crops with no larger share of background pool their boxes plainly."""


class BanaLabelParameters(Parameters):
    """The two label maps of an image."""

    cells: PositiveInt = 1
    """G of the whole image."""
    background_threshold: Threshold = 0.99
    """Background attention below this share of its maximum is 0."""
    crf: PairwiseParameters = PairwiseParameters(
        bilateral_sxy=55, bilateral_srgb=3, bilateral_compat=4
    )


class Stages(Parameters):
    """The chain: box classifier → label maps → void where they differ."""

    box_classifier: BoxClassifierParameters = BoxClassifierParameters(
        weights=Path("weights/vgg16.pth")
    )
    label: BanaLabelParameters = BanaLabelParameters()
