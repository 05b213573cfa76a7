"""NS-ROM: non-salient region object mining.

Yao, Chen, Xie, Zhang, Shen, Wu, Tang and Zhang, CVPR 2021 (arXiv 2103.14581). A classifier with
graph reasoning gathers attention while it is trained, an integral model learns the gathered maps,
these and saliency become first labels, a segmentor is trained on them, and its predictions are
mined for objects that are not salient.
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field, PositiveInt

from smallobjects.backbones.table import BackboneName, Stage, Statistics
from smallobjects.dense_crf import PairwiseParameters
from smallobjects.parameters import Parameters
from smallobjects.pseudo_labels.attention.parameters import (
    AccumulatingTraining,
    FusionParameters,
    ScoringParameters,
    SquareTraining,
)
from smallobjects.pseudo_labels.parameters import Threshold


class ReasoningNetwork(Parameters):
    """A backbone, three convolutions, a graph reasoning unit and a convolution per class."""

    network: BackboneName
    weights: Path | None
    """Pretrained backbone; `null` trains from random values."""
    trained_from: Stage
    """First stage whose weights are trained; `stem` trains the whole backbone, as published."""
    batch_norm: Statistics
    """VGG has none; of another network it is better `frozen` where it is pretrained."""
    width: PositiveInt
    """Channels of the three convolutions."""
    nodes: PositiveInt
    """Nodes of the graph onto which positions are projected."""
    states: PositiveInt
    """Length of the state of a node."""


class AttentionClassifierParameters(AccumulatingTraining, ReasoningNetwork):
    """Training of the classifier that gathers attention."""


class IntegralParameters(SquareTraining, ReasoningNetwork):
    """Training of the integral model, which learns the gathered attention."""


class FirstLabelParameters(FusionParameters):
    """The first labels: fusion with saliency, and potential object mining."""

    potential_threshold: Threshold
    """Of a class that no pixel has: where its activation map is above this, it may be."""


class FirstSegmentorParameters(Parameters):
    """Training of the segmentor whose predictions are mined, with cross-entropy alone."""

    segmentor: str
    """A file of config/segmentors/."""
    iterations: PositiveInt
    crf: PairwiseParameters
    """Of the predictions' probabilities."""


class MiningParameters(Parameters):
    """Mining of objects outside salient regions, in images with two classes or more."""

    least_saliency: Annotated[int, Field(ge=1, le=255)]
    """Saliency (0..255) that counts as salient. The published rule is `not 0`, which maps with
    faint values everywhere turn off."""
    dilation: PositiveInt
    """Side of the square, in pixels, by which salient regions and objects are widened."""
    least_foreground: Threshold
    """Share of the image below which the whole label is void."""


class Stages(Parameters):
    """Classifier → integral model → first labels → first segmentor → mining."""

    attention_classifier: AttentionClassifierParameters
    integral: IntegralParameters
    first_labels: FirstLabelParameters
    first_segmentor: FirstSegmentorParameters
    mining: MiningParameters
    scoring: ScoringParameters
