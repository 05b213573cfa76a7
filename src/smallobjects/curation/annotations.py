"""What a reviewer sees of one image: instances as outlines, classes with counts, and marks."""

from functools import cache

from smallobjects.curation.catalog import Candidate, Catalog
from smallobjects.datasets.class_tables import VOC_CLASSES, voc_palette
from smallobjects.datasets.layouts.coco.annotations import CocoEntry
from smallobjects.datasets.layouts.lvis.annotations import LvisEntry
from smallobjects.datasets.layouts.lvis.converter import LvisImage
from smallobjects.datasets.prepared import VOID
from smallobjects.datasets.regions import regions
from smallobjects.web.outlines import outline_paths


@cache
def class_colours() -> dict[str, str]:
    """Return the colour of every class in the dataset's palette, as `#rrggbb`."""
    palette = voc_palette(1 + len(VOC_CLASSES))
    return {
        name: "#{:02x}{:02x}{:02x}".format(*palette[class_id])
        for class_id, name in enumerate(VOC_CLASSES, start=1)
    }


def annotated(catalog: Catalog, candidate: Candidate) -> dict:
    """Return the annotations of a candidate on its painted mask, which is what is scored.

    Returns:
        `image`, `position`, `width`, `height`; `classes`: a list of name and counts (small,
        medium, large); `hints`; `instances`: a list of class, area, box (x0, y0, x1, y1) and path,
        larger ones first; `void`: the path of crowds, or none.

    Raises:
        DatasetError: an annotation cannot be used.
    """
    painted = _image(catalog, candidate).paint()
    paths = outline_paths(painted.instances)
    found = regions(painted.instances)
    instances = [
        {
            "class": VOC_CLASSES[painted.instance_classes[number] - 1],
            "area": area,
            "box": box,
            "path": paths[number],
        }
        for number, area, box in zip(
            found.values.tolist(), found.areas.tolist(), found.boxes.tolist(), strict=True
        )
        if number not in (0, VOID)
    ]
    return {
        "image": candidate.image,
        "position": candidate.position,
        "width": candidate.width,
        "height": candidate.height,
        "classes": [{"name": n, "counts": counts} for n, counts in candidate.counts.items()],
        "hints": candidate.hints,
        "instances": sorted(instances, key=lambda instance: -instance["area"]),
        "void": paths.get(VOID),
    }


def _image(catalog: Catalog, candidate: Candidate) -> LvisImage:
    coco = CocoEntry(candidate.file, candidate.height, candidate.width, candidate.annotations)
    return LvisImage(candidate.image, catalog.raw, LvisEntry(candidate.source, coco))
