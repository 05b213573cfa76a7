"""Parameters of the stages that several label-making methods share.

No field of a stage has a default, here or in the folder of a method: `config/methods/<method>.yaml`
states every field of every stage, `null` and empty ones too, and says where the value comes from.
So a published number stands once, and where a user sees it.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from smallobjects.backbones.table import BackboneName, Stage, Statistics
from smallobjects.dense_crf import PairwiseParameters
from smallobjects.parameters import Parameters

Threshold = Annotated[float, Field(ge=0, le=1)]


class ClassifierTraining(Parameters):
    """Samples and optimiser of a training of a classifier."""

    crop_size: PositiveInt
    resize_long_side: tuple[PositiveInt, PositiveInt]
    """The longer side is resized to a random length in this range before cropping."""
    batch_size: PositiveInt
    epochs: PositiveInt
    learning_rate: PositiveFloat
    head_learning_rate: PositiveFloat
    weight_decay: NonNegativeFloat
    momentum: NonNegativeFloat
    """The public code hands the weight decay to SGD in momentum's place, so this is what it
    trained with; the learning rates only make sense with it."""
    schedule: Literal["poly", "one-cycle"]
    poly_power: PositiveFloat


class ClassifierParameters(ClassifierTraining):
    """Training of the image classifier whose weights give the class activation maps."""

    network: BackboneName
    weights: Path | None
    """Pretrained backbone; `null` trains from random values."""
    trained_from: Stage
    """First stage whose weights are trained; gradients stop before it."""
    batch_norm: Statistics
    """`frozen`: running statistics are used and never updated, while scale and shift are trained.
    A network without pretrained weights needs `trained`."""


class MapParameters(Parameters):
    """Multi-scale class activation maps."""

    scales: tuple[PositiveFloat, ...]
    flip: bool


class CamParameters(MapParameters):
    """Multi-scale class activation maps, and how they are scored."""

    evaluation_threshold: Threshold
    """Background score against which the maps are turned into labels to be scored."""


class CrfParameters(PairwiseParameters):
    """Dense CRF on hard labels."""

    label_confidence: Annotated[float, Field(gt=0, lt=1)]


class SeedParameters(Parameters):
    """Two-threshold seeds: foreground where both agree, unsure (255) where they do not."""

    foreground_threshold: Threshold
    background_threshold: Threshold
    crf: CrfParameters


class EdgeParameters(Parameters):
    """Training of the network that predicts class boundaries from pixel affinities."""

    network: BackboneName
    initial: Literal["weights", "classifier"]
    """Backbone to start from: the pretrained `weights`, or the trained classifier's."""
    weights: Path | None
    train_backbone: bool
    crop_size: PositiveInt
    rescale: tuple[PositiveFloat, PositiveFloat]
    batch_size: PositiveInt
    epochs: PositiveInt
    learning_rate: PositiveFloat
    weight_decay: NonNegativeFloat
    momentum: NonNegativeFloat
    poly_power: PositiveFloat
    radius: PositiveInt
    """Pixel pairs up to this distance (exclusive) on the stride-4 grid are compared."""


class RandomWalkParameters(Parameters):
    """Propagation of class activation maps along affinities, and the labels read from it."""

    radius: PositiveInt
    beta: PositiveFloat
    steps: PositiveInt
    cam_power: PositiveFloat
    """Exponent of the maps before the walk."""
    pad_to: PositiveInt | None
    """Images are filled up to this size before edges are predicted, which group normalisation
    sees; `null` predicts on the image as it is. Larger images stay whole either way."""
    background_threshold: Threshold
