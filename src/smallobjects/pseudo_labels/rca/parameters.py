"""RCA: regional semantic contrast and aggregation.

Zhou, Zhang, Zhang and Li, CVPR 2022 (arXiv 2203.09653). A classifier with a memory of regions of
each class: a contrast of regions with the memory, and features that aggregate its prototypes. Its
attention is gathered while it is trained, and becomes labels by a dense CRF and saliency.
"""

from pathlib import Path

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

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

    network: BackboneName
    weights: Path | None
    """Pretrained backbone; `null` trains from random values."""
    trained_from: Stage
    """First stage whose weights are trained; `stem` trains the whole backbone, as published."""
    batch_norm: Statistics
    """VGG has none; of another network it is better `frozen` where it is pretrained."""
    features: PositiveInt | None
    """Channels to which the backbone's features are brought by a 1×1 convolution (ours, for wide
    backbones: regions, memory and embedding are as long); `null` takes them as they are."""
    width: PositiveInt
    """Channels inside the heads; the fine head has as many for every class."""
    head_deviation: PositiveFloat
    """Standard deviation of the initial weights of the convolutions in the heads, and of the one
    that joins what was aggregated to the features."""
    aggregation_deviation: PositiveFloat
    """And of the others in the aggregation."""
    memory: PositiveInt
    """Regions that are remembered of each class."""
    prototypes: PositiveInt
    """Clusters of the memory of each class."""


class RcaParameters(AccumulatingTraining, RcaNetworkParameters):
    """Training of the classifier with its memory."""

    coarse_weight: NonNegativeFloat
    """Of the classification loss of the coarse head; that of the fine head has 1."""
    contrast_weight: NonNegativeFloat
    contrast_epoch: NonNegativeInt
    """First epoch (from 0) in which the contrast counts."""
    temperature: PositiveFloat
    mix_alpha: PositiveFloat
    """Two regions are mixed by λ ~ Beta(α, α)."""
    memory_probability: Threshold
    """Regions are remembered of classes that the fine head gives more than this probability."""
    memory_momentum: Threshold
    """Share of what was remembered that stays in an entry when a region joins it."""


class RcaLabelParameters(FusionParameters):
    """Labels: attention refined by a dense CRF, then fused with saliency."""

    background_power: PositiveFloat
    """The background's score is (1 − highest attention) to this power."""
    crf: PairwiseParameters


class Stages(Parameters):
    """Classifier with memory → CRF and saliency."""

    rca: RcaParameters
    labels: RcaLabelParameters
    scoring: ScoringParameters
