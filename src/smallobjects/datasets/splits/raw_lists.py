"""Which raw list a split has, and which images it takes out of it."""

import sys
from collections import Counter
from pathlib import Path

from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.splits.parameters import SplitParameters


def find_source(name: str, split: SplitParameters, paths: list[Path]) -> Path:
    """Return the file of a split's source: the first of several that is there.

    Args:
        name: of the split.
        split: the split.
        paths: the files of `split.sources`. A single one is returned as it is, there or not.

    Raises:
        DatasetError: none of several is there.
    """
    if len(paths) == 1:
        return paths[0]
    for source, path in zip(split.sources, paths, strict=True):
        if path.is_file():
            print(f"split {name}: taken from {source} ({path})", file=sys.stderr)
            return path
    raise DatasetError(
        f"split {name!r}: none of {', '.join(map(str, paths))} exists; put one of them there, or "
        "name another as `source`"
    )


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
