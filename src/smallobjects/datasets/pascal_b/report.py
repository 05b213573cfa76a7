"""The report of a selection: how balanced it is, and what the paper has."""

import json
from pathlib import Path

import numpy as np

from smallobjects.datasets.class_tables import VOC_CLASSES
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.pascal_b.balanced_selection import Selection
from smallobjects.datasets.prepared import SIZES

PUBLISHED = {
    "candidates": 35242,
    "left_by_the_manual_filter": 15263,
    "images": 1137,
    "instances": {"small": 1245, "medium": 1468, "large": 1283, "total": 3996},
}
"""The supplement's section 1.2 and Table 1."""
OBJECTIVE = (
    "instances too many or too few: sum over classes and sizes of |selected - target|, plus "
    "size_weight times the sum over sizes of |selected - target|"
)


def read_report(path: Path) -> dict:
    """Return a report that `select_images` wrote.

    Raises:
        DatasetError: the file is missing, or something else.
    """
    try:
        content = json.loads(path.read_text())
        ids, statement = content["images"], content["statement"]
        whole = isinstance(statement, str) and all(isinstance(each, str) for each in ids)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"{path}: no readable report of a selection ({type(error).__name__}: {error}); "
            "`smallobjects select-images` writes one"
        ) from error
    if not whole:
        raise DatasetError(f"{path}: no report of a selection; select the images again")
    return content


def describe_balance(counts: np.ndarray, targets: np.ndarray, selection: Selection) -> dict:
    """Return the report's part on balance.

    Args:
        counts: instances of every candidate, images × classes × sizes.
        targets: classes × sizes.
        selection: what was selected among the candidates.
    """
    available = counts.sum(0)
    selected = counts[selection.chosen].sum(0)
    gap = selection.objective - selection.bound
    total = int(selected.sum())
    by_size = dict(zip(SIZES, selected.sum(0).tolist(), strict=True))
    return {
        "objective": {
            "definition": OBJECTIVE,
            "value": selection.objective,
            "bound": selection.bound,
            "gap": gap,
            "gap_relative_to_bound": gap / selection.bound if selection.bound else None,
            "gap_relative_to_instances": gap / total if total else None,
        },
        "instances": {**by_size, "total": total},
        "shares": {size: n / total if total else None for size, n in by_size.items()},
        "classes": {
            name: {
                key: dict(zip(SIZES, values[index].tolist(), strict=True))
                for key, values in (
                    ("selected", selected),
                    ("target", targets),
                    ("available", available),
                )
            }
            for index, name in enumerate(VOC_CLASSES)
        },
    }
