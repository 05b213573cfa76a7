"""How fast raw VOC data is converted, as a ratio of times taken in one run.

    python benchmarks/prepare.py VOCdevkit/VOC2012 [--instance-masks FOLDER] [--workers N]

The measure is what cannot be saved: reading the same class and instance masks with Pillow and
writing them again, with the same number of processes. Converting also reads every image and
annotation, checks that all of it belongs together, finds the instances, links the images and writes
tables and checksums. Both are timed in turn, with the start of their processes; the ratio is the
median of those of the rounds, so that other work on the machine matters little. The converted masks
are compared with the raw ones, pixel by pixel. The exit status is 1 if the conversion takes more
than 1.5 times as long.
"""

import argparse
import contextlib
import io
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from PIL import Image

from smallobjects.datasets.parameters import DatasetParameters
from smallobjects.datasets.preparation.dataset import prepare_dataset
from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.parallel import ordered_map

LIMIT = 1.5
SPLITS = ("train", "val")


def copy_masks(image_id, sources, target):
    """Read and write the masks of an image, as the converter does, and nothing else."""
    for source in sources:
        with Image.open(source / f"{image_id}.png") as image:
            palette, mask = image.getpalette(), np.array(image)
        copy = Image.fromarray(mask)
        copy.putpalette(palette)
        copy.save(target / f"{source.name}_{image_id}.png")


def copy_all(ids, sources, workers):
    with tempfile.TemporaryDirectory() as folder:
        copy = partial(copy_masks, sources=sources, target=Path(folder))
        for _ in ordered_map(copy, ids, workers):
            pass


def convert(raw, parameters, workers, folder):
    with contextlib.redirect_stderr(io.StringIO()):
        prepare_dataset("voc", parameters, raw, folder, workers)


def seconds(function):
    start = perf_counter()
    function()
    return perf_counter() - start


def check_masks(raw, parameters, dataset):
    """Compare every converted mask with the raw one."""
    for image_id in {image_id for split in SPLITS for image_id in dataset.split(split)}:
        for folder, read in (
            ("SegmentationClass", dataset.read_semantic),
            (parameters.instance_masks, dataset.read_instances),
        ):
            with Image.open(raw / folder / f"{image_id}.png") as image:
                if not np.array_equal(np.asarray(image), read(image_id)):
                    raise SystemExit(f"{folder}/{image_id}.png differs from what was made of it")


def compare(raw, parameters, workers, repeat):
    """Print the times with so many processes and return their ratio."""
    ids = [
        image_id
        for split in SPLITS
        for image_id in (raw / f"ImageSets/Segmentation/{split}.txt").read_text().split()
    ]
    sources = [raw / "SegmentationClass", raw / parameters.instance_masks]
    copying, converting = [], []
    for _ in range(repeat):
        copying.append(seconds(partial(copy_all, ids, sources, workers)))
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "voc"
            converting.append(seconds(partial(convert, raw, parameters, workers, target)))
            check_masks(raw, parameters, PreparedDataset.open(target))
    ratio = median(ours / least for ours, least in zip(converting, copying, strict=True))
    print(f"{len(ids)} images, {workers} processes, medians of {repeat}")
    print(f"  reading and writing the masks {median(copying):7.2f} s")
    print(f"  converting                    {median(converting):7.2f} s")
    print(f"  ratio                         {ratio:7.2f}   (at most {LIMIT})")
    return ratio


def main():
    parser = argparse.ArgumentParser(description="Time the conversion of VOC.")
    parser.add_argument("raw", type=Path, help="the folder with Annotations, JPEGImages, …")
    parser.add_argument("--instance-masks", default="SegmentationObject")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=7)
    options = parser.parse_args()
    parameters = DatasetParameters(
        title="PASCAL VOC",
        layout="voc",
        num_classes=21,
        raw=str(options.raw),
        splits={split: {"source": split} for split in SPLITS},
        train="train",
        label_score="train",
        evaluate="val",
        instance_masks=options.instance_masks,
    )
    ratios = [
        compare(options.raw, parameters, workers, options.repeat)
        for workers in sorted({1, options.workers})
    ]
    sys.exit(int(max(ratios) > LIMIT))


if __name__ == "__main__":
    main()
