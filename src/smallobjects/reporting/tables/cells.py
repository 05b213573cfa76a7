"""What a table is made of: the JSON objects that the workflow hands over."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field, NonNegativeInt, RootModel, field_validator, model_validator

from smallobjects.datasets.parameters import PublishedCounts
from smallobjects.losses.arms import parse_arm
from smallobjects.parameters import Parameters

SUPERVISION_TITLES = {
    "boxes": "Bounding boxes",
    "saliency": "Saliency",
    "language": "Natural language",
    "image": "Image labels",
    "full": "Full supervision",
}
"""Kinds of supervision, in the order in which tables list them."""
GAIN_ARMS = ("sb", "sw")
"""The loss whose gain is shown: the first of these that a combination was trained with."""


class DescribedDataset(Parameters):
    """A panel of a figure that describes the datasets."""

    title: str
    """The name that is printed."""
    path: Path
    """Folder of the prepared dataset."""
    split: str
    """The split that is described."""


class DescribedDatasets(RootModel[Annotated[tuple[DescribedDataset, ...], Field(min_length=1)]]):
    """The panels of a figure, from the first to the last."""

    @model_validator(mode="after")
    def _distinct_titles(self) -> "DescribedDatasets":
        _refuse_repeats([dataset.title for dataset in self.root], "dataset")
        return self


class CountedDataset(DescribedDataset):
    """A column of Table 1, and one more if there are published counts."""

    published: PublishedCounts | None = None


class CountedDatasets(RootModel[Annotated[tuple[CountedDataset, ...], Field(min_length=1)]]):
    """The columns of Table 1, from left to right."""

    @model_validator(mode="after")
    def _distinct_titles(self) -> "CountedDatasets":
        _refuse_repeats([dataset.title for dataset in self.root], "dataset")
        return self


class ScoreCell(Parameters):
    """A cell of a score table: one trained combination, with the scores of each seed."""

    supervision: str
    """A key of `SUPERVISION_TITLES`."""
    labels: str
    """The label source: a method, `full`, or `external:<name>`."""
    labels_title: str
    segmentor: str
    segmentor_title: str
    dataset: str
    """The dataset that is evaluated on."""
    dataset_title: str
    loss: str
    """The name of an arm."""
    scores: Annotated[dict[NonNegativeInt, Path], Field(min_length=1)]
    """The summary.json of each seed, which need not exist yet."""
    remark: str | None = None
    """What a reader must know of the labels, as a sentence; all cells of a source say the same."""
    published: dict[str, float] | None = None
    """Published scores with this loss, in percent, by metric."""

    @field_validator("loss")
    @classmethod
    def _known_loss(cls, value: str) -> str:
        parse_arm(value)
        return value

    @field_validator("supervision")
    @classmethod
    def _known_supervision(cls, value: str) -> str:
        if value not in SUPERVISION_TITLES:
            raise ValueError(f"{value!r} is none of {list(SUPERVISION_TITLES)}")
        return value


class ScoreCells(RootModel[Annotated[tuple[ScoreCell, ...], Field(min_length=1)]]):
    """The cells of a score table; rows, columns and segmentors appear in the order of the list."""

    @model_validator(mode="after")
    def _distinct(self) -> "ScoreCells":
        _refuse_repeats(
            [
                (cell.supervision, cell.labels, cell.segmentor, cell.dataset, cell.loss)
                for cell in self.root
            ],
            "cell",
        )
        for kind in ("labels", "segmentor", "dataset"):
            self.titles(kind)
        return self

    def titles(self, kind: str) -> dict[str, str]:
        """Return the title of each label source, segmentor or dataset.

        Args:
            kind: "labels", "segmentor" or "dataset".

        Raises:
            ValueError: two cells give one thing different titles.
        """
        titles: dict[str, str] = {}
        for cell in self.root:
            name, title = getattr(cell, kind), getattr(cell, f"{kind}_title")
            if titles.setdefault(name, title) != title:
                raise ValueError(f"{kind} {name!r} is titled {titles[name]!r} and {title!r}")
        return titles


def _refuse_repeats(keys: Sequence, what: str) -> None:
    for key, times in Counter(keys).items():
        if times > 1:
            raise ValueError(f"{what} {key} is named {times} times")
