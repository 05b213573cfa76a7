"""Scoring predictions: IA-mIoU, its parts by size, and mIoU."""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import click

from smallobjects.cli.score_inputs import check_options, check_tables, ground_truth
from smallobjects.command_options import EXISTING_FILE, EXISTING_FOLDER, NEW_FILE
from smallobjects.publishing import publish_file
from smallobjects.publishing.checksums import file_checksum

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from smallobjects.metrics.folders import BatchScores

# Starting a process takes about as long as scoring this many images.
IMAGES_WORTH_A_WORKER = 256


@click.command()
@click.option(
    "--predictions",
    required=True,
    type=EXISTING_FOLDER,
    help="Predicted classes, <id>.png, 255 for none.",
)
@click.option("--semantic", type=EXISTING_FOLDER, help="Class masks, <id>.png, 255 void.")
@click.option("--instances", type=EXISTING_FOLDER, help="Instance masks, <id>.png, 255 void.")
@click.option(
    "--coco",
    type=EXISTING_FILE,
    help="Annotation file of COCO, in place of --semantic and --instances.",
)
@click.option(
    "--classes",
    metavar="coco|file|NAME,…",
    help="With --coco, what the classes 1, 2, … are: COCO's 80, the file's categories by ascending "
    "id, or these of them.  [default: COCO's, if all categories are COCO's; else the file's]",
)
@click.option(
    "--num-classes",
    type=click.IntRange(2, 255),
    help="Number of classes, background included.  [default: that of --classes, with --coco]",
)
@click.option("--output", required=True, type=NEW_FILE, help="scores.json to write.")
@click.option(
    "--images",
    type=EXISTING_FILE,
    help="List of image ids, one a line.  [default: every image of predictions and ground truth]",
)
@click.option(
    "--skip-missing",
    is_flag=True,
    help="Leave out images without a prediction or a ground truth, and say how many.",
)
@click.option("--instances-output", type=NEW_FILE, help="Parquet file: one row per instance.")
@click.option(
    "--areas-output",
    type=NEW_FILE,
    help="Parquet file: right, predicted and true pixels of each class in each image.",
)
@click.option(
    "--confusion-output",
    type=NEW_FILE,
    help=".npy file: rows are the ground truth; the last column is no class.",
)
@click.option("--workers", type=click.IntRange(min=1), help="Processes.  [default: all cores]")
@click.option(
    "--size-limits",
    nargs=2,
    default=(32**2, 96**2),
    show_default=True,
    type=click.IntRange(min=1),
    metavar="A B",
    help="Areas in pixels: small < A <= medium < B <= large.",
)
@click.option(
    "--resamples",
    default=1000,
    show_default=True,
    type=click.IntRange(min=0),
    help="Resamples of the images, for the bootstrap intervals; 0 leaves the intervals out.",
)
@click.option(
    "--bootstrap-seed", default=0, show_default=True, type=click.IntRange(min=0), help="Their seed."
)
@click.option(
    "--level",
    default=0.95,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Level of the intervals.",
)
def score(
    predictions: Path,
    semantic: Path | None,
    instances: Path | None,
    coco: Path | None,
    classes: str | None,
    num_classes: int | None,
    output: Path,
    images: Path | None,
    skip_missing: bool,
    instances_output: Path | None,
    areas_output: Path | None,
    confusion_output: Path | None,
    workers: int | None,
    size_limits: tuple[int, int],
    resamples: int,
    bootstrap_seed: int,
    level: float,
) -> None:
    """Score predictions by instance: IA-mIoU, IA_S, IA_M, IA_L, and mIoU.

    Masks are PNG files of 8 or 16 bits, grey or palette. The JSON output holds fractions from 0 to
    1 (null where there is nothing to average); the printed table shows percentages.
    """
    check_options(size_limits, (semantic, instances), coco, num_classes, classes)
    check_tables(instances_output, areas_output)
    from smallobjects.cli.score_table import print_scores
    from smallobjects.metrics.areas import areas_table
    from smallobjects.metrics.fine_grained import fine_grained_mious
    from smallobjects.metrics.folders import (
        ImageFiles,
        MaskValues,
        read_image_list,
        rows_table,
        score_batches,
        select_images,
    )
    from smallobjects.metrics.summary import summarize

    try:
        truths, counted = ground_truth((semantic, instances), coco, classes)
        num_classes = num_classes or counted
        listed = read_image_list(images) if images else None
        found, skipped = select_images(predictions, truths, listed, skip_missing)
        ids = list(found)
        files = [ImageFiles(path, truths.of(image)) for image, path in found.items()]
        batches = score_batches(
            files, MaskValues(num_classes, size_limits), workers or _useful_workers(len(ids))
        )
        rows, confusion, areas_of_images = _collect(batches, len(ids))
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    except BrokenExecutor as error:
        raise click.ClickException(
            "a worker was killed, perhaps for want of memory; try fewer --workers"
        ) from error
    table = rows_table(rows, ids)
    areas = areas_table(areas_of_images, ids)
    summary = summarize(table, confusion, num_classes) | fine_grained_mious(areas)
    if resamples:
        from smallobjects.metrics.bootstrap import Bootstrap, uncertainty

        bootstrap = Bootstrap(resamples, bootstrap_seed, level)
        summary |= uncertainty(table, areas, num_classes, bootstrap)

    if instances_output:
        _write_rows(table, instances_output)
    if areas_output:
        _write_rows(areas, areas_output)
    if confusion_output:
        _write_confusion(confusion, confusion_output)
    written = {
        "instances": instances_output,
        "areas": areas_output,
        "confusion": confusion_output,
    }
    checksums = {name: file_checksum(path) for name, path in written.items() if path}
    summary |= {"checksums": checksums} if checksums else {}
    # Last, so that whoever finds the scores finds the rest as well.
    with publish_file(output) as partial:
        partial.write_text(json.dumps(summary, indent=2, allow_nan=False) + "\n")
    print_scores(summary, len(ids))
    if skip_missing:
        click.echo(f"skipped {skipped:,} images without a prediction or a ground truth")


def _useful_workers(images: int) -> int:
    """Return the cores of this process, or fewer where starting a process takes longer than it."""
    return max(1, min(len(os.sched_getaffinity(0)), images // IMAGES_WORTH_A_WORKER))


def _collect(
    batches: Iterable["BatchScores"], total: int
) -> tuple[list["np.ndarray"], "np.ndarray", list["np.ndarray"]]:
    """Return the rows of all images, the sum of their confusion matrices, and their areas."""
    rows, confusion, areas = [], 0, []
    for batch in _with_progress(batches, total):
        rows += batch.rows
        confusion = confusion + batch.confusion
        areas += batch.areas
    return rows, confusion, areas


def _with_progress(batches: Iterable["BatchScores"], total: int) -> Iterator["BatchScores"]:
    """Pass the batches on and report the images done: a bar for people, a line a tenth for logs."""
    from rich.console import Console
    from rich.progress import Progress

    interactive = sys.stderr.isatty()
    done, reported = 0, 0
    with Progress(console=Console(stderr=True), disable=not interactive) as progress:
        task = progress.add_task("scoring", total=total)
        for batch in batches:
            yield batch
            done += len(batch.rows)
            progress.advance(task, len(batch.rows))
            if not interactive and done * 10 // total > reported:
                reported = done * 10 // total
                click.echo(f"scored {done} of {total} images", err=True)


def _write_rows(table: "pd.DataFrame", target: Path) -> None:
    from smallobjects.integrity.tables import write_frame

    with publish_file(target) as partial:
        write_frame(table, partial)


def _write_confusion(confusion: "np.ndarray", target: Path) -> None:
    import numpy as np

    with publish_file(target) as partial, partial.open("wb") as file:
        np.save(file, confusion)
