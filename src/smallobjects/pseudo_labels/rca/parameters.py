"""RCA: regional semantic contrast and aggregation.

Zhou, Zhang, Zhang and Li, CVPR 2022 (arXiv 2203.09653). A classifier with a memory of regions of
each class: a contrast of regions with the memory, and features that aggregate its prototypes. Its
attention is gathered while it is trained, and becomes labels by a dense CRF and saliency.
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from smallobjects.backbones.table import BackboneName, Stage, Statistics
from smallobjects.dense_crf import PairwiseParameters
from smallobjects.parameters import Parameters
from smallobjects.pseudo_labels.attention.parameters import (
    AccumulatingTraining,
    FusionParameters,
    ScoringParameters,
)
from smallobjects.pseudo_labels.parameters import Threshold


class RcaNetworkParameters(Parameters):
    """A backbone with a coarse head, an embedding, an aggregation and a fine head."""

    network: BackboneName = "vgg16"
    weights: Path | None = None
    """Pretrained backbone; `null` trains from random values."""
    trained_from: Stage = "stem"
    """First stage whose weights are trained; `stem` trains the whole backbone, as published."""
    batch_norm: Statistics = "trained"
    """VGG has none; of another network it is better `frozen` where it is pretrained."""
    features: PositiveInt | None = None
    """Channels to which the backbone's features are brought by a 1×1 convolution (ours, for wide
    backbones: regions, memory and embedding are as long); `null` takes them as they are."""
    width: PositiveInt = 512
    """Channels inside the heads; the fine head has as many for every class."""
    head_deviation: PositiveFloat = 0.01
    """Standard deviation of the initial weights of the convolutions in the heads, and of the one
    that joins what was aggregated to the features."""
    aggregation_deviation: PositiveFloat = 0.01
    """And of the others in the aggregation."""
    memory: PositiveInt = 500
    """Regions that are remembered of each class."""
    prototypes: PositiveInt = 10
    """Clusters of the memory of each class."""


class RcaParameters(AccumulatingTraining, RcaNetworkParameters):
    """Training of the classifier with its memory: the published settings on PASCAL VOC."""

    input_size: PositiveInt = 368
    batch_size: PositiveInt = 8
    epochs: Annotated[int, Field(ge=2)] = 30
    coarse_weight: NonNegativeFloat = 0.4
    """Of the classification loss of the coarse head; that of the fine head has 1."""
    contrast_weight: NonNegativeFloat = 0.01
    contrast_epoch: NonNegativeInt = 2
    """First epoch (from 0) in which the contrast counts."""
    temperature: PositiveFloat = 0.07
    mix_alpha: PositiveFloat = 8
    """Two regions are mixed by λ ~ Beta(α, α)."""
    memory_probability: Threshold = 0.7
    """Regions are remembered of classes that the fine head gives more than this probability."""
    memory_momentum: Threshold = 0.99
    """Share of what was remembered that stays in an entry when a region joins it."""


class RcaLabelParameters(FusionParameters):
    """Labels: attention refined by a dense CRF, then fused with saliency."""

    background_power: PositiveFloat = 4
    """The background's score is (1 − highest attention) to this power."""
    crf: PairwiseParameters = PairwiseParameters(bilateral_sxy=80, bilateral_srgb=13)


class Stages(Parameters):
    """Classifier with memory → CRF and saliency."""

    rca: RcaParameters = RcaParameters()
    labels: RcaLabelParameters = RcaLabelParameters()
    scoring: ScoringParameters = ScoringParameters()
