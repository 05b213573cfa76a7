"""Turn raw data of any layout into a prepared dataset."""

import json
from collections import Counter
from functools import partial
from pathlib import Path

from smallobjects.datasets.checksums import sum_of_files, sum_of_hashes
from smallobjects.datasets.class_tables import voc_palette
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.layouts import converter_of
from smallobjects.datasets.parameters import DatasetParameters, with_selection
from smallobjects.datasets.preparation.image_writing import Record, write_image
from smallobjects.datasets.prepared import FORMAT, SIZES
from smallobjects.datasets.raw import RawDataset
from smallobjects.datasets.splits.choice import choose_splits
from smallobjects.datasets.tables import TABLES, write_table
from smallobjects.parallel import ordered_map
from smallobjects.progress import progress
from smallobjects.publishing import publish_directory

FOLDERS = ("images", "semantic", "instances", "splits")
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
        parameters: layout, splits, size limits and the longest side of an image.
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
    opened = converter_of(parameters.layout).open_raw(raw, parameters)
    dataset: RawDataset = choose_splits(opened, parameters)
    if len(dataset.class_names) + 1 != parameters.num_classes:
        raise DatasetError(
            f"{raw}: {len(dataset.class_names)} classes beside the background, so num_classes must "
            f"be {len(dataset.class_names) + 1}, not {parameters.num_classes}"
        )
    with publish_directory(output) as folder:
        for part in FOLDERS:
            (folder / part).mkdir()
        write = partial(
            write_image,
            folder=folder,
            size_limits=parameters.size_limits,
            longest_side=parameters.longest_side,
        )
        written = ordered_map(write, dataset.images, workers)
        records = list(progress(written, f"Preparing {name}", len(dataset.images)))
        for table, schema in TABLES.items():
            rows = [row for record in records for row in record.rows[table]]
            write_table(folder / f"{table}.parquet", rows, schema)
        lists = {split: "".join(f"{i}\n" for i in ids) for split, ids in dataset.splits.items()}
        for split, text in lists.items():
            (folder / "splits" / f"{split}.txt").write_text(text)
        checksums = {**_mask_checksums(records), **_small_checksums(folder)}
        description = _describe(name, parameters, dataset, records) | {"checksums": checksums}
        text = json.dumps(description, indent=2, ensure_ascii=False) + "\n"
        (folder / "dataset.json").write_text(text)


def _check_output(output: Path) -> None:
    foreign = {path.name for path in output.glob("*")} - CONTENT if output.is_dir() else set()
    if foreign:
        raise DatasetError(
            f"{output}: holds {min(foreign)!r}, so it is no prepared dataset and is not replaced; "
            "choose another folder"
        )


def _describe(
    name: str, parameters: DatasetParameters, dataset: RawDataset, records: list[Record]
) -> dict:
    class_names = ["background", *dataset.class_names]
    return {
        "format": FORMAT,
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
        **({"longest_side": parameters.longest_side} if parameters.longest_side else {}),
        **({"parts": dataset.parts} if dataset.parts else {}),
        "counts": _count(dataset, records),
        **({"selection": dataset.selection} if dataset.selection else {}),
    }


def _source(raw: str, selection: dict | None) -> str:
    """Return where the raw data is from, and that it was selected, if it was."""
    return f"{raw}. {selection['statement']}" if selection else raw


def _mask_checksums(records: list[Record]) -> dict[str, str]:
    semantic = {f"{r.image_id}.png": r.semantic_sha256 for r in records}
    instances = {f"{r.image_id}.png": r.instances_sha256 for r in records if r.instances_sha256}
    return {"semantic": sum_of_hashes(semantic), "instances": sum_of_hashes(instances)}


def _small_checksums(folder: Path) -> dict[str, str]:
    return {
        "lists": sum_of_files((folder / "splits").iterdir()),
        "tables": sum_of_files(folder / f"{table}.parquet" for table in TABLES),
    }


def _count(dataset: RawDataset, records: list[Record]) -> dict:
    """Count per dataset, and the instances by size per split."""
    sizes = {r.image_id: Counter(row[4] for row in r.rows["instances"]) for r in records}
    by_split = {}
    for split, ids in dataset.splits.items():
        total: Counter = sum((sizes[image_id] for image_id in ids), Counter())
        by_split[split] = {size: total[size] for size in SIZES}
    return {
        "images": len(records),
        "images_without_instance_mask": sum(r.instances_sha256 is None for r in records),
        "instances": sum(len(r.rows["instances"]) for r in records),
        "hidden_instances": sum(r.hidden_instances for r in records),
        "instances_by_size": by_split,
        **({} if dataset.left_out is None else {"unusable_annotations": dataset.left_out}),
    }
