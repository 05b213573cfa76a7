"""Parameters of the stages that several label-making methods share.

The defaults are the published settings of IRN on PASCAL VOC (Ahn et al., CVPR 2019), read from the
authors' public repository; `config/methods/` states them again where a user sees them.
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

    crop_size: PositiveInt = 512
    resize_long_side: tuple[PositiveInt, PositiveInt] = (320, 640)
    """The longer side is resized to a random length in this range before cropping."""
    batch_size: PositiveInt = 16
    epochs: PositiveInt = 5
    learning_rate: PositiveFloat = 0.1
    head_learning_rate: PositiveFloat = 1.0
    weight_decay: NonNegativeFloat = 1e-4
    momentum: NonNegativeFloat = 1e-4
    """The public code hands the weight decay to SGD in momentum's place, so this is what it
    trained with; the learning rates only make sense with it."""
    schedule: Literal["poly", "one-cycle"] = "poly"
    poly_power: PositiveFloat = 0.9


class ClassifierParameters(ClassifierTraining):
    """Training of the image classifier whose weights give the class activation maps."""

    network: BackboneName = "resnet50"
    weights: Path | None = None
    """Pretrained backbone; `null` trains from random values."""
    trained_from: Stage = "layer3"
    """First stage whose weights are trained; gradients stop before it."""
    batch_norm: Statistics = "frozen"
    """`frozen`: running statistics are used and never updated, while scale and shift are trained.
    A network without pretrained weights needs `trained`."""


class CamParameters(Parameters):
    """Multi-scale class activation maps."""

    scales: tuple[PositiveFloat, ...] = (1.0, 0.5, 1.5, 2.0)
    flip: bool = True
    evaluation_threshold: Threshold = 0.15
    """Background score against which the maps are turned into labels to be scored."""


class CrfParameters(PairwiseParameters):
    """Dense CRF on hard labels."""

    label_confidence: Annotated[float, Field(gt=0, lt=1)] = 0.7


class SeedParameters(Parameters):
    """Two-threshold seeds: foreground where both agree, unsure (255) where they do not."""

    foreground_threshold: Threshold = 0.30
    background_threshold: Threshold = 0.05
    crf: CrfParameters = CrfParameters()


class EdgeParameters(Parameters):
    """Training of the network that predicts class boundaries from pixel affinities."""

    network: BackboneName = "resnet50"
    initial: Literal["weights", "classifier"] = "weights"
    """Backbone to start from: the pretrained `weights`, or the trained classifier's."""
    weights: Path | None = None
    train_backbone: bool = False
    crop_size: PositiveInt = 512
    rescale: tuple[PositiveFloat, PositiveFloat] = (0.5, 1.5)
    batch_size: PositiveInt = 32
    epochs: PositiveInt = 3
    learning_rate: PositiveFloat = 0.1
    weight_decay: NonNegativeFloat = 1e-4
    momentum: NonNegativeFloat = 1e-4
    poly_power: PositiveFloat = 0.9
    radius: PositiveInt = 10
    """Pixel pairs up to this distance (exclusive) on the stride-4 grid are compared."""


class RandomWalkParameters(Parameters):
    """Propagation of class activation maps along affinities, and the labels read from it."""

    radius: PositiveInt = 5
    beta: PositiveFloat = 10
    steps: PositiveInt = 256
    cam_power: PositiveFloat = 1.0
    """Exponent of the maps before the walk."""
    pad_to: PositiveInt | None = 512
    """Images are filled up to this size before edges are predicted, which group normalisation
    sees; `null` predicts on the image as it is. Larger images stay whole either way."""
    background_threshold: Threshold = 0.25
