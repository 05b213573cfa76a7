"""Saliency maps that somebody else made, checked one by one."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.labels.folder import image_shape
from smallobjects.pseudo_labels.saliency.maps import read_map

_BRIGHT = 16
"""A set of maps that finds anything has brighter pixels."""
NAMED = 20
"""Bad files that an error names; of the others it gives the number."""


def precomputed_maps(
    folder: Path, dataset: PreparedDataset, image_ids: list[str]
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the id and the H×W uint8 map of each image; all are looked at before any error.

    Args:
        folder: holds one 8-bit grey `<image id>.png` for each image, and may hold others.
        dataset: gives the sizes.
        image_ids: the images that need a map.

    Raises:
        BadInputError: names every map that is missing, damaged, no 8-bit grey PNG or of another
            size than its image, with what to do about it; or all of them are next to black, as maps
            of 0 and 1 are.
    """
    if not folder.is_dir():
        raise BadInputError(f"{folder}: no such folder; give the folder of the saliency maps")
    wrong, brightest = [], 0
    for image_id in image_ids:
        try:
            saliency = read_map(folder, image_id, image_shape(dataset, image_id))
        except BadInputError as error:
            wrong.append(str(error))
        else:
            brightest = max(brightest, int(saliency.max(initial=0)))
            yield image_id, saliency
    if wrong:
        count = f"{len(wrong)} of {len(image_ids)} saliency maps cannot be used:"
        rest = [f"and {len(wrong) - NAMED} more"] if len(wrong) > NAMED else []
        raise BadInputError("\n".join([count, *wrong[:NAMED], *rest]))
    if brightest < _BRIGHT:
        raise BadInputError(
            f"{folder}: no saliency map has a value above {brightest}, but they reach from 0 to "
            "255; scale them (maps of 0 and 1: times 255)"
        )
