"""What every converter hands over: the content of raw data, in one form for all layouts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Box:
    """An annotated box: 0-based pixels with exclusive ends, within the image."""

    class_id: int
    x0: int
    y0: int
    x1: int
    y1: int


def reaches_far(corners: tuple[float, float, float, float], height: int, width: int) -> bool:
    """Tell whether a box (x0, y0, x1, y1) reaches beyond its image by more than can be an accident.

    That is a tenth of the side, and two pixels at least: a box that belongs to another size of the
    image, or to another image.
    """
    x0, y0, x1, y1 = corners
    columns, rows = max(width / 10, 2), max(height / 10, 2)
    return x0 < -columns or y0 < -rows or x1 > width + columns or y1 > height + rows


@dataclass(frozen=True)
class AnnotatedImage:
    """All that is known about one image."""

    image_path: Path
    semantic: np.ndarray
    """H×W uint8: 0 background, 1..C, 255 void."""
    instances: np.ndarray | None
    """H×W uint8 or uint16: 0 background, 1..K without 255, 255 void. None: no such mask."""
    instance_classes: dict[int, int]
    """Class id of every instance id that occurs in `instances`."""
    boxes: list[Box]
    class_ids: tuple[int, ...]
    """Image-level labels, ascending."""
    hidden_instances: int = 0
    """Annotated instances that show no pixel and are left out."""
    instances_path: Path | None = None
    """Where the instance mask is looked for, if it is a file of its own."""
    pixels: np.ndarray | None = None
    """H×W×3 uint8 RGB, of an image that is not kept as it is stored in `image_path`."""


class RawImage(Protocol):
    """A promise of one annotated image; small, so that it travels cheaply to a worker process."""

    @property
    def image_id(self) -> str:
        """Names the image in the prepared dataset."""

    def read(self) -> AnnotatedImage:
        """Read and check the image's files.

        Raises:
            DatasetError: they cannot be used.
        """

    def read_labels(self) -> tuple[int, ...]:
        """Return the image-level labels alone, ascending, which is cheap: no mask is read.

        Raises:
            DatasetError: what says them cannot be used.
        """


@dataclass(frozen=True)
class RawDataset:
    """Raw data of any layout, opened."""

    class_names: tuple[str, ...]
    """Names of the class ids 1..C."""
    splits: dict[str, list[str]]
    """Image ids of every split. As a converter opens them: of those that have a source, whole."""
    images: Sequence[RawImage] = field(repr=False)
    """Every image of any split once."""
    selection: dict | None = None
    """How the images were selected, if this project selected them: the report of
    `smallobjects select-images`, with its `statement`."""
    parts: dict[str, str] = field(default_factory=dict)
    """In words what a split takes, of those that do not take all of a raw list."""
    left_out: int | None = None
    """Annotations that could not be used and were left out; None where none may be."""
