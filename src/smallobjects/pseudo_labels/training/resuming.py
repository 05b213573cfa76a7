"""Label stages that go on from where they were stopped."""

import functools
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import click
from pydantic import BaseModel

from smallobjects.command_options import OUTPUTS
from smallobjects.publishing.one_writer import only_writer

CHANGE_NO_RESULT = {"threads", "workers", "device", "checkpoint_minutes"}
"""Options on which the result of a training depends in the last bits at most."""


def resumable(command: Callable) -> Callable:
    """Give a training its `checkpoint`, in a scratch folder (see `with_scratch`)."""

    @click.option(
        "--checkpoint-minutes",
        default=10.0,
        show_default=True,
        type=click.FloatRange(min=0),
        help="Between two writes of what a stopped training goes on from, beside the output.",
    )
    @with_scratch
    @functools.wraps(command)
    def run(checkpoint_minutes: float, scratch: Path, **options: object) -> None:
        from smallobjects.pseudo_labels.training.checkpoint import Checkpoint

        command(checkpoint=Checkpoint(scratch / "state.pth", checkpoint_minutes), **options)

    return run


def with_scratch(command: Callable) -> Callable:
    """Give a command a folder, `scratch`, for what it goes on from; it goes when all is done.

    It is `<output>.work/<hash of all that the result depends on>`: with other options, or when its
    inputs have changed, a command does not see it.
    """

    @functools.wraps(command)
    def run(**options: object) -> None:
        output = options["output"]
        work = output.with_name(f"{output.name}.work")
        work.parent.mkdir(parents=True, exist_ok=True)
        with only_writer(work):
            command(scratch=work / _identity(options), **options)
            shutil.rmtree(work, ignore_errors=True)

    return run


def _identity(options: dict[str, object]) -> str:
    """Return a name for what the result of a training depends on: 16 hexadecimal digits."""
    kinds = {option.name: option.type for option in click.get_current_context().command.params}
    described = {
        name: _described(value)
        for name, value in sorted(options.items())
        if name not in CHANGE_NO_RESULT and kinds[name] not in OUTPUTS
    }
    return hashlib.sha256(json.dumps(described, default=str).encode()).hexdigest()[:16]


def _described(value: object) -> object:
    """Return an option's value, with size and time of change of the files that it names."""
    if isinstance(value, BaseModel):
        return {name: _described(part) for name, part in value}
    if isinstance(value, list | tuple):
        return [_described(part) for part in value]
    if not isinstance(value, Path):
        return value
    # Of a dataset this file changes whenever any other does.
    file = value / "dataset.json" if (value / "dataset.json").exists() else value
    if not file.exists():
        return str(value)
    found = file.stat()
    return [str(value), found.st_size, found.st_mtime_ns]
