"""What the workflow hands over to draw panels: files and titles."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from smallobjects.parameters import Parameters
from smallobjects.reporting.tables.cells import DescribedDataset


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
