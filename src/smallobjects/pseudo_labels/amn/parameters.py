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
    """Training of the activation manipulation network.

    The defaults are the published settings, read from the authors' public repository.
    """

    network: BackboneName = "resnet50"
    initial: Literal["weights", "classifier"] = "weights"
    """Backbone to start from: the pretrained `weights`, or the trained classifier's."""
    weights: Path | None = None
    trained_from: Stage = "layer1"
    """First stage whose weights are trained."""
    rates: tuple[PositiveInt, ...] = (6, 12, 18, 24)
    """Dilations of the 3×3 convolutions whose outputs are added (ASPP)."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.4
    """ε: a pixel's own class is to have 1 − ε, the others share ε."""
    crop_size: PositiveInt = 512
    rescale: tuple[PositiveFloat, PositiveFloat] = (0.5, 1.5)
    batch_size: PositiveInt = 16
    epochs: PositiveInt = 5
    learning_rate: PositiveFloat = 5e-6
    head_learning_rate: PositiveFloat = 1e-4
    weight_decay: NonNegativeFloat = 1e-4


class Stages(Parameters):
    """The chain: classifier → CAM → initial seed → AMN → its maps → seed → edges → random walk."""

    classifier: ClassifierParameters = ClassifierParameters()
    cam: CamParameters = CamParameters(evaluation_threshold=0.25)
    initial_seed: SeedParameters = SeedParameters()
    amn: AmnParameters = AmnParameters()
    seed: SeedParameters = SeedParameters(foreground_threshold=0.45, background_threshold=0.15)
    edges: EdgeParameters = EdgeParameters()
    random_walk: RandomWalkParameters = RandomWalkParameters(cam_power=1.3)
