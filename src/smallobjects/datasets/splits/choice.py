"""Which images of raw data its splits take: parts of raw lists, and of other splits."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace

from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.parameters import DatasetParameters
from smallobjects.datasets.raw import AnnotatedImage, RawDataset, RawImage
from smallobjects.datasets.splits.balanced_choice import balanced_choice
from smallobjects.datasets.splits.parameters import SplitParameters, resolution_order
from smallobjects.progress import progress


@dataclass(frozen=True)
class EvaluatedImage:
    """An image of the evaluated split, which must have an instance mask."""

    image: RawImage

    @property
    def image_id(self) -> str:
        """Names the image."""
        return self.image.image_id

    def read(self) -> AnnotatedImage:
        """Read the image.

        Raises:
            DatasetError: it cannot be used, or has no instance mask.
        """
        content = self.image.read()
        if content.instances is None:
            raise DatasetError(
                f"{content.instances_path}: no such instance mask; the evaluated split needs one "
                "for every image"
            )
        return content

    def read_labels(self) -> tuple[int, ...]:
        """Return the image-level labels."""
        return self.image.read_labels()


def choose_splits(raw: RawDataset, parameters: DatasetParameters) -> RawDataset:
    """Return the raw data with all splits that the parameters name, and their images alone.

    Args:
        raw: as a converter opened it: the splits that have a source, whole.
        parameters: say what each split takes.

    Raises:
        DatasetError: nothing is left of a split, labels that a balanced choice needs cannot be
            read, or another split that models are trained on shares images with the evaluated one.
    """
    choice = _Choice(raw)
    for name in resolution_order(parameters.splits):
        choice.choose(name, parameters.splits[name])
    splits = {name: choice.splits[name] for name in parameters.splits}
    _check_unseen(splits, parameters.train, parameters.evaluate)
    used = {image_id for ids in splits.values() for image_id in ids}
    evaluated = set(splits[parameters.evaluate])
    images = [
        EvaluatedImage(image) if image.image_id in evaluated else image
        for image in raw.images
        if image.image_id in used
    ]
    return replace(raw, splits=splits, images=images, parts=choice.parts)


def _check_unseen(splits: Mapping[str, list[str]], trained: str | None, evaluated: str) -> None:
    """Check that no image is trained on and evaluated, unless one split is named for both."""
    if trained is None or trained == evaluated:
        return
    seen = set(splits[trained])
    shared = [image_id for image_id in splits[evaluated] if image_id in seen]
    if shared:
        raise DatasetError(
            f"split {evaluated!r}: {len(shared)} of its {len(splits[evaluated])} images are in "
            f"{trained!r} too, such as {shared[0]!r}, and models must be evaluated on images that "
            f"they were not trained on; let {trained!r} be `without: [{evaluated}]`"
        )


class _Choice:
    """The splits that are settled so far."""

    def __init__(self, raw: RawDataset) -> None:
        self._raw = raw
        self._images = {image.image_id: image for image in raw.images}
        self._labels: dict[str, tuple[int, ...]] = {}
        self.splits: dict[str, list[str]] = {}
        self.parts: dict[str, str] = {}

    def choose(self, name: str, split: SplitParameters) -> None:
        """Settle a split; those that it refers to are settled."""
        whole = self._raw.splits[name] if split.source else self.splits[split.from_split]
        left_out = {image_id for other in split.without for image_id in self.splits[other]}
        ids = [image_id for image_id in whole if image_id not in left_out]
        if not ids:
            raise DatasetError(
                f"split {name!r}: all of its {len(whole)} images are in {', '.join(split.without)} "
                "too, which it leaves out; lower the `limit` of these splits, or change `without`"
            )
        if split.limit is not None and split.limit < len(ids):
            # Without labels an image is like any other.
            labels = self._labels_of(name, ids) if split.balanced else dict.fromkeys(ids, ())
            taken = balanced_choice(labels, split.limit, split.limit_seed)
            ids = [image_id for image_id in ids if image_id in taken]
        self.splits[name] = ids
        if split.references or split.limit is not None:
            self.parts[name] = _describe(split, len(ids), len(whole))
            print(f"split {name}: {self.parts[name]}", file=sys.stderr)

    def _labels_of(self, name: str, ids: list[str]) -> Mapping[str, tuple[int, ...]]:
        unread = [image_id for image_id in ids if image_id not in self._labels]
        labels = (self._images[image_id].read_labels() for image_id in unread)
        known = progress(labels, f"Reading the labels of {name}", len(unread))
        self._labels.update(zip(unread, known, strict=True))
        return {image_id: self._labels[image_id] for image_id in ids}


def _describe(split: SplitParameters, taken: int, whole: int) -> str:
    """Return in words what a split takes."""
    origin = f"the split {split.from_split}" if split.from_split else "its list"
    words = [f"{taken} of the {whole} images of {origin}"]
    if split.without:
        words.append(f"without those of {', '.join(split.without)}")
    if split.limit is not None and taken == split.limit:
        how = "balanced over classes" if split.balanced else "by chance"
        words.append(f"{how} (seed {split.limit_seed})")
    elif split.limit is not None:
        words.append(f"all there are, as the limit is {split.limit}")
    return ", ".join(words)
