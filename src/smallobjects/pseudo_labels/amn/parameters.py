"""AMN: threshold matters in WSSS, manipulating the activation for robustness against thresholds.

Lee, Kim and Shim, CVPR 2022 (arXiv 2203.16045). IRN's chain up to its seeds; on these a network is
trained that classifies pixels, from whose maps the chain makes seeds again and goes on.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from smallobjects.backbones.table import BackboneName, Stage
from smallobjects.parameters import Parameters
from smallobjects.pseudo_labels.parameters import (
    CamParameters,
    ClassifierParameters,
    EdgeParameters,
    RandomWalkParameters,
    SeedParameters,
)


class AmnParameters(Parameters):
    """Training of the activation manipulation network."""

    network: BackboneName
    initial: Literal["weights", "classifier"]
    """Backbone to start from: the pretrained `weights`, or the trained classifier's."""
    weights: Path | None
    trained_from: Stage
    """First stage whose weights are trained."""
    rates: tuple[PositiveInt, ...]
    """Dilations of the 3×3 convolutions whose outputs are added (ASPP)."""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    """ε: a pixel's own class is to have 1 − ε, the others share ε."""
    crop_size: PositiveInt
    rescale: tuple[PositiveFloat, PositiveFloat]
    batch_size: PositiveInt
    epochs: PositiveInt
    learning_rate: PositiveFloat
    head_learning_rate: PositiveFloat
    weight_decay: NonNegativeFloat


class Stages(Parameters):
    """The chain: classifier → CAM → initial seed → AMN → its maps → seed → edges → random walk."""

    classifier: ClassifierParameters
    cam: CamParameters
    initial_seed: SeedParameters
    amn: AmnParameters
    seed: SeedParameters
    edges: EdgeParameters
    random_walk: RandomWalkParameters
