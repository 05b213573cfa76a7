"""Equal parts of a list of images, named as Snakemake's scatter-gather names them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from smallobjects.pseudo_labels.errors import BadInputError


@dataclass(frozen=True)
class Shard:
    """Part `index` (from 1) of `count` parts."""

    index: int
    count: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Read a name such as `1-of-4`.

        Raises:
            BadInputError: the name has another form, or its numbers do not fit each other.
        """
        match = re.fullmatch(r"([0-9]+)-of-([0-9]+)", text)
        if not match:
            raise BadInputError(f"shard {text!r}: expected a name such as 1-of-4")
        index, count = int(match[1]), int(match[2])
        if not 1 <= index <= count:
            raise BadInputError(f"shard {text!r}: the first number must lie in 1..{count}")
        return cls(index, count)

    def take(self, image_ids: Sequence[str]) -> list[str]:
        """Return this part of the images: contiguous, sizes differing by at most one.

        The parts of one `count`, in order, make the whole list.
        """
        start = (self.index - 1) * len(image_ids) // self.count
        stop = self.index * len(image_ids) // self.count
        return list(image_ids[start:stop])
