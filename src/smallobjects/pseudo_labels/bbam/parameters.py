"""BBAM: bounding box attribution maps, without the refinement by MCG proposals.

Lee, Yi, Shin and Yoon, CVPR 2021 (arXiv 2103.08907). The defaults are the published settings on
PASCAL VOC, read from the authors' public repository.
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

    before_suppression: PositiveInt = 2000
    """Of each level, those with the highest scores."""
    after_suppression: PositiveInt = 2000
    """Of the images that share them."""
    shared_by: PositiveInt = 4
    """Images of which the best proposals are kept together: those of one of the public code's
    four GPUs."""
    anchors: PositiveInt = 256
    """Anchors that the first stage learns from."""
    boxes: PositiveInt = 512
    """Boxes that the heads learn from."""
    positive_share: Share = 0.25
    """Of these boxes, the largest share that are objects."""


class DetectorNetwork(Parameters):
    """Faster R-CNN on a backbone."""

    network: BackboneName = "resnet101_fpn"
    last_stage: Stage = "layer4"
    """Last stage of the backbone that is used."""
    pyramid: PositiveInt | None = 256
    """Channels of the feature pyramid, whose levels are the stages from stride 4 on, the last of
    those with equal strides; `null` makes none, and boxes are read from `last_stage` alone."""
    pooled: PositiveInt = 7
    """Cells of a pooled box in each direction."""
    hidden: PositiveInt = 1024
    """Channels of the two layers that read a box."""
    anchor_sizes: tuple[tuple[PositiveInt, ...], ...] | None = None
    """Sides of the anchors in pixels, for each level and the one that a pyramid adds at twice the
    last stride; `null`: 8 times the stride, one for each level (32 to 512 of a ResNet)."""
    sampling: ProposalSampling = ProposalSampling()
    predictor_deviation: PositiveFloat = 0.01
    """Of the initial weights that classify a box; those that regress it have a tenth of it."""


class DetectorParameters(DetectorNetwork):
    """Training of Faster R-CNN on the boxes."""

    weights: Path | None = None
    """Pretrained backbone; `null` trains from random values."""
    trained_from: Stage = "layer2"
    """First stage whose weights are trained."""
    batch_norm: Statistics = "frozen"
    """`frozen`: running statistics, scale and shift stay as they are."""
    short_sides: tuple[PositiveInt, ...] = (480, 512, 544, 576, 608, 640, 672, 704, 736, 768, 800)
    """The shorter side is resized to one of these."""
    longest_side: PositiveInt = 1333
    jittered: NonNegativeInt = 0
    """Boxes drawn around each object that the heads learn from beside the proposals (ours)."""
    batch_size: PositiveInt = 16
    steps: PositiveInt = 18000
    learning_rate: PositiveFloat = 0.01
    """Biases have twice as much."""
    momentum: NonNegativeFloat = 0.9
    weight_decay: NonNegativeFloat = 1e-4
    schedule: Literal["steps", "one-cycle"] = "steps"
    decay_at: tuple[PositiveInt, ...] = (12000, 16000)
    """Steps at which the learning rate is divided by 10 (schedule `steps`)."""
    warm_up: NonNegativeInt = 500
    """Steps in which the rate rises to its value from a third of it (schedule `steps`)."""


class AttributionParameters(Parameters):
    """The mask of each object: the least of the image that lets the detector see the same."""

    short_side: PositiveInt = 800
    longest_side: PositiveInt = 1333
    jittered: PositiveInt = 1000
    """Boxes that are drawn around an object."""
    jitter: Annotated[float, Field(ge=0, lt=0.5)] = 0.3
    """Each side is moved by at most this share of the box's width or height."""
    overlaps: Annotated[tuple[Threshold, ...], Field(min_length=1)] = (0.9, 0.85, 0.8)
    """IoU with the object's box that a regressed box must exceed; the next is tried while there are
    no more than `proposals` such boxes."""
    proposals: PositiveInt = 100
    """Boxes at most from which the detector must see the object."""
    stride_base: PositiveFloat = 16
    stride_slope: NonNegativeFloat = 48
    """Pixels per cell of an object's mask: base + slope · √(area of box / area of image)."""
    steps: PositiveInt = 300
    learning_rate: PositiveFloat = 0.02
    area_weight: NonNegativeFloat = 0.007
    """λ, of the sum over the mask."""
    variation_weight: NonNegativeFloat = 1e-4
    """η, of the total variation."""
    variation_power: PositiveFloat = 3
    objects_per_batch: PositiveInt = 8
    """Objects whose masks are optimised at once; it changes no mask but by rounding."""


class BbamLabelParameters(Parameters):
    """Labels from the masks."""

    sure_threshold: Threshold = 0.85
    """A share 1 − this of the box saturates in the map whose foreground is the object."""
    possible_threshold: Threshold = 0.2
    """The same of the map whose foreground is void where the object is not sure."""
    blur_base: NonNegativeFloat = 16
    blur_slope: NonNegativeFloat = 48
    """Deviation of the blur in pixels: base + slope · √(area of box / area of image), floored."""
    certainty: Share = 0.9
    """Probability above which a pixel is foreground."""
    small_box: Share = 0.1
    """Boxes up to this share of the image are tried again where little is foreground."""
    least_share: Share = 0.2
    """Share of the box that must be foreground, else it is tried again."""
    retried_share: Share = 1 / 3
    """The same when it is tried again."""
    priors: Annotated[tuple[Share, ...], Field(min_length=1)] = (0.7, 0.8, 0.9, 0.95, 0.96)
    """Probabilities of the whole box with which it is tried again."""
    priors_without_map: Annotated[tuple[Share, ...], Field(min_length=1)] = (0.7, 0.8, 0.9, 0.95)
    """The same for objects that have no map."""
    crf: PairwiseParameters = PairwiseParameters(
        gaussian_sxy=1, bilateral_sxy=80, bilateral_srgb=3, bilateral_compat=4
    )


class Stages(Parameters):
    """The chain: detector → attribution maps → labels."""

    detector: DetectorParameters = DetectorParameters(weights=Path("weights/resnet101.pth"))
    attribution: AttributionParameters = AttributionParameters()
    label: BbamLabelParameters = BbamLabelParameters()
