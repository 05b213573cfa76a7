"""CDA: context decoupling augmentation, which pastes objects where their class never stands.

Su, Sun, Lin and Wu, ICCV 2021 (arXiv 2103.01795), around IRN: objects are cut from IRN's finished
labels, IRN's classifier is trained again on images and on copies with a pasted object, and the rest
of IRN's chain follows.
"""

from typing import Annotated

from pydantic import Field, model_validator

from smallobjects.parameters import Parameters
from smallobjects.pseudo_labels.parameters import (
    CamParameters,
    ClassifierParameters,
    EdgeParameters,
    RandomWalkParameters,
    SeedParameters,
    Threshold,
)

PositiveShare = Annotated[float, Field(gt=0, le=1)]


class CutParameters(Parameters):
    """Which objects are cut out: those of labels with one class, neither tiny nor huge."""

    min_share: Threshold
    """Least share of the image that the class takes."""
    max_share: Threshold

    @model_validator(mode="after")
    def _ordered(self) -> "CutParameters":
        if self.min_share > self.max_share:
            raise ValueError(f"min_share {self.min_share} exceeds max_share {self.max_share}")
        return self


class PastedClassifierParameters(ClassifierParameters):
    """Training of the classifier on images and, in equal parts, on copies with a pasted object."""

    batch_size: Annotated[int, Field(ge=2, multiple_of=2)]
    """Half of it are images, the other half their copies."""
    rotation: Annotated[int, Field(ge=0, le=180)]
    """An object is turned by at most so many degrees to either side."""
    largest_side: PositiveShare
    """A turned object is shrunk to this share of the image's height and width at most."""
    schedule_share: PositiveShare
    """Share of the training after which the learning rate stays where it is. The public code counts
    the steps of batches of 16 while it takes batches of 8, so its rate is down at half-time."""


class Stages(Parameters):
    """Cuts from IRN's labels → classifier → CAM → seed → edges → random walk."""

    cuts: CutParameters
    classifier: PastedClassifierParameters
    cam: CamParameters
    seed: SeedParameters
    edges: EdgeParameters
    random_walk: RandomWalkParameters
