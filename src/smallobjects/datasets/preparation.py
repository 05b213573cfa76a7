"""Turn raw data of any layout into a prepared dataset."""

import hashlib
import importlib
import json
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from smallobjects.datasets import tables
from smallobjects.datasets.class_tables import voc_palette
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.mask_files import write_mask
from smallobjects.datasets.parallel import ordered_map, with_progress
from smallobjects.datasets.parameters import DatasetParameters, with_selection
from smallobjects.datasets.raw import RawDataset, RawImage
from smallobjects.publishing import publish_directory

FOLDERS = ("images", "semantic", "instances", "splits")
TABLES = {"instances": tables.INSTANCES, "boxes": tables.BOXES, "labels": tables.LABELS}
CONTENT = {*FOLDERS, *(f"{name}.parquet" for name in TABLES), "dataset.json"}


def prepare_dataset(
    name: str,
    parameters: DatasetParameters,
    raw: str | Path,
    output: str | Path,
    workers: int = 1,
    selection: str | Path | None = None,
) -> None:
    """Write the prepared dataset (see `prepared.py`) of the raw folder into the folder `output`.

    The folder appears under its name when it is whole. Its bytes depend on the raw data and the
    parameters, not on the number of workers.

    An unfinished or older prepared dataset of that name is replaced; any other folder is refused.

    Args:
        name: of the dataset, such as `voc`.
        parameters: layout, splits and size limits.
        raw: the raw folder.
        output: the folder to make.
        workers: processes that read and write images.
        selection: a report of `smallobjects select-images`, for splits whose source it is.

    Raises:
        DatasetError: the raw data cannot be used, or `output` holds something else.
    """
    raw, output = Path(raw), Path(output).absolute()
    _check_output(output)
    if not raw.is_dir():
        raise DatasetError(f"{raw}: no such folder of raw data; give the path it was unpacked to")
    parameters = with_selection(parameters, selection)
    converter = importlib.import_module(f"smallobjects.datasets.{parameters.layout}")
    dataset: RawDataset = converter.open_raw(raw, parameters)
    if len(dataset.class_names) + 1 != parameters.num_classes:
        raise DatasetError(
            f"{raw}: {len(dataset.class_names)} classes beside the background, so num_classes must "
            f"be {len(dataset.class_names) + 1}, not {parameters.num_classes}"
        )
    with publish_directory(output) as folder:
        for part in FOLDERS:
            (folder / part).mkdir()
        write_image = partial(_write_image, folder=folder, size_limits=parameters.size_limits)
        written = ordered_map(write_image, dataset.images, workers)
        records = list(with_progress(written, len(dataset.images), f"Preparing {name}"))
        _write_tables(folder, records)
        lists = {split: "".join(f"{i}\n" for i in ids) for split, ids in dataset.splits.items()}
        for split, text in lists.items():
            (folder / "splits" / f"{split}.txt").write_text(text)
        description = _describe(name, parameters, dataset, records, lists)
        text = json.dumps(description, indent=2, ensure_ascii=False) + "\n"
        (folder / "dataset.json").write_text(text)


def _check_output(output: Path) -> None:
    foreign = {path.name for path in output.glob("*")} - CONTENT if output.is_dir() else set()
    if foreign:
        raise DatasetError(
            f"{output}: holds {min(foreign)!r}, so it is no prepared dataset and is not replaced; "
            "choose another folder"
        )


@dataclass(frozen=True)
class _Record:
    """What is kept of an image after its masks are written."""

    image_id: str
    rows: dict[str, list[tuple]]
    """By table."""
    hidden_instances: int
    semantic_sha256: str
    instances_sha256: str | None


def _write_image(image: RawImage, folder: Path, size_limits: tuple[int, int]) -> _Record:
    content = image.read()
    image_id = image.image_id
    (folder / "images" / f"{image_id}.jpg").symlink_to(content.image_path.resolve())
    instances = []
    instances_sha256 = None
    if content.instances is not None:
        instances_sha256 = _write_hashed(
            folder / "instances" / f"{image_id}.png", content.instances
        )
        instances = tables.instance_rows(
            image_id, content.instances, content.instance_classes, size_limits
        )
    return _Record(
        image_id=image_id,
        rows={
            "instances": instances,
            "boxes": [(image_id, b.class_id, b.x0, b.y0, b.x1, b.y1) for b in content.boxes],
            "labels": [(image_id, class_id) for class_id in content.class_ids],
        },
        hidden_instances=content.hidden_instances,
        semantic_sha256=_write_hashed(folder / "semantic" / f"{image_id}.png", content.semantic),
        instances_sha256=instances_sha256,
    )


def _write_hashed(path: Path, mask: np.ndarray) -> str:
    write_mask(path, mask)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write_tables(folder: Path, records: list[_Record]) -> None:
    for name, schema in TABLES.items():
        rows = [row for record in records for row in record.rows[name]]
        tables.write_table(folder / f"{name}.parquet", rows, schema)


def _describe(
    name: str,
    parameters: DatasetParameters,
    dataset: RawDataset,
    records: list[_Record],
    lists: dict[str, str],
) -> dict:
    class_names = ["background", *dataset.class_names]
    list_hashes = {
        f"{split}.txt": hashlib.sha256(text.encode()).hexdigest() for split, text in lists.items()
    }
    return {
        "name": name,
        "title": parameters.title,
        "layout": parameters.layout,
        "class_names": class_names,
        "palette": voc_palette(len(class_names)),
        "source": _source(parameters.raw, dataset.selection),
        "splits": {split: len(ids) for split, ids in dataset.splits.items()},
        "train": parameters.train,
        "label_score": parameters.label_score,
        "evaluate": parameters.evaluate,
        "size_limits": list(parameters.size_limits),
        "counts": _count(dataset, records),
        "checksums": {
            "semantic": _sum_files({f"{r.image_id}.png": r.semantic_sha256 for r in records}),
            "instances": _sum_files(
                {f"{r.image_id}.png": r.instances_sha256 for r in records if r.instances_sha256}
            ),
            "lists": _sum_files(list_hashes),
        },
        **({"selection": dataset.selection} if dataset.selection else {}),
    }


def _source(raw: str, selection: dict | None) -> str:
    """Return where the raw data is from, and that it was selected, if it was."""
    return f"{raw}. {selection['statement']}" if selection else raw


def _count(dataset: RawDataset, records: list[_Record]) -> dict:
    """Count per dataset, and the instances by size per split."""
    sizes = {r.image_id: Counter(row[4] for row in r.rows["instances"]) for r in records}
    by_split = {}
    for split, ids in dataset.splits.items():
        total: Counter = sum((sizes[image_id] for image_id in ids), Counter())
        by_split[split] = {size: total[size] for size in ("small", "medium", "large")}
    return {
        "images": len(records),
        "images_without_instance_mask": sum(r.instances_sha256 is None for r in records),
        "instances": sum(len(r.rows["instances"]) for r in records),
        "hidden_instances": sum(r.hidden_instances for r in records),
        "instances_by_size": by_split,
    }


def _sum_files(hashes: dict[str, str]) -> str:
    """Return what `sha256sum * | sha256sum` prints in a folder of these files (LC_ALL=C)."""
    lines = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(hashes.items()))
    return hashlib.sha256(lines.encode()).hexdigest()
