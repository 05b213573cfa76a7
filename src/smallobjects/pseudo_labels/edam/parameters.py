"""EDAM: embedded discriminative attention mechanism for weakly supervised semantic segmentation.

Wu, Huang, Gao, Wei, Wei, Luo and Liu, CVPR 2021. A network learns one mask per class by
classifying what the masks let through, in pairs of images that share a class; its masks become
labels by a dense CRF and saliency maps.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from smallobjects.backbones.table import BackboneName, Stage
from smallobjects.dense_crf import PairwiseParameters
from smallobjects.parameters import Parameters
from smallobjects.pseudo_labels.attention.parameters import ColourJitter
from smallobjects.pseudo_labels.parameters import CamParameters, Statistics, Threshold


class EdamParameters(Parameters):
    """Training of the masks."""

    network: BackboneName
    initial: Literal["weights", "classifier"]
    """Backbone to start from: the pretrained `weights`, or that of IRN's trained classifier."""
    weights: Path | None
    """Pretrained backbone: an MXNet file (.params) or a torch state dict; `null`: random values."""
    trained_from: Stage
    """First stage whose weights are trained."""
    batch_norm: Statistics
    """`frozen`: running statistics, scale and shift stay as they are, while dropout works. A
    network without pretrained weights needs `trained`."""
    hidden: Annotated[int, Field(ge=2, multiple_of=2)]
    """Channels of a token."""
    heads: PositiveInt
    """Of the attention; they share the channels."""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    token_pooling: PositiveInt
    """Cells of the masks, along each side, that are averaged to one token."""
    classes_per_pair: PositiveInt | None
    """Classes that are judged of each pair: those that are present, and others drawn at random up
    to this number; `null` judges all."""
    recompute: bool
    """Compute the attention of each class again for its gradient, so that it is not kept: the
    result is the same, the memory that of one class."""
    crop_size: PositiveInt
    resize_long_side: tuple[PositiveInt, PositiveInt]
    """The longer side is resized to a random length in this range before cropping."""
    colour_jitter: ColourJitter
    """Most that brightness, contrast and saturation change (as factors 1 ± x) and hue turns."""
    batch_size: PositiveInt
    """In pairs; published as four GPUs with one pair each."""
    passes: PositiveInt
    """How often the images are paired anew; each pass has every image that has a class."""
    learning_rate: PositiveFloat
    """Of the backbone, the transformer blocks and the segment embedding."""
    head_learning_rate: PositiveFloat
    """Of the mask layer, the projection to tokens and the classifiers."""
    weight_decay: NonNegativeFloat
    momentum: NonNegativeFloat
    schedule: Literal["poly", "one-cycle"]
    warm_up: NonNegativeInt
    """Steps over which the rates rise from a tenth; of the schedule `poly`. So below."""
    poly_power: PositiveFloat

    @model_validator(mode="after")
    def _heads_fit(self) -> "EdamParameters":
        if self.hidden % self.heads:
            raise ValueError(f"hidden = {self.hidden} is no multiple of heads = {self.heads}")
        return self


class LabelParameters(Parameters):
    """From masks to labels: a dense CRF, and where the saliency map has the last word."""

    crf: PairwiseParameters
    background_power: PositiveFloat
    """The CRF starts from (1 − highest mask) to this power as the background's probability."""
    saliency_threshold: Annotated[int, Field(ge=0, le=255)]
    """Pixels whose saliency (0..255) is at most this are background; published as θ = 0.2, of
    100."""
    least_score: Threshold
    """α: a class whose probability is below this is never the label."""
    certain_score: Threshold
    """β: a class whose probability is above this is the label, whatever the saliency says."""


class Stages(Parameters):
    """EDAM → maps of its masks → labels."""

    edam: EdamParameters
    cam: CamParameters
    label: LabelParameters
