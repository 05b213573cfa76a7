"""The annotated objects of an image, and what their boxes alone say."""

from dataclasses import dataclass

import numpy as np

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.errors import BadInputError

_COLUMNS = ["class_id", "x0", "y0", "x1", "y1"]


@dataclass(frozen=True)
class BoxedObject:
    """An annotated object: its box has 0-based pixels with exclusive ends."""

    object_id: int
    """Place among the boxes of its image in the prepared dataset, from 0."""
    class_id: int
    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def area(self) -> int:
        """Pixels of the box."""
        return (self.x1 - self.x0) * (self.y1 - self.y0)

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the box."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)

    def lies_within(self, other: "BoxedObject") -> bool:
        """Tell whether the other box is another one and covers this one wholly."""
        own, others = ((b.x0, b.y0, b.x1, b.y1) for b in (self, other))
        begins_within = others[0] <= own[0] and others[1] <= own[1]
        ends_within = own[2] <= others[2] and own[3] <= others[3]
        return own != others and begins_within and ends_within


class AnnotatedBoxes:
    """The boxes of a prepared dataset, by image."""

    def __init__(self, dataset: PreparedDataset) -> None:
        """Read the table of boxes."""
        self._place = dataset.root / "boxes.parquet"
        self._num_classes = dataset.num_classes
        grouped = dataset.box_table.groupby("image", sort=False)[_COLUMNS]
        self._rows = {image: rows.to_numpy().tolist() for image, rows in grouped}

    def has(self, image_id: str) -> bool:
        """Tell whether an image has a box."""
        return image_id in self._rows

    def of(self, image_id: str, shape: tuple[int, int]) -> tuple[BoxedObject, ...]:
        """Return the objects of an image in their order, boxes clipped to the image.

        Args:
            image_id: the image; without a box it has no objects.
            shape: its height and width.

        Raises:
            BadInputError: a box covers no pixel of the image, or its class is none.
        """
        rows = enumerate(self._rows.get(image_id, ()))
        return tuple(self._clipped(image_id, number, row, shape) for number, row in rows)

    def _clipped(
        self, image_id: str, number: int, row: list[int], shape: tuple[int, int]
    ) -> BoxedObject:
        class_id, x0, y0, x1, y1 = row
        height, width = shape
        item = BoxedObject(
            number, class_id, max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
        )
        name = f"{self._place}: box {number} of image {image_id}"
        if item.x0 >= item.x1 or item.y0 >= item.y1:
            raise BadInputError(
                f"{name}, x0, y0, x1, y1 = {(x0, y0, x1, y1)}, covers no pixel of the "
                f"{width}×{height} image; correct the raw annotation and prepare the dataset again"
            )
        if not 1 <= class_id < self._num_classes:
            raise BadInputError(
                f"{name} has the class {class_id}; classes are 1..{self._num_classes - 1}, so "
                "prepare the dataset again"
            )
        return item


def inside(
    objects: tuple[BoxedObject, ...], shape: tuple[int, int], class_id: int | None = None
) -> np.ndarray:
    """Return H×W bool: True in the boxes of the objects, or of those of one class."""
    mask = np.zeros(shape, dtype=bool)
    for item in objects:
        if class_id in (None, item.class_id):
            mask[item.window] = True
    return mask


def largest_first(objects: tuple[BoxedObject, ...]) -> list[BoxedObject]:
    """Return the objects by falling area of their box; equal ones keep their order."""
    return sorted(objects, key=lambda item: -item.area)


def filled_boxes(objects: tuple[BoxedObject, ...], shape: tuple[int, int]) -> np.ndarray:
    """Return the label map of boxes filled with their class, larger ones first: H×W uint8.

    It is what box supervision gives without any method, and so what a method must beat.
    """
    label = np.zeros(shape, dtype=np.uint8)
    for item in largest_first(objects):
        label[item.window] = item.class_id
    return label


class FilledBoxes:
    """Gives an image's label by its filled boxes alone."""

    def __init__(self, dataset: PreparedDataset) -> None:
        self._dataset = dataset
        self._boxes = AnnotatedBoxes(dataset)

    def __call__(self, image_id: str) -> np.ndarray:
        """Return H×W uint8."""
        shape = self._dataset.read_semantic(image_id).shape
        return filled_boxes(self._boxes.of(image_id, shape), shape)
