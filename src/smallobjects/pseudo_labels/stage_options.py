"""What the subcommands of label stages share: options, and errors in one line."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from pydantic import BaseModel

from smallobjects.command_options import (
    EXISTING_FILE,
    EXISTING_FOLDER,
    NEW_FILE,
    dataset_option,
    device_option,
    parameters_option,
    seed_option,
    threads_option,
    workers_option,
)
from smallobjects.datasets.errors import DatasetError
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.training.resuming import resumable
from smallobjects.termination import TerminatedError

if TYPE_CHECKING:
    from smallobjects.pseudo_labels.training.checkpoint import Checkpoint

EXPECTED_ERRORS = (
    BadInputError,
    DatasetError,
    FileNotFoundError,
    NotADirectoryError,
    FloatingPointError,
    TerminatedError,
)

split_option = click.option("--split", required=True, help="Split of the dataset.")
processes_option = click.option(
    "--threads",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Processes that work on images. Changes no result.",
)
classifier_option = click.option(
    "--classifier", required=True, type=EXISTING_FILE, help="Output of train-classifier."
)
shard_option = click.option(
    "--shard", default="1-of-1", show_default=True, help="Part of the split: 1-of-4."
)
seeds_option = click.option(
    "--seeds",
    required=True,
    multiple=True,
    type=EXISTING_FILE,
    help="Output of make-seeds; once for each shard.",
)
saliency_option = click.option(
    "--saliency", required=True, type=EXISTING_FOLDER, help="Output of make-saliency."
)
attention_option = click.option(
    "--attention", required=True, type=EXISTING_FILE, help="The gathered maps (.npz)."
)
cams_option = click.option(
    "--cams", required=True, type=EXISTING_FILE, help="Output of make-cams, of one shard."
)


def one_line_errors(command: Callable) -> Callable:
    """Make expected errors end in one line instead of a traceback."""

    @functools.wraps(command)
    def run(*arguments: object, **options: object) -> None:
        try:
            command(*arguments, **options)
        except EXPECTED_ERRORS as error:
            # A loader process hands over the text of its traceback, which ends with the message.
            message = str(error).rpartition(f"{type(error).__name__}: ")[2].strip()
            raise click.ClickException(message) from error

    return run


def output_option(what: str) -> Callable:
    """Return the `--output` option of a stage that writes one file."""
    return click.option("--output", required=True, type=NEW_FILE, help=f"{what} to write.")


def _with_options(command: Callable, options: tuple[Callable, ...]) -> Callable:
    command = one_line_errors(command)
    for option in reversed(options):
        command = option(command)
    return command


def training_options(parameters: type[BaseModel], what: str) -> Callable:
    """Return a decorator that gives a training its options, and its errors in one line.

    The command gets a `context` (`TrainingContext`), its `parameters`, its `output`, and the
    options of its own.

    Args:
        parameters: the model of `--parameters`.
        what: is written to `--output`.
    """
    options = (
        dataset_option,
        split_option,
        parameters_option(parameters),
        seed_option,
        threads_option,
        workers_option,
        device_option,
        output_option(what),
    )

    return lambda command: _with_options(resumable(_with_context(command)), options)


def _with_context(command: Callable) -> Callable:
    @functools.wraps(command)
    def run(
        dataset: Path,
        split: str,
        seed: int,
        threads: int,
        workers: int,
        device: str,
        checkpoint: "Checkpoint",
        **options: object,
    ) -> None:
        from smallobjects.datasets.prepared import PreparedDataset
        from smallobjects.pseudo_labels.devices import prepare_device
        from smallobjects.pseudo_labels.training.context import TrainingContext

        data = PreparedDataset.open(dataset)
        chosen = prepare_device(device, threads)
        context = TrainingContext(data, data.split(split), seed, chosen, workers, checkpoint)
        command(context=context, **options)

    return run


def shard_options(parameters: type[BaseModel], what: str) -> Callable:
    """Return a decorator that gives a stage on one shard its options, and its errors in one line.

    The command gets a `context` (`ShardContext`), its `parameters`, its `output`, and the options
    of its own.

    Args:
        parameters: the model of `--parameters`.
        what: is written to `--output`.
    """
    options = (
        dataset_option,
        split_option,
        shard_option,
        parameters_option(parameters),
        threads_option,
        device_option,
        output_option(what),
    )

    return lambda command: _with_options(_with_shard(command), options)


def _with_shard(command: Callable) -> Callable:
    @functools.wraps(command)
    def run(
        dataset: Path, split: str, shard: str, threads: int, device: str, **options: object
    ) -> None:
        from smallobjects.datasets.prepared import PreparedDataset
        from smallobjects.pseudo_labels.devices import prepare_device
        from smallobjects.pseudo_labels.shard_context import ShardContext
        from smallobjects.pseudo_labels.sharding import Shard

        data = PreparedDataset.open(dataset)
        image_ids = Shard.parse(shard).take(data.split(split))
        context = ShardContext(data, image_ids, prepare_device(device, threads))
        command(context=context, **options)

    return run
