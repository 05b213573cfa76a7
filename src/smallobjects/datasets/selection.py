"""Which images a split takes out of an ordered list."""

from collections import Counter
from pathlib import Path

from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.parameters import SplitParameters


def select_ids(ids: list[str], split: SplitParameters, source: Path) -> list[str]:
    """Return `split.count` ids after the first `split.first`; all the rest without a count.

    Raises:
        DatasetError: an id occurs twice, or fewer ids are there than asked for; `source` names
            the file.
    """
    if len(set(ids)) < len(ids):
        repeated = next(image_id for image_id, times in Counter(ids).items() if times > 1)
        raise DatasetError(f"{source}: {repeated!r} is listed twice; each image must occur once")
    end = len(ids) if split.count is None else split.first + split.count
    if split.first >= len(ids) or end > len(ids):
        wanted = "at least one image" if split.count is None else f"{split.count} images"
        raise DatasetError(
            f"{source}: the split asks for {wanted} after the first {split.first}, but the list "
            f"has {len(ids)}; lower `first` or `count`"
        )
    return ids[split.first : end]
