"""Settings by which the workflow runs on the real samples: nothing but local paths and splits."""

from pathlib import Path


def sample_settings(realdata: Path) -> dict:
    """Return the changes to the configuration that point it to the real VOC and COCO samples."""
    annotations = "annotations/instances_train2017.json"
    published_sizes = {"size_limits": [32**2, 96**2]}
    return {
        "voc": {
            **published_sizes,
            "raw": str(realdata / "VOCdevkit" / "VOC2012"),
            "splits": {"_delete_": True, "train": {"source": "train"}, "val": {"source": "val"}},
            "train": "train",
            "semantic_masks": ["SegmentationClass"],
            "instance_masks": "SegmentationObject_derived",
        },
        "coco": {
            **published_sizes,
            "raw": str(realdata / "coco"),
            "splits": {
                "train": {"source": annotations, "images": "train2017", "count": 60},
                "val": {"source": annotations, "images": "train2017", "first": 60},
            },
        },
    }
