"""Are the files of a prepared dataset there, those that its splits ask for and no others?"""

from collections import Counter
from pathlib import Path

from smallobjects.datasets.checks.findings import PREPARE_AGAIN, Finding

FOLDERS = {"images": ".jpg", "semantic": ".png", "instances": ".png"}
"""The folders with a file per image, and how its name ends."""


def read_splits(
    root: Path, announced: dict[str, int]
) -> tuple[dict[str, list[str]], list[Finding]]:
    """Read the lists of images.

    Args:
        root: folder of the dataset.
        announced: number of images of each split, as dataset.json has it.

    Returns:
        The ids of every split that is there, announced or not; and what is wrong with them.
    """
    splits, findings = {}, []
    present = {path.stem: path for path in sorted((root / "splits").glob("*.txt"))}
    for name in sorted({*announced, *present}):
        file = f"splits/{name}.txt"
        if name not in present:
            findings.append(Finding(file, "missing"))
            continue
        if name not in announced:
            findings.append(Finding(file, "dataset.json knows no such split", "remove it"))
        ids = present[name].read_text(errors="replace").splitlines()
        splits[name] = ids
        repeated = sorted(image_id for image_id, times in Counter(ids).items() if times > 1)
        findings += [Finding(file, f"{image_id!r} is listed twice") for image_id in repeated]
        if name in announced and len(ids) != announced[name]:
            findings.append(
                Finding(file, f"{len(ids)} images, but dataset.json says {announced[name]}")
            )
    return splits, findings


def check_files(
    root: Path, splits: dict[str, list[str]], evaluated: set[str]
) -> tuple[dict[str, set[str]], list[Finding]]:
    """Compare the files with the splits.

    Args:
        root: folder of the dataset.
        splits: image ids by split.
        evaluated: the ids that need an instance mask.

    Returns:
        For each of `FOLDERS` the ids whose file is there; and what is missing, dangling or too
        much.
    """
    listed = {image_id: name for name, ids in splits.items() for image_id in ids}
    present, findings = {}, []
    for folder, suffix in FOLDERS.items():
        paths = sorted((root / folder).iterdir()) if (root / folder).is_dir() else []
        present[folder] = {path.stem for path in paths if path.suffix == suffix and path.exists()}
        for path in paths:
            name = f"{folder}/{path.name}"
            if path.suffix != suffix or path.stem not in listed:
                findings.append(Finding(name, "belongs to no image of any split", "remove it"))
            if not path.exists():
                remedy = f"put the raw image back or {PREPARE_AGAIN}"
                target = path.readlink()
                findings.append(Finding(name, f"links to {target}, which is not there", remedy))
        needed = evaluated if folder == "instances" else listed
        absent = set(needed) - {path.stem for path in paths}
        findings += [
            Finding(f"{folder}/{image_id}{suffix}", f"missing; split {listed[image_id]!r} lists it")
            for image_id in sorted(absent)
        ]
    return present, findings
