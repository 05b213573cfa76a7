"""What a dataset's configuration says: where its raw data is and how it is split."""

from importlib.util import find_spec
from typing import Annotated

from pydantic import Field, NonNegativeInt, PositiveInt, field_validator, model_validator

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


class SplitParameters(Parameters):
    """One split: which raw list or annotation file it comes from."""

    source: str
    """VOC: a list in ImageSets/Segmentation, without `.txt`. COCO: the annotation file, relative
    to the raw folder."""
    images: str | None = None
    """COCO: the folder of the images, relative to the raw folder."""
    first: Annotated[int, Field(ge=0)] = 0
    """Skip this many images (in the order of the list, or of the sorted ids)."""
    count: PositiveInt | None = None
    """Take this many images after `first`; all of them if not given."""


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
    JPEGImages and ImageSets; COCO: the folder that holds the annotations and the images)."""
    download: DownloadedRaw | None = None
    """What `raw: download` fetches; without it the dataset cannot be fetched."""
    splits: dict[str, SplitParameters]
    train: str
    """The split that models are trained on."""
    label_score: str
    """The split on which pseudo-labels are scored against the ground truth."""
    evaluate: str
    """The split that the tables report."""
    size_limits: tuple[PositiveInt, PositiveInt] = (32**2, 96**2)
    """Areas in pixels: small < first <= medium < second <= large."""
    semantic_masks: tuple[str, ...] = ("SegmentationClass",)
    """VOC: folders of class masks; the first that has an image's mask is used."""
    instance_masks: str = "SegmentationObject"
    """VOC: folder of instance masks. Images outside the evaluated split may lack one."""
    synthetic: SyntheticParameters = SyntheticParameters()
    published: PublishedCounts | None = None
    """What Table 1 shows beside its own counts, at a scale that says so."""

    @field_validator("layout")
    @classmethod
    def _known_layout(cls, value: str) -> str:
        if not value.isidentifier() or find_spec(f"smallobjects.datasets.{value}") is None:
            raise ValueError(f"there is no converter smallobjects.datasets.{value}")
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
        for key in ("train", "label_score", "evaluate"):
            split = getattr(self, key)
            if split not in self.splits:
                raise ValueError(f"{key}: there is no split {split!r}; splits: {list(self.splits)}")
        if self.size_limits[0] >= self.size_limits[1]:
            raise ValueError(f"size_limits: {self.size_limits} must rise")
        return self
