"""Online attention accumulation: each image's maps at their highest over a training (OAA)."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from smallobjects.pseudo_labels.attention.store import ImageMaps, to_levels

Key = tuple[str, int]
Gathered = tuple[list[Key], torch.Tensor]
"""N keys and their maps, N×h×w uint8."""


class AttentionAccumulator:
    """Gathers the attention maps of a training, by image id and class.

    The maximum does not depend on the order in which images come, nor on an image that comes twice.
    The public code names its files after the image's place in the data loader (RCA) or after the
    image (NS-ROM), and reads and writes one on every visit; here they stay in memory until the
    training is over, and in its checkpoint.
    """

    def __init__(self, epochs: int, least_probability: float) -> None:
        """Start without any map.

        Args:
            epochs: of the training; maps count from the second one on.
            least_probability: a map counts if its class has at least this probability. In the last
                epoch any map counts for which there is no such.
        """
        self._epochs = epochs
        self._least = least_probability
        self._sure: dict[Key, np.ndarray] = {}
        self._last: dict[Key, np.ndarray] = {}

    @torch.no_grad()
    def add(
        self,
        image_ids: list[str],
        targets: Tensor,
        maps: Tensor,
        probabilities: Tensor,
        epoch: int,
    ) -> None:
        """Take the maps of a batch.

        Args:
            image_ids: B ids.
            targets: B×C, 1 where a class is present.
            maps: B×C×h×w activations of any sign.
            probabilities: B×C in [0, 1].
            epoch: from 0.
        """
        if epoch == 0:
            return
        pairs = torch.nonzero(targets > 0)
        levels = to_levels(maps[pairs[:, 0], pairs[:, 1]])
        sure = (probabilities[pairs[:, 0], pairs[:, 1]] >= self._least).tolist()
        for (image, channel), level, is_sure in zip(pairs.tolist(), levels, sure, strict=True):
            key = (image_ids[image], channel + 1)
            if is_sure:
                _raise(self._sure, key, level)
            elif epoch == self._epochs - 1:
                _raise(self._last, key, level)

    def state_dict(self) -> dict[str, Gathered]:
        """Return what is gathered so far."""
        return {"sure": _stacked(self._sure), "last": _stacked(self._last)}

    def load_state_dict(self, state_dict: dict[str, Gathered]) -> None:
        """Take what `state_dict` returned."""
        self._sure = _unstacked(*state_dict["sure"])
        self._last = _unstacked(*state_dict["last"])

    def maps(
        self, image_ids: list[str], classes_of: dict[str, tuple[int, ...]]
    ) -> Iterator[tuple[str, ImageMaps]]:
        """Yield the classes and maps of images.

        Args:
            image_ids: the images.
            classes_of: the class ids that are present, by image.

        Raises:
            KeyError: an image was not seen in the last epoch, nor surely in one before.
        """
        gathered = {**self._last, **self._sure}
        grid = next(iter(gathered.values()), np.zeros((0, 0), dtype=np.uint8)).shape
        for image_id in image_ids:
            classes = classes_of.get(image_id, ())
            chosen = np.zeros((len(classes), *grid), dtype=np.uint8)
            for place, class_id in enumerate(classes):
                chosen[place] = gathered[image_id, class_id]
            yield image_id, (np.array(classes, dtype=np.uint8), chosen)


def _raise(maps: dict[Key, np.ndarray], key: Key, level: np.ndarray) -> None:
    maps[key] = np.maximum(maps[key], level) if key in maps else level.copy()


def _stacked(maps: dict[Key, np.ndarray]) -> Gathered:
    # One tensor, as a file of hundreds of thousands would be slow.
    levels = np.stack(list(maps.values())) if maps else np.zeros((0, 0, 0), np.uint8)
    return list(maps), torch.from_numpy(levels)


def _unstacked(keys: list[Key], levels: torch.Tensor) -> dict[Key, np.ndarray]:
    return dict(zip(keys, levels.numpy(), strict=True))
