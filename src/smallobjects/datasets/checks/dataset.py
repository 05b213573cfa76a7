"""Check a prepared dataset as a whole: every file, every table, and whether they agree."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from smallobjects.datasets.checks.description import NAME, Description, check_description
from smallobjects.datasets.checks.files import FOLDERS, check_files, read_splits
from smallobjects.datasets.checks.findings import Finding
from smallobjects.datasets.checks.images import CheckedImage, ImageToCheck, check_image
from smallobjects.datasets.checks.tables import RowsByImage, read_tables
from smallobjects.datasets.checksums import sum_of_files, sum_of_hashes
from smallobjects.datasets.prepared import SIZES
from smallobjects.datasets.tables import TABLES
from smallobjects.parallel import ordered_map
from smallobjects.progress import progress


def check_dataset(root: str | Path, workers: int = 1) -> Iterator[Finding]:
    """Yield everything that is wrong with a prepared dataset; see `prepared.py` for the format.

    Checked are dataset.json, the splits, that every image has its files and that links lead
    somewhere, that every file can be decoded, the sizes of images and masks, the values of the
    masks, that class and instance masks belong together, that the tables say what the masks show,
    boxes and image-level labels, the counts and the checksums. Without a whole dataset.json nothing
    else can be judged.

    Args:
        root: folder of the dataset.
        workers: processes that read images.
    """
    root = Path(root)
    description, findings = check_description(root)
    yield from findings
    if description is None:
        return
    splits, findings = read_splits(root, description.splits)
    yield from findings
    ids = sorted({image_id for listed in splits.values() for image_id in listed})
    present, findings = check_files(root, splits, set(splits.get(description.evaluate, [])))
    yield from findings
    tables, findings = read_tables(root, ids)
    yield from findings
    images = [_to_check(image_id, present, tables) for image_id in ids]
    check = partial(
        check_image,
        root=root,
        num_classes=len(description.class_names),
        size_limits=tuple(description.size_limits),
    )
    checked = []
    for image in progress(ordered_map(check, images, workers), "Checking", len(images)):
        yield from image.findings
        checked.append(image)
    yield from _wrong_checksums(root, description, checked)
    if "instances" in tables:
        yield from _wrong_counts(description, splits, checked)


def _to_check(
    image_id: str, present: dict[str, set[str]], tables: dict[str, RowsByImage]
) -> ImageToCheck:
    folders = frozenset(folder for folder in FOLDERS if image_id in present[folder])
    return ImageToCheck(
        image_id, folders, {name: rows.of(image_id) for name, rows in tables.items()}
    )


def _wrong_checksums(
    root: Path, description: Description, checked: Sequence[CheckedImage]
) -> Iterator[Finding]:
    """Compare the checksums; they tell of a change that no other check understands."""
    sums = {
        folder: sum_of_hashes(
            {
                f"{image.image_id}.png": image.sha256[folder]
                for image in checked
                if folder in image.sha256
            }
        )
        for folder in ("semantic", "instances")
    }
    sums["lists"] = sum_of_files((root / "splits").glob("*.txt"))
    paths = [root / f"{name}.parquet" for name in TABLES]
    sums["tables"] = sum_of_files(path for path in paths if path.is_file())
    for name, found in sums.items():
        if found != getattr(description.checksums, name):
            what = {"lists": "splits/*.txt", "tables": "*.parquet"}.get(name, f"{name}/*.png")
            problem = f"checksums.{name} is not that of {what}: they are not as they were made"
            yield Finding(NAME, problem)


def _wrong_counts(
    description: Description, splits: dict[str, list[str]], checked: Sequence[CheckedImage]
) -> Iterator[Finding]:
    sizes = {image.image_id: Counter(image.sizes) for image in checked}
    counts = description.counts
    pairs = [
        ("images", counts.images, len(checked)),
        (
            "images_without_instance_mask",
            counts.images_without_instance_mask,
            sum("instances" not in image.sha256 for image in checked),
        ),
        ("instances", counts.instances, sum(map(Counter.total, sizes.values()))),
    ]
    for split, ids in splits.items():
        if split in counts.instances_by_size:
            total = sum((sizes[image_id] for image_id in ids), Counter())
            pairs += [
                (
                    f"instances_by_size.{split}.{size}",
                    getattr(counts.instances_by_size[split], size),
                    total[size],
                )
                for size in SIZES
            ]
    for name, announced, found in pairs:
        if announced != found:
            yield Finding(NAME, f"counts.{name} is {announced}, but there are {found}")
