"""Images and labels as MMSegmentation's pipelines load them, damaged ones refused."""

from pathlib import Path

import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import TRANSFORMS

from smallobjects.datasets.prepared import VOID
from smallobjects.integrity import jpeg
from smallobjects.integrity.pictures import open_picture
from smallobjects.metrics.masks import read_mask
from smallobjects.segmentation.errors import SegmentationError


# Under the stock name, so that every pipeline gets it.
@TRANSFORMS.register_module(name="LoadImageFromFile", force=True)
class LoadWholeImage(LoadImageFromFile):
    """MMCV's `LoadImageFromFile`, which by itself takes what OpenCV makes of a damaged file."""

    def transform(self, results: dict) -> dict | None:
        """Load the image that `img_path` names.

        Raises:
            SegmentationError: it is missing, damaged, or no image of 8 bits.
        """
        path = Path(results["img_path"])
        try:
            with path.open("rb") as file:
                start = file.read(len(jpeg.SIGNATURE))
            if start != jpeg.SIGNATURE:
                open_picture(path.read_bytes()).close()
            with jpeg.no_corrupt_jpeg():
                return super().transform(results)
        except (OSError, SyntaxError, AssertionError) as error:
            raise SegmentationError(
                f"{path}: cannot be read ({error}); replace the raw image and prepare the dataset "
                "again"
            ) from error


@TRANSFORMS.register_module()
class LoadLabels(LoadAnnotations):
    """Loads a label PNG by its palette indices and checks that it fits image and dataset."""

    def _load_seg_map(self, results: dict) -> None:
        path = results["seg_map_path"]
        labels = read_training_label(Path(path))
        if labels.shape != tuple(results["img_shape"][:2]):
            raise SegmentationError(
                f"{path}: the label is {labels.shape} pixels (height, width), its image "
                f"{tuple(results['img_shape'][:2])}; make the labels at the image's size"
            )
        highest = labels[labels != VOID].max(initial=0)
        if highest >= results["num_classes"]:
            raise SegmentationError(
                f"{path}: holds class {highest}, but the dataset has classes 0.."
                f"{results['num_classes'] - 1} (and {VOID}, ignored); make the labels for it"
            )
        results["gt_seg_map"] = labels.astype(np.uint8, copy=False)
        results["seg_fields"].append("gt_seg_map")


def read_training_label(path: Path) -> np.ndarray:
    """Return the values of a label PNG: H×W uint8 or uint16.

    Raises:
        SegmentationError: it is missing, damaged, or holds colours.
    """
    try:
        return read_mask(path, "label")
    except ValueError as error:
        raise SegmentationError(str(error)) from error
