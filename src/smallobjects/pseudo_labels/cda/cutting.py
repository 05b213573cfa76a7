"""Objects cut out of finished labels (CDA, section 3.2): where they are, and their pixels."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.integrity.tables import read_frame, write_frame
from smallobjects.progress import progress
from smallobjects.pseudo_labels.cda.parameters import CutParameters
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.images import read_image
from smallobjects.pseudo_labels.labels.folder import read_label
from smallobjects.pseudo_labels.training.augmentation import VOID
from smallobjects.publishing import publish_file


@dataclass(frozen=True)
class Cut:
    """Where the object of an image lies: y0 <= y < y1, x0 <= x < x1."""

    image: str
    class_id: int
    y0: int
    x0: int
    y1: int
    x1: int


COLUMNS = [field.name for field in fields(Cut)]


def find_cut(image_id: str, label: np.ndarray, parameters: CutParameters) -> Cut | None:
    """Return the tight box of the object in a label map, if it can be cut.

    Args:
        image_id: the image.
        label: H×W uint8; 0 background, 255 void.
        parameters: the share of the image that the object must take, ends included.

    Returns:
        `None` unless the map has exactly one class whose share fits. Void counts as no class.
    """
    classes = np.setdiff1d(label, [0, VOID])
    if len(classes) != 1:
        return None
    mask = label == classes[0]
    if not parameters.min_share <= mask.mean() <= parameters.max_share:
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = (rows[0], columns[0], rows[-1] + 1, columns[-1] + 1)
    return Cut(image_id, int(classes[0]), *map(int, box))


def find_cuts(image_ids: list[str], labels: Path, parameters: CutParameters) -> list[Cut]:
    """Return the cuts of a folder of finished labels, in the order of the images.

    Raises:
        BadInputError: an image has no label, or nothing at all can be cut.
    """
    found = (
        find_cut(image_id, read_label(labels, image_id), parameters)
        for image_id in progress(image_ids, "find cuts", len(image_ids))
    )
    cuts = [cut for cut in found if cut is not None]
    if not cuts:
        raise BadInputError(
            f"{labels}: no label has exactly one class that takes {parameters.min_share} to "
            f"{parameters.max_share} of its image, so there is no object to paste; widen "
            "`cuts.min_share` and `cuts.max_share`, or give better labels"
        )
    return cuts


def write_cuts(path: Path, cuts: Iterable[Cut]) -> None:
    """Write cuts as a table (.parquet), one row each."""
    with publish_file(path) as partial:
        rows = [astuple(cut) for cut in cuts]
        write_frame(pd.DataFrame(rows, columns=COLUMNS), partial)


def read_cuts(path: Path) -> list[Cut]:
    """Return the cuts in a table.

    Raises:
        BadInputError: the file is no such table.
    """
    try:
        table = read_frame(path, COLUMNS)
    except (OSError, ValueError) as error:
        raise BadInputError(
            f"{path}: no table of cuts ({error}); make it again with `smallobjects cut-objects`"
        ) from error
    return [Cut(str(row.image), *map(int, row[2:])) for row in table.itertuples()]


class ObjectCuts:
    """The objects that can be pasted, by class; their pixels are read when one is asked for."""

    def __init__(self, dataset: PreparedDataset, labels: Path, cuts: list[Cut]) -> None:
        """Sort the cuts by class.

        Raises:
            BadInputError: a cut is of a class that the dataset lacks.
        """
        self._dataset = dataset
        self._labels = labels
        self._by_class: dict[int, list[Cut]] = {}
        for cut in cuts:
            if not 0 < cut.class_id < dataset.num_classes:
                raise BadInputError(
                    f"cut of image {cut.image}: class {cut.class_id}, but the dataset has 1.."
                    f"{dataset.num_classes - 1}; run `smallobjects cut-objects` on its labels"
                )
            self._by_class.setdefault(cut.class_id, []).append(cut)

    def choose(self, present: Iterable[int], generator: np.random.Generator) -> Cut | None:
        """Draw a class that is absent from an image and has cuts, then one of its cuts, evenly.

        The public code fails where it draws a class without cuts. Returns `None` if all classes
        with cuts are present.
        """
        absent = sorted(set(self._by_class) - set(present))
        if not absent:
            return None
        cuts = self._by_class[absent[generator.integers(len(absent))]]
        return cuts[generator.integers(len(cuts))]

    def read(self, cut: Cut) -> tuple[np.ndarray, np.ndarray]:
        """Return the image (h×w×3 uint8) and the mask (h×w bool) in the box of a cut.

        Raises:
            BadInputError: image and label differ in size, or the label has changed.
        """
        image = read_image(self._dataset, cut.image)
        label = read_label(self._labels, cut.image)
        box = np.s_[cut.y0 : cut.y1, cut.x0 : cut.x1]
        mask = label[box] == cut.class_id
        if image.shape[:2] != label.shape or not mask.any():
            raise BadInputError(
                f"{self._labels / cut.image}.png: does not fit its image or the table of cuts; "
                "run `smallobjects cut-objects` on these labels again"
            )
        return image[box], mask
