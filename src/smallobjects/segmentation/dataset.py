"""A prepared dataset and a folder of labels as a dataset of MMSegmentation."""

from pathlib import Path
from typing import Any

from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from smallobjects.datasets.prepared import VOID, PreparedDataset
from smallobjects.segmentation.errors import SegmentationError
from smallobjects.segmentation.image_loading import read_training_label
from smallobjects.segmentation.sampling import Draw, sample_randomness


@DATASETS.register_module()
class LabelledSplit(BaseSegDataset):
    """The images of one split, with labels <id>.png (0 background, 1..C classes, 255 ignored)."""

    def __init__(
        self, root: str, split: str, labels: str | None = None, seed: int = 0, **kwargs: Any
    ) -> None:
        """Open the split.

        Args:
            root: folder of the prepared dataset.
            split: name of the split.
            labels: folder of the labels; None for images alone.
            seed: random seed of the augmentation.
            kwargs: arguments of MMSegmentation's BaseSegDataset, such as `pipeline`.

        Raises:
            FileNotFoundError: the dataset, the split, or the label of an image is missing.
        """
        self.prepared = PreparedDataset.open(root)
        self.ids = self.prepared.split(split)
        self.labels = None if labels is None else Path(labels)
        self.seed = seed
        if self.labels is not None:
            check_labels(self.ids, self.labels)
        names, palette = self.prepared.class_names, self.prepared.palette
        super().__init__(metainfo={"classes": names, "palette": palette}, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Return what the loading transforms read of each image."""
        return [self._describe(image_id) for image_id in self.ids]

    def __getitem__(self, draw: int | Draw) -> dict:
        """Return a sample: of a `Draw` with the randomness of its position, of an index as is."""
        if not isinstance(draw, Draw):
            return super().__getitem__(draw)
        with sample_randomness(self.seed, draw.position):
            return super().__getitem__(draw.index)

    def _describe(self, image_id: str) -> dict:
        info = {
            "img_path": str(self.prepared.image_path(image_id)),
            "label_map": None,
            "reduce_zero_label": False,
            "seg_fields": [],
            "num_classes": self.prepared.num_classes,
        }
        if self.labels is not None:
            info["seg_map_path"] = str(self.labels / f"{image_id}.png")
        return info


def check_labels(ids: list[str], labels: Path) -> None:
    """Refuse a folder of labels that a training could not end with, before it starts.

    Raises:
        FileNotFoundError: names the first missing file and counts the others.
        SegmentationError: no label has a pixel that is not ignored, or the first are damaged.
    """
    present = {path.stem for path in labels.glob("*.png")}
    missing = [image_id for image_id in ids if image_id not in present]
    if missing:
        raise FileNotFoundError(
            f"{labels / missing[0]}.png: missing, as are the labels of {len(missing) - 1} other "
            f"images of {len(ids)} in the split; make the labels of the whole split"
        )
    # The first label usually answers it.
    if not any((read_training_label(labels / f"{image_id}.png") != VOID).any() for image_id in ids):
        raise SegmentationError(
            f"{labels}: every pixel of all {len(ids)} labels is {VOID} (ignored), so there is "
            "nothing to learn; make the labels again"
        )
