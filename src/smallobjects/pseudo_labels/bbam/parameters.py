"""BBAM: bounding box attribution maps, without the refinement by MCG proposals.

Lee, Yi, Shin and Yoon, CVPR 2021 (arXiv 2103.08907).
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from smallobjects.backbones.table import BackboneName, Stage, Statistics
from smallobjects.dense_crf import PairwiseParameters
from smallobjects.parameters import Parameters
from smallobjects.pseudo_labels.parameters import Threshold

Share = Annotated[float, Field(gt=0, lt=1)]


class ProposalSampling(Parameters):
    """Proposals that the detector learns from."""

    before_suppression: PositiveInt
    """Of each level, those with the highest scores."""
    after_suppression: PositiveInt
    """Of the images that share them."""
    shared_by: PositiveInt
    """Images of which the best proposals are kept together: those of one of the public code's
    four GPUs."""
    anchors: PositiveInt
    """Anchors that the first stage learns from."""
    boxes: PositiveInt
    """Boxes that the heads learn from."""
    positive_share: Share
    """Of these boxes, the largest share that are objects."""


class DetectorNetwork(Parameters):
    """Faster R-CNN on a backbone."""

    network: BackboneName
    last_stage: Stage
    """Last stage of the backbone that is used."""
    pyramid: PositiveInt | None
    """Channels of the feature pyramid, whose levels are the stages from stride 4 on, the last of
    those with equal strides; `null` makes none, and boxes are read from `last_stage` alone."""
    pooled: PositiveInt
    """Cells of a pooled box in each direction."""
    hidden: PositiveInt
    """Channels of the two layers that read a box."""
    anchor_sizes: tuple[tuple[PositiveInt, ...], ...] | None
    """Sides of the anchors in pixels, for each level and the one that a pyramid adds at twice the
    last stride; `null`: 8 times the stride, one for each level (32 to 512 of a ResNet)."""
    sampling: ProposalSampling
    predictor_deviation: PositiveFloat
    """Of the initial weights that classify a box; those that regress it have a tenth of it."""


class DetectorParameters(DetectorNetwork):
    """Training of Faster R-CNN on the boxes."""

    weights: Path | None
    """Pretrained backbone; `null` trains from random values."""
    trained_from: Stage
    """First stage whose weights are trained."""
    batch_norm: Statistics
    """`frozen`: running statistics, scale and shift stay as they are."""
    short_sides: tuple[PositiveInt, ...]
    """The shorter side is resized to one of these."""
    longest_side: PositiveInt
    jittered: NonNegativeInt
    """Boxes drawn around each object that the heads learn from beside the proposals (ours)."""
    batch_size: PositiveInt
    steps: PositiveInt
    learning_rate: PositiveFloat
    """Biases have twice as much."""
    momentum: NonNegativeFloat
    weight_decay: NonNegativeFloat
    schedule: Literal["steps", "one-cycle"]
    decay_at: tuple[PositiveInt, ...]
    """Steps at which the learning rate is divided by 10 (schedule `steps`)."""
    warm_up: NonNegativeInt
    """Steps in which the rate rises to its value from a third of it (schedule `steps`)."""


class AttributionParameters(Parameters):
    """The mask of each object: the least of the image that lets the detector see the same."""

    short_side: PositiveInt
    longest_side: PositiveInt
    jittered: PositiveInt
    """Boxes that are drawn around an object."""
    jitter: Annotated[float, Field(ge=0, lt=0.5)]
    """Each side is moved by at most this share of the box's width or height."""
    overlaps: Annotated[tuple[Threshold, ...], Field(min_length=1)]
    """IoU with the object's box that a regressed box must exceed; the next is tried while there are
    no more than `proposals` such boxes."""
    proposals: PositiveInt
    """Boxes at most from which the detector must see the object."""
    stride_base: PositiveFloat
    stride_slope: NonNegativeFloat
    """Pixels per cell of an object's mask: base + slope · √(area of box / area of image)."""
    steps: PositiveInt
    learning_rate: PositiveFloat
    area_weight: NonNegativeFloat
    """λ, of the sum over the mask."""
    variation_weight: NonNegativeFloat
    """η, of the total variation."""
    variation_power: PositiveFloat
    objects_per_batch: PositiveInt
    """Objects whose masks are optimised at once; it changes no mask but by rounding."""


class BbamLabelParameters(Parameters):
    """Labels from the masks."""

    sure_threshold: Threshold
    """A share 1 − this of the box saturates in the map whose foreground is the object."""
    possible_threshold: Threshold
    """The same of the map whose foreground is void where the object is not sure."""
    blur_base: NonNegativeFloat
    blur_slope: NonNegativeFloat
    """Deviation of the blur in pixels: base + slope · √(area of box / area of image), floored."""
    certainty: Share
    """Probability above which a pixel is foreground."""
    small_box: Share
    """Boxes up to this share of the image are tried again where little is foreground."""
    least_share: Share
    """Share of the box that must be foreground, else it is tried again."""
    retried_share: Share
    """The same when it is tried again."""
    priors: Annotated[tuple[Share, ...], Field(min_length=1)]
    """Probabilities of the whole box with which it is tried again."""
    priors_without_map: Annotated[tuple[Share, ...], Field(min_length=1)]
    """The same for objects that have no map."""
    crf: PairwiseParameters


class Stages(Parameters):
    """The chain: detector → attribution maps → labels."""

    detector: DetectorParameters
    attribution: AttributionParameters
    label: BbamLabelParameters
