"""Training segmentors and predicting with them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from smallobjects.command_options import (
    EXISTING_FILE,
    EXISTING_FOLDER,
    NEW_FILE,
    NEW_FOLDER,
    dataset_option,
    device_option,
    parameters_option,
    seed_option,
    threads_option,
    workers_option,
)
from smallobjects.datasets.errors import DatasetError
from smallobjects.segmentation.errors import SegmentationError
from smallobjects.segmentation.mmseg_import import import_mmsegmentation
from smallobjects.segmentation.parameters import PredictionParameters, TrainingParameters
from smallobjects.segmentation.plain_log import plain_log
from smallobjects.termination import TerminatedError


@click.command()
@dataset_option
@click.option("--labels", required=True, type=EXISTING_FOLDER, help="Training labels, <id>.png.")
@click.option("--split", required=True, help="Split of the dataset to train on.")
@parameters_option(TrainingParameters)
@click.option(
    "--arm",
    required=True,
    type=click.Choice(["shared", "ce", "sw", "sb"]),
    help="shared: the cross-entropy phase. Continued from it: ce, sw (size-weighted), "
    "sb (size-weighted with EWC).",
)
@click.option("--shared", type=EXISTING_FILE, help="Checkpoint of the shared phase, for an arm.")
@seed_option
@threads_option
@workers_option
@device_option
@click.option(
    "--processes",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Processes that share each batch, each with a GPU of its own where there are GPUs.",
)
@click.option(
    "--work-dir",
    required=True,
    type=NEW_FOLDER,
    help="Scratch; a stopped training goes on from it.",
)
@click.option("--output", required=True, type=NEW_FILE, help="Checkpoint (.pth) to write.")
def train_segmentor(
    dataset: Path,
    labels: Path,
    split: str,
    parameters: TrainingParameters,
    arm: str,
    shared: Path | None,
    seed: int,
    threads: int,
    workers: int,
    device: str,
    processes: int,
    work_dir: Path,
    output: Path,
) -> None:
    """Train one phase of a segmentor; stopped at any moment and called again, it goes on.

    Beside the output stand <stem>.config.py (the resolved MMEngine configuration) and
    <stem>.log.csv and <stem>.tensorboard/ (the learning curve).
    """
    with _plain_errors_and_log():
        import_mmsegmentation()
        from smallobjects.segmentation.configuration import TrainingRun
        from smallobjects.segmentation.training import train

        run = TrainingRun(
            parameters, arm, dataset, labels, split, seed, threads, workers, processes, shared
        )
        train(run, work_dir, output, device)


@click.command()
@dataset_option
@click.option("--split", required=True, help="Split of the dataset to predict.")
@click.option("--checkpoint", required=True, type=EXISTING_FILE, help="A trained arm (.pth).")
@parameters_option(PredictionParameters)
@threads_option
@workers_option
@device_option
@click.option("--output", required=True, type=NEW_FOLDER, help="Folder of <id>.png to write.")
def predict(
    dataset: Path,
    split: str,
    checkpoint: Path,
    parameters: PredictionParameters,
    threads: int,
    workers: int,
    device: str,
    output: Path,
) -> None:
    """Predict the class of every pixel of a split, at native resolution."""
    with _plain_errors_and_log():
        import_mmsegmentation()
        from smallobjects.segmentation.prediction import PredictionRun
        from smallobjects.segmentation.prediction import predict as predict_split

        run = PredictionRun(parameters, dataset, split, checkpoint, threads, workers)
        predict_split(run, output, device)


@contextmanager
def _plain_errors_and_log() -> Iterator[None]:
    """Log the package's own lines, and no others; show expected errors without a traceback."""
    try:
        with plain_log():
            yield
    except (SegmentationError, DatasetError, FileNotFoundError, TerminatedError) as error:
        # What a loader process raises comes with its traceback; the message is the last line.
        message = str(error).strip().splitlines()[-1].removeprefix(f"{_name(error)}: ")
        raise click.ClickException(message) from error


def _name(error: Exception) -> str:
    """Return the name of an error's class as a traceback prints it."""
    kind = type(error)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
