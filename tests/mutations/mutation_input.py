"""A file that is damaged, and the command that reads it."""

from dataclasses import dataclass, field
from pathlib import Path

from click.testing import CliRunner
from mutators import Mutator

from smallobjects.cli import main


@dataclass(frozen=True)
class Input:
    """A file that a command reads."""

    name: str
    path: Path
    command: list[str]
    outputs: list[Path]
    mutators: tuple[Mutator, ...]
    also_named: tuple[str, ...] = field(default=())
    """Words that a message may have in place of the file's name."""
    continues: bool = False
    """Whether a failure may leave a hidden file from which the next run goes on."""
    exact: bool = False
    """Whether a file that is accepted must have been read as the whole one is."""


def run(command: list[str]):
    """Run a command in this process."""
    return CliRunner().invoke(main, command)
