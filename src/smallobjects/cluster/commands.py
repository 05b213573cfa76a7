"""Calls of Slurm's own commands."""

import subprocess


class SlurmError(RuntimeError):
    """Slurm cannot do what a run needs of it; the message says what, and what to do."""


def slurm(command: list[str]) -> str:
    """Call one of Slurm's commands and return what it prints.

    Raises:
        SlurmError: there is no such command, or it fails.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise SlurmError(f"{command[0]}: there is no such command; is this Slurm?") from error
    if done.returncode:
        raise SlurmError(f"{command[0]} says: {done.stderr.strip()}")
    return done.stdout
