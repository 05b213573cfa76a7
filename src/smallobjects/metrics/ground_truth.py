"""Where the ground truth of the scored images comes from."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from smallobjects.metrics.masks import masks_of, read_mask


class TruthMasks(NamedTuple):
    """The ground truth of one image."""

    semantic: np.ndarray
    """H×W uint8: 0 background, classes, 255 void."""
    instances: np.ndarray
    """H×W uint8 or uint16: 0 background, ids from 1 on, 255 void."""
    semantic_name: str
    """Its file, for messages."""
    instances_name: str
    """Its file, for messages."""


class Truth(Protocol):
    """The ground truth of one image, not yet read: small, as it is sent to another process."""

    def read(self) -> TruthMasks:
        """Read the masks.

        Raises:
            ValueError: they cannot be read; the message names the file.
        """


class Truths(Protocol):
    """The ground truth of many images."""

    def images(self) -> set[str]:
        """Return the images that there is any ground truth of."""

    def lacks(self, image: str) -> str | None:
        """Return what is missing of an image, as a message that names the file, or None."""

    def of(self, image: str) -> Truth:
        """Return the ground truth of an image of which nothing is missing."""


@dataclass(frozen=True)
class MaskFiles:
    """The two PNG files of one image."""

    semantic: Path
    instances: Path

    def read(self) -> TruthMasks:
        """Read the masks; see `Truth`."""
        return TruthMasks(
            read_mask(self.semantic, "class mask"),
            read_mask(self.instances, "instance mask"),
            str(self.semantic),
            str(self.instances),
        )


@dataclass(frozen=True)
class TruthFolders:
    """Two folders of PNG files, `<image id>.png` each; see `Truths`."""

    semantic: Path
    instances: Path

    @cached_property
    def _purposes(self) -> tuple[tuple[Path, dict[str, Path], str], ...]:
        return (
            (self.semantic, masks_of(self.semantic), "class mask"),
            (self.instances, masks_of(self.instances), "instance mask"),
        )

    def images(self) -> set[str]:
        """Return the images that are in one of the folders.

        Raises:
            ValueError: a folder holds none, or two files of one.
        """
        return set().union(*(images for _, images, _ in self._purposes))

    def lacks(self, image: str) -> str | None:
        """Return which mask of an image is missing, as a message, or None."""
        for folder, images, purpose in self._purposes:
            if image not in images:
                return f"{folder / image}.png: there is no {purpose} of this image"
        return None

    def of(self, image: str) -> MaskFiles:
        """Return the files of an image."""
        return MaskFiles(*(masks[image] for _, masks, _ in self._purposes))
