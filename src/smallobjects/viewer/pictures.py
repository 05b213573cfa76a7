"""Image, ground truth and prediction of an image, masks in the colours of the classes."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from smallobjects.datasets.class_tables import voc_palette
from smallobjects.datasets.prepared import VOID, PreparedDataset
from smallobjects.datasets.regions import regions
from smallobjects.image_lists import file_of_id
from smallobjects.metrics.masks import read_mask
from smallobjects.viewer.rows import InstanceRows, ViewError
from smallobjects.web.outlines import outline_paths

SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True)
class Pictures:
    """Where everything about an image lies, and what its classes are called."""

    images: Path
    semantic: Path
    instances: Path
    predictions: Path
    class_names: list[str]
    """By class id; the first is the background."""
    palette: list[list[int]]
    """RGB by class id."""

    def image_path(self, image: str) -> Path:
        """Return the image file.

        Raises:
            ViewError: there is none.
        """
        path = file_of_id(self.images, image, SUFFIXES)
        if not path.is_file():
            raise ViewError(f"{self.images}: no image {image!r}; was it moved?")
        return path

    def truth(self, image: str) -> np.ndarray:
        """Return the class mask of the ground truth.

        Raises:
            ViewError: it is missing or damaged.
        """
        return _read(_mask(self.semantic, image), "ground truth")

    def prediction(self, image: str) -> np.ndarray:
        """Return the predicted class mask.

        Raises:
            ViewError: it is missing or damaged.
        """
        return _read(_mask(self.predictions, image), "prediction")

    def colours(self) -> list[str]:
        """Return the colour of every class, background included, as `#rrggbb`."""
        named = zip(self.class_names, self.palette, strict=False)
        return ["#{:02x}{:02x}{:02x}".format(*colour) for _, colour in named]

    def coloured(self, mask: np.ndarray) -> bytes:
        """Return a class mask as a PNG in the colours of the classes; background is transparent."""
        palette = [*self.palette, *voc_palette(256)[len(self.palette) :]]
        image = Image.fromarray(mask.astype(np.uint8))
        image.putpalette(np.array(palette, np.uint8).ravel().tolist())
        file = BytesIO()
        image.save(file, "PNG", transparency=bytes([0] + [255] * 255), compress_level=1)
        return file.getvalue()

    def described(self, image: str, rows: InstanceRows) -> dict:
        """Return the instances of an image with their scores.

        Returns:
            `width`, `height`, `void` (the path of void pixels, or none), and `instances`: a list of
            row, class, area, size, iou, box (x0, y0, x1, y1) and path, larger ones first.

        Raises:
            ViewError: the instance mask is missing, damaged, or lacks a scored instance.
        """
        path = _mask(self.instances, image)
        mask = _read(path, "instance mask")
        found = regions(mask)
        boxes = dict(zip(found.values.tolist(), found.boxes.tolist(), strict=True))
        outlines = outline_paths(mask)
        instances = []
        for record in rows.records(rows.of_image(image)):
            number = record["instance_id"]
            if number not in outlines:
                raise ViewError(f"{path}: lacks instance {number}, which was scored; score again")
            record["class"] = self.class_names[record.pop("class_id")]
            instances.append(record | {"box": boxes[number], "path": outlines[number]})
        return {
            "image": image,
            "width": mask.shape[1],
            "height": mask.shape[0],
            "void": outlines.get(VOID),
            "instances": sorted(instances, key=lambda instance: -instance["area"]),
        }


def of_dataset(root: Path, predictions: Path) -> Pictures:
    """Return the pictures of predictions about a prepared dataset.

    Raises:
        FileNotFoundError, DatasetError: it is no prepared dataset.
    """
    dataset = PreparedDataset.open(root)
    folders = (root / name for name in ("images", "semantic", "instances"))
    return Pictures(*folders, predictions, dataset.class_names, dataset.palette)


def of_folders(
    images: Path, semantic: Path, instances: Path, predictions: Path, names: list[str], classes: int
) -> Pictures:
    """Return the pictures of predictions and ground truth in any folders, in the colours of VOC.

    Args:
        images: of image files.
        semantic: of class masks.
        instances: of instance masks.
        predictions: of predicted class masks.
        names: of the classes, the background first; those without a name get a number.
        classes: how many there are, the background included.
    """
    numbered = [f"class {number}" for number in range(len(names), classes)]
    colours = voc_palette(max(classes, len(names)))
    return Pictures(images, semantic, instances, predictions, [*names, *numbered], colours)


def _mask(folder: Path, image: str) -> Path:
    return file_of_id(folder, image, (".png",))


def _read(path: Path, purpose: str) -> np.ndarray:
    try:
        return read_mask(path, purpose)
    except ValueError as error:
        raise ViewError(str(error)) from error
