"""Annotations of COCO that cannot be used: found all at once, before anything is painted."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.layouts.coco.annotations import CocoEntry
from smallobjects.datasets.layouts.coco.masks import check_segmentation
from smallobjects.datasets.layouts.coco.objects import box_of, class_of, is_crowd

_SHOWN = 10


def unusable(path: Path, problems: Sequence[str]) -> DatasetError:
    """Return the error, of one line, that names annotations of a file that cannot be used."""
    shown = "; ".join(problems[:_SHOWN])
    more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    return DatasetError(
        f"{path}: {shown}{more}. Correct them or fetch the file again, or leave them out (in the "
        "dataset's settings, unusable_annotations: leave_out)"
    )


def without_unusable(image_id: str, entry: CocoEntry) -> tuple[CocoEntry, list[str]]:
    """Return an image with the annotations that can be painted, and what is wrong with the others.

    Args:
        image_id: of the image, for messages.
        entry: the image.
    """
    kept, problems = [], []
    for annotation in entry.annotations:
        where = f"annotation {annotation.get('id')} of image {image_id!r}"
        try:
            if not is_crowd(annotation, where):
                class_of(annotation, where)
                box_of(annotation, entry.height, entry.width, where)
            check_segmentation(annotation, entry.height, entry.width, where)
            kept.append(annotation)
        except DatasetError as error:
            problems.append(str(error))
    return replace(entry, annotations=kept), problems
