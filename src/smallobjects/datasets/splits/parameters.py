"""What a configuration says of a split: where its images are listed, and which of them it takes."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import ConfigDict, Field, NonNegativeInt, PositiveInt, model_validator

from smallobjects.parameters import Parameters

SELECTION = "selection"
"""The source of a split whose images the workflow selects."""


class SplitParameters(Parameters):
    """One split: a raw list or annotation file, or another split, and how much of it."""

    model_config = ConfigDict(populate_by_name=True)

    source: str | Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """VOC: a list in ImageSets/Segmentation, without `.txt`. COCO: the annotation file, relative
    to the raw folder. LVIS: a list of image ids, one per line, relative to the raw folder, or
    `selection`: the images that the stages of `selection` select. Of several the first that is
    there is taken."""
    from_split: str | None = Field(default=None, alias="from")
    """Take the images of this split instead of a source's."""
    images: str | None = None
    """COCO: the folder of the images, relative to the raw folder."""
    first: NonNegativeInt = 0
    """Skip this many images of the source (in the order of the list, or of the sorted ids)."""
    count: PositiveInt | None = None
    """Take this many images after `first`; all of them if not given."""
    without: tuple[str, ...] = ()
    """Leave out the images of these splits."""
    limit: PositiveInt | None = None
    """Take at most this many of the images that are left."""
    balanced: bool = True
    """Whether the images of a `limit` show all classes equally often; else chance alone decides,
    so that classes keep their shares, and rare ones are left to other splits."""
    limit_seed: NonNegativeInt = 0
    """Of the order in which images are considered for `limit`."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of `source`, in the order of preference."""
        if self.source is None:
            return ()
        return (self.source,) if isinstance(self.source, str) else self.source

    @property
    def references(self) -> tuple[str, ...]:
        """The splits that must be known before this one."""
        return (*([self.from_split] if self.from_split is not None else []), *self.without)

    @model_validator(mode="after")
    def _one_origin(self) -> "SplitParameters":
        if (self.source is None) == (self.from_split is None):
            raise ValueError(
                "give either `source` (a raw list) or `from` (another split); "
                "`null` takes back one that a layer below gives"
            )
        if SELECTION in self.sources and self.source != SELECTION:
            raise ValueError(f"source: `{SELECTION}` can only stand alone, not in a list")
        if self.from_split is not None and (self.first or self.count or self.images):
            raise ValueError(
                "`first`, `count` and `images` belong to a `source`; beside `from` use `limit`"
            )
        return self


def resolution_order(splits: Mapping[str, SplitParameters]) -> list[str]:
    """Return the names of all splits, each after those that it refers to.

    Raises:
        ValueError: a split refers to one that there is not, or to itself by way of others.
    """
    order: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circle = " → ".join([*path[path.index(name) :], name])
            raise ValueError(
                f"splits go round in a circle: {circle}; let one of them have a source"
            )
        if name in order:
            return
        for other in splits[name].references:
            if other not in splits:
                raise ValueError(
                    f"splits.{name}: refers to {other!r}, which is no split; splits: {list(splits)}"
                )
            visit(other, (*path, name))
        order.append(name)

    for name in splits:
        visit(name, ())
    return order
