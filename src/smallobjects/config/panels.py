"""How many images are shown of each model, and by which rules they are chosen."""

from typing import Literal

from pydantic import NonNegativeInt, PositiveInt, model_validator

from smallobjects.parameters import Parameters

Rule = Literal["largest_gain", "largest_loss", "random"]


class PanelImages(Parameters):
    """How many images a page of panels shows by each rule.

    Gain and loss are those of the mean IoU of an image's small objects, from cross-entropy to the
    loss beside it; only images with small objects are shown.
    """

    largest_gain: NonNegativeInt = 2
    """Images with the largest gain."""
    largest_loss: NonNegativeInt = 2
    """Images with the largest loss."""
    random: NonNegativeInt = 1
    """Images drawn at random, the same for every model."""

    @model_validator(mode="after")
    def _any(self) -> "PanelImages":
        if not self.largest_gain + self.largest_loss + self.random:
            raise ValueError("no image is shown; give one of the rules at least 1")
        return self


class PanelSettings(Parameters):
    """What panels show."""

    images: PanelImages = PanelImages()
    """Images of the page of each model."""
    contact_sheet: Rule = "random"
    """The rule for the one image in which all models are compared; gain and loss are means over
    the models."""
    label_images: PositiveInt = 4
    """Training images of the pages of pseudo-labels, drawn from those with a small object."""
