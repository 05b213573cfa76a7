"""RIB: reducing information bottleneck for weakly supervised semantic segmentation.

Lee, Choi, Mok and Yoon, NeurIPS 2021 (arXiv 2110.06530). IRN's chain, in which the class activation
maps of an image come from a classifier that was fine-tuned on that image alone.
"""

from typing import Annotated

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from smallobjects.parameters import Parameters
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.parameters import (
    CamParameters,
    ClassifierParameters,
    EdgeParameters,
    MapParameters,
    RandomWalkParameters,
    SeedParameters,
    Threshold,
)


class RibParameters(Parameters):
    """Fine-tuning of the classifier on one image, without the final activation."""

    steps: NonNegativeInt
    """K, the updates of the weights. The maps of all K + 1 states are added; 0 gives plain CAMs."""
    learning_rate: PositiveFloat
    head_learning_rate: PositiveFloat
    weight_decay: NonNegativeFloat
    momentum: NonNegativeFloat
    """As in the classifier's training: the public code hands on the weight decay."""
    poly_power: PositiveFloat
    loss_scales: tuple[PositiveFloat, ...]
    """The scales of the image that are in the loss, all among those of the maps."""
    companions: NonNegativeInt
    """B, the images of other classes that join each step, so that these are not forgotten."""
    resize_long_side: tuple[PositiveInt, PositiveInt]
    """A companion's longer side is resized to a random length in this range before cropping."""
    crop_size: PositiveInt
    """Of a companion."""
    pooling_threshold: Threshold
    """τ: pixels below this share of their map's maximum are pooled (GNDP)."""
    stop_logits: PositiveFloat
    """m: fine-tuning stops once the image's logits sum to more than this."""
    explosion_threshold: Threshold
    explosion_share: Annotated[float, Field(gt=0, le=1)]
    """Fine-tuning stops when more than this share of the pixels at scale 1 are above
    `explosion_threshold` in the map of any class."""


def check_scales(cam: MapParameters, rib: RibParameters) -> None:
    """Check that the maps are made at every scale that the fine-tuning reads.

    Raises:
        BadInputError: they are not.
    """
    if 1.0 not in cam.scales:
        raise BadInputError(f"cam.scales = {list(cam.scales)}: RIB watches scale 1.0, add it")
    missing = [scale for scale in rib.loss_scales if scale not in cam.scales]
    if missing:
        raise BadInputError(
            f"rib.loss_scales = {list(rib.loss_scales)}: {missing[0]} is not among cam.scales = "
            f"{list(cam.scales)}; give both the same"
        )


class Stages(Parameters):
    """The chain: classifier → RIB maps → seed → edges → random walk."""

    classifier: ClassifierParameters
    cam: CamParameters
    rib: RibParameters
    seed: SeedParameters
    edges: EdgeParameters
    random_walk: RandomWalkParameters

    @model_validator(mode="after")
    def _scales_fit(self) -> "Stages":
        check_scales(self.cam, self.rib)
        return self
