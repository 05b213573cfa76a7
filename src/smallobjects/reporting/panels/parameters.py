"""What the workflow hands over to draw panels: settings, files and titles."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from smallobjects.parameters import Parameters
from smallobjects.reporting.tables.cells import DescribedDataset

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


class PanelArm(Parameters):
    """One loss of a model: what it predicted, and its scores."""

    loss: str
    predictions: Path
    """Folder with one PNG per image."""
    instances: Path
    """The rows of all instances (`score --instances-output`)."""


class PanelModel(Parameters):
    """A page: the models of one label source and segmentor."""

    labels: str
    labels_title: str
    segmentor: str
    segmentor_title: str
    arms: Annotated[tuple[PanelArm, ...], Field(min_length=1)]
    """Cross-entropy first."""

    @property
    def name(self) -> str:
        """The stem of the page's files."""
        return f"{self.labels}.{self.segmentor}"

    @property
    def title(self) -> str:
        """What is printed."""
        return f"{self.labels_title}, {self.segmentor_title}"


class PanelPages(Parameters):
    """The pages of one dataset."""

    dataset: DescribedDataset
    models: Annotated[tuple[PanelModel, ...], Field(min_length=1)]


class LabelSource(Parameters):
    """A page of pseudo-labels."""

    labels: str
    labels_title: str
    folder: Path
    """The label source: `labels/`, and `cams/` and `seeds/` where there are any."""


class LabelPages(Parameters):
    """The pages of pseudo-labels of one training dataset."""

    dataset: DescribedDataset
    sources: tuple[LabelSource, ...]
