"""What a dataset's configuration says: where its raw data is and how it is split."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, field_validator, model_validator

from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.layouts import known_layouts
from smallobjects.datasets.layouts.lvis.parameters import LvisParameters, SelectionParameters
from smallobjects.datasets.saliency_parameters import SaliencyParameters
from smallobjects.datasets.splits.parameters import SELECTION, SplitParameters, resolution_order
from smallobjects.parameters import Parameters

Fraction = Annotated[float, Field(ge=0, le=1)]


class SyntheticParameters(Parameters):
    """The synthetic scenes that stand in for a raw dataset."""

    image_size: PositiveInt = 96
    """Height and width of a scene, in pixels."""
    train_images: PositiveInt = 200
    val_images: PositiveInt = 60
    classes: tuple[PositiveInt, ...] = (1, 3, 7, 8, 12, 15)
    """Contiguous class ids (1..C) that are drawn; the class table stays complete."""
    seed: int = 0


class DownloadedRaw(Parameters):
    """The raw data that `raw: download` fetches; paths are below the folder of downloads."""

    folder: str
    """The raw folder."""
    parts: tuple[str, ...]
    """Everything in it that has to be made: a place under `unpack` in config/downloads.yaml, or
    a folder that a rule converts."""


class PublishedCounts(Parameters):
    """How many instances of each size the paper's supplement counts (Table 1)."""

    large: NonNegativeInt
    medium: NonNegativeInt
    small: NonNegativeInt


class DatasetParameters(Parameters):
    """Where a dataset comes from and how its prepared form is made."""

    title: str
    """The name that tables print."""
    layout: str
    """The converter: a module `smallobjects.datasets.<layout>` with a function `open_raw`."""
    num_classes: PositiveInt
    """Number of classes, background included."""
    raw: str
    """`synthetic`, `download`, or the path of the raw data (VOC: the folder that holds Annotations,
    JPEGImages and ImageSets; COCO, LVIS: the folder that holds the annotations and the images)."""
    download: DownloadedRaw | None = None
    """What `raw: download` fetches; without it the dataset cannot be fetched."""
    splits: dict[str, SplitParameters]
    longest_side: PositiveInt | None = None
    """Images with a longer side than this are made smaller, with masks and boxes, until it has as
    many pixels. Null: every image stays as it is. Sizes of objects count pixels after that, except
    where `selection` balances them."""
    train: str | None = None
    """The split that models are trained on."""
    label_score: str | None = None
    """The split on which pseudo-labels are scored against the ground truth."""
    trained_on: str | None = None
    """An evaluation set has neither of the two, but names the dataset whose models it evaluates."""
    evaluate: str
    """The split that the tables report."""
    size_limits: tuple[PositiveInt, PositiveInt] = (32**2, 96**2)
    """Areas in pixels: small < first <= medium < second <= large."""
    semantic_masks: tuple[str, ...] = ("SegmentationClass",)
    """VOC: folders of class masks; the first that has an image's mask is used. The first must be
    there, the others may be missing."""
    instance_masks: str = "SegmentationObject"
    """VOC: folder of instance masks. Images outside the evaluated split may lack one."""
    unusable_annotations: Literal["refuse", "leave_out"] = "refuse"
    """COCO: what becomes of annotations that mark no pixel, lie outside their image or belong to
    none. All of a file are named at once; those that are left out are counted in dataset.json."""
    lvis: LvisParameters | None = None
    """LVIS: annotation files and categories."""
    selection: SelectionParameters | None = None
    """LVIS: how images are selected for splits whose source is `selection`."""
    synthetic: SyntheticParameters = SyntheticParameters()
    saliency: SaliencyParameters | None = None
    """Where the saliency maps of the training images come from, for methods that read them."""
    published: PublishedCounts | None = None
    """What Table 1 shows beside its own counts, at a scale that says so."""

    @property
    def raw_splits(self) -> dict[str, SplitParameters]:
        """The splits that are read from raw data; the others are taken from these."""
        return {name: split for name, split in self.splits.items() if split.source is not None}

    @property
    def selects_images(self) -> bool:
        """Whether the images of a split are selected among candidates."""
        return any(split.source == SELECTION for split in self.splits.values())

    @field_validator("layout")
    @classmethod
    def _known_layout(cls, value: str) -> str:
        if value not in known_layouts():
            raise ValueError(f"no such layout; there are {', '.join(known_layouts())}")
        return value

    @model_validator(mode="after")
    def _known_download(self) -> "DatasetParameters":
        if self.raw == "download" and self.download is None:
            raise ValueError(
                "raw = 'download': this dataset has no `download`; give the path of its raw data"
            )
        return self

    @model_validator(mode="after")
    def _known_splits(self) -> "DatasetParameters":
        resolution_order(self.splits)
        roles = ["evaluate"] if self.trained_on else ["train", "label_score", "evaluate"]
        for key in roles:
            split = getattr(self, key)
            if split is None:
                raise ValueError(f"{key}: missing; only with `trained_on` is it left out")
            if split not in self.splits:
                raise ValueError(f"{key}: there is no split {split!r}; splits: {list(self.splits)}")
        if self.trained_on and (self.train or self.label_score):
            raise ValueError(
                "trained_on: an evaluation set trains nothing, so `train` and `label_score` must "
                "not be given beside it"
            )
        if self.selects_images and self.selection is None:
            raise ValueError(f"selection: missing; a split has the source `{SELECTION}`")
        self._check_saliency_split()
        if self.size_limits[0] >= self.size_limits[1]:
            raise ValueError(f"size_limits: {self.size_limits} must rise")
        if self.unusable_annotations != "refuse" and self.layout != "coco":
            raise ValueError("unusable_annotations: only the layout `coco` leaves any out")
        return self

    def _check_saliency_split(self) -> None:
        training = self.saliency and self.saliency.mask_training
        # On an evaluation set nothing is trained, so no maps are made of its images.
        if not training or self.trained_on:
            return
        split, key = training.split, "saliency.training.split"
        if split not in self.splits:
            raise ValueError(f"{key}: there is no split {split!r}; splits: {list(self.splits)}")
        if split in (self.train, self.label_score, self.evaluate):
            raise ValueError(
                f"{key}: {split!r} is trained on, scored on or evaluated, and saliency must be "
                "learnt on other images; name another split, `without` those"
            )


def with_selection(
    parameters: DatasetParameters, selection: str | Path | None
) -> DatasetParameters:
    """Return the parameters with the path of a selection's report where a split asks for it.

    Raises:
        DatasetError: a split asks for a selection and there is none, or none asks for it.
    """
    asking = [name for name, split in parameters.splits.items() if split.source == SELECTION]
    if asking and selection is None:
        raise DatasetError(
            f"split {asking[0]!r} takes selected images, but no selection is given; make one with "
            "`smallobjects find-candidates` and `smallobjects select-images`"
        )
    if selection is not None and not asking:
        raise DatasetError(f"{selection}: no split has the source `{SELECTION}`")
    splits = {
        name: split.model_copy(update={"source": str(Path(selection).absolute())})
        if name in asking
        else split
        for name, split in parameters.splits.items()
    }
    return parameters.model_copy(update={"splits": splits})
