"""The prepared format: the only form of a dataset that the rest of the package knows.

    images/<id>.jpg        links to the raw images; files, where images are made smaller
    semantic/<id>.png      8-bit, 0 background, 1..C, 255 void
    instances/<id>.png     8- or 16-bit, 0 background, 1..K without 255, 255 void
    instances.parquet      image, instance_id, class_id, area, size, x0, y0, x1, y1 (painted masks)
    boxes.parquet          image, class_id, x0, y0, x1, y1 (annotated boxes, for box supervision)
    labels.parquet         image, class_id: one row per image and class present (image-level labels)
    splits/<split>.txt     one image id per line
    dataset.json           format, name, title, class names, palette, splits, size limits, source,
                           longest_side (if images are made smaller), parts (of splits that are
                           no whole list), counts, checksums (of semantic, instances, lists
                           (splits) and tables (*.parquet): LC_ALL=C sha256sum * | sha256sum, in
                           their folder)
Boxes are 0-based with exclusive ends: x0 <= x < x1.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.mask_files import decoded
from smallobjects.integrity.pictures import read_pixels, read_shape, read_values
from smallobjects.integrity.tables import read_frame

if TYPE_CHECKING:
    import pandas as pd

VOID = 255
SIZES = ("small", "medium", "large")
"""The sizes of instances, in rising order."""
FORMAT = 1
"""The version of the format described above; it changes when files change their meaning."""


@dataclass(frozen=True)
class PreparedDataset:
    """A prepared dataset on disk, read as it is asked for."""

    root: Path

    @classmethod
    def open(cls, root: str | Path) -> "PreparedDataset":
        """Open the dataset in the folder `root`.

        Raises:
            FileNotFoundError: `root` holds no dataset.json, so it was never finished.
            DatasetError: dataset.json is damaged, or of another version of the format.
        """
        root = Path(root)
        if not (root / "dataset.json").is_file():
            raise FileNotFoundError(
                f"{root}: no dataset.json, so this is not a prepared dataset; "
                "make one with `smallobjects prepare-dataset`"
            )
        dataset = cls(root)
        found = dataset.description.get("format")
        if found != FORMAT:
            raise DatasetError(
                f"{root / 'dataset.json'}: format {found!r}, but this version reads format "
                f"{FORMAT}; prepare the dataset again"
            )
        return dataset

    @cached_property
    def description(self) -> dict:
        """The content of dataset.json.

        Raises:
            DatasetError: it is no JSON object.
        """
        path = self.root / "dataset.json"
        try:
            content = json.loads(path.read_text())
        except ValueError as error:
            raise DatasetError(
                f"{path}: malformed JSON ({error}); prepare the dataset again"
            ) from error
        if not isinstance(content, dict):
            raise DatasetError(f"{path}: no JSON object; prepare the dataset again")
        return content

    @property
    def name(self) -> str:
        """The dataset's name, such as `voc`."""
        return self.description["name"]

    @property
    def class_names(self) -> list[str]:
        """Names by class id; the first is the background."""
        return self.description["class_names"]

    @property
    def num_classes(self) -> int:
        """Number of classes, background included."""
        return len(self.class_names)

    @property
    def palette(self) -> list[list[int]]:
        """RGB by class id."""
        return self.description["palette"]

    def split(self, name: str) -> list[str]:
        """Return the image ids of a split.

        Raises:
            FileNotFoundError: there is no such split.
        """
        path = self.root / "splits" / f"{name}.txt"
        if not path.is_file():
            known = sorted(p.stem for p in path.parent.glob("*.txt"))
            raise FileNotFoundError(f"{path}: no split {name!r}; this dataset has {known}")
        return path.read_text().splitlines()

    def image_path(self, image_id: str) -> Path:
        """Path of the JPEG."""
        return self.root / "images" / f"{image_id}.jpg"

    def semantic_path(self, image_id: str) -> Path:
        """Path of the class mask."""
        return self.root / "semantic" / f"{image_id}.png"

    def instances_path(self, image_id: str) -> Path:
        """Path of the instance mask (may be missing outside evaluated splits)."""
        return self.root / "instances" / f"{image_id}.png"

    def read_image(self, image_id: str) -> np.ndarray:
        """Return the image as H×W×3 uint8 RGB, as it is stored; grey and CMYK are converted.

        A mark in the file that says how to turn the image (EXIF) has no say: masks and boxes refer
        to the stored pixels.

        Raises:
            DatasetError: the file is missing or damaged.
        """
        remedy = "replace the raw image and prepare the dataset again"
        return decoded(self.image_path(image_id), read_pixels, remedy)

    def read_semantic(self, image_id: str) -> np.ndarray:
        """Return the class mask as H×W uint8.

        Raises:
            DatasetError: the file is missing or damaged.
        """
        return decoded(self.semantic_path(image_id), read_values, "prepare the dataset again")

    def shape(self, image_id: str) -> tuple[int, int]:
        """Return height and width of an image, from the header of its class mask.

        Raises:
            DatasetError: the class mask is missing or damaged.
        """
        return decoded(self.semantic_path(image_id), read_shape, "prepare the dataset again")

    def read_instances(self, image_id: str) -> np.ndarray:
        """Return the instance mask as H×W uint8 or uint16.

        Raises:
            DatasetError: the file is missing or damaged.
        """
        return decoded(self.instances_path(image_id), read_values, "prepare the dataset again")

    @cached_property
    def image_classes(self) -> dict[str, tuple[int, ...]]:
        """Image-level labels: the class ids 1..C present in each image that has any, ascending."""
        grouped = self._table("labels").groupby("image")["class_id"]
        return {image: tuple(sorted(set(ids))) for image, ids in grouped}

    @cached_property
    def instance_table(self) -> "pd.DataFrame":
        """One row per painted instance."""
        return self._table("instances")

    @cached_property
    def box_table(self) -> "pd.DataFrame":
        """One row per annotated box."""
        return self._table("boxes")

    def _table(self, name: str) -> "pd.DataFrame":
        """Return a table.

        Raises:
            DatasetError: it is missing or damaged.
        """
        path = self.root / f"{name}.parquet"
        try:
            return read_frame(path)
        except OSError as error:
            raise DatasetError(
                f"{path}: missing or damaged ({error}); prepare the dataset again"
            ) from error
